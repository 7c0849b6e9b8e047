"""Invoices are charged on their day: once, for what is open, by a valid mandate."""

from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields

from .common import AutopayCommon


class TestCollection(AutopayCommon):
    def test_invoice_is_charged_once(self):
        invoice = self._invoice(100.0)
        self.assertEqual(self._collection(invoice).state, "scheduled")
        self._run()
        self.assertPaid(invoice)
        attempt = self._attempts(invoice)
        self.assertEqual((attempt.state, attempt.amount), ("succeeded", 100.0))
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.assertEqual(len(invoice.transaction_ids), 1)

    def test_customer_without_mandate_is_left_alone(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        invoice = self._invoice(partner=stranger)
        self._run()
        self.assertFalse(self._collection(invoice))
        self.assertEqual(invoice.payment_state, "not_paid")

    def test_contact_is_covered_by_the_mandate_of_its_company(self):
        contact = self.env["res.partner"].create(
            {"name": "Bob", "parent_id": self.customer.id}
        )
        invoice = self._invoice(partner=contact)
        self._run()
        self.assertPaid(invoice)

    def test_not_before_its_day(self):
        invoice = self._invoice(
            invoice_date_due=fields.Date.today() + timedelta(days=10)
        )
        self._run()
        self.assertFalse(self._attempts(invoice))
        with freeze_time(fields.Date.today() + timedelta(days=10)):
            self._run()
        self.assertPaid(invoice)

    def test_p13_day_is_the_companys(self):
        self.company.partner_id.tz = "America/Los_Angeles"
        with freeze_time("2026-03-09 20:00:00"):
            invoice = self._invoice(invoice_date_due=date(2026, 3, 10))
        with freeze_time("2026-03-10 00:30:00"):  # 9 March in Los Angeles
            self._run()
            self.assertFalse(self._attempts(invoice))
        with freeze_time("2026-03-10 09:00:00"):
            self._run()
        self.assertPaid(invoice)

    def test_p18_part_paid_by_hand_draws_the_rest_of_the_oldest(self):
        invoice = self._invoice_in_three()
        self._pay_by_bank(invoice, 50.0)
        self._run()
        self.assertEqual(self._attempts(invoice).mapped("amount"), [50.0])
        self.assertEqual(invoice.amount_residual, 200.0)
        collection = self._collection(invoice)
        next_day = fields.Date.today() + timedelta(days=30)
        self.assertEqual((collection.state, collection.date), ("scheduled", next_day))
        with freeze_time(next_day):
            self._run()
        self.assertEqual(self._attempts(invoice).mapped("amount"), [50.0, 100.0])

    def test_p19_overpaid_part_counts_for_the_next(self):
        invoice = self._invoice_in_three()
        self._pay_by_bank(invoice, 150.0)
        self._run()
        self.assertFalse(self._attempts(invoice))
        with freeze_time(fields.Date.today() + timedelta(days=30)):
            self._run()
        self.assertEqual(self._attempts(invoice).mapped("amount"), [50.0])

    def test_p21_paid_off_early_leaves_nothing_to_do(self):
        invoice = self._invoice_in_three()
        self._pay_by_bank(invoice)
        collection = self._collection(invoice)
        self.assertEqual((collection.state, collection.date), ("done", False))

    def test_p24_paid_by_bank_needs_no_transaction(self):
        invoice = self._invoice()
        self._pay_by_bank(invoice)
        self._run()
        self.assertFalse(invoice.transaction_ids)
        self.assertEqual(self._collection(invoice).state, "done")

    def test_p26_cash_keeps_the_enrollment(self):
        first, second = self._invoice(100.0), self._invoice(200.0)
        self._pay_by_bank(first)
        self._run()
        self.assertFalse(self._attempts(first))
        self.assertPaid(second)
        self.assertEqual(self.mandate.state, "active")

    def test_p27_method_of_somebody_else_pays_only_by_their_own_consent(self):
        parent = self.env["res.partner"].create({"name": "Parent"})
        card = self._create_token(parent, details="9999")
        # The parent paid by link: a card is saved, nothing was allowed.
        with self.assertRefused("does not belong"):
            self.mandate._change_method(card, "portal")
        self.mandate._withdraw("portal")
        invoice = self._invoice()
        self._run()
        self.assertFalse(self._collection(invoice))
        mandate = self._grant(card)
        self.assertEqual(mandate.payer_id, parent)
        self.assertEqual(mandate.partner_id, self.customer)
        invoice._enroll_autopay()
        self._run()
        self.assertPaid(invoice)

    def test_p28_currency_is_refused_with_the_consent(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.provider.available_currency_ids = self.usd
        with self.assertRefused("does not take EUR"):
            self._grant(currency_id=euro.id)

    def test_p28_foreign_invoice_needs_its_own_mandate(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        invoice = self._invoice(currency_id=euro.id)
        self.assertFalse(self._collection(invoice))

    def test_p29_credit_note_shrinks_the_charge(self):
        invoice = self._invoice(300.0)
        refund = invoice._reverse_moves()
        refund.invoice_line_ids.price_unit = 120.0
        refund.action_post()
        lines = (invoice + refund).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.reconcile()
        self._run()
        self.assertEqual(self._attempts(invoice).amount, 180.0)

    def test_p30_credited_in_full_is_not_charged(self):
        invoice = self._invoice()
        invoice._reverse_moves(cancel=True)
        self._run()
        self.assertFalse(self._attempts(invoice))
        self.assertEqual(self._collection(invoice).state, "done")

    def test_p31_undone_payment_freezes(self):
        invoice = self._invoice()
        self._run()
        invoice.line_ids.remove_move_reconcile()
        collection = self._collection(invoice)
        self.assertEqual(collection.state, "held")
        self.assertIn("only by hand", invoice.activity_ids.summary)
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)

    def test_p31_reset_to_draft_freezes_until_released(self):
        invoice = self._invoice()
        invoice.button_draft()
        self.assertEqual(self._collection(invoice).state, "held")
        invoice.action_post()
        self._run()
        self.assertFalse(self._attempts(invoice))
        self._collection(invoice).with_user(self.env.user).action_release()
        self._run()
        self.assertPaid(invoice)

    def test_p31_canceled_invoice_stops(self):
        invoice = self._invoice()
        invoice.button_draft()
        invoice.button_cancel()
        self.assertEqual(self._collection(invoice).state, "stopped")

    def test_p31_payment_taken_back_freezes(self):
        invoice = self._invoice()
        self._pay_by_bank(invoice)
        payment = invoice.matched_payment_ids or self.env["account.payment"].search(
            [("invoice_ids", "in", invoice.ids)]
        )
        payment.action_draft()
        self.assertEqual(self._collection(invoice).state, "held")

    def test_p35_nothing_open_makes_no_charge(self):
        invoice = self._invoice(0.0)
        self.assertFalse(self._collection(invoice))

    def test_p48_removed_method_is_said_and_others_go_on(self):
        other = self.env["res.partner"].create({"name": "Other"})
        self._grant(self._create_token(other), partner_id=other.id)
        mine, theirs = self._invoice(), self._invoice(partner=other)
        self.token.active = False
        self._run()
        self.assertPaid(theirs)
        collection = self._collection(mine)
        self.assertTrue(collection.is_blocked)
        self.assertIn("removed", collection.reason)
        self.assertIn("method", self._messages(mine).mapped("kind"))
        self.assertTrue(mine.activity_ids)
        info = self._create_token(details="1").get_linked_records_info()
        self.assertFalse(info)

    def test_p48_linked_payments_are_shown_before_removal(self):
        info = self.token.get_linked_records_info()
        self.assertEqual([row["url"] for row in info], ["/my/autopay"])

    def test_p49_disabled_provider_blocks(self):
        invoice = self._invoice()
        self.provider.state = "disabled"
        self._run()
        self.assertTrue(self._collection(invoice).is_blocked)
        self.assertFalse(invoice.transaction_ids)

    def test_p49_consent_in_test_mode_charges_no_real_money(self):
        invoice = self._invoice()
        self.env.cr.execute(
            "UPDATE autopay_mandate SET is_live = FALSE WHERE id = %s",
            [self.mandate.id],
        )
        self.env.cr.execute(
            "UPDATE payment_provider SET state = 'enabled' WHERE id = %s",
            [self.provider.id],
        )
        self.env.invalidate_all()
        self._run()
        self.assertIn("between test and live", self._collection(invoice).reason)
        self.assertFalse(invoice.transaction_ids)

    def test_p51_without_any_provider_all_else_works(self):
        self.token.active = False
        self.env["payment.provider"].sudo().search([]).state = "disabled"
        invoice = self._invoice()
        self._pay_by_bank(invoice)
        self.assertPaid(invoice)
        self._run()
        self._run("announce")

    def test_p26_payment_without_entry_is_not_charged_again(self):
        """An accounting app books cash when the bank confirms: until then, no charge.

        The app is a mock: Community always has an outstanding account.
        """
        bank = self.company_data["default_journal_bank"]
        bank.inbound_payment_method_line_ids.payment_account_id = False
        invoice = self._invoice()
        Move = self.env.registry["account.move"]
        with patch.object(
            Move, "_get_invoice_in_payment_state", lambda _: "in_payment"
        ):
            payment = self._pay_by_bank(invoice)
            self.assertFalse(payment.move_id)
            self.assertEqual(invoice.amount_residual, 100.0)
            self._run()
            self.assertFalse(self._attempts(invoice))
            payment.action_cancel()
        self._run()
        self.assertPaid(invoice)

    def test_p53_missed_days_are_announced_again_then_charged_once(self):
        self.company.autopay_notice_days = 2
        with freeze_time("2026-06-01"):
            invoice = self._invoice(invoice_date_due=date(2026, 6, 10))
        with freeze_time("2026-06-15"):  # the server was down for five days
            self._run()
            collection = self._collection(invoice)
            self.assertFalse(self._attempts(invoice))
            self.assertEqual(collection.date, date(2026, 6, 17))
            self._run("announce")
            self.assertEqual(self._messages(invoice).mapped("kind"), ["notice"])
        with freeze_time("2026-06-17"):
            self._run()
            self._run()
        self.assertPaid(invoice)
        self.assertEqual(len(self._attempts(invoice)), 1)

    def test_p54_one_poisoned_invoice_stops_no_other(self):
        other = self.env["res.partner"].create({"name": "Other"})
        self._grant(self._create_token(other), partner_id=other.id)
        bad, good = self._invoice(), self._invoice(partner=other)
        Collection = self.env.registry["autopay.collection"]
        create_transactions = Collection._create_transactions

        def fail_for_one(collections, amounts):
            if bad in collections.move_id:
                raise ValueError("a broken record")
            return create_transactions(collections, amounts)

        with (
            patch.object(Collection, "_create_transactions", fail_for_one),
            self.assertLogs("odoo.addons.invoice_autopay", "WARNING"),
        ):
            self._run()
        self.assertPaid(good)
        self.assertTrue(self._collection(bad).is_blocked)
        self.assertIn("a broken record", bad.activity_ids.summary)
        with freeze_time(fields.Date.today() + timedelta(days=1)):
            self._run()
        self.assertPaid(bad)

    def test_p55_withdrawn_a_minute_before_is_not_charged(self):
        invoice = self._invoice()
        self.mandate._withdraw("portal", {"ip_address": "192.0.2.7"})
        self._run()
        self.assertFalse(self._attempts(invoice))
        self.assertEqual(self._collection(invoice).state, "stopped")
        event = self.mandate.event_ids[0]
        self.assertEqual(
            (event.kind, event.origin, event.ip_address),
            ("withdrawn", "portal", "192.0.2.7"),
        )
        self.assertTrue(event.date)

    def test_p55_new_consent_after_a_withdrawal(self):
        self.mandate._withdraw("portal")
        mandate = self._grant(max_amount=50.0)
        invoice = self._invoice(40.0)
        self.assertEqual(self._collection(invoice).mandate_id, mandate)

    def test_p56_more_than_allowed_is_not_charged(self):
        invoice = self._invoice(1000.01)
        self._run()
        self.assertFalse(self._attempts(invoice))
        self.assertIn("above the largest charge", self._collection(invoice).reason)
        self.assertIn("limit", self._messages(invoice).mapped("kind"))
        exactly = self._invoice(1000.0)
        self._run()
        self.assertPaid(exactly)

    def test_p57_first_charge_is_on_the_day_that_was_said(self):
        self.company.autopay_notice_days = 3
        invoice = self._invoice()
        said = fields.Date.today() + timedelta(days=3)
        self.assertEqual(self._collection(invoice).date, said)
        self.assertEqual(self._collection(invoice).amount_due, 100.0)
        self._run()
        self.assertFalse(self._attempts(invoice))

    def test_p60_copied_database_never_charges(self):
        invoice = self._invoice()
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "a copy")
        self._run()
        self.assertFalse(invoice.transaction_ids)
        self.assertIn("another database", self._collection(invoice).reason)

    def test_archived_customer_is_not_charged(self):
        invoice = self._invoice()
        self.customer.active = False
        self._run()
        self.assertIn("is archived", self._collection(invoice).reason)

    def test_blocked_goes_on_when_the_obstacle_is_gone(self):
        invoice = self._invoice()
        self.customer.active = False
        self._run()
        self.assertTrue(self._collection(invoice).is_blocked)
        self.customer.active = True
        with freeze_time(fields.Date.today() + timedelta(days=1)):
            self._run()
        self.assertPaid(invoice)

    def test_hold_needs_a_reason_and_release_goes_on(self):
        invoice = self._invoice()
        collection = self._collection(invoice).sudo(False)
        with self.assertRefused("Give a reason"):
            collection.action_hold(" ")
        collection.action_hold("The customer called")
        self._run()
        self.assertFalse(self._attempts(invoice))
        collection.action_release()
        self._run()
        self.assertPaid(invoice)

    def test_charge_now_before_the_day(self):
        invoice = self._invoice(
            invoice_date_due=fields.Date.today() + timedelta(days=10)
        )
        self._collection(invoice).sudo(False).action_charge_now()
        self._run()
        self.assertPaid(invoice)
        with self.assertRefused("cannot be charged"):
            self._collection(invoice).sudo(False).action_charge_now()
