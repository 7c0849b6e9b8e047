from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Money that comes or goes is a partial reconciliation that comes or goes.

    `_invoice_paid_hook` is not enough: it has no inverse, and is silent about part
    payments.
    """

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Count the money that these reconciliations bring."""
        partials = super().create(vals_list)
        partials.debit_move_id.move_id._sync_prepaid_lots()
        return partials

    def unlink(self):
        """Withdraw the credit of money that is no longer there."""
        invoices = self.debit_move_id.move_id
        result = super().unlink()
        invoices.exists()._sync_prepaid_lots()
        return result
