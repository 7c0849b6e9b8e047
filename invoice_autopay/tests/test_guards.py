"""What must not happen between the steps of a charge, nor after it."""

from datetime import timedelta
from unittest.mock import patch

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.tools import mute_logger

from .common import AutopayCommon

SENDING = "odoo.addons.invoice_autopay.models.autopay_attempt_send"


class TestGuards(AutopayCommon):
    def _answer(self, state):
        self.token.sudo().demo_simulated_state = state

    def _after(self, days):
        return freeze_time(fields.Datetime.now() + timedelta(days=days))

    def _write_only(self):
        """Stop after commit 1, as a worker that is killed then."""
        with patch(f"{SENDING}.AutopayAttemptSending._send_all", lambda a: None):
            self._run()

    def _say(self, *outcome):
        """Let the provider's add-on say more than the demo provider can."""
        return patch.object(
            self.env.registry["payment.transaction"],
            "_get_autopay_outcome",
            lambda transaction: outcome,
        )

    # === AMOUNTS === #

    def test_wrong_amount_confirms_no_open_attempt(self):
        """A payment of another amount with our reference is for a person to judge."""
        for state in ("pending", "unknown"):
            self._answer("pending")
            invoice = self._invoice()
            self._run()
            transaction = invoice.transaction_ids
            if state == "unknown":
                transaction._mark_unknown("No answer")
            wrong = {"amount": 0.01, "currency_code": "USD"}
            with patch.object(
                self.env.registry["payment.transaction"],
                "_extract_amount_data",
                lambda tx, data, wrong=wrong: wrong,
            ):
                transaction._process(
                    "demo",
                    {"reference": transaction.reference, "simulated_state": "done"},
                )
            with self.subTest(state):
                self.assertEqual(transaction.state, "pending")
                self.assertEqual(self._attempts(invoice).state, "unknown")
                self.assertEqual(invoice.payment_state, "not_paid")

    def test_p24_part_paid_after_the_attempt_was_written(self):
        """The next part is not charged in place of the one that was paid."""
        invoice = self._invoice_in_three()
        self._write_only()
        self._pay_by_bank(invoice, 100.0)
        self._run()
        self._run()
        self.assertEqual(self._attempts(invoice).mapped("state"), ["dropped"])
        collection = self._collection(invoice)
        next_day = fields.Date.today() + timedelta(days=30)
        self.assertEqual((collection.state, collection.date), ("scheduled", next_day))

    def test_failed_part_paid_by_hand_goes_on_with_the_next(self):
        invoice = self._invoice_in_three()
        self._answer("error")
        with self._say("declined", "hard"):
            self._run()
        collection = self._collection(invoice)
        self.assertEqual(collection.state, "failed")
        self._pay_by_bank(invoice, 100.0)
        next_day = fields.Date.today() + timedelta(days=30)
        self.assertEqual((collection.state, collection.date), ("scheduled", next_day))

    def test_pf33_other_card_charges_no_part_before_its_day(self):
        invoice = self._invoice_in_three()
        self._pay_by_bank(invoice, 100.0)
        self.mandate._change_method(self._create_token(details="1111"), "portal")
        self._run()
        self.assertFalse(self._attempts(invoice))

    # === BETWEEN WRITING AND SENDING === #

    def test_p60_written_attempt_is_not_sent_by_a_copy(self):
        invoice = self._invoice()
        self._write_only()
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "a copy")
        self._run()
        self.assertEqual(self._attempts(invoice).state, "dropped")
        self.assertEqual(invoice.payment_state, "not_paid")

    def test_p48_method_removed_after_the_attempt_was_written(self):
        invoice = self._invoice()
        self._write_only()
        self.token.active = False
        self.assertEqual(self._messages(invoice).mapped("kind"), ["method"])
        self._run()
        self.assertEqual(self._attempts(invoice).state, "dropped")
        self.assertTrue(self._collection(invoice).is_blocked)

    def test_p54_poisoned_attempt_stops_no_other(self):
        other = self.env["res.partner"].create({"name": "Other"})
        self._grant(self._create_token(other), partner_id=other.id)
        bad, good = self._invoice(), self._invoice(partner=other)
        Attempt = self.env.registry["autopay.attempt"]
        allow = Attempt._allow_sending

        def fail_for_one(attempt):
            if attempt.move_id == bad:
                raise ValueError("a broken record")
            return allow(attempt)

        with (
            patch.object(Attempt, "_allow_sending", fail_for_one),
            self.assertLogs("odoo.addons.invoice_autopay", "WARNING"),
        ):
            self._run()
        self.assertPaid(good)
        self.assertEqual(self._attempts(bad).state, "dropped")
        self.assertTrue(self._collection(bad).is_blocked)

    def test_p46_limit_counts_within_one_run(self):
        self.company.autopay_card_limit = 2
        self._answer("error")
        invoices = [self._invoice() for _number in range(4)]
        self._run()
        states = [self._attempts(invoice).state for invoice in invoices]
        self.assertEqual(sorted(states), ["declined", "declined", "dropped", "dropped"])

    # === METHODS === #

    def test_p46_same_stolen_card_entered_again_is_not_charged(self):
        self._answer("error")
        invoice = self._invoice()
        with self._say("declined", "hard"):
            self._run()
        self.mandate._change_method(self._create_token(details="4242"), "portal")
        self.assertEqual(self._collection(invoice).state, "failed")
        with self.assertRefused("declined for good"):
            self._collection(invoice).sudo(False).action_charge_now()
        self.mandate._change_method(self._create_token(details="1111"), "portal")
        self._run()
        self.assertPaid(invoice)

    def test_p47_other_card_ends_the_wait_for_a_confirmation(self):
        self._answer("error")
        invoice = self._invoice()
        with self._say("action_needed", False):
            self._run()
        self.mandate._change_method(self._create_token(details="1111"), "portal")
        self._run()
        states = self._attempts(invoice).mapped("state")
        self.assertEqual(states, ["dropped", "succeeded"])
        self.assertPaid(invoice)

    def test_p47_decline_of_the_old_card_tries_the_new_one(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        self.mandate._change_method(self._create_token(details="1111"), "portal")
        invoice.transaction_ids._set_error("Returned")
        self._run()
        self.assertPaid(invoice)

    # === ANNOUNCED === #

    def test_pf37_charge_that_was_not_announced_waits(self):
        self.company.autopay_notice_days = 3
        invoice = self._invoice()
        with self._after(3):  # the announcing job did not run
            self._run()
            self.assertFalse(self._attempts(invoice))
            self._run("announce")
        with self._after(6):
            self._run()
        self.assertPaid(invoice)

    def test_blocked_charge_is_not_announced(self):
        self.company.autopay_notice_days = 3
        invoice = self._invoice()
        self._run("announce")
        self.token.active = False
        for days in range(3, 20, 4):
            with self._after(days):
                self._run()
                self._run("announce")
        kinds = self._messages(invoice).mapped("kind")
        self.assertEqual(kinds.count("notice"), 1)
        self.assertTrue(self._collection(invoice).is_blocked)

    # === OTHER WAYS TO TAKE MONEY === #

    def test_p22_accountant_with_the_saved_card_is_refused_meanwhile(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        line = self.provider.journal_id.inbound_payment_method_line_ids.filtered(
            lambda method: method.payment_provider_id == self.provider
        )
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": self.provider.journal_id.id,
                    "payment_method_line_id": line.id,
                    "payment_token_id": self.token.id,
                }
            )
        )
        with self.assertRefused("payment is in progress"):
            wizard.action_create_payments()
        self.assertEqual(len(invoice.transaction_ids), 1)

    def test_p31_undone_payment_is_no_surplus(self):
        invoice = self._invoice()
        self._run()
        invoice.line_ids.remove_move_reconcile()
        self.assertEqual(self._collection(invoice).surplus, 0.0)

    def test_p23_surplus_is_sent_back_once(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        self._pay_by_bank(invoice, 40.0)
        invoice.transaction_ids._set_done()
        invoice.transaction_ids._post_process()
        collection = self._collection(invoice)
        self.assertEqual(collection.surplus, 40.0)
        with patch.object(self.env.registry["ir.cron"], "_commit_progress"):
            collection.sudo(False).action_refund_surplus()
            with self.assertRefused("nothing was received twice"):
                collection.sudo(False).action_refund_surplus()

    def test_p34_second_dispute_keeps_charges_off(self):
        first, second = self._invoice(), self._invoice()
        self._run()
        first.transaction_ids._after_autopay_dispute(100.0)
        second.transaction_ids._after_autopay_dispute(100.0)
        first.transaction_ids._after_autopay_dispute_closed(True)
        self.assertTrue(self.mandate.is_disputed)
        second.transaction_ids._after_autopay_dispute_closed(True)
        self.assertFalse(self.mandate.is_disputed)

    def test_withdrawn_is_final_in_the_database(self):
        self.mandate._withdraw("portal")
        with self.assertRaisesRegex(Exception, "are history"), self.cr.savepoint():
            self.cr.execute(
                "UPDATE autopay_mandate SET state = 'active' WHERE id = %s",
                [self.mandate.id],
            )

    # === INVOICES THAT CHANGE === #

    def test_part_larger_than_the_invoice_is_cut(self):
        invoice = self._invoice_in_parts(
            100.0, ("fixed", 200.0, 0), ("percent", 100.0, 30)
        )
        self._run()
        self.assertEqual(sum(self._attempts(invoice).mapped("amount")), 100.0)

    def _change(self, invoice, **vals):
        invoice.button_draft()
        invoice.write(vals)
        invoice.action_post()

    def test_invoice_of_another_customer_is_not_charged(self):
        invoice = self._invoice()
        other = self.env["res.partner"].create({"name": "Other"})
        self._change(invoice, partner_id=other.id)
        with self.assertRefused("not for the customer"):
            self._collection(invoice).sudo(False).action_release()

    def test_p28_invoice_in_another_currency_is_not_charged(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        invoice = self._invoice()
        self._change(invoice, currency_id=euro.id)
        with self.assertRefused("not in the currency"):
            self._collection(invoice).sudo(False).action_charge_now()

    def test_p31_released_with_its_payment_unreconciled_is_refused(self):
        invoice = self._invoice()
        self._run()
        invoice.line_ids.remove_move_reconcile()
        with self.assertRefused("not reconciled"):
            self._collection(invoice).sudo(False).action_release()

    def test_pf37_changed_invoice_is_announced_anew(self):
        self.company.autopay_notice_days = 3
        invoice = self._invoice()
        self._run("announce")
        self._run("tell")
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 900.0
        invoice.action_post()
        self._collection(invoice).sudo(False).action_release()
        self._run("announce")
        self._run("tell")
        mails = self.env["mail.mail"].sudo().search([("model", "=", "autopay.message")])
        mine = mails.filtered(lambda mail: invoice.name in mail.subject)
        self.assertEqual(len(mine), 2)
        self.assertTrue(any("900.00" in mail.body_html for mail in mine))

    def test_canceled_invoice_that_comes_back_can_be_released(self):
        invoice = self._invoice()
        invoice.button_draft()
        invoice.button_cancel()
        invoice.button_draft()
        invoice.action_post()
        self._collection(invoice).sudo(False).action_release()
        self._run()
        self.assertPaid(invoice)

    def test_invoice_with_attempts_is_not_deleted(self):
        self._answer("error")
        invoice = self._invoice()
        self._run()
        invoice.button_draft()
        with self.assertRefused("Cancel the invoice instead"):
            invoice.unlink()

    # === BAD INPUT === #

    def test_absurd_settings_are_refused(self):
        for name in ("notice_days", "catch_up_days", "action_days", "card_limit"):
            for value in (-1, 10**9):
                with (
                    self.subTest(name, value=value),
                    self.assertRaises(psycopg2.errors.CheckViolation),
                    self.cr.savepoint(),
                    mute_logger("odoo.sql_db"),
                ):
                    self.company[f"autopay_{name}"] = value
                    self.env.flush_all()
                self.env.invalidate_all()

    def test_empty_consent_is_none(self):
        self.mandate._withdraw("portal")
        for vals in ({"consent_text": " "}, {"max_amount": 0.0}, {"max_amount": 1e300}):
            with self.subTest(vals), self.assertRefused("A consent has a text"):
                self._grant(**vals)

    def test_p27_staff_records_no_consent_for_somebody_elses_card(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        card = self._create_token(stranger, details="9999")
        wizard = self.env["autopay.grant"].create(
            {
                "partner_id": self.customer.id,
                "token_id": card.id,
                "max_amount": 100.0,
                "note": "By phone",
            }
        )
        with self.assertRefused("belongs to Stranger"):
            wizard.action_grant()
