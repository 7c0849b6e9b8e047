from dataclasses import dataclass

from odoo import models
from odoo.tools import float_compare

from ..const import (
    RATE_BUDGET,
    RATE_HOURS,
    RATE_PRICELIST,
    RATE_SALE_LINE,
    RATE_ZERO,
)
from ..tools import money
from .account_analytic_line import HOURS_DIGITS
from .prepaid_budget import ZERO_SKIP


@dataclass
class Valuation:
    """What a timesheet would be deducted for, and why; or why it cannot be."""

    budget: models.BaseModel
    covered: float = 0.0
    hours: float = 0.0
    #: hours that count: in whole steps of the budget, and weighted
    counted: float = 0.0
    weight: float = 1.0
    weight_reason: str | bool = False
    rate: float = 0.0
    source: str | bool = False
    reason: str | bool = False
    value: int = 0
    tax_key: frozenset | None = None
    obstacle: str | bool = False

    @property
    def factor(self):
        """Hours that count for each hour that was worked."""
        return self.counted / self.hours if self.hours else 1.0

    @property
    def unit_rate(self):
        """What an hour that was worked takes from the budget, in its unit."""
        budget_sudo = self.budget.sudo()  # its unit only
        own_rate = 1.0 if budget_sudo._counts_hours() else self.rate
        return own_rate * self.factor

    def limit(self, hours):
        """Value only a part of it, at the same rate.

        :param float hours: fewer than now; neither stepped nor weighted
        """
        self.hours = self.counted = hours
        rounding = self.budget.sudo().currency_id.rounding  # its unit only
        self.value = money.value_of(hours, self.rate, rounding)


