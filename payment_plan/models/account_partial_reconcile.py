from odoo import models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """Money that was used beside a plan counts for the plan again."""
        plans_sudo = self.credit_move_id.move_id._get_credited_plans_sudo()
        result = super().unlink()
        plans_sudo._refresh_amounts()
        return result
