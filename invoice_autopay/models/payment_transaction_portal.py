from odoo import fields, models

from ..const import MANDATE_ACTIVE, ORIGIN_PORTAL


class PaymentTransactionPortal(models.Model):
    """A payment method that is saved to pay automatically by it, without a charge."""

    _inherit = "payment.transaction"

    autopay_mandate_id = fields.Many2one(
        "autopay.mandate",
        "Saved for",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Uses the method that is being saved; empty once it does.",
    )

    def _process(self, provider_code, payment_data):
        """Use a method that was saved for an automatic payment (PF33)."""
        transaction = super()._process(provider_code, payment_data)
        transaction.filtered("autopay_mandate_id")._use_saved_method()
        return transaction

    def _use_saved_method(self):
        """Charge what was saved from now on; another choice meanwhile wins."""
        for transaction in self:
            if transaction.state not in ("done", "authorized"):
                continue
            mandate_sudo = transaction.autopay_mandate_id.sudo()  # whoever tells
            if not transaction.token_id:
                continue
            transaction.autopay_mandate_id = False
            if mandate_sudo.state == MANDATE_ACTIVE:
                note = self.env._("Saved by %s", transaction.reference)
                mandate_sudo._change_method(
                    transaction.token_id, ORIGIN_PORTAL, {"note": note}
                )