class AccountAnalyticLineValue(models.Model):
    """What a piece of time is worth: its rate, its steps, its weight."""

    _inherit = "account.analytic.line"

    def _get_prepaid_valuations(self):
        """Value the hours that are not deducted yet.

        The rate is that of the sales order item, else of the budget, else of the
        customer's price list on the day of the work. Already booked time keeps its
        value whatever prices do later.

        :return: dict timesheet -> :class:`Valuation`
        """
        timesheets_sudo = self.sudo()  # prices need no right on sales orders
        budgets = self._match_prepaid_budgets_sudo()
        # The ledger decides what is left, not the stored flag.
        covered = self._get_prepaid_ledger_hours()
        rules = self._get_prepaid_weight_rules_sudo(timesheets_sudo.company_id)
        valuations = {}
        for timesheet in timesheets_sudo:
            valuation = Valuation(budgets[timesheet].sudo(False))
            valuation.covered = covered.get(timesheet.id, 0.0)
            valuation.obstacle = timesheet._get_prepaid_obstacle(
                budgets[timesheet], valuation.covered
            )
            if not valuation.obstacle:
                timesheet._fill_prepaid_valuation(valuation, budgets[timesheet], rules)
            valuations[timesheet.sudo(self.env.su)] = valuation
        return valuations

    def _get_prepaid_unit(self):
        """Return the unit that this is deducted in: time always in hours."""
        return self._get_prepaid_hour()

    def _get_prepaid_obstacle(self, budget, covered):
        """Say why this timesheet cannot be deducted at all.

        :param budget: the matching `prepaid.budget`, may be empty
        :param float covered: hours that are deducted by the ledger
        :return: text for the user, or False
        """
        self.ensure_one()
        if not self.project_id:
            return self.env._("Not a timesheet")
        worked = self._get_prepaid_hours()
        if covered and float_compare(abs(covered), abs(worked), HOURS_DIGITS) >= 0:
            return self.env._("Already deducted")
        invoice = self.timesheet_invoice_id
        if invoice and invoice.state != "cancel":
            return self.env._("Invoiced on %s", invoice.display_name)
        if not self.unit_amount:
            return self.env._("No time")
        if self.so_line and not self.so_line.product_id._is_delivered_timesheet():
            return self.env._(
                "Billed by %(item)s, not by time", item=self.so_line._get_prepaid_name()
            )
        if not budget:
            return self._get_prepaid_no_budget_reason()
        return self._get_prepaid_currency_obstacle(budget)

    def _get_prepaid_no_budget_reason(self):
        """Say why no budget pays for this time; hook for more reasons."""
        return self.env._("No budget pays for it")

    def _get_prepaid_currency_obstacle(self, budget):
        """Say which currency of the price cannot be converted, or return False."""
        self.ensure_one()
        currency = self.so_line.currency_id
        own_currency = budget.money_currency_id
        if currency and currency != own_currency and not budget._counts_hours():
            if not (budget._has_rate(currency) and budget._has_rate(own_currency)):
                return self.env._("No exchange rate for %s", currency.name)
        return False

    def _fill_prepaid_valuation(self, valuation, budget, rules):
        self.ensure_one()
        rate, source, reason, taxes = self._get_prepaid_rate(budget)
        worked = self._get_prepaid_hours()
        hours = worked - valuation.covered
        valuation.weight, valuation.weight_reason = self._get_prepaid_weight(
            budget, rules
        )
        counted = money.counted_hours(worked, budget.time_increment, valuation.weight)
        # Of a rest, as much counts as of the whole.
        valuation.counted = counted * hours / worked if valuation.covered else counted
        valuation.hours = hours
        valuation.rate = rate
        valuation.source = source
        valuation.reason = reason
        valuation.tax_key = None if taxes is None else frozenset(taxes.ids)
        is_free = budget._counts_hours() and source != RATE_HOURS and not rate
        own_rate = 1.0 if budget._counts_hours() else rate
        valuation.value = (
            0
            if is_free
            else money.value_of(
                valuation.counted, own_rate, budget.currency_id.rounding
            )
        )
        self._fill_prepaid_tax(valuation, budget)
        if not valuation.value and budget.zero_rate_policy == ZERO_SKIP:
            valuation.obstacle = reason or self.env._("Its rate is zero")

    def _fill_prepaid_tax(self, valuation, budget):
        """Hook: add the tax that the budget pays for.

        :param valuation: :class:`Valuation` of this time, filled
        :param budget: the `prepaid.budget` that is to pay
        """

    def _get_prepaid_rate(self, budget):
        """Return the rate of this time and where it comes from.

        :param budget: the `prepaid.budget` that is to pay
        :return: tuple (money per hour without tax in the currency of the budget's
            invoices, source, reason to show, `account.tax` of the service or None when
            not known)
        """
        self.ensure_one()
        if self.so_line:
            return self._get_prepaid_sale_line_rate(budget)
        if not self._is_prepaid_billable():
            return 0.0, RATE_ZERO, self.env._("Not billable"), None
        if budget._counts_hours():
            return self._get_prepaid_hours_rate(budget)
        if not budget.money_currency_id.is_zero(budget.hourly_rate):
            reason = self.env._("Hourly rate of the budget")
            return budget.hourly_rate, RATE_BUDGET, reason, None
        return self._get_prepaid_pricelist_rate(budget)

    def _is_prepaid_billable(self):
        """Whether time without a sales order item is meant to be billed.

        An employee who emptied the sales order item by hand said that it is not.
        """
        return self.project_id.allow_billable and not self.is_so_line_edited

    def _get_prepaid_sale_line_rate(self, budget):
        line = self.so_line
        unit = self._get_prepaid_unit()
        price = self._get_prepaid_net_price(
            line._get_discounted_price(),
            line.tax_ids,
            line.currency_id,
            line.product_id,
        )
        per_unit = price * unit._compute_quantity(1.0, line.product_uom_id, round=False)
        rate = line.currency_id._convert(
            per_unit,
            budget.money_currency_id,
            budget.company_id,
            self.date,
            round=False,
        )
        return rate, RATE_SALE_LINE, line._get_prepaid_name(), line.tax_ids

    def _get_prepaid_hours_rate(self, budget):
        """Time without a sales order item counts as hours, whatever its price."""
        taxes = None
        if product := budget.service_product_id:
            taxes = self._get_prepaid_service_taxes(budget, product)
        return 0.0, RATE_HOURS, self.env._("Counted in hours"), taxes

    def _get_prepaid_service_taxes(self, budget, product):
        """Return the taxes of a service for the customer of a budget."""
        own_taxes = product.taxes_id._filter_taxes_by_company(budget.company_id)
        partner = budget.partner_id.with_company(budget.company_id)
        position = self.env["account.fiscal.position"].with_company(budget.company_id)
        return position._get_fiscal_position(partner).map_tax(own_taxes)

    def _get_prepaid_pricelist_rate(self, budget):
        product = budget.service_product_id
        if not product:
            reason = self.env._("No hourly rate or service on the budget")
            return 0.0, RATE_ZERO, reason, None
        hour = self._get_prepaid_hour()
        partner = budget.partner_id.with_company(budget.company_id)
        pricelist = partner.property_product_pricelist
        rate = pricelist._get_product_price(
            product.with_company(budget.company_id),
            1.0,
            uom=hour,
            date=self.date,
            currency=budget.money_currency_id,
        )
        own_taxes = product.taxes_id._filter_taxes_by_company(budget.company_id)
        rate = self._get_prepaid_net_price(
            rate, own_taxes, budget.money_currency_id, product
        )
        taxes = self._get_prepaid_service_taxes(budget, product)
        reason = pricelist.display_name or product.display_name
        return rate, RATE_PRICELIST, reason, taxes

    def _get_prepaid_net_price(self, price, taxes, currency, product):
        """Return a price without the taxes that it includes.

        :param float price: money in `currency`, not rounded
        :param taxes: `account.tax` of the price
        """
        if not any(taxes.flatten_taxes_hierarchy().mapped("price_include")):
            return price
        # A cent of rounding counts for each unit that is sold.
        return taxes.with_context(round_base=False).compute_all(
            price, currency=currency, product=product, rounding_method="round_globally"
        )["total_excluded"]
