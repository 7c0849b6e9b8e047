"""What many customers and long histories must not cost: measured in statements.

How long it takes is measured by the benchmarks, on much more data.
"""

from contextlib import contextmanager
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Domain
from odoo.tools import SQL

from .common import PrepaidCommon


class TestSpeed(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Deductions of the demo data are none of these stories.
        cls.env["prepaid.budget"].search([]).consumption_mode = "manual"

    def _create_customers(self, count):
        return self.env["res.partner"].create(
            [{"name": f"Customer {n}", "is_company": True} for n in range(count)]
        )

    @contextmanager
    def _noted(self, table):
        """Give a list that the queries are added to which name a table."""
        queries = []
        execute = type(self.env.cr).execute

        def note(cursor, query, *args, **kwargs):
            if isinstance(query, SQL) and table in query.code:
                queries.append(query)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", note):
            yield queries

    def _explain(self, query):
        """Return how the database answers when it may use what indexes there are."""
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        rows = self.env.execute_query(SQL("EXPLAIN %s", query))
        self.env.cr.execute("SET LOCAL enable_seqscan = on")
        return "\n".join(line for (line,) in rows)

    # === WHOSE TIME IT IS === #

    def test_b63_time_of_known_customers_is_that_of_their_condition(self):
        """By the order's customer, else by their own: whichever way it is asked."""
        other, contact = self._create_customers(2)
        contact.write({"is_company": False, "parent_id": other.id})
        by_order = self._log_time(1.0)
        by_project = self._log_time(1.0, project=self._create_project(contact))
        order = self._create_order(contact)
        ordered = self._log_time(1.0, so_line=order.order_line.id)
        nobody = self._log_time(
            1.0, project=self._create_project(self.env["res.partner"])
        )
        Line = self.env["account.analytic.line"]
        for customers, expected in (
            (other, by_project + ordered),
            (self.customer, by_order),
            (other + self.customer, by_order + by_project + ordered),
            (contact, Line),
            (self.env["res.partner"], Line),
        ):
            known = Line._get_prepaid_work_domain(customers.ids)
            asked = Line._get_prepaid_customer_domain(Domain("id", "in", customers.ids))
            mine = by_order + by_project + ordered + nobody
            with self.subTest(customers=customers):
                self.assertEqual(mine & Line.search(known), expected)
                self.assertEqual(mine & Line.search(asked), expected)
                self.assertEqual(mine.filtered_domain(known), expected)
                field_domain = Domain("prepaid_customer_id", "in", customers.ids)
                self.assertEqual(mine & Line.search(field_domain), expected)

    def test_bf13_time_of_a_customer_is_found_without_reading_that_of_others(self):
        self._log_time(1.0)
        Line = self.env["account.analytic.line"]
        budget = self._create_budget()
        for domain in (
            self.customer._get_prepaid_timesheet_domain(),
            budget._get_reserved_domain(),
        ):
            plan = self._explain(Line.sudo()._search(domain).select())
            self.assertIn("account_analytic_line_prepaid_partner_index", plan)
            self.assertNotIn("Seq Scan on account_analytic_line", plan)

    # === THE HOURLY JOB === #

    def _run_schedule(self, chunk):
        """Run the job, its commits left out; return the number of its statements."""
        self.env.flush_all()
        self.env.invalidate_all()
        cron = type(self.env["ir.cron"])

        def commit(job, _processed=0, **_kwargs):
            job.env.cr.flush()
            job.env.invalidate_all()
            return 1.0

        before = self.env.cr.sql_log_count
        with patch.object(cron, "_commit_progress", commit):
            self.env["prepaid.budget"].sudo()._cron_consume(chunk)
        return self.env.cr.sql_log_count - before

    def _create_due(self, count):
        """Return budgets with two pieces of time each, which are due."""
        budgets = self.env["prepaid.budget"]
        for partner in self._create_customers(count):
            budgets += self._create_budget(
                500.0,
                partner=partner,
                consumption_mode="schedule",
                consume_rule="age",
                consume_days=0,
            )
            project = self._create_project(partner, self._create_order(partner))
            self._log_time(1.0, project=project)
            self._log_time(2.0, project=project)
        return budgets

    def test_bf14_statements_follow_the_steps_not_the_budgets(self):
        """Four budgets or twelve in one step; only the sales orders add up."""
        few = self._create_due(4)
        of_few = self._run_schedule(200)
        self.assertEqual(set(few.mapped("balance")), {200.0})
        many = self._create_due(12)
        of_many = self._run_schedule(200)
        self.assertEqual(set(many.mapped("balance")), {200.0})
        # Core asks for the rest of the hours of each sales order item.
        self.assertLessEqual(of_many - of_few, 2 * 8)

    def test_bf14_several_steps_deduct_everything_once(self):
        budgets = self._create_due(4)
        self._run_schedule(3)
        self.assertEqual(set(budgets.mapped("balance")), {200.0})
        self._run_schedule(3)
        self.assertEqual(set(budgets.mapped("balance")), {200.0})
        self.assertFalse(budgets._get_differences())

    # === A LONG HISTORY === #

    @freeze_time("2026-06-19 12:00")
    def test_bf61_forecast_and_chart_read_what_moved_lately(self):
        """Neither reads the years before, though both start from their sum."""
        budget = self._create_budget()
        for day, amount in ((19, 300.0), (20, 50.0)):
            with freeze_time(f"2025-06-{day} 12:00"):
                self._buy(budget, amount)
        with freeze_time("2026-06-15 12:00"):
            self._spend(100.0, day=date(2026, 6, 15))
        self._spend(20.0, day=date(2026, 6, 19))
        days = budget._get_daily_balances(date(2026, 3, 21), date(2026, 6, 19))
        self.assertEqual(
            days,
            [
                (date(2026, 3, 21), 350.0),
                (date(2026, 6, 15), 250.0),
                (date(2026, 6, 19), 230.0),
            ],
        )
        budget.invalidate_recordset()
        with self._noted("prepaid_entry") as queries:
            self.assertEqual(budget._get_burn_down()["first"], date(2026, 3, 21))
        plans = "\n".join(map(self._explain, queries))
        self.assertIn("prepaid_entry_date_index", plans)
        self.assertIn("prepaid_entry_use_index", plans)
        self.assertNotIn("Seq Scan on prepaid_entry", plans)

    def test_bf61_used_up_is_said_without_reading_the_history(self):
        budget = self._create_budget(100.0)
        self._spend(100.0)
        budget.invalidate_recordset()
        entry_model = type(self.env["prepaid.entry"])
        with patch.object(entry_model, "_search", side_effect=AssertionError):
            self.assertEqual(budget.forecast, "Used up")
        self.assertIn("No forecast", self._create_budget().forecast)
