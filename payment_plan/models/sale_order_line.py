from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    is_plan_discount = fields.Boolean(
        readonly=True,
        copy=False,
        help="What paying in full saves; it goes when another plan is chosen.",
    )
