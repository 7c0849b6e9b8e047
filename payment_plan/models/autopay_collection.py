from odoo import models


class AutopayCollection(models.Model):
    _inherit = "autopay.collection"

    def _is_ready(self):
        """Use what was paid on the plan beyond what was due, before charging (P19)."""
        if self.move_id._get_payment_plan_sudo():
            self.move_id._use_plan_credit()
        return super()._is_ready()

    def _get_obstacle(self, amount):
        """Charge nothing for a plan that waits for a decision (P74)."""
        plan_sudo = self.move_id._get_payment_plan_sudo()
        if plan_sudo and (reason := plan_sudo._get_obstacle()):
            return reason
        return super()._get_obstacle(amount)
