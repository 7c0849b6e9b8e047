from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, models
from odoo.exceptions import UserError

from ..const import CONSUME
from ..tools.allocation import Cover, Work, plan
from .account_analytic_line_value import Valuation


@dataclass
class Deduction:
    """What a timesheet gets from its budget."""

    timesheet: models.BaseModel
    valuation: Valuation
    cover: Cover | None = None
    obstacle: str | bool = field(default=False)
    #: the credit is used up; nothing else is in the way
    is_short: bool = False
    #: the rate, to show, at which the sales order bills what is short, if not its own
    beyond: str | bool = False
    #: what a correction gives back: see `account_analytic_line_correction.py`
    parts: list = field(default_factory=list)


class AccountAnalyticLineDeduction(models.Model):
    """From chosen timesheets to ledger entries."""

    _inherit = "account.analytic.line"

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
                deduction.is_short = cover.short > 0 and all(
                    credit.accepts(cover.work) for credit in credits[budget_sudo]
                )
                if not cover.is_accepted:
                    deduction.obstacle = budget_sudo._get_shortage_reason(
                        cover, credits[budget_sudo]
                    )
        return deductions

    def _prepare_prepaid_work(self, valuation):
        line = self.so_line.sudo()  # its unit of measure only
        unit = self._get_prepaid_unit()
        uom = line.product_uom_id
        step = uom._compute_quantity(uom.rounding, unit, round=False) if line else 0.0
        return Work(
            id=self.id,
            value=valuation.value,
            hours=valuation.hours,
            rate=valuation.unit_rate,
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
        budgets_sudo = self._get_prepaid_payers_sudo()
        budgets_sudo._lock_for_ledger()
        if earlier := self._get_entries_of_request(key):
            return earlier
        budgets_sudo._expire_over_lots()
        deductions = self._plan_prepaid_deductions()
        accepted = [d for d in deductions if not d.obstacle]
        is_marked = self._mark_prepaid_beyond(deductions)
        if not accepted and not is_marked:
            raise UserError(self._get_nothing_deducted_message(deductions))
        entries_sudo = self._book_prepaid_deductions(accepted, key)
        return entries_sudo.sudo(self.env.su)

    def _mark_prepaid_beyond(self, deductions):
        """Hook: decide how what the credit does not cover is billed.

        :param list deductions: of :class:`Deduction`
        :return: True when something was decided, though nothing may be deducted
        """
        return False

    def _get_prepaid_payers_sudo(self):
        """Return the budgets that a deduction of this time may move."""
        Budget_sudo = self.env["prepaid.budget"].sudo()  # whoever may see them
        return Budget_sudo.union(*self._match_prepaid_budgets_sudo().values())

    def _book_prepaid_deductions(self, accepted, key):
        """Book what was planned; the budgets are locked.

        :param list accepted: of :class:`Deduction`, each with its cover
        :param str key: request key
        :return: `prepaid.entry`, sudoed, in the order of the deductions
        """
        Entry_sudo = self.env["prepaid.entry"].sudo()  # nobody may create them but this
        Budget_sudo = self.env["prepaid.budget"].sudo()  # as above
        budgets_sudo = Budget_sudo.union(*(d.valuation.budget for d in accepted))
        timesheets = self.union(*(d.timesheet for d in accepted))
        counts = timesheets._get_prepaid_entry_counts()
        rules = budgets_sudo._get_match_rules(accepted)
        movements = [
            {
                **d.timesheet._prepare_prepaid_movement(
                    d, counts.get(d.timesheet.id, 0), key
                ),
                "match_rule": rules[d.timesheet],
            }
            for d in accepted
        ]
        if not movements:
            return Entry_sudo
        return budgets_sudo._post_entries(movements)

    def _get_prepaid_entry_counts(self):
        """Return how many movements were made for each of these, by id."""
        Entry_sudo = self.env["prepaid.entry"].sudo()  # numbers only
        groups = Entry_sudo._read_group(
            [("timesheet_id", "in", self.ids)], ["timesheet_id"], ["__count"]
        )
        return {timesheet.id: count for timesheet, count in groups}

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
        timesheets_sudo = (
            entries_sudo.timesheet_id | entries_sudo.invoice_id.timesheet_ids
        )
        if timesheets_sudo.sudo(self.env.su) - self:
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
        budget_sudo = valuation.budget.sudo()  # its ledger is nobody's to write
        return {
            "budget": budget_sudo,
            "kind": CONSUME,
            "name": self.name or "/",
            "quantity": -cover.value,
            "takes": [(lot_id, -units) for lot_id, units in cover.takes],
            "timesheet_id": self.id,
            "work_date": self.date,
            "hours": cover.hours,
            "counted_hours": cover.hours * valuation.factor,
            "units": 0.0,
            "weight": valuation.weight,
            "weight_reason": valuation.weight_reason,
            "consumption_order": budget_sudo.consumption_order,
            "rate": valuation.rate,
            "rate_source": valuation.source,
            "rate_reason": valuation.reason,
            # Two transactions that both deduct the same timesheet compute the same key.
            "key": f"timesheet/{self.id}/{count}",
            "request_key": key,
        }

    def _get_nothing_deducted_message(self, deductions):
        if not deductions:
            return self.env._(
                "Nothing was deducted: nothing is chosen, or it was deleted meanwhile. "
                "Close this preview and choose again."
            )
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
        Entry_sudo = self.env["prepaid.entry"].sudo()  # nobody may create them but this
        entries_sudo = Entry_sudo.search(
            [("timesheet_id", "in", self.ids), ("kind", "=", CONSUME)], order="id"
        )
        entries_sudo.budget_id._lock_for_ledger()
        return entries_sudo.budget_id._post_release(
            entries_sudo._get_unreturned(), reason
        )

    def _prepaid_rebook(self, budgets):
        """Deduct edited time anew where it still belongs to the budget it came from.

        Time that was moved to another customer waits there like any other time.

        :param budgets: `prepaid.budget` that paid before the edit
        """
        matches_sudo = self._match_prepaid_budgets_sudo()
        again = self.filtered(lambda t: matches_sudo[t] in budgets)
        deductions = again._plan_prepaid_deductions()
        possible = [d.timesheet.id for d in deductions if not d.obstacle or d.beyond]
        if possible:
            self.browse(possible)._prepaid_deduct()
