from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..const import EPISODE_SUPPRESSED, TRIGGER_CALENDAR
from ..const_replenishment import (
    ACTION_NOTIFY,
    CALENDAR_UNITS,
    POLICY_CALENDAR,
    POLICY_ONE_OFF,
    POLICY_THRESHOLD,
)
from ..tools.replenishment import FIXED, MONTHS, Calendar, calendar_refill

#: The longest time between two top-ups, in weeks or months.
MAX_EVERY = 120
#: The last year in which a calendar may start: what is later was mistyped.
MAX_START_YEAR = 2200


class PrepaidBudgetCalendar(models.Model):
    """Top-ups every so many weeks or months (BF30, B25, B26).

    `calendar_next` is the day that is not done yet. It moves on, past today, only when
    its top-up was made: what a missed night or an open invoice delays is made once.
    """

    _inherit = "prepaid.budget"

    calendar_unit = fields.Selection(
        CALENDAR_UNITS,
        "Top up by calendar",
        tracking=True,
        help="Also tops up on fixed days, however much is left.",
    )
    calendar_every = fields.Integer("Every", default=1, tracking=True)
    calendar_start = fields.Date(
        "First on",
        tracking=True,
        help="No top-up is made before this day. Weeks keep its weekday.",
    )
    calendar_day = fields.Integer(
        "Day of the month",
        tracking=True,
        help="0: the day of the start. 31 is the last day of shorter months.",
    )
    calendar_next = fields.Date(
        "Next on",
        compute="_compute_calendar_next",
        store=True,
        copy=False,
        index="btree_not_null",
    )

    # === THE RULE === #

    @api.depends(
        "replenish_policy",
        "calendar_unit",
        "calendar_every",
        "calendar_start",
        "calendar_day",
        "company_id",
    )
    def _compute_calendar_next(self):
        """A rule that is new or changed counts from today, and not twice a day."""
        for budget in self:
            calendar = budget._get_calendar()
            if not calendar:
                budget.calendar_next = False
                continue
            today = (budget.company_id or self.env.company)._get_autopay_today()
            was_today = self.env["prepaid.replenishment"].search_count(
                [
                    ("budget_id", "=", budget._origin.id),
                    ("trigger", "=", TRIGGER_CALENDAR),
                    ("date", "=", today),
                ],
                limit=1,
            )
            budget.calendar_next = calendar.get_next(
                today + timedelta(days=bool(was_today))
            )

    def _get_calendar(self):
        """Return the days of the top-ups, or None where there are none.

        :return: :class:`~..tools.replenishment.Calendar`
        """
        self.ensure_one()
        is_used = self.replenish_policy != POLICY_ONE_OFF and self.calendar_unit
        if not is_used or self._get_calendar_obstacle():
            return None
        return Calendar(
            self.calendar_start,
            self.calendar_unit,
            self.calendar_every,
            self.calendar_day if self.calendar_unit == MONTHS else 0,
        )

    @api.constrains(
        "replenish_policy",
        "calendar_unit",
        "calendar_every",
        "calendar_start",
        "calendar_day",
    )
    def _check_calendar(self):
        self._check_replenishment()

    def _get_rule_obstacle(self):
        """A calendar needs a start, and steps that can be counted."""
        if reason := super()._get_rule_obstacle():
            return reason
        if self.replenish_policy == POLICY_CALENDAR and not self.calendar_unit:
            return self.env._("choose weeks or months for its calendar.")
        if self.replenish_policy == POLICY_ONE_OFF or not self.calendar_unit:
            return False
        return self._get_calendar_obstacle()

    def _get_calendar_obstacle(self):
        if not self.calendar_start:
            return self.env._("say on which day its calendar starts.")
        if self.calendar_start.year > MAX_START_YEAR:
            return self.env._(
                "its calendar cannot start in %s.", self.calendar_start.year
            )
        if not 1 <= self.calendar_every <= MAX_EVERY:
            return self.env._(
                "its calendar counts every 1 to %(most)s weeks or months, not every "
                "%(every)s.",
                most=MAX_EVERY,
                every=self.calendar_every,
            )
        if not 0 <= self.calendar_day <= 31:
            return self.env._(
                "%s is no day of a month. Choose 1 to 31, or 0 for that of the start.",
                self.calendar_day,
            )
        return False

    # === THE JOB === #

    @api.model
    def _get_due_domain(self):
        """The days of a calendar are those of the company."""
        domain = super()._get_due_domain()
        for (company,) in self._read_group(
            [("calendar_next", "!=", False)], ["company_id"]
        ):
            today = company._get_autopay_today()
            domain |= Domain("company_id", "=", company.id) & Domain(
                "calendar_next", "<=", today
            )
        return domain

    def _is_calendar_due(self):
        """Whether a top-up by the calendar was not made yet."""
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        return bool(self.calendar_next) and self.calendar_next <= today

    def _get_trigger(self):
        """The calendar comes first: one invoice does for both."""
        return TRIGGER_CALENDAR if self._is_calendar_due() else super()._get_trigger()

    def _get_action_now(self):
        """A budget that refills by the calendar only tells that it is low."""
        is_by_calendar = self.replenish_policy == POLICY_CALENDAR
        if is_by_calendar and not self._is_calendar_due():
            return ACTION_NOTIFY
        return super()._get_action_now()

    def _get_blocking_episode(self):
        """A top-up by the calendar follows one that was taken away, or only told."""
        episode = super()._get_blocking_episode()
        if not self._is_calendar_due() or not episode:
            return episode
        was_skipped = (
            episode.state == EPISODE_SUPPRESSED and episode.trigger == TRIGGER_CALENDAR
        )
        is_over = was_skipped or not episode.has_invoice
        return episode.browse() if is_over else episode

    def _get_reason_to_wait(self, invoices, failed=None):
        """Leave out a day on which the target is reached already.

        :param invoices: `account.move`, the open top-ups of this budget
        :param failed: `autopay.attempt` that failed in a row, when it is to be charged
        """
        reason = super()._get_reason_to_wait(invoices, failed)
        is_due = not reason and self._is_refilled_by_calendar()
        if not is_due or self._get_calendar_refill().amount:
            return reason
        day = self.calendar_next
        self._advance_calendar()
        return self.env._(
            "Nothing to top up on %(date)s: %(balance)s reaches the target %(target)s",
            date=format_date(self.env, day),
            balance=self.currency_id.format(self.balance),
            target=self.currency_id.format(self.replenish_target),
        )

    def _get_refill(self):
        if self._is_refilled_by_calendar():
            return self._get_calendar_refill()
        return super()._get_refill()

    def _is_refilled_by_calendar(self):
        """Whether the calendar says how much; a threshold comes first."""
        is_low = self.is_low and self.replenish_policy == POLICY_THRESHOLD
        return not is_low and self._is_calendar_due()

    def _get_calendar_refill(self):
        """Return what the calendar asks for, before any cap."""
        is_fixed = self.replenish_method == FIXED
        return calendar_refill(
            self._to_units(self.balance),
            unit=self._to_units(self.replenish_amount) if is_fixed else 0,
            target=self._to_units(self.replenish_target),
            smallest=self._to_units(self.replenish_min),
            largest=self._to_units(self.replenish_max),
        )

    def _start_episodes(self):
        """The calendar goes on when the invoice is made."""
        scheduled = self.filtered(lambda budget: budget._is_calendar_due())
        result = super()._start_episodes()
        scheduled._advance_calendar()
        return result

    def _tell_low(self):
        """Where the responsible makes the invoices, tell that one is due."""
        scheduled = self.filtered(lambda budget: budget._is_calendar_due())
        for budget in scheduled:
            budget._schedule_activity(
                self.env._(
                    "Top-up of %(amount)s is due by the calendar of %(budget)s",
                    amount=budget.currency_id.format(
                        budget._from_units(budget._get_refill().amount)
                    ),
                    budget=budget.display_name,
                )
            )
            budget._note_check(self.env._("The responsible was told"))
        scheduled._advance_calendar()
        return super(PrepaidBudgetCalendar, self - scheduled)._tell_low()

    def _advance_calendar(self):
        """Go on to the first day after today: what was missed is made up for once."""
        for budget in self:
            today = budget.company_id._get_autopay_today()
            calendar = budget._get_calendar()
            budget.calendar_next = calendar.get_next(today + timedelta(days=1))
