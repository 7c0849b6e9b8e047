from odoo import models


class AccountMoveEntry(models.Model):
    """The entry of a payment: what is open of plans follows it, whoever changes it."""

    _inherit = "account.move"

    def _get_credited_plans_sudo(self):
        """Return the plans for which the money of these entries counts."""
        payments = self.sudo().origin_payment_id  # accountants may not read all of it
        plans = payments.payment_plan_ids
        if payments:
            transactions = payments.payment_transaction_id
            plans |= transactions.sale_order_ids.payment_plan_id
            moves = transactions.invoice_ids | payments.invoice_ids
            plans |= moves.payment_plan_installment_ids.plan_id
        return plans

    def _post(self, soft=True):
        """What is open of a plan falls again where an entry is posted once more.

        A new payment says so itself, or by what it is reconciled with.
        """
        again = self.filtered("posted_before")
        posted = super()._post(soft=soft)
        (posted & again)._get_credited_plans_sudo()._refresh_amounts()
        return posted

    def button_draft(self):
        """What is open of a plan rises again, also where the entry is reset (P31)."""
        plans_sudo = self._get_credited_plans_sudo()
        result = super().button_draft()
        plans_sudo._refresh_amounts()
        return result

    def button_cancel(self):
        """What is open of a plan rises again, also where the entry is canceled."""
        plans_sudo = self._get_credited_plans_sudo()
        result = super().button_cancel()
        plans_sudo._refresh_amounts()
        return result
