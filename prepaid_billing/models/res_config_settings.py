from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    prepaid_product_id = fields.Many2one(
        related="company_id.prepaid_product_id", readonly=False
    )
    prepaid_edit_policy = fields.Selection(
        related="company_id.prepaid_edit_policy", readonly=False
    )
