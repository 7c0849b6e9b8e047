from odoo import api, models
from odoo.fields import Domain

from .account_analytic_line import STATE_PARTIAL


class SaleOrderLineMaterial(models.Model):
    """Expenses and material that a budget paid for are not invoiced again (BF25)."""

    _inherit = "sale.order.line"

    @api.depends(
        "analytic_line_ids.prepaid_covered_hours", "analytic_line_ids.prepaid_state"
    )
    def _compute_qty_delivered(self):
        return super()._compute_qty_delivered()

    def _get_delivered_quantity_by_analytic(self, additional_domain):
        """Take off what a budget covered of an expense in part."""
        delivered = super()._get_delivered_quantity_by_analytic(additional_domain)
        if not self:
            return delivered
        partly = Domain.AND(
            [
                additional_domain,
                [("so_line", "in", self.ids), ("prepaid_state", "=", STATE_PARTIAL)],
                [("project_id", "=", False)],
            ]
        )
        for line, uom, covered in self.env["account.analytic.line"]._read_group(
            partly, ["so_line", "product_uom_id"], ["prepaid_covered_hours:sum"]
        ):
            delivered[line.id] -= (uom or line.product_uom_id)._compute_quantity(
                covered, line.product_uom_id, rounding_method="HALF-UP"
            )
        return delivered
