from itertools import permutations
from unittest.mock import patch

from .common import StripeCommon


class TestDisputes(StripeCommon):
    def setUp(self):
        super().setUp()
        self.transaction = self._create_transaction(provider_reference="pi_1")
        self.transaction._set_done()

    def _dispute(self, status, **vals):
        return {
            "id": "dp_1",
            "payment_intent": "pi_1",
            "amount": 10000,
            "reason": "fraudulent",
            "status": status,
            "evidence_details": {"due_by": 1900000000},
            **vals,
        }

    def _take_over(self, *disputes):
        """Return what the hooks were told, in order."""
        told = []
        Transaction = self.registry["payment.transaction"]
        with (
            patch.object(
                Transaction,
                "_after_autopay_dispute",
                lambda _tx, amount: told.append(amount),
            ),
            patch.object(
                Transaction,
                "_after_autopay_dispute_closed",
                lambda _tx, won, amount=0.0: told.append(won),
            ),
        ):
            for dispute in disputes:
                self.transaction._take_over_dispute(dispute)
        return told

    def test_p34_facts(self):
        self._take_over(self._dispute("needs_response"))
        transaction = self.transaction
        self.assertEqual(transaction.stripe_dispute_state, "needs_response")
        self.assertEqual(transaction.stripe_dispute_amount, 100.0)
        self.assertEqual(transaction.stripe_dispute_reason, "fraudulent")
        self.assertEqual(str(transaction.stripe_dispute_due), "2030-03-17 17:46:40")
        found = self.env["payment.transaction"].sudo()._find_disputed
        self.assertEqual(found(self._dispute("lost")), transaction)
        self.assertFalse(found({"id": "dp_2", "payment_intent": None}))

    def test_p34_events_in_any_order_are_told_once(self):
        for end in ("won", "lost"):
            statuses = ("needs_response", "under_review", end)
            for order in permutations(statuses):
                with self.subTest(order):
                    self.transaction.stripe_dispute_ref = False
                    self.transaction.stripe_dispute_state = False
                    twice = [self._dispute(s) for s in order for _time in range(2)]
                    told = self._take_over(*twice)
                    self.assertEqual(told, [100.0, end == "won"])
                    self.assertEqual(self.transaction.stripe_dispute_state, end)

    def test_p34_inquiry_then_dispute(self):
        told = self._take_over(
            self._dispute("warning_needs_response"),
            self._dispute("warning_under_review"),
            self._dispute("needs_response"),
        )
        self.assertEqual(told, [100.0])

    def test_p34_inquiry_without_dispute(self):
        told = self._take_over(
            self._dispute("warning_needs_response"), self._dispute("warning_closed")
        )
        self.assertEqual(told, [])
        self.assertEqual(self.transaction.stripe_dispute_state, "inquiry_closed")

    def test_p34_second_dispute_of_a_charge(self):
        told = self._take_over(
            self._dispute("won"), self._dispute("needs_response", id="dp_2")
        )
        self.assertEqual(told, [100.0, True, 100.0])
