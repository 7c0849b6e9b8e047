"""Odoo's own Stripe provider reaches the stand-in, not Stripe."""

from odoo import Command
from odoo.tests import TransactionCase, tagged

from ..support import stripe_account as stand_in
from ..support import stripe_odoo


@tagged("standard", "post_install")
class TestCoreProvider(TransactionCase):
    def setUp(self):
        super().setUp()
        self.account = stand_in.StripeAccount()
        self.addCleanup(self.account.remove)
        self.provider = stripe_odoo.connect(self.env, self.account)
        self.partner = self.env["res.partner"].create({"name": "Stripe customer"})

    def _charge(self, number):
        token = stripe_odoo.saved_card(
            self.account, self.provider, self.partner, number
        )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Hours",
                            "price_unit": 100,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        invoices = [Command.set(invoice.ids)]
        transactions = self.env["payment.transaction"]
        transaction = transactions.create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "token_id": token.id,
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": self.partner.id,
                "operation": "offline",
                "invoice_ids": invoices,
                "reference": transactions._compute_reference(
                    "stripe", invoice_ids=invoices
                ),
            }
        )
        transaction._charge_with_token()
        return transaction

    def test_charge(self):
        transaction = self._charge(stand_in.VISA)
        self.assertEqual(transaction.state, "done", transaction.state_message)
        (charge,) = self.account.charges(transaction.reference)
        self.assertEqual(charge["amount"], 10000)

    def test_decline(self):
        with self.assertLogs("odoo.addons.payment.models.payment_provider", "ERROR"):
            transaction = self._charge(stand_in.INSUFFICIENT_FUNDS)
        self.assertEqual(transaction.state, "error")
        self.assertIn("insufficient funds", transaction.state_message)

    def test_lost_answer_is_replayed(self):
        self.account.fault("drop")
        transaction = self._charge(stand_in.VISA)
        self.assertEqual(transaction.state, "error")
        transaction._charge_with_token()
        self.assertEqual(transaction.state, "done")
        self.assertEqual(len(self.account.charges(transaction.reference)), 1)
