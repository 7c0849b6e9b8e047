import logging

from odoo import models

from ..const import WITHOUT_INTENT

_logger = logging.getLogger(__name__)


class PaymentTransactionGuard(models.Model):
    """Which intents a transaction believes: its own only."""

    _inherit = "payment.transaction"

    _provider_reference_idx = models.Index(
        "(provider_reference) WHERE provider_reference IS NOT NULL"
    )

    def _process(self, provider_code, payment_data):
        """Refuse an intent that was made for something else.

        The customer's browser names both the transaction and the intent; core compares
        nothing but the amount.
        """
        intent = provider_code == "stripe" and payment_data.get("payment_intent")
        if not intent:
            return super()._process(provider_code, payment_data)
        transaction = self or self._search_by_reference(provider_code, payment_data)
        if transaction and not transaction._is_own_intent(intent):
            _logger.warning(
                "Transaction %s: an intent of something else was refused",
                transaction.reference,
            )
            return transaction
        return super(PaymentTransactionGuard, transaction)._process(
            provider_code, payment_data
        )

    def _is_own_intent(self, intent):
        """Whether an intent was made for this transaction, and pays no other.

        Captures and voids are transactions of their own, with the intent of their
        source.

        :param dict intent: Stripe's payment intent
        """
        self.ensure_one()
        if self.operation in WITHOUT_INTENT:
            return True  # core looks at another object
        if intent["id"] == self.provider_reference:
            return True  # it was asked for by this transaction
        family = self | self.source_transaction_id
        # Stripe always names what an intent is for; what has no such key is no answer
        # of Stripe's, and core's to judge.
        named = intent.get("description", self.reference)
        if named not in family.mapped("reference"):
            return False
        return not self._find_others_paid_by(intent["id"])

    def _find_others_paid_by(self, intent_id):
        """Return other payments that were made by an intent.

        :param str intent_id: Stripe's id
        """
        source = self.source_transaction_id or self
        others_sudo = self.sudo().search(  # whosever they are, no other is paid by it
            [
                ("provider_code", "=", "stripe"),
                ("provider_reference", "=", intent_id),
                ("operation", "not in", WITHOUT_INTENT),
                ("state", "=", "done"),
            ]
        )
        return others_sudo - source - source.child_transaction_ids
