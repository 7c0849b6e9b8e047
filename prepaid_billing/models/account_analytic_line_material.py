from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import float_compare

from ..const import RATE_SALE_LINE
from ..tools import money
from .account_analytic_line import HOURS_DIGITS, STATE_COVERED
from .prepaid_budget import ZERO_SKIP


class AccountAnalyticLineMaterial(models.Model):
    """Expenses and material that vendor bills re-invoice draw budgets down (BF25).

    They take the way of time: chosen, previewed, deducted, returned, and left out of
    the sales order's next invoice. Counted in their own unit, not in hours.
    """

    _inherit = "account.analytic.line"

    prepaid_units = fields.Float(
        "Expense quantity",
        compute="_compute_prepaid_units",
        help="Quantity of an expense or of material.",
    )

    @api.depends("unit_amount", "project_id")
    def _compute_prepaid_units(self):
        for line in self:
            line.prepaid_units = 0.0 if line.project_id else line.unit_amount

    def _is_prepaid_material(self):
        """Whether this is an expense, or material, that a sales order re-invoices."""
        self.ensure_one()
        if self.project_id:
            return False
        line_sudo = self.sudo().so_line  # who deducts need not read sales orders
        return line_sudo.is_expense

    # === WHAT IS LEFT TO DEDUCT === #

    @api.model
    def _get_prepaid_open_domain(self):
        """Expenses and material may be deducted where a budget pays for them."""
        return super()._get_prepaid_open_domain() | self._get_prepaid_material_domain()

    @api.model
    def _get_prepaid_material_domain(self):
        """Return the domain of expenses and material that may still be deducted."""
        budgets = "order_partner_id.commercial_partner_id.prepaid_budget_ids"
        item = (
            Domain("state", "=", "sale")
            & Domain("qty_to_invoice", ">", 0)
            & Domain("order_partner_id.commercial_partner_id.prepaid_on", "=", True)
            & Domain(budgets, "any", [("pays_for_materials", "=", True)])
        )
        return Domain.AND(
            [
                [("project_id", "=", False), ("prepaid_state", "!=", STATE_COVERED)],
                [("unit_amount", ">", 0), ("amount", "<=", 0)],
                # Who deducts need not have any right on sales orders.
                Domain("so_line", "any!", item),
                self._get_prepaid_material_kind_domain(),
            ]
        )

    @api.model
    def _get_prepaid_material_kind_domain(self):
        """Return the domain of what is material here; hook for more kinds."""
        item = (
            Domain("is_expense", "=", True)
            & Domain("qty_delivered_method", "=", "analytic")
            & Domain("product_id.invoice_policy", "=", "delivery")
        )
        # As above.
        return Domain("so_line", "any!", item)

    # === VALUE === #

    def _get_prepaid_unit(self):
        """Expenses and material count in their own unit."""
        if self._is_prepaid_material():
            return self.product_uom_id or self.so_line.product_uom_id
        return super()._get_prepaid_unit()

    def _get_prepaid_hours(self):
        """Return the quantity of an expense or of material."""
        if self._is_prepaid_material():
            return self.unit_amount
        return super()._get_prepaid_hours()

    def _get_prepaid_valuations(self):
        """What of an expense is invoiced is not there to be deducted."""
        valuations = super()._get_prepaid_valuations()
        left = {}
        for line in self.filtered(lambda t: t._is_prepaid_material()).sorted("id"):
            valuation = valuations[line]
            item = line.sudo().so_line  # its quantities only
            if valuation.obstacle:
                continue
            unit = line.sudo()._get_prepaid_unit()  # as above
            open_quantity = left.get(item, item.qty_to_invoice)
            wanted = unit._compute_quantity(
                valuation.hours, item.product_uom_id, round=False
            )
            if float_compare(wanted, open_quantity, HOURS_DIGITS) <= 0:
                left[item] = open_quantity - wanted
            elif line._is_prepaid_divisible() and open_quantity > 0:
                left[item] = 0.0
                valuation.limit(
                    item.product_uom_id._compute_quantity(
                        open_quantity, unit, round=False
                    )
                )
            else:
                valuation.obstacle = self.env._(
                    "Invoiced by %s", item._get_prepaid_name()
                )
        return valuations

    def _is_prepaid_divisible(self):
        """Whether what is not invoiced of it is deducted; hook for such kinds."""
        self.ensure_one()
        return False

    def _get_prepaid_obstacle(self, budget, covered):
        """Say why an expense, or material, cannot be deducted.

        :param budget: the matching `prepaid.budget`, may be empty
        :param float covered: quantity that is deducted by the ledger
        """
        self.ensure_one()
        if not self._is_prepaid_material():
            return super()._get_prepaid_obstacle(budget, covered)
        if covered and float_compare(covered, self.unit_amount, HOURS_DIGITS) >= 0:
            return self.env._("Already deducted")
        if self.unit_amount <= 0:
            return self.env._("No quantity")
        if reason := self._get_prepaid_material_reason():
            return reason
        if not budget:
            return self._get_prepaid_no_budget_reason()
        if budget._is_taxed_at_use():
            return self.env._("The budget is taxed when it is used: it pays for time")
        return self._get_prepaid_currency_obstacle(budget)

    def _get_prepaid_material_reason(self):
        """Say why no budget can pay for an expense, or material; or return False."""
        self.ensure_one()
        product = self.so_line.product_id
        if product.invoice_policy != "delivery":
            return self.env._(
                "%(product)s is invoiced on ordered quantities: only what is invoiced "
                "on delivered quantities can be deducted",
                product=product.display_name,
            )
        if len(self.move_line_id.analytic_line_ids.filtered("so_line")) > 1:
            return self.env._("Split over several analytic accounts: invoice it")
        return False

    def _fill_prepaid_valuation(self, valuation, budget, rules):
        """Value expenses and material at the price of the sales order item."""
        self.ensure_one()
        if not self._is_prepaid_material():
            return super()._fill_prepaid_valuation(valuation, budget, rules)
        rate, source, reason, taxes = self._get_prepaid_sale_line_rate(budget)
        valuation.hours = valuation.counted = self.unit_amount - valuation.covered
        valuation.rate = rate
        valuation.source = source or RATE_SALE_LINE
        valuation.reason = reason
        valuation.tax_key = frozenset(taxes.ids)
        valuation.value = money.value_of(
            valuation.hours, rate, budget.currency_id.rounding
        )
        if not valuation.value and budget.zero_rate_policy == ZERO_SKIP:
            valuation.obstacle = reason
        return None

    # === BOOK === #

    def _prepare_prepaid_movement(self, deduction, count, key):
        """The ledger keeps quantities apart from hours."""
        movement = super()._prepare_prepaid_movement(deduction, count, key)
        if self._is_prepaid_material():
            movement["units"] = movement["hours"]
            movement["hours"] = movement["counted_hours"] = 0.0
        return movement
