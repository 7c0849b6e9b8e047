from .common import AutopayCommon


class TestCollection(AutopayCommon):
    def test_invoice_is_charged_once(self):
        invoice = self._invoice(100.0)
        self.assertEqual(self._collection(invoice).state, "scheduled")
        self._run()
        self.assertEqual(invoice.payment_state, self._paid())
        self.assertEqual(self._attempts(invoice).mapped("state"), ["succeeded"])
        self.assertEqual(self._collection(invoice).state, "done")
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 1)

    def _paid(self):
        return self.env["account.move"]._get_invoice_in_payment_state()

    def test_decline_is_tried_again(self):
        self.token.sudo().demo_simulated_state = "error"
        invoice = self._invoice(100.0)
        self._run()
        attempt = self._attempts(invoice)
        self.assertEqual(attempt.state, "declined")
        collection = self._collection(invoice)
        self.assertEqual((collection.state, collection.tries), ("scheduled", 1))
        self._run("tell")
