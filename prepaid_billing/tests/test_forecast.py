"""When a budget runs out, at the pace of the last working days."""

from datetime import date, timedelta

from freezegun import freeze_time

from ..tools.chart import burn_down
from .common import PrepaidCommon

MONDAY = date(2026, 6, 15)
FRIDAY = date(2026, 6, 19)


@freeze_time("2026-06-19 12:00")
class TestForecast(PrepaidCommon):
    def _work_week(self, amount=100.0, monday=MONDAY):
        for offset in range(5):
            self._spend(amount, day=monday + timedelta(days=offset))

    def test_b93_five_days_of_100_and_300_left(self):
        """Three working days: the weekend in between is skipped."""
        budget = self._create_budget(credit=800.0)
        self._work_week()
        self.assertBalance(budget, 300.0)
        self.assertRecordValues(
            budget,
            [
                {
                    "daily_use": 100.0,
                    "forecast_days": 3,
                    "forecast_date": date(2026, 6, 24),
                }
            ],
        )
        self.assertIn("3 working days", budget.forecast)
        with freeze_time("2026-06-22 05:00"):
            # Monday morning: today does not slow the pace down, it is still to come.
            budget.invalidate_recordset()
            self.assertEqual(budget.forecast_days, 3)
            self.assertEqual(budget.forecast_date, date(2026, 6, 24))

    def test_b93_no_consumption_no_forecast(self):
        """No division by zero: neither new, nor bought, nor used up."""
        budget = self._create_budget()
        self.assertIn("No forecast", budget.forecast)
        self._buy(budget, 100.0)
        self.assertRecordValues(
            budget, [{"forecast_days": 0, "forecast_date": False, "daily_use": 0.0}]
        )
        self.assertIn("No forecast", budget.forecast)
        self._spend(100.0)
        self.assertEqual(budget.forecast, "Used up")
        self.assertFalse(budget.forecast_date)

    def test_b93_returned_time_is_no_use(self):
        budget = self._create_budget(credit=300.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        timesheet.action_prepaid_return()
        self.assertIn("No forecast", budget.forecast)

    def test_b93_pending_is_apart(self):
        """An unpaid top-up is shown, and moves no day."""
        budget = self._create_budget(credit=800.0)
        self._work_week()
        self._buy(budget, 1000.0, pay=False)
        self.assertEqual(budget.amount_pending, 1000.0)
        self.assertEqual(budget.forecast_days, 3)

    def test_b93_idle_days_in_the_window_slow_the_pace(self):
        """Older use counts by the window's days; what lies before it does not."""
        self.company.prepaid_forecast_days = 10
        budget = self._create_budget(credit=2000.0)
        self._spend(900.0, day=date(2026, 3, 2))
        self._work_week()
        self.assertEqual(budget.daily_use, 50.0)
        self.assertEqual(budget.forecast_days, 12)
        self.company.prepaid_forecast_days = 5
        self.assertEqual(budget.forecast_days, 6)

    def test_b93_holidays_of_the_company(self):
        budget = self._create_budget(credit=800.0)
        self._work_week()
        self.env["resource.calendar.leaves"].sudo().create(
            {
                "name": "Closed",
                "calendar_id": self.company.resource_calendar_id.id,
                "company_id": self.company.id,
                "date_from": "2026-06-22 00:00:00",
                "date_to": "2026-06-22 23:59:59",
            }
        )
        budget.invalidate_recordset()
        self.assertEqual(budget.forecast_date, date(2026, 6, 25))

    def test_b93_far_away(self):
        budget = self._create_budget(credit=100000.0)
        self._work_week(10.0)
        self.assertEqual(budget.forecast, "More than a year")
        self.assertFalse(budget.forecast_date)
        self.assertFalse(budget._get_burn_down()["drawing"].forecast)

    def test_b93_queries_do_not_grow(self):
        """As many queries for twenty budgets as for two."""
        many = self.env["prepaid.budget"]
        for index in range(20):
            partner = self.env["res.partner"].create({"name": f"Customer {index}"})
            many |= self._create_budget(partner=partner)
        self._create_budget(credit=500.0)
        counts = []
        for budgets in (many[:2], many):
            self.env.invalidate_all()
            budgets.mapped("name")
            before = self.cr.sql_log_count
            budgets.mapped("forecast")
            budgets.mapped("percent_left")
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_bf61_percent_left_of_open_lots(self):
        budget = self._create_budget(credit=400.0)
        self.assertEqual(budget.percent_left, 100)
        self._spend(300.0)
        self.assertEqual(budget.percent_left, 25)
        self._spend(99.0)
        self.assertEqual(budget.percent_left, 1)
        self._spend(1.0)
        self.assertEqual(budget.percent_left, 0)

    def test_bf61_chart_follows_the_ledger(self):
        """The line ends at today's balance; the dashes lead to the run-out day."""
        budget = self._create_budget()
        self.assertFalse(budget._get_burn_down())
        with freeze_time("2026-06-10 12:00"):
            self._buy(budget, 800.0)
        self._work_week()
        chart = budget._get_burn_down()
        self.assertEqual(chart["first"], date(2026, 6, 10))
        self.assertEqual(chart["last"], date(2026, 6, 24))
        self.assertEqual(chart["highest"].replace("\xa0", " "), "$ 800.00")
        # 9 of 14 days are history; 300 of 800 left is at 62.5 % of the height.
        self.assertEqual(chart["drawing"].line, "M0 0.0 H0.0 V0.0 H642.9 V62.5 H642.9")
        self.assertEqual(chart["drawing"].forecast, "M642.9 62.5 L1000 100.0")

    def test_bf61_chart_below_zero(self):
        days = [(MONDAY, 100.0), (FRIDAY, -100.0)]
        drawing = burn_down(days, MONDAY, FRIDAY, FRIDAY)
        self.assertEqual((drawing.zero, drawing.lowest), (50.0, -100.0))
        self.assertEqual(drawing.line, "M0 0.0 H0.0 V0.0 H1000.0 V100.0 H1000.0")
        self.assertEqual(drawing.forecast, "")
