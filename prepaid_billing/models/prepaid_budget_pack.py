from odoo import models
from odoo.tools import float_round


class PrepaidBudgetPack(models.Model):
    """What a pack costs and what it brings: hours, or more money than it costs."""

    _inherit = "prepaid.budget"

    def _get_pack_obstacle(self, pack=None):
        """Say why a pack cannot fill this budget, or return False.

        :param pack: `product.product`; that of the budget when not given
        """
        self.ensure_one()
        product = (pack or self.product_id).with_company(self.company_id)
        if self._counts_hours() != product._sells_prepaid_hours():
            return self.env._(
                "%(budget)s is kept in %(unit)s: %(product)s does not bring that. "
                "Choose another prepaid pack on the budget.",
                budget=self.display_name,
                unit=dict(self._fields["unit"]._description_selection(self.env))[
                    self.unit
                ],
                product=product.display_name,
            )
        if not product._has_prepaid_price():
            return False
        price = self._get_pack_price(1.0, pack)
        if self.money_currency_id.compare_amounts(price, 0) <= 0:
            return self.env._(
                "%(budget)s: %(product)s has no price. Set its sales price.",
                budget=self.display_name,
                product=product.display_name,
            )
        return False

    def _get_pack_quantity(self, amount, pack=None):
        """Return how many units of the pack bring an amount of credit, at least.

        :param float amount: credit, in the unit of the budget
        :param pack: `product.product`; that of the budget when not given
        :return: float, in the pack's unit of measure
        """
        self.ensure_one()
        product = pack or self.product_id
        credit = product._get_prepaid_credit_per_unit(
            self.money_currency_id, self.company_id
        )
        step = product.uom_id.rounding
        return float_round(
            amount / credit, precision_rounding=step, rounding_method="UP"
        )

    def _get_pack_price(self, quantity, pack=None):
        """Return the customer's price for one unit of the pack, as on the price list.

        :param float quantity: units that are bought at once
        :param pack: `product.product`; that of the budget when not given
        :return: float, money in the currency of the invoices
        """
        self.ensure_one()
        product = (pack or self.product_id).with_company(self.company_id)
        partner = self.partner_id.with_company(self.company_id)
        return partner.property_product_pricelist._get_product_price(
            product,
            quantity,
            uom=product.uom_id,
            date=self.company_id._get_autopay_today(),
            currency=self.money_currency_id,
        )

    def _prepare_top_up_price_vals(self, amount, taxes, pack=None):
        """Return quantity and price of the invoice line that buys credit.

        :param float amount: credit to buy: money without tax, or hours
        :param taxes: `account.tax` of the line
        :param pack: `product.product`; that of the budget when not given
        """
        self.ensure_one()
        product = pack or self.product_id
        if not product._has_prepaid_price():
            return {
                "quantity": 1.0,
                "price_unit": self._get_price_for_net(amount, taxes, pack),
            }
        quantity = self._get_pack_quantity(amount, pack)
        own_taxes_sudo = product.sudo().taxes_id  # only to be compared
        price = self.env["account.tax"]._fix_tax_included_price_company(
            self._get_pack_price(quantity, pack),
            own_taxes_sudo.sudo(self.env.su),
            taxes,
            self.company_id,
        )
        return {
            "quantity": quantity,
            "product_uom_id": product.uom_id.id,
            "price_unit": self.money_currency_id.round(price),
        }

    def _get_top_up_value(self, amount):
        """Return what an amount of credit costs, in money of the invoices.

        :param float amount: credit, in the unit of the budget
        """
        self.ensure_one()
        if not self.product_id._has_prepaid_price():
            return amount
        quantity = self._get_pack_quantity(amount)
        return self.money_currency_id.round(quantity * self._get_pack_price(quantity))
