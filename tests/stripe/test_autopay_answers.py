"""What Stripe answers to a charge, and what follows: declines, lost answers."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields

from ..support import stripe_account as stand_in
from .autopay_common import StripeAutopayCommon

LOST = "4000000000009987"
STOLEN = "4000000000009979"


class TestAutopayDeclines(StripeAutopayCommon):
    def _charge(self, number):
        self._use_card(number)
        invoice = self._invoice()
        self._run()
        return invoice

    def test_success_is_charged_once(self):
        invoice = self._charge(stand_in.VISA)
        self.assertCharged(invoice)
        self._run()
        self.assertCharged(invoice)
        transaction = self._transaction(invoice)
        self.assertTrue(transaction.provider_reference.startswith("pi_"))
        self.assertEqual(transaction.stripe_status, "succeeded")

    def test_p46_class_follows_the_decline_code(self):
        for number, code, kind in (
            (stand_in.INSUFFICIENT_FUNDS, "insufficient_funds", "funds"),
            (stand_in.DECLINED, "generic_decline", "unclear"),
            (LOST, "lost_card", "hard"),
            (STOLEN, "stolen_card", "hard"),
            (stand_in.EXPIRED, "expired_card", "hard"),
        ):
            with self.subTest(code):
                invoice = self._charge(number)
                attempt = self._attempts(invoice)
                self.assertEqual(
                    (attempt.state, attempt.code, attempt.decline_class),
                    ("declined", code, kind),
                )
                self.assertTrue(
                    self._transaction(invoice).provider_reference.startswith("pi_")
                )
                state = "failed" if kind == "hard" else "scheduled"
                self.assertEqual(self._collection(invoice).state, state)
                self.assertCharged(invoice, 0)

    def test_p46_declined_intent_is_closed(self):
        invoice = self._charge(stand_in.INSUFFICIENT_FUNDS)
        transaction = self._transaction(invoice)
        transaction._after_autopay_declined()
        self.env.cr.postcommit.run()
        (intent,) = self.account.intents(transaction.reference)
        self.assertEqual(intent["status"], "canceled")
        # Whatever fails then is only logged.
        transaction._after_autopay_declined()
        self.env.cr.postcommit.run()

    def test_p45_authentication_waits_for_the_customer(self):
        invoice = self._charge(stand_in.NEEDS_AUTHENTICATION)
        attempt = self._attempts(invoice)
        self.assertEqual(attempt.state, "action_needed")
        self.assertEqual(attempt.code, "authentication_required")
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.assertEqual(self._messages(invoice).kind, "confirm")
        # The customer pays in the portal with another card.
        self._pay_by_bank(invoice)
        self.assertEqual(attempt.state, "dropped")
        self.assertCharged(invoice, 0)

    def test_p45_link_expires(self):
        invoice = self._charge(stand_in.NEEDS_AUTHENTICATION)
        days = self.company.autopay_action_days + 1
        with freeze_time(fields.Datetime.now() + timedelta(days=days)):
            self._run()
        attempt = self._attempts(invoice)
        self.assertEqual(
            (attempt.state, attempt.decline_class), ("declined", "expired")
        )

    def test_p25_processing_then_paid(self):
        self._connect_webhook()
        self.account.hold_charges()
        invoice = self._charge(stand_in.VISA)
        self.assertEqual(self._attempts(invoice).state, "processing")
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.account.settle(self._transaction(invoice).provider_reference)
        self.assertEqual(set(self._deliver()), {200})
        self._transaction(invoice)._book_autopay()
        self.assertCharged(invoice)

    def test_p25_processing_then_declined(self):
        self._connect_webhook()
        self.account.hold_charges()
        invoice = self._charge(stand_in.VISA)
        self.account.settle(
            self._transaction(invoice).provider_reference, stand_in.INSUFFICIENT_FUNDS
        )
        self._deliver()
        attempt = self._attempts(invoice)
        self.assertEqual((attempt.state, attempt.decline_class), ("declined", "funds"))
        self.assertCharged(invoice, 0)


class TestAutopayLostAnswers(StripeAutopayCommon):
    """P37: unknown is a state, and is found out, never guessed."""

    def _lose(self, kind, **more):
        self.account.fault(kind, **more)
        invoice = self._invoice()
        self._run()
        self.assertEqual(self._attempts(invoice).state, "unknown")
        return invoice

    def test_p37_lost_answer_is_unknown_and_charged_once(self):
        for kind, more in (
            ("drop", {}),
            ("fail_after", {"status": 500}),
            ("fail_after", {"status": 502}),
            ("garbage", {}),
        ):
            with self.subTest(kind, **more):
                invoice = self._lose(kind, **more)
                self.assertEqual(len(self._charges(invoice)), 1)
                self._find_out(invoice)
                self.assertCharged(invoice)
                self.assertEqual(len(self._attempts(invoice)), 1)

    def test_p37_slow_answer_is_unknown_and_charged_once(self):
        invoice = self._lose("delay", seconds=11)
        self._find_out(invoice)
        self.assertCharged(invoice)

    def test_p37_request_that_never_arrived_is_sent_again_with_its_key(self):
        for kind, more in (
            ("refuse", {}),
            ("fail", {"status": 500}),
            ("fail", {"status": 429}),
            ("fail", {"status": 409}),
        ):
            with self.subTest(kind, **more):
                invoice = self._lose(kind, **more)
                self.assertFalse(self._charges(invoice))
                self._find_out(invoice)
                self.assertCharged(invoice)
        calls = self.account.calls("payment_intents", "POST")
        keys = [c["idempotency_key"] for c in calls if c["path"].endswith("intents")]
        self.assertEqual(len(keys), 2 * len(set(keys)))

    def test_p37_lost_decline_is_a_decline(self):
        self._use_card(stand_in.INSUFFICIENT_FUNDS)
        invoice = self._lose("drop")
        self._find_out(invoice)
        attempt = self._attempts(invoice)
        self.assertEqual((attempt.state, attempt.decline_class), ("declined", "funds"))
        self.assertEqual(self._collection(invoice).state, "scheduled")
        self.assertCharged(invoice, 0)

    def test_p37_lost_authentication_waits_for_the_customer(self):
        self._use_card(stand_in.NEEDS_AUTHENTICATION)
        invoice = self._lose("drop")
        self._find_out(invoice)
        self.assertEqual(self._attempts(invoice).state, "action_needed")

    def test_p37_stripe_is_down_for_long(self):
        invoice = self._lose("drop")
        self.account.fault("fail", "payment_intents$", method="", times=20)
        self._run()
        self.assertEqual(self._attempts(invoice).state, "unknown")
        self.account.clear_faults()
        self._run()
        self.assertCharged(invoice)

    def test_p37_found_after_the_life_of_the_key(self):
        invoice = self._lose("drop")
        with freeze_time(fields.Datetime.now() + timedelta(hours=30)):
            self._find_out(invoice)
        self.assertCharged(invoice)
        self.assertEqual(len(self.account.calls("payment_intents$", "POST")), 0)

    def test_p37_not_found_after_the_life_of_the_key_a_person_decides(self):
        invoice = self._lose("refuse")
        with freeze_time(fields.Datetime.now() + timedelta(hours=30)):
            self._find_out(invoice)
        attempt = self._attempts(invoice)
        self.assertEqual((attempt.state, attempt.is_for_staff), ("unknown", True))
        self.assertIn("nobody knows", invoice.activity_ids[-1:].summary)
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)
        self.assertCharged(invoice, 0)

    def test_p55_nothing_is_sent_again_after_the_consent_was_withdrawn(self):
        invoice = self._lose("refuse")
        self.mandate.sudo()._withdraw("portal")
        self._run()
        self.assertEqual(self._attempts(invoice).state, "unknown")
        self.assertCharged(invoice, 0)

    def test_p37_address_changed_in_between(self):
        """The same key with other parameters: the first request counts."""
        invoice = self._lose("drop")
        self.customer.write({"street": "Elsewhere 1", "city": "Ghent"})
        self._find_out(invoice)
        self.assertCharged(invoice)

    def test_p37_used_key_is_no_decline(self):
        invoice = self._lose("drop")
        transaction = self._transaction(invoice)
        attempt = self._attempts(invoice)
        self.customer.name = "Another name"
        transaction.token_id.stripe_payment_method = self.account.card(
            customer=transaction.token_id.provider_ref
        )
        transaction._charge_with_token()
        self.assertEqual(attempt.state, "unknown")
        self._find_out(invoice)
        self.assertCharged(invoice)
