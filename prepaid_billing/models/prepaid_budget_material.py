from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .prepaid_budget import SCOPE_PROJECTS, SCOPE_TASKS


class PrepaidBudgetMaterial(models.Model):
    """Budgets that also pay for what is re-invoiced to the customer (BF25)."""

    _inherit = "prepaid.budget"

    pays_for_materials = fields.Boolean(
        "Also pays for expenses and material",
        tracking=True,
        help="What vendor bills and expenses add to the customer's sales orders at "
        "cost or at sales price, for delivered quantities, can be deducted like time; "
        "and the products of these orders.",
        groups="base.group_user",
    )

    @api.constrains("pays_for_materials", "unit")
    def _check_materials(self):
        for budget in self:
            if budget.pays_for_materials and budget._counts_hours():
                raise ValidationError(
                    self.env._(
                        "%(budget)s is kept in hours: expenses and material have none. "
                        "Use a budget in money for them.",
                        budget=budget.display_name,
                    )
                )

    def _is_in_scope(self, timesheet):
        """Expenses and material are paid for if the budget says so.

        :param timesheet: `account.analytic.line`
        """
        if not timesheet._is_prepaid_material():
            return super()._is_in_scope(timesheet)
        if not self.pays_for_materials or self.scope == SCOPE_TASKS:
            return False
        if self.scope == SCOPE_PROJECTS:
            line = timesheet.so_line
            return (line.project_id or line.order_id.project_id) in self.project_ids
        return super()._is_in_scope(timesheet)
