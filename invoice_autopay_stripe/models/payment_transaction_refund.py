from odoo import models


class PaymentTransactionRefund(models.Model):
    """Refunds that come back: a card was closed, the money returned (P33)."""

    _inherit = "payment.transaction"

    def _apply_updates(self, payment_data):
        """Alert somebody when a refund that was done fails after all."""
        was_done = self.filtered(
            lambda tx: tx.operation == "refund" and tx.state == "done"
        )
        result = super()._apply_updates(payment_data)
        for refund in was_done:
            if refund.provider_code == "stripe" and refund.state == "error":
                refund._alert_failed_refund()
        return result

    def _alert_failed_refund(self):
        """Tell that the customer did not get this refund; nothing is booked back."""
        summary = self.env._(
            "The refund %(reference)s of %(amount)s failed: the money came back. Send "
            "it otherwise, and correct the payment %(payment)s.",
            reference=self.reference,
            amount=self.currency_id.format(-self.amount),
            payment=self.payment_id.name or "",
        )
        collections = self.source_transaction_id._get_autopay_collections()
        for collection in collections:
            collection._ask_responsible(summary)
        if not collections:
            self.provider_id._ask_accountant(summary, [self.provider_reference])
