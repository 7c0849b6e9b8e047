from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    is_plan_price = fields.Boolean(
        readonly=True,
        copy=False,
        help="What paying in full saves, or paying in parts costs; it goes when "
        "another plan is chosen.",
    )
