from odoo import api, fields, models

from ..const import REFUND_HOURS


class PaymentTransactionRefund(models.Model):
    """Refunds whose answer was lost, and those that come back (P33)."""

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

    # === LOST ANSWERS === #

    def _get_unknown_refunds(self):
        """Return refunds of these payments that Stripe may or may not have made."""
        return self.child_transaction_ids.filtered(
            lambda tx: (
                tx.operation == "refund"
                and tx.state == "pending"
                and not tx.provider_reference
            )
        )

    def _find_unknown_refund(self, refund):
        """Return the refund of ours whose lost answer this is, if any.

        :param dict refund: Stripe's refund of this payment
        """
        same = self._get_unknown_refunds().filtered(
            lambda tx: (
                not tx.currency_id.compare_amounts(
                    -tx.amount, tx._to_stripe_major(refund["amount"])
                )
            )
        )
        return same.sorted("id")[:1]

    @api.model
    def _follow_unknown_refunds(self, provider):
        """Ask what became of refunds whose answer was lost.

        :param provider: `payment.provider`
        """
        unknown = self.search(
            [
                ("provider_id", "=", provider.id),
                ("operation", "=", "refund"),
                ("state", "=", "pending"),
                ("provider_reference", "=", False),
                ("source_transaction_id.provider_reference", "!=", False),
            ]
        )
        for source in unknown.source_transaction_id:
            source._try_step(lambda tx: tx._take_over_refunds())

    def _take_over_refunds(self):
        """Take over refunds of this payment that Stripe made without our knowing.

        :raise stripe.StripeError: Stripe cannot be asked now
        """
        self.ensure_one()
        refunds = self.provider_id._list_stripe_refunds(self.provider_reference)
        known = self.child_transaction_ids.mapped("provider_reference")
        for refund in refunds:
            unknown = refund["id"] not in known and self._find_unknown_refund(refund)
            if unknown:
                unknown._process("stripe", {"refund": refund})
        limit = fields.Datetime.subtract(fields.Datetime.now(), hours=REFUND_HOURS)
        for ghost in self._get_unknown_refunds():
            if ghost.create_date < limit:
                ghost._give_up_refund()

    def _give_up_refund(self):
        """Stripe knows nothing of this refund: it was not made."""
        self._close_unknown(self.env._("Stripe did not receive this refund"))
        self._tell_about_refund(
            self.env._(
                "The refund %(reference)s of %(amount)s was not made: Stripe did not "
                "receive it. Refund it again.",
                reference=self.reference,
                amount=self.currency_id.format(-self.amount),
            )
        )

    # === MONEY THAT CAME BACK === #

    def _alert_failed_refund(self):
        """Tell that the customer did not get this refund; nothing is booked back."""
        summary = self.env._(
            "The refund %(reference)s of %(amount)s failed: the money came back. Send "
            "it otherwise, and correct the payment %(payment)s.",
            reference=self.reference,
            amount=self.currency_id.format(-self.amount),
            payment=self.payment_id.name or "",
        )
        self._tell_about_refund(summary)

    def _tell_about_refund(self, summary):
        """Ask those concerned to do something about this refund.

        :param str summary: what happened and what to do
        """
        collections = self.source_transaction_id._get_autopay_collections()
        for collection in collections:
            collection._ask_responsible(summary)
        if not collections:
            self.provider_id._ask_accountant(
                summary, [self.provider_reference or self.reference]
            )
