"""The deposit by card, then what the customer allowed, on Odoo's demo provider."""

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .common import EVIDENCE, CollectingCommon


@tagged("post_install", "-at_install")
class TestCollecting(CollectingCommon):
    def test_pf22_the_deposit_confirms_pays_its_invoice_and_saves_the_method(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed()
            order = plan.sale_order_id
            self.assertEqual((plan.state, order.state), ("signed", "draft"))
            self.assertTrue(order._has_to_be_paid())
            self.assertEqual(order._get_prepayment_required_amount(), 500.0)
            visitor = self.env.ref("base.public_user")
            provider = self.env["payment.provider"].with_user(visitor)
            required = provider._is_tokenization_required(sale_order_id=order.id)
            self.assertTrue(required)
            self._pay_deposit(plan, self._token())
        deposit = self._lines(plan)[0]
        self.assertEqual((plan.state, order.state), ("active", "sale"))
        self.assertEqual(deposit.move_id.payment_state, "paid")
        self.assertEqual(len(order.invoice_ids), 1)
        mandate = plan._get_mandate_sudo()
        self.assertEqual(mandate.max_amount, 500.0)
        self.assertEqual(mandate.origin, "contract")
        self.assertIn("500.00", mandate.consent_text)
        self.assertEqual(mandate.event_ids.ip_address, EVIDENCE["ip_address"])

    def test_pf29_installments_are_charged_on_their_days(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed()
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-03-31 12:00:00"):
            self._run()
            self._collect()
        self.assertEqual(plan.amount_paid, 500.0)
        for day, paid in (("04-01", 1000.0), ("05-01", 1500.0), ("06-01", 2000.0)):
            with freeze_time(f"2026-{day} 12:00:00"):
                self._run()
                self._collect()
                self._collect()
            self.assertEqual(plan.amount_paid, paid)
        self.assertEqual(plan.state, "completed")
        transactions = plan.sale_order_id.transaction_ids
        transactions |= plan.installment_ids.move_id.transaction_ids
        charged = transactions.filtered(lambda tx: tx.state == "done")
        self.assertEqual(charged.mapped("amount"), [500.0] * 4)

    def test_p58_deposit_and_first_installment_today_are_one_charge(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed(
                start="date", start_date=fields.Date.to_date("2026-03-01")
            )
            self.assertEqual(self._days(plan)[:2], ["2026-03-01"] * 2)
            self.assertEqual(plan._get_deposit(), 1000.0)
            self._pay_deposit(plan, self._token())
            self._run()
            self._collect()
        self.assertEqual(plan.amount_paid, 1000.0)
        self.assertEqual(self._lines(plan)[:2].mapped("state"), ["paid", "paid"])
        done = plan.installment_ids.move_id.transaction_ids
        self.assertEqual(done.mapped("amount"), [1000.0])

    def test_pf30_without_consent_nothing_is_saved_or_charged(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed(consent=False)
            self._pay_deposit(plan, self._token())
        self.assertFalse(plan._get_mandate_sudo())
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            self._collect()
        self.assertEqual(plan.amount_paid, 500.0)
        self.assertEqual(self._lines(plan)[1].move_id.amount_residual, 500.0)

    def test_pf30_required_automatic_payment_must_be_allowed_to_sign(self):
        order = self._order(2000.0)
        plan = self._offer(order, autopay="required")
        order._choose_plan(plan)
        digest = plan._get_version().digest
        with self.assertRefused("requires it"):
            plan._sign(digest, "Ada", {})
        plan._consent(digest, EVIDENCE)
        plan._sign(digest, "Ada", {})
        self.assertEqual(plan.state, "signed")

    def test_p51_required_automatic_payment_needs_a_provider(self):
        self.provider.state = "disabled"
        order = self._order(2000.0)
        plan = self._offer(order, autopay="required")
        with self.assertRefused("no payment provider"):
            order._choose_plan(plan)

    def test_p18_part_paid_by_hand_is_charged_only_for_the_rest(self):
        with freeze_time("2026-03-01 12:00:00"):
            self.company.plan_lead_days = 7
            plan = self._signed()
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-03-26 12:00:00"):
            self._run()
            self._pay(self._lines(plan)[1].move_id, 200.0)
        with freeze_time("2026-04-01 12:00:00"):
            self._collect()
        charged = self._lines(plan)[1].move_id.transaction_ids
        self.assertEqual(charged.mapped("amount"), [300.0])
        self.assertEqual(plan.amount_paid, 1000.0)

    def test_p74_a_changed_order_is_not_charged(self):
        with freeze_time("2026-03-01 12:00:00"):
            self.company.plan_lead_days = 7
            plan = self._signed()
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-03-26 12:00:00"):
            self._run()
            plan.sale_order_id.order_line[0].price_unit = 2400.0
        with freeze_time("2026-04-01 12:00:00"):
            self._collect()
        self.assertEqual(plan.amount_paid, 500.0)
        collection = self._lines(plan)[1].move_id.autopay_collection_ids
        self.assertIn("2,400.00", collection.reason)

    def test_p55_withdrawn_permission_charges_nothing(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed()
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            plan._get_mandate_sudo()._withdraw("portal")
            self._collect()
            self.assertEqual(plan.amount_paid, 500.0)
            self.assertEqual(self._lines(plan)[1].state, "due")

    def test_p44_a_canceled_plan_is_not_charged(self):
        with freeze_time("2026-03-01 12:00:00"):
            self.company.plan_lead_days = 7
            plan = self._signed()
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-03-26 12:00:00"):
            self._run()
            plan.sale_order_id._action_cancel()
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            self._collect()
        self.assertEqual(plan.amount_paid, 500.0)

    def test_p49_an_order_paid_beyond_the_deposit_keeps_the_rest_as_credit(self):
        """700 instead of 500: the next installment is open by 300 only."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed(consent=False)
            self._pay_deposit(plan, amount=700.0)
        self.assertEqual(plan.state, "active")
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
        self.assertEqual(self._lines(plan)[1].move_id.amount_residual, 300.0)

    def test_automatic_invoices_of_sale_leave_plans_alone(self):
        self.env["ir.config_parameter"].sudo().set_param("sale.automatic_invoice", True)
        plan = self._signed()
        self._pay_deposit(plan, self._token())
        self.assertEqual(len(plan.sale_order_id.invoice_ids), 1)
        self.assertEqual(self._lines(plan)[0].state, "paid")

    def test_p27_whoever_else_pays_did_not_consent(self):
        """A parent pays the deposit: booked, but the parent's card is not used."""
        parent = self.env["res.partner"].create({"name": "Parent"})
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed()
            self._pay_deposit(plan, self._token(partner=parent), payer=parent)
        self.assertEqual(plan.amount_paid, 500.0)
        self.assertFalse(plan._get_mandate_sudo())

    def test_a_deposit_is_booked_though_the_permission_fails(self):
        """The method is removed before the booking: the money counts all the same."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed()
            token = self._token()
            self._pay_deposit(plan, token, meanwhile=token.action_archive)
        self.assertEqual((plan.state, plan.amount_paid), ("active", 500.0))
        self.assertFalse(plan._get_mandate_sudo())
        summary = "Automatic payment could not be set up"
        self.assertIn(summary, plan.activity_ids.mapped("summary"))

    def test_a_common_permission_does_not_pay_a_plan_without_automatic_payment(self):
        with freeze_time("2026-03-01 12:00:00"):
            self.env["autopay.mandate"].sudo()._grant(
                self._token(),
                {
                    "partner_id": self.customer.id,
                    "currency_id": self.currency.id,
                    "max_amount": 5000.0,
                    "consent_text": "All invoices",
                    "consent_version": "1",
                },
                "portal",
            )
            plan = self._signed(consent=False, autopay="off")
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            self._collect()
        self.assertEqual(plan.amount_paid, 500.0)

    def test_p47_allowed_again_what_is_invoiced_is_collected(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._signed()
            self._pay_deposit(plan, self._token())
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            plan._get_mandate_sudo()._withdraw("portal")
            self.assertFalse(plan._get_consent(plan.version_id))
            plan._log_event(
                "consented", plan.version_id, {"text": "I agree", "text_version": "1"}
            )
            plan._grant(self._token())
            self._collect()
        self.assertEqual(plan.amount_paid, 1000.0)

    def test_p17_money_sent_before_the_signature_does_not_sign(self):
        order = self._order(2000.0, require_payment=True, prepayment_percent=1.0)
        plan = self._offer(order)
        order.require_payment = True
        order._choose_plan(plan)
        self._pay_deposit(plan, amount=500.0)
        self.assertEqual((order.state, plan.state), ("draft", "offered"))
        self.assertIn(order.transaction_ids.payment_id.state, ("in_process", "paid"))
