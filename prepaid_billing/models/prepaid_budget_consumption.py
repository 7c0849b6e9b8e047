from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import BUDGET_OPEN
from ..const_consumption import (
    APPROVED,
    AUTOMATIC_MODES,
    CONSUMPTION_MODES,
    DUE_AGE,
    DUE_APPROVED,
    DUE_BOTH,
    DUE_RULES,
    MODE_MANUAL,
    MODE_SAVE,
    MODE_SCHEDULE,
)

#: Time entries that one step of the scheduled action looks at.
CHUNK = 200


class PrepaidBudgetConsumption(models.Model):
    """Budgets that time is deducted from by itself (BF14, BF15)."""

    _inherit = "prepaid.budget"

    consumption_mode = fields.Selection(
        CONSUMPTION_MODES,
        "Deduct time",
        required=True,
        default=MODE_MANUAL,
        tracking=True,
        help="By hand: somebody chooses the time. As soon as time is saved: at once. "
        "By schedule: every hour, whatever is due. What is short stays to deduct; what "
        "somebody returned is not deducted again by itself.",
        groups="base.group_user",
    )
    consume_rule = fields.Selection(
        DUE_RULES,
        "Deduct after",
        required=True,
        default=DUE_APPROVED,
        tracking=True,
        help="What the schedule waits for.",
        groups="base.group_user",
    )
    consume_days = fields.Integer(
        "Days after the work",
        default=7,
        tracking=True,
        help="0: on the day of the work.",
        groups="base.group_user",
    )
    consume_note = fields.Char(
        "Automatic deduction",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Why the last automatic deduction failed.",
    )

    _consume_days_not_negative = models.Constraint(
        "CHECK (consume_days >= 0)", "Days after the work cannot be negative."
    )

    # === WHAT IS DUE === #

    def _is_consumed_on_save(self):
        """Whether time of this budget is deducted as soon as it is saved."""
        return bool(self) and self.consumption_mode == MODE_SAVE

    def _is_due(self, timesheet):
        """Whether a piece of time is to be deducted by itself, today.

        :param timesheet: `account.analytic.line` that this budget pays for
        """
        self.ensure_one()
        if self.consumption_mode != MODE_SCHEDULE:
            return self.consumption_mode == MODE_SAVE
        today = self.company_id._get_autopay_today()
        is_old = timesheet.date <= today - timedelta(days=self.consume_days)
        is_approved = timesheet.prepaid_approval == APPROVED
        if self.consume_rule == DUE_APPROVED:
            return is_approved
        if self.consume_rule == DUE_AGE:
            return is_old
        if self.consume_rule == DUE_BOTH:
            return is_approved and is_old
        return is_approved or is_old

    @api.model
    def _get_consumable_domain(self):
        """Return the domain of time that may be deducted by itself.

        What was deducted in part stays as it is, and so does what was returned: only
        somebody who asks for it deducts it again (B44).
        """
        budgets = self.search(
            Domain("consumption_mode", "in", AUTOMATIC_MODES)
            & Domain("state", "=", BUDGET_OPEN)
        )
        return (
            Domain("is_prepaid_open", "=", True)
            & Domain("prepaid_entry_ids", "=", False)
            & Domain("prepaid_overflow_line_id", "=", False)
            & Domain("project_id", "!=", False)
            & Domain("company_id", "in", budgets.company_id.ids)
            & self.env["account.analytic.line"]._get_prepaid_customer_domain(
                Domain("id", "in", budgets.partner_id.commercial_partner_id.ids)
            )
        )

    # === EVERY HOUR === #

    @api.model
    def _cron_consume(self, chunk=CHUNK):
        """Every hour: deduct what is due, in small committed steps.

        What a missed run left is found by the next one: due is what is due by now and
        not deducted. Two workers deduct nothing twice, as two people would not.

        :param int chunk: time entries that one step looks at
        """
        Timesheet = self.env["account.analytic.line"]
        domain = self._get_consumable_domain()
        # The whole table is looked at once, however many steps follow.
        ids = Timesheet.search(domain, order="id").ids
        failed = self.browse()
        for start in range(0, len(ids), chunk):
            step = ids[start : start + chunk]
            # What somebody did meanwhile is respected.
            timesheets = Timesheet.search(domain & Domain("id", "in", step))
            failed |= self._consume_due(timesheets, failed)
            remaining = len(ids) - start - len(step)
            if not self.env["ir.cron"]._commit_progress(len(step), remaining=remaining):
                break

    @api.model
    def _consume_due(self, timesheets, failed):
        """Deduct what is due of some time, and forget failures that are over.

        :param timesheets: `account.analytic.line` that may be deducted by itself
        :param failed: `prepaid.budget` whose time could not be deducted in this run
        :return: `prepaid.budget` whose time could not be deducted now
        """
        matches = timesheets._match_prepaid_budgets_sudo()
        due = timesheets.filtered(lambda t: matches[t] and matches[t]._is_due(t))
        if not due:
            return self.browse()
        # Half of it is the time of as few budgets as possible.
        due = due.sorted(lambda t: (matches[t].id, t.id))
        failed_now = self._consume_isolated(due, matches)
        budgets = self.union(*(matches[t] for t in due)) - failed - failed_now
        mended = budgets.filtered("consume_note")
        if mended:
            mended._commit_step(lambda them: them.write({"consume_note": False}))
        return failed_now

    @api.model
    def _consume_isolated(self, timesheets, matches):
        """Deduct time in one step; where it fails, halve it until one stands alone.

        :param timesheets: `account.analytic.line`, in the order of their budgets
        :param dict matches: timesheet -> `prepaid.budget` that pays for it
        :return: `prepaid.budget` whose time could not be deducted
        """
        budgets = self.union(*(matches[t] for t in timesheets))
        failure = budgets._try_step(lambda _budgets: timesheets._prepaid_consume())
        if not failure:
            return self.browse()
        is_error = isinstance(failure, Exception)
        if is_error and len(timesheets) == 1:
            budgets._commit_step(
                lambda budget: budget._note_consume_failure(timesheets, failure)
            )
        if len(timesheets if is_error else budgets) == 1:
            # A budget that is always in use is left to the next run.
            return budgets
        half = len(timesheets) // 2
        first = self._consume_isolated(timesheets[:half], matches)
        return first | self._consume_isolated(timesheets[half:], matches)

    def _note_consume_failure(self, timesheet, error):
        """Leave a failure on budget and time, and one activity for the responsible.

        :param timesheet: `account.analytic.line` that could not be deducted
        :param Exception error: why
        """
        self.ensure_one()
        reason = str(error)
        if not isinstance(error, UserError):
            reason = f"{type(error).__name__}: {error}".strip()
        is_new = timesheet.prepaid_note != reason
        timesheet._note_prepaid_reason(reason)
        # A project has many entries of one day.
        names = (timesheet.display_name, timesheet.employee_id.name, timesheet.name)
        note = self.env._(
            "%(entry)s of %(day)s was not deducted: %(reason)s",
            entry=", ".join(filter(None, names)),
            day=timesheet.date,
            reason=reason,
        )
        self.consume_note = note
        if is_new:
            self._schedule_activity(note)
