from odoo import api, fields, models
from odoo.fields import Domain


class AccountAnalyticLineProduct(models.Model):
    """Products of a sales order that are to be deducted (BF25).

    They are logged as analytic lines without money, so that from there on they take the
    way of expenses and time: chosen, previewed, deducted, returned.
    """

    _inherit = "account.analytic.line"

    is_prepaid_product = fields.Boolean(
        "Product of a sales order",
        readonly=True,
        copy=False,
        help="Logged to be deducted from a prepaid budget. It costs nothing here, and "
        "what is delivered does not follow from it.",
    )

    _prepaid_product_index = models.Index("(so_line) WHERE is_prepaid_product")

    @api.constrains(lambda self: self._get_plan_fnames())
    def _check_account_id(self):
        """What carries no money needs no account that it would be for."""
        others = self.filtered(lambda line: not line.is_prepaid_product)
        return super(AccountAnalyticLineProduct, others)._check_account_id()

    def _is_prepaid_material(self):
        """Products of sales orders are deducted like material."""
        return super()._is_prepaid_material() or self.is_prepaid_product

    @api.model
    def _get_prepaid_material_kind_domain(self):
        """Products are to be deducted as long as they are to be invoiced."""
        is_product = Domain("is_prepaid_product", "=", True)
        return super()._get_prepaid_material_kind_domain() | is_product

    def _get_prepaid_material_reason(self):
        """Products are deducted by what is to be invoiced, ordered or delivered."""
        if not self.is_prepaid_product:
            return super()._get_prepaid_material_reason()
        if item := self.so_line.order_id._get_prepaid_taken_off():
            return self.env._(
                "The next invoice of the order takes off %(item)s: invoice it, so that "
                "the customer gets that",
                item=item[:1].name,
            )
        return False
