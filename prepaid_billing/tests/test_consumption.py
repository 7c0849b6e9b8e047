"""Time that is deducted by itself: on saving, or by the schedule."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from .common import PrepaidCommon


class TestConsumption(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Deductions of the demo data are none of these stories.
        cls.env["prepaid.budget"].search([]).consumption_mode = "manual"
        cls.logger = new_test_user(
            cls.env(su=True),
            "consumption_logger",
            groups="hr_timesheet.group_hr_timesheet_user,project.group_project_user",
            company_id=cls.company.id,
        )
        cls.env["hr.employee"].sudo().create(
            {"name": "Lo", "user_id": cls.logger.id, "company_id": cls.company.id}
        )

    def _log_as_employee(self, hours):
        """Log time as somebody who has no right on budgets at all."""
        Line = self.env["account.analytic.line"].with_user(self.logger)
        return Line.create(
            {"name": "Work", "project_id": self.project.id, "unit_amount": hours}
        ).with_user(self.env.user)

    def _run_schedule(self):
        cron = self.env.ref("prepaid_billing.ir_cron_consume").sudo()
        self.env.flush_all()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _get_day(self, days_ago):
        return self.company._get_autopay_today() - timedelta(days=days_ago)

    # === ON SAVE === #

    def test_bf15_saved_time_is_deducted_at_once(self):
        budget = self._create_budget(500.0, consumption_mode="save")
        timesheet = self._log_as_employee(2.0)
        self.assertBalance(budget, 300.0)
        self.assertEqual(timesheet.prepaid_state, "covered")
        # The default: nothing by itself.
        budget.consumption_mode = "manual"
        self._log_as_employee(1.0)
        self.assertBalance(budget, 300.0)

    def test_bf15_short_credit_never_prevents_saving(self):
        """Refused in whole: the time is saved, waits, and says why."""
        budget = self._create_budget(
            150.0, consumption_mode="save", shortage_policy="refuse"
        )
        timesheet = self._log_as_employee(2.0)
        self.assertBalance(budget, 150.0)
        self.assertFalse(timesheet.prepaid_state)
        self.assertTrue(timesheet.is_prepaid_open)
        self.assertIn("Short", timesheet.prepaid_note)
        # Credit arrives: the scheduled action catches up.
        self._buy(budget, 100.0)
        self._run_schedule()
        self.assertBalance(budget, 50.0)
        self.assertFalse(timesheet.prepaid_note)

    def test_bf15_an_error_never_prevents_saving(self):
        """Half of a deduction is undone; the time stands, and why not."""
        budget = self._create_budget(500.0, consumption_mode="save")
        budget_model = type(self.env["prepaid.budget"])

        def fail(budgets):
            raise ValueError("No way")

        with (
            patch.object(budget_model, "_after_balance_change", fail),
            mute_logger(
                "odoo.addons.prepaid_billing.models.account_analytic_line_automatic"
            ),
        ):
            timesheet = self._log_as_employee(2.0)
        self.assertEqual(timesheet.unit_amount, 2.0)
        self.assertIn("No way", timesheet.prepaid_note)
        self.assertBalance(budget, 500.0)

    def test_bf15_partial_cover_is_not_covered_again_by_itself(self):
        """B44: a later top-up covers the rest only if somebody asks for it."""
        budget = self._create_budget(60.0, consumption_mode="save")
        timesheet = self._log_as_employee(1.0)
        self.assertEqual(timesheet.prepaid_state, "partial")
        self._buy(budget, 100.0)
        self._run_schedule()
        self.assertBalance(budget, 100.0)
        self._deduct(timesheet)
        self.assertBalance(budget, 60.0)

    def test_bf15_b48_employee_corrects_what_was_deducted_on_saving(self):
        """Nobody chose that time, so nobody has to return it before it is edited."""
        self.assertEqual(self.company.prepaid_edit_policy, "refuse")
        budget = self._create_budget(500.0, consumption_mode="save")
        timesheet = self._log_as_employee(2.0)
        timesheet.with_user(self.logger).unit_amount = 3.0
        self.assertBalance(budget, 200.0)
        self.assertEqual(
            budget.entry_ids[:3].mapped("kind"), ["consume", "release", "consume"]
        )
        timesheet.with_user(self.logger).unlink()
        self.assertBalance(budget, 500.0)

    def test_bf15_first_hours_of_an_empty_entry(self):
        """A line of the grid is saved empty first, and gets its hours later."""
        budget = self._create_budget(500.0, consumption_mode="save")
        timesheet = self._log_as_employee(0.0)
        self.assertBalance(budget, 500.0)
        timesheet.with_user(self.logger).unit_amount = 1.5
        self.assertBalance(budget, 350.0)

    def test_bf15_returned_time_stays_returned(self):
        budget = self._create_budget(500.0, consumption_mode="save")
        timesheet = self._log_as_employee(2.0)
        timesheet.action_prepaid_return()
        timesheet.sudo().unit_amount = 1.0
        self._run_schedule()
        self.assertBalance(budget, 500.0)

    def test_bf15_b52_moved_to_a_budget_that_is_drawn_down_on_saving(self):
        budget = self._create_budget(500.0, consumption_mode="save")
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        other_budget = self._create_budget(
            500.0, partner=other, consumption_mode="save"
        )
        timesheet = self._log_as_employee(2.0)
        project = self._create_project(other, self._create_order(other, price=120.0))
        timesheet.sudo().project_id = project
        self.assertBalance(budget, 500.0)
        self.assertBalance(other_budget, 260.0)

    # === BY SCHEDULE === #

    def test_bf14_approved_time_is_deducted_by_the_schedule(self):
        budget = self._create_budget(500.0, consumption_mode="schedule")
        approved, undecided, rejected = (self._log_time(1.0) for _ in range(3))
        approved.action_prepaid_approve()
        rejected.action_prepaid_reject()
        self.assertBalance(budget, 500.0)
        self._run_schedule()
        self.assertBalance(budget, 400.0)
        self.assertEqual(approved.prepaid_state, "covered")
        self._run_schedule()
        self.assertBalance(budget, 400.0)
        undecided.action_prepaid_approve()
        self._run_schedule()
        self.assertBalance(budget, 300.0)
        self.assertFalse(rejected.prepaid_state)

    def test_bf14_approval_asks_for_a_run_at_once(self):
        self._create_budget(500.0, consumption_mode="schedule")
        cron = self.env.ref("prepaid_billing.ir_cron_consume")
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self._log_time(1.0).action_prepaid_approve()
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_bf14_time_is_deducted_after_some_days(self):
        """Seven days: the day itself counts. A missed day is caught up."""
        budget = self._create_budget(
            1000.0, consumption_mode="schedule", consume_rule="age", consume_days=7
        )
        young = self._log_time(1.0, day=self._get_day(6))
        self._log_time(1.0, day=self._get_day(7))
        self._log_time(1.0, day=self._get_day(30))
        self._run_schedule()
        self.assertBalance(budget, 800.0)
        self.assertFalse(young.prepaid_state)

    def test_bf14_b63_time_of_an_order_of_another_customer(self):
        """Who is billed has the budget, whoever the project belongs to."""
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        budget = self._create_budget(
            500.0,
            partner=other,
            consumption_mode="schedule",
            consume_rule="age",
            consume_days=0,
        )
        item = self._create_order(other).order_line
        work = self._log_time(2.0, day=self._get_day(0), so_line=item.id)
        self.assertEqual(work.partner_id, self.customer)
        self._run_schedule()
        self.assertBalance(budget, 300.0)
        self.assertEqual(work.prepaid_state, "covered")

    def test_bf14_approval_and_age_together(self):
        budget = self._create_budget(1000.0, consumption_mode="schedule")
        works = {
            (is_old, is_approved): self._log_time(
                1.0, day=self._get_day(10 if is_old else 1)
            )
            for is_old in (False, True)
            for is_approved in (False, True)
        }
        for (_is_old, is_approved), work in works.items():
            if is_approved:
                work.action_prepaid_approve()
        budget.write({"consume_rule": "both", "consume_days": 7})
        self._run_schedule()
        self.assertBalance(budget, 900.0)
        self.assertEqual(works[True, True].prepaid_state, "covered")
        budget.consume_rule = "either"
        self._run_schedule()
        self.assertBalance(budget, 700.0)
        self.assertFalse(works[False, False].prepaid_state)

    def test_bf14_one_failure_is_its_own(self):
        """One entry raises: the others are deducted, it is flagged and told once."""
        budget = self._create_budget(1000.0, consumption_mode="schedule")
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        other_budget = self._create_budget(
            500.0, partner=other, consumption_mode="schedule"
        )
        project = self._create_project(other, self._create_order(other))
        works = [self._log_time(1.0) for _ in range(4)]
        works.append(self._log_time(1.0, project=project))
        for work in works:
            work.action_prepaid_approve()
        bad = works[2]
        line_model = type(self.env["account.analytic.line"])
        original = line_model._prepare_prepaid_movement

        def prepare(timesheet, *args):
            if timesheet == bad:
                raise ValueError("No way")
            return original(timesheet, *args)

        with (
            patch.object(line_model, "_prepare_prepaid_movement", prepare),
            mute_logger("odoo.addons.invoice_autopay.models.autopay_step_mixin"),
        ):
            self._run_schedule()
            # What was deducted after it does not hide it.
            self.assertIn("No way", budget.consume_note)
            activities = budget.activity_ids
            self._run_schedule()
        self.assertBalance(budget, 700.0)
        self.assertBalance(other_budget, 400.0)
        self.assertIn("No way", bad.prepaid_note)
        self.assertIn("No way", budget.consume_note)
        self.assertEqual(len(activities), 1)
        self.assertEqual(budget.activity_ids, activities)
        # Mended: the next run takes it, and nothing is flagged any more.
        self._run_schedule()
        self.assertBalance(budget, 600.0)
        self.assertFalse(bad.prepaid_note)
        self.assertFalse(budget.consume_note)

    def test_bf14_short_credit_is_no_failure(self):
        budget = self._create_budget(
            50.0, consumption_mode="schedule", shortage_policy="refuse"
        )
        work = self._log_time(1.0)
        work.action_prepaid_approve()
        self._run_schedule()
        self.assertBalance(budget, 50.0)
        self.assertIn("Short", work.prepaid_note)
        self.assertFalse(budget.consume_note)
        self.assertFalse(budget.activity_ids)

    # === WHO APPROVES === #

    def test_bf14_b87_who_logs_time_cannot_approve_it(self):
        work = self._log_as_employee(1.0).with_user(self.logger)
        for call in (
            work.action_prepaid_approve,
            work.action_prepaid_reject,
            work.action_prepaid_undecide,
        ):
            with self.subTest(call=call.__name__), self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            work.write({"prepaid_approval": "approved"})
        with self.assertRaises(AccessError):
            work.create(
                {
                    "name": "Work",
                    "project_id": self.project.id,
                    "prepaid_approval": "approved",
                }
            )

    def test_bf14_approval_ends_when_the_time_changes(self):
        """One hour was approved, not eight."""
        work = self._log_as_employee(1.0)
        work.action_prepaid_approve()
        work.with_user(self.logger).name = "Better words"
        work.with_user(self.logger).unit_amount = 1.0
        # As browsers and programs send them: the same day, as text.
        work.with_user(self.logger).write(
            {"date": str(work.date), "task_id": False, "project_id": self.project.id}
        )
        self.assertEqual(work.prepaid_approval, "approved")
        work.with_user(self.logger).date = str(self._get_day(3))
        self.assertFalse(work.prepaid_approval)
        work.action_prepaid_approve()
        work.with_user(self.logger).unit_amount = 8.0
        self.assertFalse(work.prepaid_approval)
        self.assertFalse(work.copy().prepaid_approval)

    def test_b68_rejected_time_is_neither_deducted_nor_invoiced(self):
        self._create_budget(500.0)
        line = self.order.order_line
        works = self._log_time(1.0) + self._log_time(2.0)
        self.assertEqual(line.qty_to_invoice, 3.0)
        works[1].action_prepaid_reject()
        self.assertFalse(works[1].is_prepaid_open)
        self.assertEqual(line.qty_to_invoice, 1.0)
        with self.assertRefused("Rejected"):
            self._deduct(works[1])
        invoice = self.order._create_invoices()
        self.assertEqual(works.mapped("timesheet_invoice_id"), invoice)
        self.assertFalse(works[1].timesheet_invoice_id)
        works[1].action_prepaid_undecide()
        self.assertTrue(works[1].is_prepaid_open)
        self.assertEqual(line.qty_to_invoice, 2.0)

    def test_b68_deducted_time_is_not_rejected(self):
        self._create_budget(500.0)
        work = self._spend(100.0).timesheet_id
        with self.assertRefused("Return it"):
            work.action_prepaid_reject()

    def test_b68_deducted_or_invoiced_time_is_not_rejected_by_rpc(self):
        """Else the order would credit what a budget or the customer paid."""
        self._create_budget(100.0)
        partly = self._log_time(3.0)
        self._deduct(partly)
        with self.assertRefused("Return it"):
            partly.write({"prepaid_approval": "rejected"})
        invoiced = self._log_time(1.0)
        self.order.sudo()._create_invoices().action_post()
        for reject in (
            invoiced.action_prepaid_reject,
            lambda: invoiced.sudo().write({"prepaid_approval": "rejected"}),
        ):
            with self.assertRefused("cannot be rejected"):
                reject()
        self.assertEqual(self.order.order_line.qty_delivered, 3.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)

    def test_b63_bf14_customer_became_the_contact_of_a_company(self):
        budget = self._create_budget(
            500.0, consumption_mode="schedule", consume_rule="age", consume_days=0
        )
        parent = self.env["res.partner"].create({"name": "Group", "is_company": True})
        self.customer.write({"is_company": False, "parent_id": parent.id})
        work = self._log_time(1.0)
        self.assertEqual(self.customer.prepaid_available, 400.0)
        self.assertRegex(work.prepaid_left, "500.00")
        self.assertRegex(work.prepaid_left_available, "400.00")
        self._run_schedule()
        self.assertBalance(budget, 400.0)
        self.assertEqual(work.prepaid_state, "covered")

    # === SETTINGS === #

    def test_bf12_bf14_type_says_on_the_day_of_the_work(self):
        """0 days are said, too; without a rule, the budget decides."""
        Type = self.env["prepaid.budget.type"]
        at_once = Type.create(
            {"name": "At once", "consume_rule": "age", "consume_days": 0}
        )
        unsaid = Type.create({"name": "Usual days", "consume_rule": "age"})
        left_open = Type.create({"name": "Open", "consume_days": 0})
        budgets = [
            self._create_budget(500.0, type_id=type_.id, consumption_mode="schedule")
            for type_ in (at_once, unsaid, left_open)
        ]
        self.assertEqual([b.consume_days for b in budgets], [0, 7, 7])
        self._log_time(1.0, day=self._get_day(0))
        self._run_schedule()
        self.assertBalance(budgets[0], 400.0)

    def test_bf12_bf14_type_decides_the_mode_of_new_budgets(self):
        type_ = self.env["prepaid.budget.type"].create(
            {
                "name": "Support",
                "consumption_mode": "schedule",
                "consume_rule": "either",
                "consume_days": 3,
            }
        )
        with Form(self.env["prepaid.budget"]) as form:
            form.partner_id = self.customer
            form.type_id = type_
        self.assertRecordValues(
            form.record,
            [
                {
                    "consumption_mode": "schedule",
                    "consume_rule": "either",
                    "consume_days": 3,
                }
            ],
        )
