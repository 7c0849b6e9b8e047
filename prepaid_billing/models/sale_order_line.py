from odoo import api, fields, models
from odoo.fields import Domain

from ..const_consumption import REJECTED
from .account_analytic_line import STATE_COVERED, STATE_PARTIAL


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    #: Core's field has no inverse: for each line that is written, the ORM would search
    #: the employees whose price may follow it.
    prepaid_employee_map_ids = fields.One2many(
        "project.sale.line.employee.map",
        "sale_line_id",
        "Employees on this line",
        readonly=True,
        groups="base.group_user",
    )

    @api.depends(
        "timesheet_ids.prepaid_covered_hours",
        "timesheet_ids.prepaid_state",
        "timesheet_ids.prepaid_approval",
    )
    def _compute_qty_delivered(self):
        return super()._compute_qty_delivered()

    def _get_prepaid_name(self):
        """Return order and service, without the customer, whom the reader knows."""
        self.ensure_one()
        customer = self._additional_name_per_id().get(self.id)
        name = self.display_name
        return name.removesuffix(f" {customer}") if customer else name

    def _get_delivered_quantity_by_analytic(self, additional_domain):
        """What a budget has paid for is not delivered a second time.

        Nor is what was rejected. One place for all of core's questions: delivered
        quantity, quantity to invoice and invoicing a period.
        """
        domain = Domain.AND(
            [
                additional_domain,
                [("prepaid_state", "!=", STATE_COVERED)],
                [("prepaid_approval", "!=", REJECTED)],
            ]
        )
        delivered = super()._get_delivered_quantity_by_analytic(domain)
        if not self:
            return delivered
        partly = Domain.AND(
            [
                additional_domain,
                [("so_line", "in", self.ids), ("prepaid_state", "=", STATE_PARTIAL)],
                [("project_id", "!=", False)],
            ]
        )
        hour = self.env["account.analytic.line"]._get_prepaid_hour()
        for line, covered in self.env["account.analytic.line"]._read_group(
            partly, ["so_line"], ["prepaid_covered_hours:sum"]
        ):
            delivered[line.id] -= hour._compute_quantity(
                covered, line.product_uom_id, rounding_method="HALF-UP"
            )
        return delivered
