from odoo import api, models
from odoo.exceptions import ValidationError


class SaleOrderLineDeposit(models.Model):
    """Credit is not sold for a down payment that was made for something else."""

    _inherit = "sale.order.line"

    @api.constrains("product_id")
    def _check_prepaid_deposit(self):
        """Refuse a pack on an order whose down payment was not for any.

        That down payment was booked and taxed as work, and may have been paid from
        prepaid credit, which never buys credit (B23).
        """
        packs = self.filtered(lambda line: line.product_id.prepaid_ok)
        for order, added in packs.grouped("order_id").items():
            # Sellers need not see invoices: the name of the obstacle only.
            deposit_sudo = order.sudo()._get_prepaid_open_deposits()[:1]
            if not deposit_sudo or (order.order_line - added).product_id.filtered(
                "prepaid_ok"
            ):
                continue
            raise ValidationError(
                self.env._(
                    "%(order)s has the down payment %(invoice)s, which was made for "
                    "what was ordered before. Sell %(product)s on an order of its own.",
                    order=order.display_name,
                    invoice=deposit_sudo.display_name,
                    product=added[0].product_id.display_name,
                )
            )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_prepaid_open_deposits(self):
        """Return the posted down payments that no invoice has taken off yet.

        :return: `account.move`
        """
        deposits = self.env["account.move"]
        for line in self.order_line.filtered("is_downpayment"):
            posted = line.invoice_lines.filtered(
                lambda item: item.parent_state == "posted"
            )
            left = sum(posted.mapped("balance"))
            if self.company_id.currency_id.compare_amounts(left, 0) < 0:
                deposits |= posted.filtered(lambda item: item.balance < 0).move_id
        return deposits
