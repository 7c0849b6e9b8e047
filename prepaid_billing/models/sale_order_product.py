from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import BUDGET_OPEN


class SaleOrderProduct(models.Model):
    """Orders whose products a prepaid budget can pay for (BF25)."""

    _inherit = "sale.order"

    has_prepaid_products = fields.Boolean(
        "Products may be deducted",
        compute="_compute_has_prepaid_products",
        compute_sudo=True,
        groups="prepaid_billing.group_user",
        help="Something is to be invoiced that a prepaid budget of the customer can "
        "pay for.",
    )

    has_prepaid_quantity = fields.Boolean(
        "Products are deducted", compute="_compute_has_prepaid_quantity"
    )

    @api.depends("order_line.prepaid_quantity")
    def _compute_has_prepaid_quantity(self):
        for order in self:
            order.has_prepaid_quantity = any(
                order.order_line.mapped("prepaid_quantity")
            )

    @api.depends("state", "order_line.qty_to_invoice", "partner_id", "company_id")
    def _compute_has_prepaid_products(self):
        for order in self:
            order.has_prepaid_products = bool(
                order._get_prepaid_products() and order._has_prepaid_material_budget()
            )

    def _get_prepaid_products(self):
        """Return the items of products that are to be invoiced."""
        return self.order_line.filtered(
            lambda line: (
                line._is_prepaid_product_item()
                and line.product_uom_id.compare(line.qty_to_invoice, 0.0) > 0
            )
        )

    def _get_prepaid_taken_off(self):
        """Return the items that lower the next invoice: discounts, deposits, returns.

        Products that a budget pays for would leave nothing that they are taken off.
        """
        return self.order_line.filtered(
            lambda line: (
                not line.display_type
                and line.currency_id.compare_amounts(
                    line.qty_to_invoice * line.price_unit, 0.0
                )
                < 0
            )
        )

    def _get_prepaid_paid_amount(self):
        """Return what the customer paid of the order itself and has no invoice for.

        A budget that paid the same would be a second payment.
        """
        self.ensure_one()
        left = self.amount_paid - self.amount_invoiced
        return max(self.currency_id.round(left), 0.0)

    def _get_prepaid_deducted_amount(self):
        """Return what budgets paid of this order, at its prices and with tax."""
        self.ensure_one()
        return sum(
            line.price_total / line.product_uom_qty * line.prepaid_quantity
            for line in self.order_line.filtered("prepaid_quantity")
            if line.product_uom_qty
        )

    def _get_default_payment_link_values(self):
        """What budgets paid is not asked for by a payment link."""
        values = super()._get_default_payment_link_values()
        if deducted := self._get_prepaid_deducted_amount():
            left = self.currency_id.round(values["amount_max"] - deducted)
            values["amount_max"] = max(left, 0.0)
            values["amount"] = min(values["amount"], values["amount_max"])
        return values

    def _has_prepaid_material_budget(self):
        """Whether a budget of the customer pays for products at all."""
        self.ensure_one()
        partner = self.partner_id.commercial_partner_id
        return partner.prepaid_on and bool(
            self.env["prepaid.budget"].search_count(
                [
                    ("partner_id.commercial_partner_id", "=", partner.id),
                    ("company_id", "=", self.company_id.id),
                    ("state", "=", BUDGET_OPEN),
                    ("pays_for_materials", "=", True),
                ],
                limit=1,
            )
        )

    def action_prepaid_deduct_products(self):
        """Show what would be deducted of the products that are to be invoiced.

        :return: the action that opens the preview
        :raise AccessError: the user may not deduct, or not see this order
        :raise UserError: nothing of this order can be deducted
        """
        self.ensure_one()
        Line = self.env["account.analytic.line"]
        Line._check_prepaid_right()
        self.check_access("read")
        lines_sudo = self._get_prepaid_products()._log_prepaid_products()
        if not lines_sudo:
            raise UserError(
                self.env._(
                    "%(order)s: no products are to be invoiced, so nothing can be "
                    "deducted. Confirm the order, or enter what was delivered.",
                    order=self.name,
                )
            )
        action = lines_sudo.sudo(self.env.su).action_prepaid_deduct()
        return {**action, "name": self.env._("Deduct products")}

    def _action_cancel(self):
        """What a budget paid for is returned before its order is given up.

        :raise UserError: products of an order are deducted
        """
        self.order_line.filtered("prepaid_quantity")._check_prepaid_quantity(0.0)
        return super()._action_cancel()
