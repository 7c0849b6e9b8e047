from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import UNIT_HOURS, UNIT_MONEY
from ..const_tax import TAX_AT_TOP_UP, TAX_AT_USE, TAX_POLICIES


class ProductTemplate(models.Model):
    """When the tax on a prepaid pack is due (BF43 to BF45)."""

    _inherit = "product.template"

    prepaid_tax_policy = fields.Selection(
        TAX_POLICIES,
        "Taxed",
        default=TAX_AT_TOP_UP,
        required=True,
        help="When it is used: for credit of which rate or place of the work are not "
        "known yet. Its invoice has no tax; the credit pays the taxed invoices of the "
        "work, tax included, and is a liability until then.",
    )

    @api.onchange("prepaid_tax_policy")
    def _onchange_prepaid_tax_policy(self):
        if self.prepaid_tax_policy == TAX_AT_USE:
            self.taxes_id = False
            self.prepaid_unit = UNIT_MONEY
            self.prepaid_credit = self.prepaid_bonus = 0.0

    @api.constrains(
        "prepaid_ok",
        "prepaid_tax_policy",
        "prepaid_unit",
        "prepaid_credit",
        "prepaid_bonus",
    )
    def _check_prepaid_tax_policy(self):
        for product in self.filtered(lambda p: p._is_prepaid_taxed_at_use()):
            if (
                product.prepaid_unit == UNIT_HOURS
                or product.prepaid_credit
                or product.prepaid_bonus
            ):
                raise ValidationError(
                    self.env._(
                        "%(product)s is taxed when it is used: it brings money, "
                        "exactly as much as it costs, as it pays for invoices. Remove "
                        "hours, credit per unit and free credit, or tax it when it is "
                        "sold.",
                        product=product.display_name,
                    )
                )

    def _is_prepaid_taxed_at_use(self):
        """Whether credit of this pack is sold without tax and pays taxed invoices."""
        return bool(self.prepaid_ok) and self.prepaid_tax_policy == TAX_AT_USE

    def _defers_prepaid_income(self):
        """What is taxed when used is income then, by the invoice of the work."""
        return super()._defers_prepaid_income() or self._is_prepaid_taxed_at_use()


class ResCompany(models.Model):
    _inherit = "res.company"

    def _is_prepaid_tax_missing(self, product):
        """No tax is missing where credit is taxed when it is used."""
        if product.product_tmpl_id._is_prepaid_taxed_at_use():
            return False
        return super()._is_prepaid_tax_missing(product)
