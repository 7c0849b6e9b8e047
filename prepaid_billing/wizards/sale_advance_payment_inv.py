from odoo import models
from odoo.exceptions import UserError


class SaleAdvancePaymentInv(models.TransientModel):
    """No deposit is asked for what a prepaid budget paid (BF25)."""

    _inherit = "sale.advance.payment.inv"

    def _create_invoices(self, sale_orders):
        """Make invoices, or a down payment of what is neither invoiced nor deducted.

        :param sale_orders: `sale.order`
        :raise UserError: the down payment is higher
        """
        if self.advance_payment_method != "delivered":
            for order in sale_orders.filtered("has_prepaid_quantity"):
                self._check_prepaid_deducted(order)
        return super()._create_invoices(sale_orders)

    def _check_prepaid_deducted(self, order):
        self.ensure_one()
        amount = self.fixed_amount
        if self.advance_payment_method == "percentage":
            amount = order.amount_total * self.amount / 100.0
        deducted = order._get_prepaid_deducted_amount()
        left = order.amount_total - order.amount_invoiced - deducted
        if order.currency_id.compare_amounts(amount, left) > 0:
            raise UserError(
                self.env._(
                    "%(order)s: %(deducted)s are paid by a prepaid budget, and "
                    "%(left)s are neither paid nor invoiced. Make a down payment of "
                    "that at most.",
                    order=order.name,
                    deducted=order.currency_id.format(deducted),
                    left=order.currency_id.format(max(left, 0.0)),
                )
            )
