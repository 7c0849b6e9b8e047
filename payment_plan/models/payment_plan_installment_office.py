from odoo import api, fields, models


class PaymentPlanInstallmentOffice(models.Model):
    """What the back office sees of a payment."""

    _inherit = "payment.plan.installment"

    has_move = fields.Boolean("Is invoiced", compute="_compute_has_move")

    @api.depends("move_id")
    def _compute_has_move(self):
        """Tell those who may not read invoices whether there is one."""
        for line in self:
            line.has_move = bool(line.move_id)

    def action_view_plan(self):
        """Open the plan of this payment."""
        self.ensure_one()
        return self.plan_id.get_formview_action()
