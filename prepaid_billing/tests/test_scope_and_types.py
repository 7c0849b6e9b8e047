from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.tools import mute_logger

from .common import PrepaidCommon


class TestScopeAndTypes(PrepaidCommon):
    """Several budgets of one customer, and what new ones start with."""

    def _match(self, timesheet):
        return self.env["prepaid.budget"]._match(timesheet)[timesheet]

    def test_bf5_bf6_b64_task_before_project_before_service_before_all(self):
        """BF5, BF6: the most specific scope wins, whatever the priorities say."""
        task = (
            self.env["project.task"]
            .sudo()
            .create({"name": "Logo", "project_id": self.project.id})
        )
        subtask = task.sudo().copy({"name": "Colors", "parent_id": task.id})
        whole = self._create_budget(sequence=1)
        service = self._create_budget(
            scope="products",
            scope_product_ids=[Command.set(self.service.ids)],
            sequence=2,
        )
        project = self._create_budget(
            scope="projects", project_ids=[Command.set(self.project.ids)], sequence=3
        )
        own = self._create_budget(
            scope="tasks", task_ids=[Command.set(task.ids)], sequence=4
        )
        line = self.order.order_line.id
        on_task = self._log_time(1.0, task_id=task.id)
        on_subtask = self._log_time(1.0, task_id=subtask.id)
        on_project = self._log_time(1.0)
        self.assertEqual(self._match(on_task), own)
        self.assertEqual(self._match(on_subtask), own)
        self.assertEqual(self._match(on_project), project)
        elsewhere = self._create_project(self.customer, self.order)
        other = self._log_time(1.0, project=elsewhere, so_line=line)
        self.assertEqual(self._match(other), service)
        unknown = self._create_project(self.customer)
        self.assertEqual(self._match(self._log_time(1.0, project=unknown)), whole)

    def test_b64_among_equals_priority_then_age(self):
        second = self._create_budget(sequence=5)
        third = self._create_budget(sequence=5)
        sheet = self._log_time(1.0)
        self.assertEqual(self._match(sheet), second)
        third.sequence = 4
        self.assertEqual(self._match(sheet), third)

    def test_b64_an_empty_list_does_not_widen(self):
        for scope, name, record in (
            ("projects", "project_ids", self.project),
            ("products", "scope_product_ids", self.service),
        ):
            with self.subTest(scope=scope):
                budget = self._create_budget(
                    scope=scope, **{name: [Command.set(record.ids)]}
                )
                sheet = self._log_time(1.0)
                self.assertEqual(self._match(sheet), budget)
                budget[name] = [Command.clear()]
                self.assertFalse(self._match(sheet))
                budget.active = False

    # === TYPES === #

    def _create_type(self, **vals):
        return self.env["prepaid.budget.type"].create(
            {
                "name": "Support",
                "shortage_policy": "refuse",
                "grace_days": 7,
                "time_increment": 15,
                "threshold": 50.0,
                "replenish_policy": "threshold",
                "replenish_amount": 500.0,
                "consumption_order": "paid_first",
                **vals,
            }
        )

    def test_bf12_a_type_fills_in_new_budgets(self):
        """What is said on the budget goes before; later edits change nothing."""
        type_ = self._create_type()
        budget = self._create_budget(type_id=type_.id, grace_days=3)
        expected = {
            "shortage_policy": "refuse",
            "grace_days": 3,
            "time_increment": 15,
            "threshold": 50.0,
            "replenish_amount": 500.0,
            "consumption_order": "paid_first",
        }
        self.assertRecordValues(budget, [expected])
        type_.write({"time_increment": 30, "threshold": 10.0})
        self.assertRecordValues(budget, [expected])

    def test_bf12_bf40_limits_of_a_type_that_cannot_be(self):
        """What its budgets would refuse, the type refuses at once."""
        for limits in ((-1.0, 10.0), (20.0, 10.0), (0.0, 0.0)):
            with (
                self.subTest(limits=limits),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self._create_type(
                    portal_top_up="amount",
                    portal_min=limits[0],
                    portal_max=limits[1],
                )
        type_ = self._create_type(
            portal_top_up="amount", portal_min=10.0, portal_max=10.0
        )
        budget = self._create_budget(type_id=type_.id)
        self.assertRecordValues(budget, [{"portal_min": 10.0, "portal_max": 10.0}])

    def test_bf12_a_type_of_a_pack_opens_budgets(self):
        type_ = self._create_type(threshold=0.0, replenish_policy=False)
        self.pack.prepaid_budget_type_id = type_
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.pack.id, "price_unit": 100.0})
                ],
            }
        )
        invoice.action_post()
        self.assertRecordValues(
            invoice.prepaid_budget_ids,
            [{"type_id": type_.id, "grace_days": 7, "shortage_policy": "refuse"}],
        )

    def test_bf12_the_form_shows_what_the_type_says(self):
        type_ = self._create_type(unit="hours", replenish_policy=False)
        budget = self.env["prepaid.budget"].new({"partner_id": self.customer.id})
        budget.type_id = type_
        budget._onchange_type_id()
        self.assertEqual(budget.unit, "hours")
        self.assertEqual(budget.grace_days, 7)

    def test_bf12_bf30_bf33_a_type_brings_the_whole_rule(self):
        """Calendar, target, limits: said once; the calendar starts with the budget."""
        type_ = self._create_type(
            replenish_method="target",
            replenish_target=800.0,
            replenish_min=100.0,
            replenish_max=900.0,
            replenish_action="draft",
            replenish_cap=2000.0,
            replenish_cap_count=3,
            calendar_unit="months",
            calendar_every=3,
            calendar_day=31,
        )
        with freeze_time("2026-01-10 12:00:00"):
            budget = self._create_budget(type_id=type_.id)
            self.assertRecordValues(
                budget,
                [
                    {
                        "replenish_method": "target",
                        "replenish_target": 800.0,
                        "replenish_min": 100.0,
                        "replenish_max": 900.0,
                        "replenish_action": "draft",
                        "replenish_cap": 2000.0,
                        "replenish_cap_count": 3,
                        "calendar_unit": "months",
                        "calendar_every": 3,
                        "calendar_start": date(2026, 1, 10),
                        "calendar_next": date(2026, 1, 31),
                    }
                ],
            )
        own = self._create_budget(type_id=type_.id, calendar_start="2026-05-05")
        self.assertEqual(own.calendar_start, date(2026, 5, 5))

    def test_bf12_bf30_a_type_by_calendar_only(self):
        type_ = self._create_type(
            replenish_policy="calendar", calendar_unit="weeks", calendar_every=2
        )
        budget = self._create_budget(type_id=type_.id)
        today = self.company._get_autopay_today()
        self.assertRecordValues(
            budget,
            [
                {
                    "replenish_policy": "calendar",
                    "calendar_start": today,
                    "calendar_next": today,
                }
            ],
        )

    def test_bf12_a_type_without_a_calendar_says_nothing_of_it(self):
        type_ = self._create_type(calendar_every=5, calendar_day=3)
        said = [n for n in type_._prepare_budget_vals() if n.startswith("calendar")]
        self.assertFalse(said)
