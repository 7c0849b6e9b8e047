from odoo import models


class AccountMoveCharge(models.Model):
    """Top-ups are paid by the budget's own mandate, on the day they are made."""

    _inherit = "account.move"

    def _get_autopay_document(self):
        """Pay an invoice that fills one budget and nothing else by its own mandate."""
        return self._get_filled_budget_sudo() or super()._get_autopay_document()

    def _get_filled_budget_sudo(self):
        """Return the budget that every line of this invoice fills, or an empty one."""
        self.ensure_one()
        lines_sudo = self.sudo().invoice_line_ids  # an accountant may not see budgets
        lines_sudo = lines_sudo.filtered(lambda line: line.display_type == "product")
        budget_sudo = lines_sudo.prepaid_budget_id
        is_whole = all(line.prepaid_budget_id for line in lines_sudo)
        return budget_sudo if is_whole and len(budget_sudo) == 1 else budget_sudo[:0]

    def _get_autopay_date(self):
        """Charge a top-up today where the customer agreed to just that.

        The consent for a budget says that its top-ups are charged on the day they are
        made. The customer's common consent promises the due date and a notice before:
        that promise holds for top-ups too.
        """
        budget_sudo = self._get_filled_budget_sudo()
        if budget_sudo._is_charging() and budget_sudo._get_own_mandate():
            return self.company_id._get_autopay_today()
        return super()._get_autopay_date()
