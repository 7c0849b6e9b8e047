from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..const import (
    CONSUME,
    RATE_BUDGET,
    RATE_PRICELIST,
    RATE_SALE_LINE,
    RATE_ZERO,
)
from ..tools import money
from ..tools.allocation import Cover, Work, plan
from .account_analytic_line import HOURS_DIGITS
from .prepaid_budget import ZERO_SKIP


@dataclass
class Valuation:
    """What a timesheet would be deducted for, and why; or why it cannot be."""

    budget: models.BaseModel
    covered: float = 0.0
    hours: float = 0.0
    rate: float = 0.0
    source: str | bool = False
    reason: str | bool = False
    value: int = 0
    tax_key: frozenset | None = None
    obstacle: str | bool = False


@dataclass
class Deduction:
    """What a timesheet gets from its budget."""

    timesheet: models.BaseModel
    valuation: Valuation
    cover: Cover | None = None
    obstacle: str | bool = field(default=False)


class AccountAnalyticLineDeduction(models.Model):
    """From chosen timesheets to ledger entries."""

    _inherit = "account.analytic.line"

    # === VALUE === #

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
        valuations = {}
        for timesheet in timesheets_sudo:
            valuation = Valuation(budgets[timesheet].sudo(False))
            valuation.covered = covered.get(timesheet.id, 0.0)
            valuation.obstacle = timesheet._get_prepaid_obstacle(
                budgets[timesheet], valuation.covered
            )
            if not valuation.obstacle:
                timesheet._fill_prepaid_valuation(valuation, budgets[timesheet])
            valuations[timesheet.sudo(self.env.su)] = valuation
        return valuations

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
        if covered and float_compare(covered, worked, HOURS_DIGITS) >= 0:
            return self.env._("Already deducted")
        invoice = self.timesheet_invoice_id
        if invoice and invoice.state != "cancel":
            return self.env._("Invoiced on %s", invoice.display_name)
        if self.unit_amount <= 0:
            return self.env._("Negative or no time: return the original entry instead")
        if self.so_line and not self.so_line.product_id._is_delivered_timesheet():
            return self.env._(
                "Billed by %(item)s, not by time", item=self.so_line._get_prepaid_name()
            )
        if not budget:
            return self.env._("No budget pays for it")
        currency = self.so_line.currency_id
        if currency and currency != budget.currency_id:
            if not (
                budget._has_rate(currency) and budget._has_rate(budget.currency_id)
            ):
                return self.env._("No exchange rate for %s", currency.name)
        return False

    def _fill_prepaid_valuation(self, valuation, budget):
        self.ensure_one()
        rate, source, reason, taxes = self._get_prepaid_rate(budget)
        hours = self._get_prepaid_hours() - valuation.covered
        valuation.hours = hours
        valuation.rate = rate
        valuation.source = source
        valuation.reason = reason
        valuation.tax_key = None if taxes is None else frozenset(taxes.ids)
        valuation.value = money.value_of(hours, rate, budget.currency_id.rounding)
        if not valuation.value and budget.zero_rate_policy == ZERO_SKIP:
            valuation.obstacle = reason or self.env._("Its rate is zero")

    def _get_prepaid_rate(self, budget):
        """Return the rate of this time and where it comes from.

        :param budget: the `prepaid.budget` that is to pay
        :return: tuple (money per hour without tax in the budget's currency, source,
            reason to show, `account.tax` of the service or None when not known)
        """
        self.ensure_one()
        if self.so_line:
            return self._get_prepaid_sale_line_rate(budget)
        if not self._is_prepaid_billable():
            return 0.0, RATE_ZERO, self.env._("Not billable"), None
        if not budget.currency_id.is_zero(budget.hourly_rate):
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
        hour = self._get_prepaid_hour()
        price = self._get_prepaid_net_price(
            line._get_discounted_price(),
            line.tax_ids,
            line.currency_id,
            line.product_id,
        )
        per_hour = price * hour._compute_quantity(1.0, line.product_uom_id, round=False)
        rate = line.currency_id._convert(
            per_hour, budget.currency_id, budget.company_id, self.date, round=False
        )
        return rate, RATE_SALE_LINE, line._get_prepaid_name(), line.tax_ids

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
            currency=budget.currency_id,
        )
        own_taxes = product.taxes_id._filter_taxes_by_company(budget.company_id)
        rate = self._get_prepaid_net_price(rate, own_taxes, budget.currency_id, product)
        position = self.env["account.fiscal.position"].with_company(budget.company_id)
        taxes = position._get_fiscal_position(partner).map_tax(own_taxes)
        reason = pricelist.display_name or product.display_name
        return rate, RATE_PRICELIST, reason, taxes

    def _get_prepaid_net_price(self, price, taxes, currency, product):
        """Return a price without the taxes that it includes.

        :param float price: money in `currency`, not rounded
        :param taxes: `account.tax` of the price
        """
        if not any(taxes.flatten_taxes_hierarchy().mapped("price_include")):
            return price
        return taxes.compute_all(
            price, currency=currency, product=product, rounding_method="round_globally"
        )["total_excluded"]

    # === PLAN === #

    def _plan_prepaid_deductions(self):
        """Say what each of these timesheets would get, oldest work first.

        Changes nothing: the preview shows it, :meth:`_prepaid_deduct` books it.

        :return: list of :class:`Deduction`
        """
        deductions = []
        by_budget = defaultdict(list)
        valuations = self._get_prepaid_valuations()
        for timesheet in self.sorted(lambda t: (t.date, t.id)):
            valuation = valuations[timesheet]
            deduction = Deduction(timesheet, valuation, obstacle=valuation.obstacle)
            deductions.append(deduction)
            if not deduction.obstacle:
                budget_sudo = valuation.budget.sudo()
                by_budget[budget_sudo].append(deduction)
        budgets_sudo = self.env["prepaid.budget"].sudo().union(*by_budget)
        credits = budgets_sudo._get_credits()
        for budget_sudo, group in by_budget.items():
            covers = plan(
                [d.timesheet._prepare_prepaid_work(d.valuation) for d in group],
                credits[budget_sudo],
                budget_sudo.shortage_policy,
                budget_sudo.currency_id.rounding,
                budget_sudo._get_overdraft_units(credits[budget_sudo]),
            )
            for deduction, cover in zip(group, covers, strict=True):
                deduction.cover = cover
                if not cover.is_accepted:
                    deduction.obstacle = budget_sudo._get_shortage_reason(
                        cover, credits[budget_sudo]
                    )
        return deductions

    def _prepare_prepaid_work(self, valuation):
        line = self.so_line.sudo()  # its unit of measure only
        hour = self._get_prepaid_hour()
        uom = line.product_uom_id
        step = uom._compute_quantity(uom.rounding, hour, round=False) if line else 0.0
        return Work(
            id=self.id,
            value=valuation.value,
            hours=valuation.hours,
            rate=valuation.rate,
            work_date=self.date,
            tax_key=valuation.tax_key,
            step=step,
        )

    # === BOOK === #

    @api.model
    def prepaid_deduct(self, timesheet_ids, key=None):
        """Deduct timesheets from the budgets that match them.

        Usable over Odoo's external API. The same request again, with the same key,
        returns the same entries and books nothing.

        :param list timesheet_ids: ids of `account.analytic.line`
        :param str key: any text that is unique to this request; None for a new request
        :return: list of ids of the `prepaid.entry` booked
        :raise AccessError: the user may not deduct, or not see a timesheet
        :raise UserError: nothing could be deducted, or the key belongs to a request for
            other time entries; the message says why
        """
        timesheets = self.browse(timesheet_ids)
        timesheets._check_prepaid_right()
        timesheets.check_access("read")
        return timesheets._prepaid_deduct(key).ids

    def _prepaid_deduct(self, key=None):
        """Book these timesheets against their budgets, on fresh data under the lock.

        :param str key: request key
        :return: `prepaid.entry`, oldest work first
        :raise UserError: nothing could be deducted; the message says why
        """
        Entry = self.env["prepaid.entry"].sudo()  # nobody may create entries but this
        Budget_sudo = self.env["prepaid.budget"].sudo()
        matches_sudo = self._match_prepaid_budgets_sudo()
        Budget_sudo.union(*matches_sudo.values())._lock_for_ledger()
        if earlier := self._get_entries_of_request(key):
            return earlier
        deductions = self._plan_prepaid_deductions()
        accepted = [d for d in deductions if not d.obstacle]
        if not accepted:
            raise UserError(self._get_nothing_deducted_message(deductions))
        counts = dict(
            Entry._read_group(
                [("timesheet_id", "in", self.ids)], ["timesheet_id"], ["__count"]
            )
        )
        movements = [
            d.timesheet._prepare_prepaid_movement(d, counts.get(d.timesheet, 0), key)
            for d in accepted
        ]
        entries_sudo = Budget_sudo._post_entries(movements)
        return entries_sudo.sudo(self.env.su)

    def _match_prepaid_budgets_sudo(self):
        """Return the budget of each timesheet, whoever may see it."""
        timesheets_sudo = self.sudo()
        return timesheets_sudo.env["prepaid.budget"]._match(timesheets_sudo)

    def _get_entries_of_request(self, key):
        Entry = self.env["prepaid.entry"]
        if not key:
            return Entry
        # The key is unique across companies, whoever asks.
        entries_sudo = Entry.sudo().search([("request_key", "=", key)], order="id")
        if entries_sudo.timesheet_id.sudo(self.env.su) - self:
            raise UserError(
                self.env._(
                    "The key %(key)s was used for other time entries. Use a new key "
                    "for a new request.",
                    key=key,
                )
            )
        return entries_sudo.sudo(self.env.su)

    def _prepare_prepaid_movement(self, deduction, count, key):
        self.ensure_one()
        valuation, cover = deduction.valuation, deduction.cover
        return {
            "budget": valuation.budget.sudo(),  # its ledger is nobody's to write
            "kind": CONSUME,
            "name": self.name or "/",
            "quantity": -cover.value,
            "takes": [(lot_id, -units) for lot_id, units in cover.takes],
            "timesheet_id": self.id,
            "work_date": self.date,
            "hours": cover.hours,
            "rate": valuation.rate,
            "rate_source": valuation.source,
            "rate_reason": valuation.reason,
            # Two transactions that both deduct the same timesheet compute the same key.
            "key": f"timesheet/{self.id}/{count}",
            "request_key": key,
        }

    def _get_nothing_deducted_message(self, deductions):
        lines = [
            f"{d.timesheet.date} {d.timesheet.display_name}: {d.obstacle}"
            for d in deductions[:10]
        ]
        return self.env._(
            "Nothing was deducted:\n%(reasons)s", reasons="\n".join(lines)
        )

    # === RETURN === #

    def _prepaid_release(self, reason=False):
        """Return all deductions of these timesheets to the lots they came from.

        :param str reason: why, shown to staff
        :return: the new `prepaid.entry`
        """
        Entry = self.env["prepaid.entry"].sudo()  # nobody may create entries but this
        entries = Entry.search(
            [("timesheet_id", "in", self.ids), ("kind", "=", CONSUME)], order="id"
        )
        entries.budget_id._lock_for_ledger()
        return entries.budget_id._post_release(entries._get_unreturned(), reason)

    def _prepaid_rebook(self, budgets):
        """Deduct edited time anew where it still belongs to the budget it came from.

        Time that was moved to another customer waits there like any other time.

        :param budgets: `prepaid.budget` that paid before the edit
        """
        matches_sudo = self._match_prepaid_budgets_sudo()
        again = self.filtered(lambda t: matches_sudo[t] in budgets)
        deductions = again._plan_prepaid_deductions()
        possible = [d.timesheet.id for d in deductions if not d.obstacle]
        if possible:
            self.browse(possible)._prepaid_deduct()
