from odoo import api, models

from ..const import REFUND


class AccountPartialReconcile(models.Model):
    """Money that comes or goes is a partial reconciliation that comes or goes.

    `_invoice_paid_hook` is not enough: it has no inverse, and is silent about part
    payments.
    """

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Count the money that these reconciliations bring.

        A credit note that settles its unpaid invoice brings none: what it takes back
        is a refund, not a withdrawn payment.
        """
        partials = super().create(vals_list)
        credited = partials.filtered(
            lambda partial: partial.credit_move_id.move_id.move_type == "out_refund"
        ).debit_move_id.move_id
        credited._sync_prepaid_lots(REFUND)
        (partials.debit_move_id.move_id - credited)._sync_prepaid_lots()
        return partials

    def unlink(self):
        """Withdraw the credit of money that is no longer there."""
        invoices = self.debit_move_id.move_id
        result = super().unlink()
        invoices.exists()._sync_prepaid_lots()
        return result
