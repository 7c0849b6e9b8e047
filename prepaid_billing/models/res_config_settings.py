from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    prepaid_product_id = fields.Many2one(
        related="company_id.prepaid_product_id", readonly=False
    )
    is_prepaid_tax_missing = fields.Boolean(compute="_compute_is_prepaid_tax_missing")
    prepaid_edit_policy = fields.Selection(
        related="company_id.prepaid_edit_policy", readonly=False
    )

    @api.depends("company_id", "prepaid_product_id")
    def _compute_is_prepaid_tax_missing(self):
        for settings in self:
            company = settings.company_id
            product = settings.prepaid_product_id or company._get_prepaid_product()
            settings.is_prepaid_tax_missing = company._is_prepaid_tax_missing(product)
