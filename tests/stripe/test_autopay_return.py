"""What a customer's browser says: which transaction, and which intent paid it."""

from urllib.parse import urlencode

from ..support import stripe_account as stand_in
from .autopay_common import StripeAutopayCommon


class TestAutopayReturn(StripeAutopayCommon):
    """P59: an intent pays what it was made for, whatever the address says."""

    def _return(self, reference, intent):
        """Open the address to which Stripe sends its customers back."""
        self.env.flush_all()
        query = urlencode({"reference": reference, "payment_intent": intent})
        path = f"/payment/stripe/return?{query}"
        response = self.url_open(path, allow_redirects=False)
        self.env.invalidate_all()
        self.assertEqual(response.status_code, 303)

    def _fail(self):
        self._use_card(stand_in.INSUFFICIENT_FUNDS)
        invoice = self._invoice()
        self._run()
        transaction = self._transaction(invoice)
        self.assertEqual(transaction.state, "error")
        return invoice, transaction

    def test_p59_payment_of_another_invoice_is_refused(self):
        paid = self._invoice()
        self._run()
        self.assertCharged(paid)
        invoice, transaction = self._fail()
        own = transaction.provider_reference
        self._return(transaction.reference, self._transaction(paid).provider_reference)
        self.assertEqual(
            (transaction.state, transaction.provider_reference), ("error", own)
        )
        self.assertEqual(self._attempts(invoice).state, "declined")
        self.assertTrue(invoice.amount_residual)

    def test_p59_payment_of_something_else_is_refused(self):
        """Of the same amount and customer, and nothing here knows it."""
        invoice, transaction = self._fail()
        other = self.account.charge(
            10000,
            self.token.provider_ref,
            self.account.card(customer=self.token.provider_ref),
            description="INV/0815",
        )
        self._return(transaction.reference, other["id"])
        self.assertEqual(transaction.state, "error")
        self.assertTrue(invoice.amount_residual)

    def test_p59_own_intent_is_believed(self):
        invoice = self._invoice()
        transaction = self._open_form(invoice)
        intent = transaction.provider_reference
        self._submit(transaction)
        self._return(transaction.reference, intent)
        self.assertEqual(transaction.state, "done")

    def test_p59_intent_that_paid_another_transaction(self):
        invoice, transaction = self._fail()
        intent = self.account.charge(
            10000,
            self.token.provider_ref,
            self.account.card(customer=self.token.provider_ref),
            description=transaction.reference,
        )
        other = self._open_form(invoice)
        other.write({"provider_reference": intent["id"], "state": "done"})
        self._return(transaction.reference, intent["id"])
        self.assertEqual(transaction.state, "error")
        other.state = "draft"
        self._return(transaction.reference, intent["id"])
        self.assertEqual(transaction.state, "done")

    def test_partial_captures_have_the_intent_of_their_source(self):
        invoice = self._invoice()
        source = self._open_form(invoice)
        source._set_authorized()
        intent = {
            "id": source.provider_reference,
            "description": source.reference,
            "status": "succeeded",
            "currency": "usd",
        }
        for amount in (60.0, 40.0):
            child = source._create_child_transaction(amount)
            data = {**intent, "amount": amount * 100}
            child._process("stripe", {"payment_intent": data})
            self.assertEqual(child.state, "done")
        self.assertEqual(source.state, "done")
