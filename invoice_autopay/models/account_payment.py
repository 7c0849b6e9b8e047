from odoo import models


class AccountPayment(models.Model):
    """Payments that are reset or rejected stay reconciled: core tells nobody."""

    _inherit = "account.payment"

    def action_draft(self):
        """Freeze the automatic payment of what this payment had settled (P31)."""
        result = super().action_draft()
        self._freeze_autopay()
        return result

    def action_reject(self):
        """Freeze the automatic payment of what this payment had settled (P31)."""
        result = super().action_reject()
        self._freeze_autopay()
        return result

    def _create_payment_transaction(self, **extra_create_values):
        """Charge no saved method while another payment is under way (P22).

        :raise UserError: a payment of one of the invoices is in progress
        """
        invoices = self.env["account.move"]
        for payment in self.filtered("payment_token_id"):
            vals = payment._prepare_payment_transaction_vals(**extra_create_values)
            for _command, _id, ids in vals.get("invoice_ids") or ():
                invoices |= invoices.browse(ids)
        invoices._lock_for_payment()
        invoices._check_payable_online()
        return super()._create_payment_transaction(**extra_create_values)

    def _freeze_autopay(self):
        lines = self.move_id.line_ids
        invoices = lines.matched_debit_ids.debit_move_id.move_id
        invoices._get_autopay_collections_sudo()._freeze(
            self.env._("A payment was taken back: charge again only by hand")
        )

    def _get_autopay_receivable_lines(self):
        """Return the lines of these payments that no invoice has used up."""
        return self.move_id.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and line.parent_state == "posted"
                and not line.reconciled
            )
        )
