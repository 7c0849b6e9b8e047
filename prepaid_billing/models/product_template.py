from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import PART_NOTHING, PART_PAYMENTS, USABLE_PAID, USABLE_WHEN


class ProductTemplate(models.Model):
    _inherit = "product.template"

    prepaid_ok = fields.Boolean(
        "Prepaid pack",
        help="Selling this product fills the customer's prepaid budget with its price "
        "without tax.",
    )
    prepaid_usable_when = fields.Selection(
        USABLE_WHEN, "Credit counts when", default=USABLE_PAID, required=True
    )
    prepaid_part_payment = fields.Selection(
        PART_PAYMENTS, "A part payment gives", default=PART_NOTHING, required=True
    )

    @api.constrains("prepaid_ok", "type", "invoice_policy")
    def _check_prepaid_pack(self):
        for product in self.filtered("prepaid_ok"):
            if product.type != "service" or product.invoice_policy != "order":
                raise ValidationError(
                    self.env._(
                        "%(product)s: a prepaid pack is a service that is invoiced on "
                        "ordered quantities (Prepaid/Fixed Price).",
                        product=product.display_name,
                    )
                )


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _get_prepaid_usable_when(self):
        """Return when credit sold by this product counts; any product may sell it."""
        return self.prepaid_usable_when or USABLE_PAID

    def _get_prepaid_part_payment(self):
        """Return what a part payment for this product gives."""
        return self.prepaid_part_payment or PART_NOTHING
