from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import PORTAL_AMOUNT, PORTAL_PACKS, PORTAL_TOP_UPS


class ResCompanyPortal(models.Model):
    """What customers may order where their budget says nothing (BF40)."""

    _inherit = "res.company"

    prepaid_portal_top_up = fields.Selection(
        PORTAL_TOP_UPS,
        "Customers top up in the portal",
        required=True,
        default=PORTAL_PACKS,
    )
    prepaid_portal_product_ids = fields.Many2many(
        "product.product",
        "prepaid_portal_company_product_rel",
        string="Packs offered in the portal",
        domain="[('prepaid_ok', '=', True)]",
        help="Empty: the pack of the budget.",
    )
    prepaid_portal_min = fields.Monetary("Smallest amount in the portal")
    prepaid_portal_max = fields.Monetary("Largest amount in the portal")

    @api.constrains("prepaid_portal_top_up", "prepaid_portal_min", "prepaid_portal_max")
    def _check_prepaid_portal(self):
        for company in self.filtered(
            lambda c: c.prepaid_portal_top_up == PORTAL_AMOUNT
        ):
            if not 0 <= company.prepaid_portal_min <= company.prepaid_portal_max or (
                company.currency_id.is_zero(company.prepaid_portal_max)
            ):
                raise ValidationError(
                    self.env._(
                        "%(company)s: customers may choose an amount. Say how small "
                        "and how large it may be, the largest above zero.",
                        company=company.display_name,
                    )
                )


class ResConfigSettingsPortal(models.TransientModel):
    _inherit = "res.config.settings"

    prepaid_portal_top_up = fields.Selection(
        related="company_id.prepaid_portal_top_up", readonly=False
    )
    prepaid_portal_product_ids = fields.Many2many(
        related="company_id.prepaid_portal_product_ids", readonly=False
    )
    prepaid_portal_min = fields.Monetary(
        related="company_id.prepaid_portal_min",
        readonly=False,
    )
    prepaid_portal_max = fields.Monetary(
        related="company_id.prepaid_portal_max",
        readonly=False,
    )
