"""What Stripe tells by itself: late, several times, and forged."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields

from ..support import stripe_account as stand_in
from .autopay_common import StripeAutopayCommon


class TestAutopayWebhooks(StripeAutopayCommon):
    def setUp(self):
        super().setUp()
        self._connect_webhook()

    def _lose(self):
        self.account.fault("drop")
        invoice = self._invoice()
        self._run()
        self.assertEqual(self._attempts(invoice).state, "unknown")
        return invoice

    def _intent(self, invoice):
        (intent,) = self.account.intents(self._transaction(invoice).reference)
        return intent

    def test_p37_webhook_brings_the_lost_answer(self):
        invoice = self._lose()
        self.assertEqual(set(self._deliver()), {200})
        self._transaction(invoice)._book_autopay()
        self.assertCharged(invoice)
        self._run()
        self.assertCharged(invoice)

    def test_p39_same_webhook_five_times(self):
        invoice = self._lose()
        self._deliver(times=5)
        self._transaction(invoice)._book_autopay()
        self._deliver(*[event["id"] for event in self.account.events()], times=5)
        self.assertCharged(invoice)
        payments = self._transaction(invoice).payment_id
        self.assertEqual(len(invoice.matched_payment_ids | payments), 1)
        self.assertEqual(self._messages(invoice).mapped("kind"), ["receipt"])

    def test_p39_webhook_after_the_answer_was_found(self):
        invoice = self._lose()
        self._run()
        self.assertCharged(invoice)
        self._deliver(times=2)
        self.assertCharged(invoice)

    def test_p41_failed_after_succeeded_stays_paid(self):
        self.account.hold_charges()
        invoice = self._invoice()
        self._run()
        self.account.settle(self._transaction(invoice).provider_reference)
        self._deliver(reverse=True)
        self._transaction(invoice)._book_autopay()
        self.assertCharged(invoice)

    def test_p40_success_after_a_decline(self):
        self._use_card(stand_in.INSUFFICIENT_FUNDS)
        invoice = self._invoice()
        self._run()
        self.assertEqual(self._attempts(invoice).state, "declined")
        value = {**self._intent(invoice), "status": "succeeded"}
        status = self._post_event("payment_intent.succeeded", value)
        self.assertEqual(status, 200)
        transaction = self._transaction(invoice)
        self.assertEqual((transaction.state, transaction.autopay_code), ("done", False))
        transaction._book_autopay()
        self.assertPaid(invoice)
        self.assertEqual(self._collection(invoice).state, "done")

    def test_wrong_amount_does_not_confirm_a_transaction_in_error(self):
        self._use_card(stand_in.INSUFFICIENT_FUNDS)
        invoice = self._invoice()
        self._run()
        transaction = self._transaction(invoice)
        value = {**self._intent(invoice), "status": "succeeded", "amount": 1}
        self._post_event("payment_intent.succeeded", value)
        self.assertEqual(transaction.state, "error")
        self.assertEqual(self._attempts(invoice).state, "declined")
        self.assertTrue(invoice.amount_residual)

    def test_p59_forged_webhook_is_refused(self):
        invoice = self._lose()
        value = {**self._intent(invoice), "status": "succeeded"}
        for secret, age in (("whsec_forged", 0), (None, 0), ("whsec_0123456789", 700)):
            with self.subTest(secret=secret, age=age):
                status = self._post_event(
                    "payment_intent.succeeded", value, secret=secret, age=age
                )
                self.assertEqual(status, 403)
        for header in ("", "nonsense", "t=x,v1=y", "t=1"):
            with self.subTest(header=header):
                status = self._post_event(
                    "payment_intent.succeeded", value, header=header
                )
                self.assertEqual(status, 403)
        self.assertEqual(self._attempts(invoice).state, "unknown")

    def test_p59_missing_secret_refuses_webhooks_and_blocks_charges(self):
        invoice = self._lose()
        self.provider.stripe_webhook_secret = False
        self._deliver()
        (row,) = self.account.deliveries("payment_intent.succeeded")
        self.assertEqual(row["status"], 403)
        self.assertEqual(self._attempts(invoice).state, "unknown")
        other = self._invoice()
        self._run()
        self.assertFalse(self._attempts(other))
        self.assertIn("webhook signing secret", self._collection(other).reason)
        with self.assertRefused("webhook signing secret"):
            self._grant(res_model="res.partner", res_id=self.customer.id)

    def test_p59_two_signatures_while_the_secret_is_rolled(self):
        invoice = self._lose()
        value = {**self._intent(invoice), "status": "succeeded"}
        other = f",v1={'0' * 64},v0=old"
        for secret, age, status in (
            ("whsec_forged", 0, 403),
            (stand_in.WEBHOOK_SECRET, 700, 403),
            (stand_in.WEBHOOK_SECRET, 0, 200),
        ):
            with self.subTest(secret=secret, age=age):
                answer = self._post_event(
                    "payment_intent.succeeded", value, secret, age, suffix=other
                )
                self.assertEqual(answer, status)
                state = "succeeded" if status == 200 else "unknown"
                self.assertEqual(self._attempts(invoice).state, state)

    def test_more_events_are_signed_too(self):
        invoice = self._invoice()
        self._run()
        intent = self._transaction(invoice).provider_reference
        dispute = {"id": "dp_1", "payment_intent": intent, "status": "needs_response"}
        card = {"id": self.token.stripe_payment_method, "type": "card"}
        description = self._transaction(invoice).reference
        for kind, value in (
            ("charge.dispute.created", dispute),
            ("payment_method.automatically_updated", card),
            ("payment_intent.requires_action", {"description": description}),
        ):
            for secret in (None, "whsec_forged"):
                with self.subTest(kind, secret=secret):
                    self.assertEqual(self._post_event(kind, value, secret), 403)
        self.assertFalse(self._transaction(invoice).stripe_dispute_ref)

    def test_events_about_nothing_known_are_acknowledged(self):
        for kind in (
            "charge.dispute.created",
            "payment_method.automatically_updated",
            "payment_intent.requires_action",
        ):
            with self.subTest(kind):
                self.assertEqual(self._post_event(kind, {"id": "x_1"}), 200)

    def test_p45_action_needed_by_webhook(self):
        invoice = self._lose()
        value = {**self._intent(invoice), "status": "requires_action"}
        self._post_event("payment_intent.requires_action", value)
        self.assertEqual(self._attempts(invoice).state, "action_needed")

    def test_new_webhook_asks_for_all_events(self):
        self.provider.stripe_webhook_secret = False
        self.provider.action_stripe_create_webhook()
        self.assertTrue(self.provider.stripe_webhook_secret)
        endpoint = self.account.call("GET", "webhook_endpoints")["data"][-1]
        self.assertIn("charge.dispute.created", endpoint["enabled_events"])
        self.assertIn("payment_intent.succeeded", endpoint["enabled_events"])


class TestAutopayDisputes(StripeAutopayCommon):
    """P34: the facts are kept, charging stops, a decision brings it back or not."""

    def setUp(self):
        super().setUp()
        self._connect_webhook()
        self._use_card(stand_in.DISPUTED)
        self.disputed = self._invoice()
        self._run()
        self._deliver()
        self.transaction = self._transaction(self.disputed)

    def test_p34_dispute_opened(self):
        transaction = self.transaction
        self.assertEqual(transaction.state, "done")
        self.assertEqual(transaction.stripe_dispute_state, "needs_response")
        self.assertEqual(transaction.stripe_dispute_amount, 100.0)
        self.assertTrue(transaction.stripe_dispute_reason)
        self.assertTrue(transaction.stripe_dispute_due)
        self.assertTrue(self.mandate.is_disputed)
        self.assertTrue(self._collection(self.disputed).is_disputed)
        other = self._invoice()
        self._run()
        self.assertCharged(other, 0)

    def test_p34_dispute_won(self):
        self.account.win_dispute(self.transaction.stripe_dispute_ref)
        self._deliver()
        self.assertEqual(self.transaction.stripe_dispute_state, "won")
        self.assertFalse(self.mandate.is_disputed)
        # The first event once more changes nothing.
        self._deliver(*[event["id"] for event in self.account.events()], times=2)
        self.assertEqual(self.transaction.stripe_dispute_state, "won")
        self.assertFalse(self.mandate.is_disputed)

    def test_p34_dispute_lost(self):
        self.account.lose_dispute(self.transaction.stripe_dispute_ref)
        self._deliver(times=3)
        self.assertEqual(self.transaction.stripe_dispute_state, "lost")
        self.assertTrue(self.mandate.is_disputed)
        refunds = self.transaction.child_transaction_ids
        self.assertEqual(refunds.mapped("amount"), [-100.0])

    def _lost(self, number, amount, created):
        """Return a dispute of this payment that was lost."""
        return {
            "id": f"dp_{number}",
            "payment_intent": self.transaction.provider_reference,
            "amount": amount,
            "currency": "usd",
            "status": "lost",
            "created": created,
        }

    def test_p34_two_lost_disputes_are_booked_once_each(self):
        self.transaction._take_over_dispute(
            {**self._lost(0, 10000, 1), "status": "won"}
        )
        self.transaction.write({"stripe_dispute_ref": False})
        self.transaction.write({"stripe_dispute_created": 0})
        first, second = self._lost(2, 6000, 100), self._lost(1, 4000, 200)
        for number, order in enumerate(
            ((first, second, first, second), (second, first, second, first))
        ):
            with self.subTest(number), self.env.cr.savepoint() as savepoint:
                for dispute in order:
                    status = self._post_event("charge.dispute.closed", dispute)
                    self.assertEqual(status, 200)
                refunds = self.transaction.child_transaction_ids
                self.assertEqual(
                    dict(refunds.mapped(lambda tx: (tx.provider_reference, tx.amount))),
                    {"dp_2": -60.0, "dp_1": -40.0},
                )
                self.assertEqual(len(refunds), 2)
                self.assertEqual(self.transaction.stripe_dispute_ref, "dp_1")
                self.assertEqual(self.transaction.stripe_dispute_amount, 40.0)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_p34_replay_of_an_old_dispute_changes_nothing(self):
        dispute = self.transaction.stripe_dispute_ref
        later = {**self._lost(9, 10000, 2**31 - 1), "status": "needs_response"}
        self.account.lose_dispute(dispute)
        self._deliver()
        self._post_event("charge.dispute.created", later)
        events = [event["id"] for event in self.account.events()]
        for reverse in (False, True):
            self._deliver(*events, times=2, reverse=reverse)
            self.assertEqual(self.transaction.stripe_dispute_ref, "dp_9")
            self.assertEqual(self.transaction.stripe_dispute_state, "needs_response")
            refunds = self.transaction.child_transaction_ids
            self.assertEqual(refunds.mapped("provider_reference"), [dispute])
        self.assertTrue(self.mandate.is_disputed)

    def test_p34_events_in_reverse(self):
        other = self._invoice()
        self.mandate.sudo().is_disputed = False
        self._collection(self.disputed).sudo().is_disputed = False
        self._run()
        transaction = self._transaction(other)
        (dispute,) = [
            row
            for row in self.account.listing("disputes")
            if row["payment_intent"] == transaction.provider_reference
        ]
        self.account.win_dispute(dispute["id"])
        self._deliver(reverse=True)
        self.assertEqual(transaction.stripe_dispute_state, "won")
        self.assertFalse(self.mandate.is_disputed)

    def test_p34_inquiry_takes_no_money(self):
        self.mandate.sudo().is_disputed = False
        self._use_card(stand_in.DISPUTE_INQUIRY)
        invoice = self._invoice()
        self._run()
        self._deliver()
        self.assertEqual(self._transaction(invoice).stripe_dispute_state, "inquiry")
        self.assertFalse(self.mandate.is_disputed)
        self._deliver(*[event["id"] for event in self.account.events()])
        asked = invoice.activity_ids.filtered(lambda a: "asks about" in a.summary)
        self.assertEqual(len(asked), 1)


class TestAutopayRefunds(StripeAutopayCommon):
    def setUp(self):
        super().setUp()
        self._connect_webhook()
        self.invoice = self._invoice()
        self._run()
        self._deliver()
        self.transaction = self._transaction(self.invoice)

    def _refund(self, amount):
        intent = self.transaction.provider_reference
        refund = self.account.call(
            "POST", "refunds", payment_intent=intent, amount=amount
        )
        self._deliver(times=5)
        return refund

    def test_p32_refund_in_the_dashboard(self):
        self._refund(4000)
        self._refund(1000)
        refunds = self.transaction.child_transaction_ids.sorted("id")
        self.assertEqual(refunds.mapped("amount"), [-40.0, -10.0])
        self.assertEqual(set(refunds.mapped("state")), {"done"})
        refunds._book_autopay()
        self._run()
        self.assertEqual(len(self._attempts(self.invoice)), 1)
        self.assertEqual(len(self._charges(self.invoice)), 1)

    def test_p33_refund_that_fails_later(self):
        refund = self._refund(4000)
        failed = {**refund, "status": "failed", "description": None}
        for _time in range(2):
            status = self._post_event("charge.refund.updated", failed)
            self.assertEqual(status, 200)
        refund_transaction = self.transaction.child_transaction_ids
        self.assertEqual(refund_transaction.state, "error")
        self.assertIn("refund did not go through", refund_transaction.state_message)
        alerts = self.invoice.activity_ids.filtered(lambda a: "failed" in a.summary)
        self.assertEqual(len(alerts), 1)

    def _lose_refund(self, kind="drop"):
        """Send money back; the answer does not arrive."""
        self.account.fault(kind, "refunds$")
        ghost = self.transaction._refund(amount_to_refund=40.0)
        self.assertEqual((ghost.state, ghost.provider_reference), ("pending", False))
        return ghost

    def test_p33_webhook_brings_the_lost_answer_of_a_refund(self):
        ghost = self._lose_refund()
        self._deliver(times=3)
        self.assertEqual(ghost.state, "done")
        self.assertTrue(ghost.provider_reference.startswith("re_"))
        self.assertEqual(self.transaction.child_transaction_ids, ghost)
        # A second one of the same amount is another one.
        self._refund(4000)
        self.assertEqual(len(self.transaction.child_transaction_ids), 2)

    def test_p33_refund_of_another_amount_is_another_one(self):
        ghost = self._lose_refund("refuse")
        self._refund(1000)
        self.assertEqual(ghost.state, "pending")
        self.assertEqual(len(self.transaction.child_transaction_ids), 2)

    def test_p33_lost_answer_of_a_refund_is_found_at_night(self):
        ghost = self._lose_refund()
        for _night in range(2):
            self._run_stripe("reconcile")
            self.assertEqual(ghost.state, "done")
        self._deliver(times=2)
        self.assertEqual(self.transaction.child_transaction_ids, ghost)

    def test_p33_refund_that_never_arrived_fails_after_a_day(self):
        ghost = self._lose_refund("refuse")
        self._run_stripe("reconcile")
        self.assertEqual(ghost.state, "pending")
        self.assertEqual(self.transaction._get_autopay_refundable(), 60.0)
        with freeze_time(fields.Datetime.now() + timedelta(hours=25)):
            self._run_stripe("reconcile")
        self.assertEqual(ghost.state, "error")
        self.assertEqual(self.transaction._get_autopay_refundable(), 100.0)
        told = self.invoice.activity_ids.filtered(lambda a: "not made" in a.summary)
        self.assertEqual(len(told), 1)
