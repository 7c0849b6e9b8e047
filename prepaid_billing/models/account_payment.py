from odoo import models


class AccountPayment(models.Model):
    """Payments that are reset or rejected stay reconciled: tell the lots ourselves."""

    _inherit = "account.payment"

    def action_draft(self):
        """Withdraw the credit that this payment gave."""
        result = super().action_draft()
        self._get_prepaid_invoices()._sync_prepaid_lots()
        return result

    def action_post(self):
        """Give the credit back when the payment counts again."""
        result = super().action_post()
        self._get_prepaid_invoices()._sync_prepaid_lots()
        return result

    def action_reject(self):
        """Withdraw the credit of a rejected payment."""
        result = super().action_reject()
        self._get_prepaid_invoices()._sync_prepaid_lots()
        return result

    def action_cancel(self):
        """Withdraw the credit of a canceled payment."""
        invoices = self._get_prepaid_invoices()
        result = super().action_cancel()
        invoices._sync_prepaid_lots()
        return result

    def _get_prepaid_invoices(self):
        lines = self.move_id.line_ids
        return lines.matched_debit_ids.debit_move_id.move_id
