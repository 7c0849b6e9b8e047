"""What the provider answers, when it answers, and what follows from it."""

from datetime import timedelta
from unittest.mock import patch

import requests
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError

from .common import AutopayCommon

DEMO = "odoo.addons.payment_demo.models.payment_transaction.PaymentTransaction"


class TestAnswers(AutopayCommon):
    def _answer(self, state):
        self.token.sudo().demo_simulated_state = state

    def _after(self, days):
        return freeze_time(fields.Datetime.now() + timedelta(days=days))

    def _lose_answer(self):
        """Let the provider's answer be lost, as core reports a time-out."""

        def lost(transaction):
            try:
                self._fail_like_core()
            except ValidationError as error:
                transaction.autopay_is_unknown = transaction._is_answer_lost(error)
                raise

        return patch(f"{DEMO}._send_payment_request", lost)

    def _fail_like_core(self):
        try:
            raise requests.exceptions.Timeout
        except requests.exceptions.Timeout:
            # As core does it: the cause is only in the context.
            raise ValidationError(  # noqa: B904
                self.env._("Could not establish the connection")
            )

    def _say(self, *outcome):
        """Let the provider's add-on say more than the demo provider can."""
        return patch.object(
            self.env.registry["payment.transaction"],
            "_get_autopay_outcome",
            lambda transaction: outcome,
        )

    # === DECLINED === #

    def test_p46_retries_follow_the_rule_then_the_customer_is_asked(self):
        self._answer("error")
        invoice = self._invoice()
        self._run()
        collection = self._collection(invoice)
        today = fields.Date.today()
        self.assertEqual(collection.date, today + timedelta(days=1))
        self.assertEqual(collection.tries, 1)
        with self._after(1):
            self._run()
            self._run()
        self.assertEqual(collection.date, today + timedelta(days=4))
        with self._after(4):
            self._run()
        self.assertEqual((collection.state, collection.tries), ("failed", 3))
        with self._after(30):
            self._run()
        self.assertEqual(len(self._attempts(invoice)), 3)
        kinds = self._messages(invoice).mapped("kind")
        self.assertEqual(sorted(kinds), ["method", "retry", "retry"])

    def test_p46_hard_decline_is_never_tried_again(self):
        self._answer("error")
        invoice = self._invoice()
        with self._say("declined", "hard"):
            self._run()
        self.assertEqual(self._collection(invoice).state, "failed")
        self.assertEqual(self._messages(invoice).kind, "method")

    def test_p46_method_is_charged_fifteen_times_in_thirty_days_at_most(self):
        self.company.autopay_card_limit = 2
        self._answer("error")
        for _number in range(2):
            self._invoice()
        self._run()
        third = self._invoice()
        self._run()
        self.assertFalse(self._attempts(third))
        self.assertIn("2 times in 30 days", self._collection(third).reason)

    def test_pf45_rule_of_the_company_comes_first(self):
        self.env["autopay.retry.rule"].sudo().create(
            {
                "decline_class": "unclear",
                "company_id": self.company.id,
                "delays": "",
                "then": "staff",
            }
        )
        self._answer("error")
        invoice = self._invoice()
        self._run()
        self.assertEqual(self._collection(invoice).state, "failed")
        self.assertIn("could not be charged", invoice.activity_ids.summary)

    def test_pf45_rule_with_nonsense_is_refused(self):
        rule = self.env.ref("invoice_autopay.autopay_retry_rule_funds").sudo()
        for delays in ("soon", "1, 2, 3, 4, 5", "0", "99", "-1"):
            with self.subTest(delays), self.assertRefused("not possible|not a list"):
                rule.delays = delays

    def test_p47_other_method_starts_again_and_drops_old_retries(self):
        self._answer("error")
        invoice = self._invoice()
        self._run()
        collection = self._collection(invoice)
        self.assertEqual(self.mandate.method_failures, 1)
        self.mandate._change_method(self._create_token(details="1111"), "portal")
        self.assertEqual(
            (collection.state, collection.date, collection.tries),
            ("scheduled", fields.Date.today(), 0),
        )
        self.assertEqual(self.mandate.method_failures, 0)
        self._run()
        self.assertPaid(invoice)
        with self._after(5):
            self._run()
        self.assertEqual(len(self._attempts(invoice)), 2)

    def test_b20_same_card_entered_again_keeps_the_count(self):
        self._answer("error")
        self._invoice()
        self._run()
        self.mandate._change_method(self._create_token(details="4242"), "portal")
        self.assertEqual(self.mandate.method_failures, 1)

    # === NOT KNOWN YET === #

    def test_p25_processing_blocks_all_else_then_is_paid(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        attempt = self._attempts(invoice)
        self.assertEqual(attempt.state, "processing")
        with self._after(3):
            self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.assertFalse(self._messages(invoice))
        attempt.transaction_id._set_done()
        attempt.transaction_id._post_process()
        self.assertPaid(invoice)

    def test_p25_processing_then_failed_is_due_again(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        self._attempts(invoice).transaction_id._set_error("Returned by the bank")
        self.assertEqual(self._attempts(invoice).state, "declined")
        collection = self._collection(invoice)
        self.assertEqual(collection.state, "scheduled")
        self.assertEqual(collection.date, fields.Date.today() + timedelta(days=1))
        self.assertEqual(invoice.invoice_date_due, fields.Date.today())

    def test_p37_lost_answer_is_unknown_and_nothing_else_is_charged(self):
        invoice = self._invoice()
        with self._lose_answer():
            self._run()
        attempt = self._attempts(invoice)
        self.assertEqual(attempt.state, "unknown")
        self.assertEqual(attempt.transaction_id.state, "pending")
        with self._after(2):
            self._run()
        self.assertEqual(len(invoice.transaction_ids), 1)
        # This provider cannot be asked: a person decides.
        self.assertTrue(attempt.is_for_staff)
        self.assertIn("nobody knows", invoice.activity_ids.summary)

    def test_p37_person_says_charged(self):
        invoice = self._invoice()
        with self._lose_answer():
            self._run()
        self._attempts(invoice).sudo(False).action_charged()
        self.assertEqual(self._attempts(invoice).state, "succeeded")
        self.assertPaid(invoice)

    def test_p37_person_says_not_charged(self):
        invoice = self._invoice()
        with self._lose_answer():
            self._run()
        self._attempts(invoice).sudo(False).action_not_charged()
        self.assertEqual(self._attempts(invoice).state, "declined")
        self.assertEqual(self._attempts(invoice).transaction_id.state, "error")
        with self._after(1):
            self._run()
        self.assertPaid(invoice)

    def test_p38_killed_after_asking_is_found_by_the_webhook(self):
        invoice = self._invoice()
        collection = self._collection(invoice)
        with self._no_sending():
            self._run()
        attempt = self._attempts(invoice)
        attempt._mark_sent()  # and here the worker was killed
        attempt.transaction_id._process(
            "demo",
            {"reference": attempt.transaction_id.reference, "simulated_state": "done"},
        )
        self.assertEqual(attempt.state, "succeeded")
        attempt.transaction_id._post_process()
        self.assertPaid(invoice)
        self.assertEqual(collection.state, "done")

    def _no_sending(self):
        return patch(
            "odoo.addons.invoice_autopay.models.autopay_attempt_send."
            "AutopayAttemptSending._send_all",
            lambda attempts: None,
        )

    def test_p38_killed_before_asking_is_sent_by_the_next_run(self):
        invoice = self._invoice()
        with self._no_sending():
            self._run()
        self.assertEqual(self._attempts(invoice).state, "new")
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.assertPaid(invoice)

    def test_p44_what_was_not_sent_is_dropped_with_the_mandate(self):
        invoice = self._invoice()
        with self._no_sending():
            self._run()
        self.mandate._withdraw("portal")
        self._run()
        self.assertEqual(self._attempts(invoice).state, "dropped")
        self.assertEqual(invoice.payment_state, "not_paid")

    def test_p24_paid_between_selection_and_sending_is_not_charged(self):
        invoice = self._invoice()
        with self._no_sending():
            self._run()
        self._pay_by_bank(invoice)
        self._run()
        self.assertEqual(self._attempts(invoice).state, "dropped")

    def test_p39_same_answer_five_times_is_one_payment_and_one_receipt(self):
        invoice = self._invoice()
        self._run()
        transaction = invoice.transaction_ids
        for _time in range(5):
            transaction._process(
                "demo",
                {"reference": transaction.reference, "simulated_state": "done"},
            )
            transaction._post_process()
        self._run("tell")
        self._run("tell")
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.assertEqual(self._messages(invoice).mapped("kind"), ["receipt"])
        payments = self.env["account.payment"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(len(payments), 1)

    def test_p40_late_success_cancels_the_retry(self):
        self._answer("error")
        invoice = self._invoice()
        self._run()
        self.assertEqual(self._collection(invoice).tries, 1)
        transaction = invoice.transaction_ids
        transaction._set_done()
        states = self._attempts(invoice).mapped("state")
        self.assertEqual(states, ["declined", "succeeded"])
        second = self._attempts(invoice)[-1]
        self.assertEqual(second.correction_of_id, self._attempts(invoice)[0])
        with self._after(1):
            self._run()  # not booked yet: nothing else is charged
        self.assertEqual(len(invoice.transaction_ids), 1)
        transaction._post_process()
        self.assertPaid(invoice)

    def test_p41_failure_after_success_changes_nothing(self):
        invoice = self._invoice()
        self._run()
        for change in ("_set_pending", "_set_canceled"):
            getattr(invoice.transaction_ids, change)()
        invoice.transaction_ids._set_error("out of order")
        self.assertEqual(invoice.transaction_ids.state, "done")
        self.assertEqual(self._attempts(invoice).mapped("state"), ["succeeded"])
        self.assertPaid(invoice)

    def test_p42_sent_transaction_is_never_canceled_by_us(self):
        invoice = self._invoice()
        with self._lose_answer():
            self._run()
        self.mandate._withdraw("portal")
        self.assertEqual(self._attempts(invoice).state, "unknown")
        self.assertEqual(invoice.transaction_ids.state, "pending")

    def test_p43_money_that_arrives_after_the_stop_is_booked(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        self.mandate._withdraw("portal")
        invoice.transaction_ids._set_done()
        invoice.transaction_ids._post_process()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self._collection(invoice).state, "stopped")
        with self._after(30):
            self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)

    def test_p45_unconfirmed_payment_fails_after_days(self):
        self._answer("error")
        invoice = self._invoice()
        with self._say("action_needed", False):
            self._run()
        self.assertEqual(self._attempts(invoice).state, "action_needed")
        self.assertEqual(self._messages(invoice).kind, "confirm")
        with self._after(6):
            self._run()
        self.assertEqual(self._attempts(invoice).state, "action_needed")
        with self._after(8):
            self._run()
        attempt = self._attempts(invoice)
        self.assertEqual(
            (attempt.state, attempt.decline_class), ("declined", "expired")
        )
        self.assertEqual(self._collection(invoice).state, "failed")

    def test_p45_customer_pays_on_session_instead(self):
        self._answer("error")
        invoice = self._invoice()
        with self._say("action_needed", False):
            self._run()
        self._pay_by_bank(invoice)
        self.assertEqual(self._attempts(invoice).state, "dropped")
        self.assertEqual(self._collection(invoice).state, "done")

    # === MONEY TWICE, AND BACK === #

    def test_p23_second_payment_is_credit_with_one_click_refund(self):
        self._answer("pending")
        invoice = self._invoice()
        self._run()
        self._answer("done")
        self._pay_by_bank(invoice)
        invoice.transaction_ids._set_done()
        invoice.transaction_ids._post_process()
        collection = self._collection(invoice)
        self.assertEqual(collection.surplus, 100.0)
        self.assertIn("received twice", invoice.activity_ids.summary)
        with self._without_commits():
            collection.sudo(False).action_refund_surplus()
        invoice.transaction_ids.child_transaction_ids._post_process()
        collection.invalidate_recordset()
        self.assertEqual(collection.surplus, 0.0)
        self.assertFalse(collection.refund_ids)
        self.assertPaid(invoice)
        with self.assertRefused("nothing was received twice"):
            collection.sudo(False).action_refund_surplus()

    def _refund(self, invoice, amount=None):
        refund = invoice.transaction_ids._refund(amount_to_refund=amount)
        refund._post_process()
        return refund

    def test_p32_refunded_and_still_owed_is_open_and_not_charged_again(self):
        invoice = self._invoice()
        self._run()
        self._refund(invoice, 40.0)
        collection = self._collection(invoice)
        self.assertIn("sent back", invoice.activity_ids.summary)
        self.assertPaid(invoice)
        collection.sudo(False).action_still_owed()
        self.assertEqual(invoice.amount_residual, 40.0)
        self.assertEqual(collection.state, "stopped")
        self.assertFalse(collection.refund_ids)
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)

    def test_p32_refunded_and_forgiven_makes_a_credit_note(self):
        invoice = self._invoice()
        self._run()
        self._refund(invoice)
        collection = self._collection(invoice)
        collection.sudo(False).action_forgiven()
        self.assertEqual(invoice.reversal_move_ids.amount_total, 100.0)
        self.assertTrue(self.usd.is_zero(invoice.amount_residual))
        self.assertFalse(collection.refund_ids)
        balance = sum(
            self.env["account.move.line"]
            .search(
                [
                    ("partner_id", "=", self.customer.id),
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                ]
            )
            .mapped("amount_residual")
        )
        self.assertEqual(balance, 0.0)

    def test_p33_refunds_go_newest_first(self):
        first, second = self._invoice(100.0), self._invoice(50.0)
        self._run()
        transactions = first.transaction_ids | second.transaction_ids
        with self._without_commits():
            rest, failed = transactions._refund_newest_first(120.0)
        self.assertEqual((rest, len(failed)), (0.0, 0))
        amounts = transactions.sorted("id", reverse=True).mapped(
            lambda tx: sum(tx.child_transaction_ids.mapped("amount"))
        )
        self.assertEqual(amounts, [-50.0, -70.0])
        with self._without_commits():
            rest, _failed = transactions._refund_newest_first(100.0)
        self.assertEqual(rest, 70.0)

    def _without_commits(self):
        """A test's own cursor cannot be committed."""
        return patch.object(self.env.registry["ir.cron"], "_commit_progress")

    def test_p34_dispute_stops_charges_until_it_is_won(self):
        invoice = self._invoice()
        self._run()
        transaction = invoice.transaction_ids
        transaction._after_autopay_dispute(100.0)
        self.assertTrue(self._collection(invoice).is_disputed)
        other = self._invoice()
        self._run()
        self.assertIn("disputed", self._collection(other).reason)
        transaction._after_autopay_dispute_closed(True)
        self.assertFalse(self._collection(invoice).is_disputed)
        with self._after(1):
            self._run()
        self.assertPaid(other)

    def test_p34_lost_dispute_is_like_a_refund(self):
        invoice = self._invoice()
        self._run()
        invoice.transaction_ids._after_autopay_dispute(100.0)
        invoice.transaction_ids._after_autopay_dispute_closed(False, 100.0)
        collection = self._collection(invoice)
        self.assertEqual(len(collection.refund_ids), 1)
        collection.sudo(False).action_still_owed()
        self.assertEqual(invoice.amount_residual, 100.0)
        self.assertTrue(self.mandate.is_disputed)

    # === HISTORY === #

    def test_ended_attempt_is_history(self):
        invoice = self._invoice()
        self._run()
        attempt = self._attempts(invoice)
        with self.assertRefused("is history"):
            attempt.amount = 1.0
        with self.assertRefused("is history"):
            attempt.unlink()
        with self.assertRaisesRegex(Exception, "are history"), self.cr.savepoint():
            self.cr.execute(
                "UPDATE autopay_attempt SET amount = 1 WHERE id = %s", [attempt.id]
            )
        with self.assertRaisesRegex(Exception, "are history"), self.cr.savepoint():
            self.cr.execute("DELETE FROM autopay_attempt")

    def test_mandate_says_what_it_said(self):
        with self.assertRefused("is history"):
            self.mandate.max_amount = 5000.0
        with self.assertRaisesRegex(Exception, "are history"), self.cr.savepoint():
            self.cr.execute("UPDATE autopay_mandate SET max_amount = 5000")
        self.mandate._withdraw("portal")
        with self.assertRefused("was withdrawn"):
            self.mandate.state = "active"
        with self.assertRefused("is history"):
            self.mandate.event_ids[0].unlink()

    def test_pf37_notice_is_sent_once_per_charge(self):
        self.company.autopay_notice_days = 3
        invoice = self._invoice()
        self._run("announce")
        self._run("announce")
        self._run("tell")
        mails = self.env["mail.mail"].sudo().search([("model", "=", "autopay.message")])
        mine = mails.filtered(lambda m: invoice.name in m.subject)
        self.assertEqual(len(mine), 1)
        self.assertIn("100.00", mine.body_html)
        self.assertIn("4242", mine.body_html)
        self.assertEqual(mine.recipient_ids, self.customer)

    def test_every_message_can_be_written(self):
        self._answer("error")
        invoice = self._invoice()
        self._run()
        collection, attempt = self._collection(invoice), self._attempts(invoice)
        kinds = [
            kind
            for kind, _label in self.env["autopay.message"]._fields["kind"].selection
        ]
        for kind in kinds:
            self.env["autopay.message"].sudo()._put(collection, kind, attempt)
        self._run("tell")
        messages = self._messages(invoice)
        self.assertEqual(sorted(messages.mapped("kind")), sorted(kinds))
        self.assertTrue(all(messages.mapped("is_sent")))
