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
        remaining = Timesheet.search_count(domain)
        last_id = 0
        failed = self.browse()
        while timesheets := Timesheet.search(
            domain & Domain("id", ">", last_id), limit=chunk, order="id"
        ):
            last_id = timesheets[-1].id
            matches = timesheets._match_prepaid_budgets_sudo()
            due = timesheets.filtered(
                lambda t, matches=matches: matches[t] and matches[t]._is_due(t)
            )
            for budget, own in due.grouped(matches.get).items():
                if not budget._consume_isolated(own):
                    failed |= budget
                elif budget not in failed:
                    budget._clear_consume_failure()
            remaining = max(remaining - len(timesheets), 0)
            if not self.env["ir.cron"]._commit_progress(
                len(timesheets), remaining=remaining
            ):
                break

    def _consume_isolated(self, timesheets):
        """Deduct time of one budget in one step; where it fails, halve it.

        :param timesheets: `account.analytic.line`
        :return: True when all of it was looked at without a failure
        """
        self.ensure_one()
        failure = self._try_step(lambda _b: timesheets._prepaid_consume())
        if not isinstance(failure, Exception):
            return not failure
        if len(timesheets) == 1:
            self._commit_step(
                lambda budget: budget._note_consume_failure(timesheets, failure)
            )
            return False
        half = len(timesheets) // 2
        is_first_done = self._consume_isolated(timesheets[:half])
        return self._consume_isolated(timesheets[half:]) and is_first_done

    def _clear_consume_failure(self):
        """Forget what an earlier run failed at: this one did not, so far."""
        self.ensure_one()
        if self.consume_note:
            self._commit_step(lambda budget: budget.write({"consume_note": False}))

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
