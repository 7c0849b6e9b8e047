"""A great many time entries at once on budgets drawn down on saving (BF15)."""

from odoo.tools import mute_logger

from .common import PrepaidCommon

FIELDS = ["name", "project_id/.id", "employee_id/.id", "date", "unit_amount"]


class TestMassImport(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Deductions of the demo data are none of these stories.
        cls.env["prepaid.budget"].search([]).consumption_mode = "manual"
        cls.budget = cls._create_budget(50_000.0, consumption_mode="save")

    def _get_rows(self, count, project=None):
        """Return rows as the import dialog sends them: texts, half an hour each."""
        project = project or self.project
        return [
            [
                f"Row {number}",
                str(project.id),
                str(self.employee.id),
                f"2026-06-{number % 28 + 1:02}",
                "0.5",
            ]
            for number in range(count)
        ]

    def _load(self, rows):
        """Import as somebody does who may import; return what the dialog is told."""
        Line = self.env["account.analytic.line"].sudo()
        result = Line.load(FIELDS, rows)
        self.env.invalidate_all()
        return result

    def _get_entries(self, *kinds):
        return self.env["prepaid.entry"].search(
            [("kind", "in", kinds or ("consume", "release"))]
        )

    def test_bf15_a_bad_row_leaves_nothing_behind(self):
        """Row 100 of 200 names a project that is not there: not one is imported."""
        Line = self.env["account.analytic.line"].sudo()
        before = Line.search_count([])
        entries = self._get_entries()
        for position, value in ((1, "999999999"), (3, "2026-02-31"), (4, "many")):
            rows = self._get_rows(200)
            rows[100][position] = value
            with self.subTest(value), mute_logger("odoo.sql_db"):
                result = self._load(rows)
                self.assertFalse(result["ids"])
                self.assertEqual({m["rows"]["from"] for m in result["messages"]}, {100})
                self.assertEqual(Line.search_count([]), before)
                self.assertEqual(self._get_entries(), entries)
                self.assertBalance(self.budget, 50_000.0)
        # Mended, and imported again: all of it, once.
        result = self._load(self._get_rows(200))
        self.assertFalse(result["messages"])
        self.assertEqual(len(result["ids"]), 200)
        self.assertBalance(self.budget, 40_000.0)
        self.assertEqual(len(self._get_entries() - entries), 200)

    def test_bf15_a_row_that_python_refuses_leaves_nothing_behind(self):
        """Refused only when it is created: after rows that were deducted already."""
        Line = self.env["account.analytic.line"].sudo()
        before = Line.search_count([])
        entries = self._get_entries()
        inactive = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Gone", "company_id": self.company.id})
        )
        inactive.active = False
        rows = self._get_rows(60)
        rows[30][2] = str(inactive.id)
        result = self._load(rows)
        self.assertFalse(result["ids"])
        self.assertTrue(result["messages"])
        self.assertEqual(Line.search_count([]), before)
        self.assertEqual(self._get_entries(), entries)
        self.assertBalance(self.budget, 50_000.0)

    def test_bf15_statements_grow_with_the_rows_only(self):
        """Twice as many rows cost twice as much at most, not four times."""

        def count_statements(count):
            rows = self._get_rows(count)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            result = self._load(rows)
            self.assertEqual(len(result["ids"]), count)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count_statements(10)  # what is read on first use
        few, many = count_statements(50), count_statements(200)
        self.assertBalance(self.budget, 50_000.0 - 260 * 50.0)
        self.assertLess(many / 200, few / 50 * 1.1, f"{few=} {many=}")
        self.assertLess(few / 50, 10, f"{few=} {many=}")

    def test_bf15_rows_of_several_budgets_at_once(self):
        """Each budget pays its own; one that is short keeps nobody else from it."""
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        poor = self.env["res.partner"].create({"name": "Poor", "is_company": True})
        others = {
            partner: self._create_budget(credit, partner=partner, **vals)
            for partner, credit, vals in (
                (other, 500.0, {"consumption_mode": "save"}),
                (
                    poor,
                    20.0,
                    {"consumption_mode": "save", "shortage_policy": "refuse"},
                ),
            )
        }
        special = self._create_budget(
            500.0,
            scope="projects",
            project_ids=self._create_project(self.customer, self.order).ids,
            consumption_mode="save",
        )
        by_hand = self.env["res.partner"].create({"name": "Hand", "is_company": True})
        manual = self._create_budget(500.0, partner=by_hand)
        projects = [self.project, special.project_ids] + [
            self._create_project(partner, self._create_order(partner))
            for partner in (other, poor, by_hand)
        ]
        lines = (
            self.env["account.analytic.line"]
            .sudo()
            .create(
                [
                    {
                        "name": "Work",
                        "project_id": project.id,
                        "employee_id": self.employee.id,
                        "unit_amount": 1.0,
                        "date": "2026-06-15",
                    }
                    for _round in range(3)
                    for project in projects
                ]
            )
        )
        self.assertBalance(self.budget, 49_700.0)
        self.assertBalance(special, 200.0)
        self.assertBalance(others[other], 200.0)
        self.assertBalance(others[poor], 20.0)
        self.assertBalance(manual, 500.0)
        waiting = lines.filtered(lambda t: not t.prepaid_state)
        self.assertEqual(waiting.project_id, projects[3] | projects[4])
        short = waiting.filtered(lambda t: t.project_id == projects[3])
        self.assertEqual(len(short.filtered("prepaid_note")), 3)

    def test_bf15_b48_many_edited_at_once_in_a_list(self):
        """One value for all: each is returned and booked anew, on its own budget."""
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        other_budget = self._create_budget(
            5000.0, partner=other, consumption_mode="save"
        )
        project = self._create_project(other, self._create_order(other, price=50.0))
        lines = self._log_time(1.0) | self._log_time(2.0) | self._log_time(0.0)
        lines |= self._log_time(1.0, project=project)
        self.assertBalance(self.budget, 49_700.0)
        self.assertBalance(other_budget, 4950.0)
        lines.sudo().write({"unit_amount": 4.0})
        self.assertBalance(self.budget, 48_800.0)
        self.assertBalance(other_budget, 4800.0)
        self.assertEqual(lines.mapped("prepaid_covered_hours"), [4.0] * 4)
        # To another customer, all at once.
        lines.sudo().write({"project_id": project.id})
        self.assertBalance(self.budget, 50_000.0)
        self.assertBalance(other_budget, 4200.0)
        lines.sudo().unlink()
        self.assertBalance(other_budget, 5000.0)

    def test_bf15_b48_one_of_many_may_not_be_edited(self):
        """Refused as a whole: the others stay deducted as they were."""
        mine = self._log_time(1.0)
        by_hand = self.env["res.partner"].create({"name": "Hand", "is_company": True})
        manual = self._create_budget(500.0, partner=by_hand)
        project = self._create_project(by_hand, self._create_order(by_hand))
        chosen = self._log_time(1.0, project=project)
        self._deduct(chosen)
        entries = self._get_entries()
        with self.assertRefused("Return it first"):
            (mine | chosen).sudo().write({"unit_amount": 3.0})
        self.assertEqual(self._get_entries(), entries)
        self.assertBalance(self.budget, 49_900.0)
        self.assertBalance(manual, 400.0)

    def test_bf15_edits_of_many_do_not_explode(self):
        def count_statements(count):
            lines = self.env["account.analytic.line"].union(
                *(self._log_time(1.0) for _number in range(count))
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            lines.sudo().write({"unit_amount": 2.0})
            self.env.flush_all()
            self.assertEqual(set(lines.mapped("prepaid_covered_hours")), {2.0})
            return self.env.cr.sql_log_count - before

        count_statements(2)
        few, many = count_statements(5), count_statements(20)
        self.assertLess(many / 20, few / 5 * 1.1, f"{few=} {many=}")
