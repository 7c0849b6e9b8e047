from odoo import api, models
from odoo.fields import Domain

from ..const import BUDGET_OPEN, EXPIRE, MATCH_GRACE, MATCH_NEXT, MATCH_VALID
from .prepaid_budget import SCOPE_ALL, SCOPE_PRODUCTS, SCOPE_PROJECTS, SCOPE_TASKS

#: The most specific scope first (B64).
SCOPE_RANKS = {SCOPE_TASKS: 0, SCOPE_PROJECTS: 1, SCOPE_PRODUCTS: 2, SCOPE_ALL: 3}


class PrepaidBudgetMatching(models.Model):
    """Which budget pays for a piece of time, and by which rule of validity."""

    _inherit = "prepaid.budget"

    @api.model
    def _match(self, timesheets):
        """Find the budget that pays for each timesheet.

        The most specific scope wins, then priority, then age. A budget serves its
        customer's commercial entity with all contacts, and its own company only.

        :param timesheets: `account.analytic.line`
        :return: dict timesheet -> `prepaid.budget`, empty where none matches
        """
        partners = timesheets._get_prepaid_partners()
        owners = [partner.id for partner in partners.values()]
        budgets = self.search(
            Domain("partner_id.commercial_partner_id", "in", owners)
            & Domain("company_id", "in", timesheets.company_id.ids)
            & Domain("state", "=", BUDGET_OPEN)
            & Domain("partner_id.commercial_partner_id.prepaid_on", "=", True)
        )
        budgets = budgets.sorted(lambda b: (SCOPE_RANKS[b.scope], b.sequence, b.id))
        by_owner = budgets.grouped(
            lambda b: (b.partner_id.commercial_partner_id, b.company_id)
        )
        return {
            timesheet: next(
                (
                    budget
                    for budget in by_owner.get(
                        (partners[timesheet], timesheet.company_id), ()
                    )
                    if budget._is_in_scope(timesheet)
                ),
                self.browse(),
            )
            for timesheet in timesheets
        }

    def _is_in_scope(self, timesheet):
        """Whether this budget pays for such work; an empty list pays for nothing.

        :param timesheet: `account.analytic.line`
        """
        self.ensure_one()
        if self.scope == SCOPE_PROJECTS:
            return timesheet.project_id in self.project_ids
        if self.scope == SCOPE_TASKS:
            return self._has_task_in_scope(timesheet.task_id)
        if self.scope == SCOPE_PRODUCTS:
            return timesheet.so_line.product_id in self.scope_product_ids
        return True

    def _has_task_in_scope(self, task):
        """Whether a task, or one that it is a part of, is among the chosen ones."""
        chosen = self.task_ids
        while task and chosen:
            if task in chosen:
                return True
            task = task.parent_id
        return False

    # === BY WHICH RULE === #

    def _get_match_rules(self, deductions):
        """Say how the validity of lots decided which of them pay (B47, B73).

        :param list deductions: of `account_analytic_line_deduction.Deduction`
        :return: dict timesheet -> one of MATCH_RULES, or False where no lot of the
            budget ends
        """
        Entry = self.env["prepaid.entry"]
        expired = Entry.search([("budget_id", "in", self.ids), ("kind", "=", EXPIRE)])
        missed = expired.grouped("budget_id")
        lot_ids = {id_ for d in deductions for id_, _units in d.cover.takes}
        lots = {lot.id: lot for lot in self.env["prepaid.lot"].browse(lot_ids)}
        rules = {}
        for deduction in deductions:
            budget_sudo = deduction.valuation.budget.sudo()  # as these budgets
            rules[deduction.timesheet] = budget_sudo._get_match_rule(
                deduction.timesheet.date,
                [lots[id_] for id_, _units in deduction.cover.takes],
                missed.get(budget_sudo, Entry).lot_id,
            )
        return rules

    def _get_match_rule(self, work_date, lots, missed):
        """Say by which rule lots pay for work of a day.

        :param date work_date: day of the work
        :param lots: list of `prepaid.lot` that pay
        :param missed: `prepaid.lot` of this budget of which something has expired
        :return: one of MATCH_RULES, or False
        """
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        ends = [lot.date_to for lot in lots if lot.date_to]
        if any(end < today for end in ends):
            return MATCH_GRACE
        for lot in missed:
            is_begun = self.cover_earlier_work or lot.date_from <= work_date
            if lot.date_to and is_begun and work_date <= lot.date_to < today:
                return MATCH_NEXT
        return MATCH_VALID if ends else False
