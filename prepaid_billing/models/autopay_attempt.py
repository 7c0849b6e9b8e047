from odoo import models


class AutopayAttempt(models.Model):
    _inherit = "autopay.attempt"

    def _get_sending_obstacle(self):
        """Send nothing for a budget whose charges were suspended meanwhile (B20)."""
        # The system asks: the budgets may be of customers that the user does not see.
        budgets_sudo = self.move_id.sudo().prepaid_budget_ids
        return budgets_sudo._get_charge_obstacle() or super()._get_sending_obstacle()
