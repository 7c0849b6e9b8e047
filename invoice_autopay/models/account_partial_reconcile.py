from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Money that comes or goes is a partial reconciliation that comes or goes."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """Tell automatic payments what was paid otherwise (P22, P26)."""
        partials = super().create(vals_list)
        partials.debit_move_id.move_id._follow_autopay()
        return partials

    def unlink(self):
        """Freeze automatic payments whose payment was undone (P31)."""
        invoices = self.debit_move_id.move_id
        result = super().unlink()
        invoices.exists()._follow_autopay()
        return result
