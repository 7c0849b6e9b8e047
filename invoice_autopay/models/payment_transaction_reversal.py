from odoo import fields, models

from ..const import SUCCEEDED


class PaymentTransactionReversal(models.Model):
    """Money that goes back: refunds, disputes, and payments that came twice."""

    _inherit = "payment.transaction"

    autopay_is_disputed = fields.Boolean(
        "Disputed",
        readonly=True,
        copy=False,
        help="The customer's bank took the money back for now; it is not decided yet.",
    )

    # === REFUNDS === #

    def _get_autopay_refundable(self):
        """Return what of this payment was not sent back, nor is on its way back.

        :return: float, in the currency of the transaction
        """
        self.ensure_one()
        sent_back = self.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund" and tx.state not in ("error", "cancel")
        )
        # Refunds have negative amounts.
        return self.currency_id.round(self.amount + sum(sent_back.mapped("amount")))

    def _refund_newest_first(self, amount):
        """Send money back over these payments, the newest first (P33).

        Each refund is committed before the next one is asked for.

        :param float amount: in the currency of the transactions
        :return: tuple (amount that was not sent back, failed refund transactions)
        """
        rest, failed = amount, self.browse()
        done = self.filtered(lambda tx: tx.state == "done" and tx.operation != "refund")
        for transaction in done.sorted("id", reverse=True):
            part = min(rest, transaction._get_autopay_refundable())
            if transaction.currency_id.compare_amounts(part, 0) <= 0:
                continue
            refund = transaction._refund(amount_to_refund=part)
            self.env["ir.cron"]._commit_progress()
            if refund.state == "error":
                failed |= refund
            else:
                rest = transaction.currency_id.round(rest - part)
        return rest, failed

    def _is_unknown_attempt(self):
        """A refund whose answer was lost is not sent a second time either."""
        is_refund = self.autopay_is_unknown and self.operation == "refund"
        return is_refund or super()._is_unknown_attempt()

    def _create_payment(self, **extra_create_values):
        """Book what is refunded before its refund (P32)."""
        if self.operation == "refund":
            self.source_transaction_id._book_before_refund()
        return super()._create_payment(**extra_create_values)

    def _book_before_refund(self):
        """Book a payment that was refunded before that was done.

        Core takes a refund for a capture, which would be booked instead: the money
        that came would never be in the books.
        """
        self.ensure_one()
        captures = self.child_transaction_ids.filtered(
            lambda tx: tx.operation != "refund" and tx.state in ("done", "cancel")
        )
        is_booked = self.payment_id or captures or self.operation == "validation"
        if self.state == "done" and not is_booked:
            self.with_company(self.company_id)._create_payment()

    def _post_process(self):
        """Bring refunds to the invoice they were paid for (P32)."""
        result = super()._post_process()
        for refund_sudo in self.sudo():  # whoever's webhook brings the refund
            if refund_sudo.operation == "refund" and refund_sudo.state == "done":
                refund_sudo._after_autopay_refund()
        return result

    def _after_autopay_refund(self):
        """Settle what came twice; for all else a person says whether it is owed."""
        source = self.source_transaction_id
        refund_line = self.payment_id._get_autopay_receivable_lines()
        surplus = source.payment_id._get_autopay_receivable_lines()
        if refund_line and surplus:
            (refund_line | surplus).reconcile()
        for collection in source._get_autopay_collections():
            if collection.refund_ids:
                collection._note_refund(self)

    def _get_autopay_collections(self):
        """Return the automatic payments of what this transaction paid; hook."""
        attempts = self.autopay_attempt_ids.filtered(lambda a: a.state == SUCCEEDED)
        return attempts.collection_id | self.invoice_ids.autopay_collection_ids

    # === DISPUTES === #

    def _after_autopay_dispute(self, amount):
        """The customer's bank took money back for now: charge nothing more (P34).

        Called by the provider's add-on, once per dispute.

        :param float amount: what is disputed, in the currency of the transaction
        """
        for transaction_sudo in self.sudo():  # told by a webhook
            collections = transaction_sudo._get_autopay_collections()
            transaction_sudo.autopay_is_disputed = True
            collections.mandate_id.is_disputed = True
            collections.is_disputed = True
            for collection in collections:
                collection._ask_responsible(
                    self.env._(
                        "%(invoice)s: the customer's bank disputes %(amount)s. Answer "
                        "on the provider's site; nothing is charged automatically.",
                        invoice=collection.display_name,
                        amount=transaction_sudo.currency_id.format(amount),
                    )
                )
            collections._after_reversal()

    def _after_autopay_dispute_closed(self, won, amount=0.0):
        """A dispute was decided: all is as before, or the money is gone (P34).

        :param bool won: whether the money stays here
        :param float amount: what was lost, in the currency of the transaction
        """
        for transaction_sudo in self.sudo():  # told by a webhook
            collections = transaction_sudo._get_autopay_collections()
            transaction_sudo.autopay_is_disputed = False
            collections.is_disputed = False
            if won:
                for mandate in collections.mandate_id:
                    mandate.is_disputed = mandate._has_dispute()
            elif amount:
                transaction_sudo._create_dispute_refund(amount)
            collections._after_reversal()

    def _create_dispute_refund(self, amount):
        """Book what the bank took back like a refund; nothing is asked for.

        :param float amount: in the currency of the transaction
        """
        refund = self._create_child_transaction(amount, is_refund=True)
        refund._set_done(state_message=self.env._("Lost dispute"))
        refund._post_process()
