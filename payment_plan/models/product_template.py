from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    payment_plan_template_ids = fields.Many2many(
        "payment.plan.template",
        "product_template_payment_plan_rel",
        "product_template_id",
        "plan_template_id",
        string="Payment plans",
        help="Proposed on quotations with this product.",
    )
