"""What must not happen: money lost or taken twice, plans that somebody bends."""

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestGuards(PlanCommon):
    def _credit(self, move):
        """Credit an invoice in full, as an accountant does."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        note.action_post()
        lines = (note + move).line_ids
        lines.filtered(
            lambda ln: ln.account_id.account_type == "asset_receivable"
        ).filtered(lambda ln: not ln.reconciled).reconcile()
        return note

    def _running(self):
        """Return a plan of 500 + 3 x 500 with everything invoiced."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(2000.0, deposit_kind="larger", deposit_amount=500.0)
        with freeze_time("2026-06-01 12:00:00"):
            self._run()
        return plan

    # === MONEY === #

    def test_p30_a_credited_payment_is_not_paid_and_can_be_invoiced_again(self):
        plan = self._running()
        lines = self._lines(plan)
        self._credit(lines[2].move_id)
        self.assertEqual(lines[2].state, "credited")
        for line in lines - lines[2]:
            self._pay(line.move_id)
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 1500.0))
        self.assertTrue(plan.is_credited)
        self.assertFalse(plan.completed_early_on)
        self.assertIn("ended by a credit note", plan.activity_ids[:1].summary)
        self._run("close")
        self.assertFalse(plan.final_move_id)
        found = self.env["payment.plan.installment"].search(
            [("plan_id", "=", plan.id), ("state", "=", "credited")]
        )
        self.assertEqual(found, lines[2])
        lines[2].action_make_invoice()
        self.assertEqual((plan.state, plan.is_credited), ("active", False))
        self._pay(lines[2].move_id)
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 2000.0))
        self._run("close")
        self.assertEqual(plan.final_move_id.amount_total, 0.0)

    def test_p31_a_corrected_invoice_takes_the_place_of_the_credited_one(self):
        plan = self._running()
        line = self._lines(plan)[1]
        first = line.move_id
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=first.ids)
            .create({"journal_id": first.journal_id.id})
        )
        second = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        self.assertEqual(line.state, "credited")
        second.action_post()
        self.assertEqual(line.move_id, second)
        self.assertEqual(line.amount_open, 500.0)

    def test_an_ended_plan_leaves_the_rest_to_the_order(self):
        plan = self._running()
        self._pay(self._lines(plan)[0].move_id)
        plan.action_cancel()
        self.assertEqual(plan.state, "canceled")
        order = plan.sale_order_id
        order._create_invoices(final=True)
        self.assertEqual(len(order.invoice_ids), 5)

    def test_an_order_invoiced_before_is_not_offered_as_a_whole(self):
        order = self._order(2000.0)
        order.action_confirm()
        self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "fixed",
                "fixed_amount": 200.0,
                "sale_order_ids": order.ids,
            }
        ).create_invoices()
        order._action_cancel()
        order.action_draft()
        plan = self._offer(order)
        invoice = order.invoice_ids
        if invoice.state == "cancel":
            invoice.button_draft()
            invoice.action_post()
        self.assertIn("invoiced in part", plan._get_problem())

    def test_a_copied_order_has_no_discount_of_a_plan(self):
        order = self._order(2000.0)
        order._choose_plan(
            self._offer(
                order, structure="full", discount_kind="percent", discount_percent=5.0
            )
        )
        self.assertEqual(order.amount_total, 1900.0)
        copy = order.copy()
        self.assertEqual(copy.amount_total, 2000.0)
        self.assertFalse(copy.payment_plan_ids)

    def test_a_reopened_order_has_no_plan_yet(self):
        order = self._order(2000.0)
        plan = self._offer(
            order, structure="full", discount_kind="percent", discount_percent=5.0
        )
        order._choose_plan(plan)
        order._action_cancel()
        self.assertEqual(plan._get_deposit(), 0.0)
        order.action_draft()
        self.assertFalse(order.payment_plan_id)
        self.assertEqual(order.amount_total, 2000.0)

    def test_a_choice_can_be_taken_back_before_the_signature(self):
        order = self._order(2000.0)
        plan = self._offer(order)
        order._choose_plan(plan)
        order.action_leave_plan()
        self.assertFalse(order.payment_plan_id)
        self._sign(plan)
        with self.assertRefused("signed or confirmed"):
            order.action_leave_plan()

    def test_the_offer_follows_the_customer_of_the_quotation(self):
        order = self._order(2000.0)
        plan = self._offer(order)
        other = self.env["res.partner"].create({"name": "Bea"})
        order.partner_id = other
        self.assertEqual(plan.partner_id, other)
        self._sign(plan)
        order.sudo().partner_id = self.customer
        self.assertTrue(plan.is_out_of_sync)
        self.assertEqual(plan.partner_id, other)

    def test_p19_credit_is_used_before_a_charge(self):
        """Money beyond the first payment lowers the second, invoiced already."""
        self.company.plan_lead_days = 60
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(
                300.0, deposit_kind="fixed", deposit_amount=100.0, installment_count=2
            )
            self._run()
            first, second = self._lines(plan)[:2].move_id
            payment = self.env["account.payment"].create(
                {
                    "amount": 150.0,
                    "partner_id": self.customer.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
            payment.action_post()
            (payment.move_id.line_ids | first.line_ids).filtered(
                lambda ln: ln.account_id.account_type == "asset_receivable"
            ).reconcile()
        self.assertEqual(second.amount_residual, 50.0)
        self.assertEqual(self._lines(plan).mapped("amount_open"), [0.0, 50.0, 100.0])

    # === OVER AN INVOICE === #

    def _divided(self, **vals):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    Command.create({"name": "x", "price_unit": 1000.0, "tax_ids": []})
                ],
            }
        )
        invoice.action_post()
        # As the button of the dialog sends it.
        wizard = self.env["payment.plan.lay"].with_context(default_move_id=invoice.id)
        dialog = wizard.create(
            {
                "template_id": self._template(deposit_kind="none", **vals).id,
                "agreement": "By phone",
            }
        )
        action = dialog.action_apply()
        return invoice, self.env["payment.plan"].browse(action["res_id"])

    def test_an_invoice_is_divided_from_the_dialog(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
        self.assertEqual(plan.installment_ids.move_id, invoice)
        self.assertEqual(len(plan.installment_ids), 3)

    def test_parts_without_their_due_dates_are_not_paid(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            invoice.button_draft()
            invoice.invoice_line_ids[0].price_unit = 1100.0
            invoice.action_post()
        self.assertTrue(plan.is_out_of_sync)
        self.assertEqual(plan.amount_paid, 0.0)
        self.assertEqual(plan.state, "active")

    # === RIGHTS === #

    def _salesman(self):
        return self.env["res.users"].create(
            {
                "name": "Sam",
                "login": "sam",
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
                "group_ids": [
                    Command.set(self.env.ref("sales_team.group_sale_salesman").ids)
                ],
            }
        )

    def test_r_system_fields_are_not_written_by_people(self):
        order = self._order(2000.0)
        plan = self._offer(order)
        sam = self._salesman()
        order.user_id = sam
        own = plan.with_user(sam)
        for vals in (
            {"state": "active"},
            {"approved_by_id": sam.id},
            {"amount_total": 1.0},
            {"move_id": False},
            {"version_id": False},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                own.write(vals)
        forged = own.with_context(default_approved_by_id=sam.id, default_state="active")
        made = forged.create(
            {"sale_order_id": order.id, "template_id": plan.template_id.id}
        )
        self.assertEqual((made.state, bool(made.approved_by_id)), ("offered", False))

    def test_r_a_plan_is_chosen_by_its_button_only(self):
        order, other = self._order(2000.0), self._order(100.0)
        plan = self._offer(order)
        sam = self._salesman()
        (order | other).user_id = sam
        with self.assertRaises(AccessError):
            other.with_user(sam).payment_plan_id = plan
        with self.assertRaises(AccessError):
            other.with_user(sam).copy({"payment_plan_id": plan.id})
        with self.assertRaises(ValidationError):
            other.sudo().payment_plan_id = plan

    def test_r_steps_stay_where_they_are(self):
        template = self._template(
            structure="progressive",
            deposit_percent=30,
            step_ids=[Command.create({"percent": 70})],
        )
        plan = self._offer(self._order(2000.0), template)
        with self.assertRaises(UserError):
            plan.step_ids.write({"plan_id": False, "template_id": template.id})

    def test_r_no_context_opens_standard_invoicing(self):
        plan = self._run_plan(2000.0)
        order = plan.sale_order_id.with_context(payment_plan_closing=True)
        with self.assertRefused("is invoiced by its payment plan"):
            order._create_invoices(final=True)

    def test_p54_a_deposit_is_booked_though_its_invoice_cannot_be_made(self):
        """The order is confirmed; the job makes the invoice once it is possible."""
        order = self._order(2000.0)
        plan = self._offer(order)
        order._choose_plan(plan)
        plan._sign(plan._get_version().digest, "Ada", {})
        order.order_line[0].price_unit = 2100.0
        order.action_confirm()
        self.assertEqual((order.state, plan.state), ("sale", "active"))
        self.assertFalse(plan.installment_ids.move_id)
        self.assertTrue(plan.activity_ids)
        order.order_line[0].price_unit = 2000.0
        self._lines(plan)[0].action_make_invoice()
        self.assertEqual(self._lines(plan)[0].move_id.amount_total, 500.0)

    # === ENDED AND RESTORED DOCUMENTS === #

    def test_p31_restored_invoice_is_its_payment_again(self):
        """Canceled by mistake and posted again: no second invoice of the payment."""
        plan = self._run_plan()
        line = self._lines(plan)[0]
        invoice = line.move_id
        invoice.button_draft()
        invoice.button_cancel()
        self.assertFalse(line.move_id)
        invoice.button_draft()
        invoice.action_post()
        self.assertEqual(line.move_id, invoice)
        self._pay(invoice)
        self.assertEqual((line.state, plan.amount_open), ("paid", 1500.0))

    def test_p31_replaced_invoice_stays_canceled(self):
        """The payment has another invoice: the old one cannot be posted again."""
        plan = self._run_plan()
        line = self._lines(plan)[0]
        old = line.move_id
        old.button_draft()
        old.button_cancel()
        line.action_make_invoice()
        old.button_draft()
        with self.assertRefused("was invoiced again"):
            old.action_post()
        self.assertNotEqual(line.move_id, old)

    def test_laid_plan_ends_with_its_invoice(self):
        """Nothing is paid for an invoice that does not count."""
        invoice = self.init_invoice("out_invoice", amounts=[900.0], post=True)
        template = self._template(deposit_kind="none", installment_count=3)
        Plan = self.env["payment.plan"].sudo()  # as the dialog does
        plan = Plan.create({"move_id": invoice.id, "template_id": template.id})
        plan._lay_over("By phone")
        invoice.button_draft()
        self.assertIn("not posted", plan._get_obstacle())
        self.assertIsNone(plan._get_portal_payoff())
        invoice.button_cancel()
        self.assertEqual(plan.state, "canceled")

    def test_p74_changed_order_takes_no_deposit(self):
        """Signed 2,000, then changed to 400: the deposit of 500 is refused."""
        order = self._order(require_payment=True)
        plan = self._offer(order)
        order._choose_plan(plan)
        digest = plan._get_version().digest
        plan._sign(digest, "Ada", {"signature": self._signature()})
        order.order_line.price_unit = 400.0
        with self.assertRefused("changed after you signed"):
            order._check_plan_payment({"amount": 500.0})

    def test_end_before_the_signature_takes_the_price_back(self):
        """A chosen plan that is ended leaves no discount behind."""
        order = self._order(2000.0)
        plan = self._offer(
            order, structure="full", discount_kind="percent", discount_percent=10.0
        )
        order._choose_plan(plan)
        self.assertEqual(order.amount_total, 1800.0)
        plan.action_cancel()
        self.assertEqual(order.amount_total, 2000.0)
        self.assertFalse(order.payment_plan_id)

    def test_draft_of_a_confirmed_order_keeps_its_plan(self):
        """Core does nothing then; neither does the plan."""
        plan = self._run_plan()
        order = plan.sale_order_id
        plan.action_cancel()
        order.action_draft()
        self.assertEqual((order.state, order.payment_plan_id), ("sale", plan))
