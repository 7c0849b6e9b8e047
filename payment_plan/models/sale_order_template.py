from odoo import fields, models


class SaleOrderTemplate(models.Model):
    _inherit = "sale.order.template"

    payment_plan_template_ids = fields.Many2many(
        "payment.plan.template",
        string="Payment plans",
        help="Proposed on quotations that are made from this template.",
    )
