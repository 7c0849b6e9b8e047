from odoo import fields, models

EDIT_REFUSE = "refuse"
EDIT_REBOOK = "rebook"


class ResCompany(models.Model):
    _inherit = "res.company"

    prepaid_product_id = fields.Many2one(
        "product.product",
        "Default prepaid pack",
        domain="[('prepaid_ok', '=', True)]",
    )
    prepaid_edit_policy = fields.Selection(
        [
            (EDIT_REFUSE, "Refuse: return it first"),
            (EDIT_REBOOK, "Return it and deduct it again"),
        ],
        "When deducted time is edited",
        required=True,
        default=EDIT_REFUSE,
    )

    def _get_prepaid_product(self):
        """Return the pack that new budgets of this company are topped up with."""
        self.ensure_one()
        if self.prepaid_product_id:
            return self.prepaid_product_id
        product = self.env.ref(
            "prepaid_billing.product_prepaid_credit", raise_if_not_found=False
        )
        if product and product.company_id and product.company_id != self:
            return self.env["product.product"]
        return product or self.env["product.product"]

    def _is_prepaid_tax_missing(self, product):
        """Whether credit would be sold without tax where sales are taxed as a rule.

        So it is for the pack that came with the add-on when the chart of accounts was
        installed later; work taxed as usual could then not be deducted.

        :param product: `product.product`, may be empty
        """
        self.ensure_one()
        taxes = product.taxes_id._filter_taxes_by_company(self)
        return bool(product and self.account_sale_tax_id and not taxes)
