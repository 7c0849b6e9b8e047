from dataclasses import dataclass
from datetime import date, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..const import USE_KINDS
from ..tools.chart import burn_down

#: A balance that lasts longer than this many days is not forecast to the day.
HORIZON = 365
#: Days of history in the chart, and of forecast at most.
CHART_DAYS = 90


@dataclass(frozen=True)
class Pace:
    """What was used of a budget in its window, and in how many working days."""

    units: int
    days: int
    last: date

    def get_days_left(self, units):
        """Return the working days that a balance lasts, begun ones counted."""
        return -(-units * self.days // self.units)


class PrepaidBudgetForecast(models.Model):
    """When a budget will be used up, at the pace of the last working days (BF61)."""

    _inherit = "prepaid.budget"

    daily_use = fields.Monetary(
        "Use per working day",
        compute="_compute_forecast",
        compute_sudo=True,
        help="On average, over the working days that the company looks back.",
    )
    forecast_days = fields.Integer(
        "Working days left", compute="_compute_forecast", compute_sudo=True
    )
    forecast_date = fields.Date(
        "Used up on",
        compute="_compute_forecast",
        compute_sudo=True,
        help="At the pace of the last working days. What is waiting for payment is not "
        "counted.",
    )
    forecast = fields.Char(compute="_compute_forecast", compute_sudo=True)
    percent_left = fields.Integer(
        "Left (%)",
        compute="_compute_percent_left",
        compute_sudo=True,
        help="Of the credit of all lots that are not used up.",
    )

    # === COMPUTES === #

    @api.depends("balance", "entry_ids", "company_id.prepaid_forecast_days")
    def _compute_forecast(self):
        for company, budgets in self.grouped("company_id").items():
            today = (company or self.env.company)._get_autopay_today()
            working = company._get_prepaid_working_days(today)
            paces = budgets._get_paces(today, working)
            moved = budgets._get_moved_ids()
            for budget in budgets:
                id_ = budget._origin.id
                budget._set_forecast(paces.get(id_), working, id_ in moved)

    def _get_moved_ids(self):
        """Return the ids of the budgets with a history, none of which is read."""
        ids = self._origin.ids
        if not ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id
                  FROM prepaid_budget AS budget
                 WHERE id IN %s
                   AND EXISTS (SELECT FROM prepaid_entry WHERE budget_id = budget.id)
                """,
                tuple(ids),
            )
        )
        return {id_ for (id_,) in rows}

    def _set_forecast(self, pace, working, has_moved):
        """Fill in the forecast fields of one budget.

        :param pace: :class:`Pace`, or None when nothing was used
        :param list working: working days from the window's begin to the horizon
        :param bool has_moved: whether the budget has a history
        """
        self.ensure_one()
        units = self._to_units(self.balance)
        self.daily_use = 0.0
        self.forecast_days = 0
        self.forecast_date = False
        if pace:
            self.daily_use = self._from_units(round(pace.units / pace.days))
        if units <= 0 and has_moved:
            self.forecast = self.env._("Used up")
            return
        if not pace:
            self.forecast = self.env._("No forecast: nothing was used lately")
            return
        self.forecast_days = pace.get_days_left(units)
        coming = [day for day in working if day > pace.last]
        if self.forecast_days > len(coming):
            self.forecast = self.env._("More than a year")
            return
        self.forecast_date = coming[self.forecast_days - 1]
        self.forecast = self._get_forecast_text()

    def _get_forecast_text(self):
        day = format_date(self.env, self.forecast_date)
        if self.forecast_days == 1:
            return self.env._("About 1 working day, until %(day)s", day=day)
        return self.env._(
            "About %(count)s working days, until %(day)s",
            count=self.forecast_days,
            day=day,
        )

    @api.depends("balance", "lot_ids.remaining")
    def _compute_percent_left(self):
        groups = self.env["prepaid.lot"]._read_group(
            [("budget_id", "in", self.ids), ("remaining", ">", 0)],
            ["budget_id"],
            ["quantity:sum", "remaining:sum"],
        )
        sums = {budget.id: (bought, left) for budget, bought, left in groups}
        for budget in self:
            bought, left = sums.get(budget._origin.id, (0.0, 0.0))
            share = left / bought if bought else 0.0
            # What is left is never said to be nothing, nor what was used.
            percent = round(100 * share)
            budget.percent_left = min(max(percent, 1), 100) if left else 0

    # === PACE === #

    def _get_paces(self, today, working):
        """Return the pace of each budget of one company, by one query for all.

        The window ends with the last working day that is over, or with today as soon as
        something was used today. It begins with the first use of a young budget. What
        was used before the window is not read, by an index of the entries.

        :param date today: in the company's time zone
        :param list working: working days, oldest first
        :return: dict id of the budget -> :class:`Pace`, where something was used
        """
        past = [day for day in working if day <= today]
        if not self.ids or not past:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT budget_id,
                       (SELECT MIN(COALESCE(work_date, date))
                          FROM prepaid_entry
                         WHERE budget_id = use.budget_id AND kind IN %(kinds)s),
                       SUM(quantity),
                       BOOL_OR(quantity < 0
                               AND COALESCE(work_date, date) = %(today)s)
                  FROM prepaid_entry AS use
                 WHERE budget_id IN %(ids)s AND kind IN %(kinds)s
                   AND COALESCE(work_date, date) BETWEEN %(start)s AND %(today)s
                 GROUP BY budget_id
                """,
                ids=tuple(self.ids),
                kinds=USE_KINDS,
                start=past[0],
                today=today,
            )
        )
        paces = {}
        for budget_id, first, quantity, is_used_today in rows:
            units = -self.browse(budget_id)._to_units(quantity)
            if units <= 0:
                continue
            days = [
                day for day in past if day >= first and (day < today or is_used_today)
            ]
            last = today if is_used_today else today - timedelta(days=1)
            paces[budget_id] = Pace(units, max(len(days), 1), last)
        return paces

    # === CHART === #

    def _get_burn_down(self):
        """Return what the chart of the balance shows, or False without history.

        :return: dict: `drawing` (:class:`~..tools.chart.BurnDown`), `first`, `today`,
            `last`, `highest`, `lowest`, `label`
        """
        self.ensure_one()
        self.check_access("read")
        budget_sudo = self.sudo()  # sums of rows that the reader may see
        today = budget_sudo._get_portal_today()
        first = today - timedelta(days=CHART_DAYS)
        days = budget_sudo._get_daily_balances(first, today)
        if not days:
            return False
        first = days[0][0]
        last, goal = budget_sudo._get_chart_end(today, days[-1][1])
        drawing = burn_down(days, first, today, last, goal)
        return {
            "drawing": drawing,
            "first": first,
            "today": today,
            "last": last,
            "highest": self._format_quantity(drawing.highest),
            "lowest": self._format_quantity(drawing.lowest),
            "label": self.env._(
                "Balance since %(first)s: now %(balance)s. %(forecast)s",
                first=format_date(self.env, first),
                balance=self._format_quantity(days[-1][1]),
                forecast=self.forecast,
            ),
        }

    def _get_chart_end(self, today, balance):
        """Return (last day of the chart, balance forecast for it)."""
        last, goal = self.forecast_date or today, 0.0
        furthest = today + timedelta(days=CHART_DAYS)
        if last > furthest:
            goal = balance * (1 - CHART_DAYS / (last - today).days)
            last = furthest
        return max(last, today), goal

    def _get_daily_balances(self, first, today):
        """Return (day, balance at its end) for each day on which something moved.

        What lies before the first day is not read, however long the history is: the
        balance of then is that of now without what has moved since.

        :param date first: it is returned, too, when something moved on it or before
        :param date today: the last day
        """
        self.env["prepaid.entry"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                (SELECT %(first)s AS day, 0 AS quantity
                   FROM prepaid_entry
                  WHERE budget_id = %(budget)s AND date <= %(first)s
                  LIMIT 1)
                UNION ALL
                SELECT date, SUM(quantity)
                  FROM prepaid_entry
                 WHERE budget_id = %(budget)s AND date > %(first)s
                 GROUP BY date
                 ORDER BY day
                """,
                budget=self.id,
                first=first,
            )
        )
        moved = [(day, self._to_units(quantity)) for day, quantity in rows]
        units = self._to_units(self.balance) - sum(units for _day, units in moved)
        balances = []
        for day, difference in moved:
            units += difference
            balances.append((day, self._from_units(units)))
        return [(day, balance) for day, balance in balances if day <= today]


class ResCompany(models.Model):
    _inherit = "res.company"

    prepaid_forecast_days = fields.Integer(
        "Working days of the forecast",
        default=20,
        required=True,
        help="The pace at which a budget is used is the average of so many past "
        "working days.",
    )

    _prepaid_forecast_days_usable = models.Constraint(
        "CHECK (prepaid_forecast_days BETWEEN 1 AND 250)",
        "The forecast looks back 1 to 250 working days.",
    )

    def _get_prepaid_working_days(self, today):
        """Return the working days from the window's begin to the horizon.

        :param date today: in the company's time zone
        :return: list of dates, oldest first
        """
        count = self.prepaid_forecast_days or 1
        # Half of all days are working days at the worst; a long closure shortens it.
        first = today - timedelta(days=2 * count + 14)
        days = [
            first + timedelta(days=offset)
            for offset in range((today - first).days + HORIZON + 1)
        ]
        free = self._get_prepaid_free_days(days[0], days[-1])
        working = [day for day in days if day not in free]
        if not working:
            working = days
        past = [day for day in working if day <= today]
        return past[-count:] + working[len(past) :]

    def _get_prepaid_free_days(self, first, last):
        """Return the days between two days on which the company does not work."""
        calendar_sudo = self.sudo().resource_calendar_id  # which days are free, only
        if not calendar_sudo:
            days = (first + timedelta(days=n) for n in range((last - first).days + 1))
            return {day for day in days if day.weekday() >= 5}
        zone = pytz.timezone(calendar_sudo.tz or "UTC")
        moment = fields.Datetime.to_datetime
        unusual = calendar_sudo._get_unusual_days(
            zone.localize(moment(first)),
            zone.localize(moment(last + timedelta(days=1))),
        )
        return {date.fromisoformat(day) for day, is_free in unusual.items() if is_free}


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    prepaid_forecast_days = fields.Integer(
        related="company_id.prepaid_forecast_days", readonly=False
    )
