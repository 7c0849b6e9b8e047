from odoo import models

from odoo.addons.invoice_autopay.const import FAILED


class AutopayCollection(models.Model):
    """What the answers to automatic payments mean for prepaid budgets."""

    _inherit = "autopay.collection"

    def _get_prepaid_budgets_sudo(self):
        # Whoever learns the answer, a webhook say, may see no budgets.
        return self.move_id.sudo().prepaid_budget_ids

    def _get_obstacle(self, amount):
        """Charge nothing while the charges of a budget are suspended (B20)."""
        reason = self._get_prepaid_budgets_sudo()._get_charge_obstacle()
        return reason or super()._get_obstacle(amount)

    def _note_obstacle(self, reason, amount):
        """Wait for another method or a person, without telling anybody again."""
        if suspended := self._get_prepaid_budgets_sudo()._get_charge_obstacle():
            return self._fail_as_suspended(suspended)
        return super()._note_obstacle(reason, amount)

    def _after_success(self, attempt):
        """The counter of the budget starts again (BF37)."""
        result = super()._after_success(attempt)
        self._get_prepaid_budgets_sudo()._follow_charges_later()
        return result

    def _after_failure(self, attempt):
        """One failure more for the budget: at the limit, its retries are dropped."""
        result = super()._after_failure(attempt)
        budgets_sudo = self._get_prepaid_budgets_sudo()
        budgets_sudo._follow_charges_later()
        if suspended := budgets_sudo._get_charge_obstacle():
            self._fail_as_suspended(suspended)
        return result

    def _fail_as_suspended(self, reason):
        """Make no attempt until the method changes or a person decides.

        :param str reason: why, shown to the back office
        """
        self.ensure_one()
        self.write(
            {"state": FAILED, "reason": reason, "date": False, "is_blocked": False}
        )
