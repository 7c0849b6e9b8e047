from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .account_analytic_line import GUARDED_FIELDS

#: What is logged of a product follows from its sales order.
LOGGED_FIELDS = GUARDED_FIELDS | {"amount", "product_id"}


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

    def write(self, vals):
        """What is logged of a product is the order's to say, not typed.

        :raise UserError: it is edited, or made into time
        """
        if not self.env.su and LOGGED_FIELDS & vals.keys():
            for line in self.filtered("is_prepaid_product"):
                raise UserError(
                    self.env._(
                        "%(item)s was logged by the button Deduct products and "
                        "follows from the order: change the order, then click it "
                        "again. To change what is deducted, return it first "
                        "(button Return time on the movement of the budget).",
                        # Its name only, whoever edits analytic lines.
                        item=line.sudo().so_line._get_prepaid_name() or line.name,
                    )
                )
        return super().write(vals)

    @api.constrains(lambda self: self._get_plan_fnames())
    def _check_account_id(self):
        """What carries no money needs no account that it would be for."""
        others = self.filtered(lambda line: not line.is_prepaid_product)
        return super(AccountAnalyticLineProduct, others)._check_account_id()

    def _is_prepaid_material(self):
        """Products of sales orders are deducted like material."""
        return super()._is_prepaid_material() or self.is_prepaid_product

    def _is_prepaid_divisible(self):
        """Of the rest of a product, as much is deducted as is not invoiced."""
        return super()._is_prepaid_divisible() or self.is_prepaid_product

    @api.model
    def _get_prepaid_material_kind_domain(self):
        """Products are to be deducted as long as they are to be invoiced."""
        is_product = Domain("is_prepaid_product", "=", True)
        return super()._get_prepaid_material_kind_domain() | is_product

    def _get_prepaid_material_reason(self):
        """Products are deducted by what is to be invoiced, ordered or delivered."""
        if not self.is_prepaid_product:
            return super()._get_prepaid_material_reason()
        if paid := self.so_line.order_id._get_prepaid_paid_amount():
            return self.env._(
                "%(amount)s of the order is paid already: invoice it, so that the "
                "customer pays once",
                amount=self.so_line.currency_id.format(paid),
            )
        if item := self.so_line.order_id._get_prepaid_taken_off():
            return self.env._(
                "The next invoice of the order takes off %(item)s: invoice it, so that "
                "the customer gets that",
                item=item[:1].name,
            )
        return False
