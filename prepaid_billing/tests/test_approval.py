"""Who decides about whose time, and in which company (BF14, B68, B84)."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user

from .common import PrepaidCommon


class TestApproval(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Deductions of the demo data are none of these stories.
        cls.env["prepaid.budget"].search([]).consumption_mode = "manual"
        cls.logger = new_test_user(
            cls.env(su=True),
            "approval_logger",
            groups="hr_timesheet.group_hr_timesheet_user,project.group_project_user",
            company_id=cls.company.id,
        )
        cls.env["hr.employee"].sudo().create(
            {"name": "Lo", "user_id": cls.logger.id, "company_id": cls.company.id}
        )
        cls.approver = cls._create_approver("approval_here", cls.company)
        cls.other_company = cls.setup_other_company(name="Second")["company"]
        cls.env.user.company_ids += cls.other_company
        cls.ben = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Ben", "company_id": cls.other_company.id})
        )
        cls.other_project = cls._create_project(
            cls.customer, company_id=cls.other_company.id
        )

    @classmethod
    def _create_approver(cls, login, *companies):
        return new_test_user(
            cls.env(su=True),
            login,
            groups="prepaid_billing.group_user,analytic.group_analytic_accounting",
            company_id=companies[0].id,
            company_ids=[company.id for company in companies],
        )

    def _log_elsewhere(self, hours):
        return self._log_time(
            hours, project=self.other_project, employee_id=self.ben.id
        )

    def _prepare_time(self, approval, **vals):
        return {
            "name": "Work",
            "project_id": self.project.id,
            "employee_id": self.employee.id,
            "unit_amount": 1.0,
            "prepaid_approval": approval,
            **vals,
        }

    def _run_schedule(self):
        cron = self.env.ref("prepaid_billing.ir_cron_consume").sudo()
        self.env.flush_all()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    # === NEW TIME === #

    def test_bf14_b87_new_time_is_decided_about_by_approvers_only(self):
        """Alone, among others, and by an import: nothing is left of the attempt."""
        Line = self.env["account.analytic.line"].with_user(self.logger)
        own = {"employee_id": self.logger.employee_id.id}
        before = Line.sudo().search_count([])
        for approval in ("approved", "rejected"):
            bad = self._prepare_time(approval, **own)
            for vals_list in ([bad], [self._prepare_time(False, **own), bad]):
                with (
                    self.subTest(approval=approval, count=len(vals_list)),
                    self.assertRaisesRegex(AccessError, "Approving and rejecting"),
                ):
                    Line.create(vals_list)
            result = Line.load(
                ["name", "project_id/.id", "unit_amount", "prepaid_approval"],
                [["Work", str(self.project.id), "1", approval]],
            )
            self.assertFalse(result["ids"])
            self.assertIn("Approving", result["messages"][0]["message"])
        context = {"default_prepaid_approval": "approved"}
        line = Line.with_context(**context).create(
            {"name": "Work", "project_id": self.project.id, "unit_amount": 1.0}
        )
        self.assertFalse(line.prepaid_approval)
        self.assertEqual(Line.sudo().search_count([]), before + 1)

    def test_bf14_new_time_that_an_approver_decides_about(self):
        budget = self._create_budget(500.0, consumption_mode="schedule")
        Line = self.env["account.analytic.line"].with_user(self.approver)
        approved, rejected = Line.create(
            [self._prepare_time("approved"), self._prepare_time("rejected")]
        )
        self._run_schedule()
        self.assertBalance(budget, 400.0)
        self.assertEqual(approved.prepaid_state, "covered")
        self.assertFalse(rejected.prepaid_state)

    def test_bf14_bf15_rejected_time_is_not_deducted_on_saving(self):
        budget = self._create_budget(500.0, consumption_mode="save")
        Line = self.env["account.analytic.line"].with_user(self.approver)
        Line.create([self._prepare_time("rejected"), self._prepare_time("approved")])
        self.assertBalance(budget, 400.0)

    def test_bf14_bf25_expenses_are_not_decided_about_when_created(self):
        """As by hand: an expense, or an amount of money, is neither."""
        plan = self.env["account.analytic.plan"].sudo().create({"name": "Plan"})
        account = (
            self.env["account.analytic.account"]
            .sudo()
            .create({"name": "Account", "plan_id": plan.id})
        )
        vals = {
            "name": "Train",
            "account_id": account.id,
            "amount": -50.0,
            "unit_amount": 1.0,
            "company_id": self.company.id,
        }
        Line = self.env["account.analytic.line"].sudo()
        for approval in ("approved", "rejected"):
            with self.assertRefused("Train is not time"):
                Line.create(
                    [
                        self._prepare_time(False),
                        {**vals, "prepaid_approval": approval},
                    ]
                )
        line = Line.create({**vals, "prepaid_approval": False})
        with self.assertRefused("Train is not time"):
            line.prepaid_approval = "approved"
        # Time that becomes something else takes no approval along.
        work = self._log_time(1.0).sudo()
        with self.assertRefused("Work is not time"):
            work.write({"project_id": False, "prepaid_approval": "approved"})

    # === OTHER COMPANIES === #

    def test_bf14_b84_time_of_another_company_is_not_decided_about(self):
        here, there = self._log_time(1.0), self._log_elsewhere(2.0)
        Line = self.env["account.analytic.line"].with_user(self.approver)
        found = Line.search([("id", "in", (here + there).ids)])
        self.assertEqual(found, here.with_user(self.approver))
        foreign, both = (
            lines.with_user(self.approver) for lines in (there, here + there)
        )
        for lines in (foreign, both):
            for call in (
                lines.action_prepaid_approve,
                lines.action_prepaid_reject,
                lines.action_prepaid_undecide,
                lambda lines=lines: lines.write({"prepaid_approval": "approved"}),
                lambda lines=lines: lines.read(["name", "prepaid_approval"]),
            ):
                with self.subTest(call=call), self.assertRaises(AccessError):
                    call()
        # Core knows no such employee there.
        with self.assertRaises(ValidationError):
            Line.create(
                self._prepare_time(
                    "approved",
                    project_id=self.other_project.id,
                    employee_id=self.ben.id,
                )
            )
        self.env.invalidate_all()
        self.assertFalse((here + there).filtered("prepaid_approval"))

    def test_bf14_b84_approver_of_both_companies(self):
        """Where both are chosen; with one chosen, only that one is there."""
        here, there = self._log_time(1.0), self._log_elsewhere(2.0)
        both = self._create_approver("approval_both", self.company, self.other_company)
        lines = (here + there).with_user(both)
        one = lines.with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(one.search([("id", "in", lines.ids)]).ids, here.ids)
        with self.assertRaises(AccessError):
            one.action_prepaid_approve()
        chosen = lines.with_context(
            allowed_company_ids=(self.company + self.other_company).ids
        )
        chosen.action_prepaid_approve()
        self.assertEqual(
            (here + there).mapped("prepaid_approval"), ["approved", "approved"]
        )
        chosen[1].action_prepaid_reject()
        self.assertEqual(
            (here + there).mapped("prepaid_approval"), ["approved", "rejected"]
        )

    def test_bf14_b84_schedule_of_one_company_leaves_the_time_of_the_other(self):
        """One customer of both: each budget pays for the work of its own company."""
        here, there = self._log_time(1.0), self._log_elsewhere(2.0)
        (here + there).sudo().action_prepaid_approve()
        budget = self._create_budget(500.0, consumption_mode="schedule")
        self._run_schedule()
        self.assertBalance(budget, 400.0)
        self.assertFalse(there.prepaid_state)
        self.assertFalse(there.prepaid_note)
        self.env.user.group_ids += self.env.ref("prepaid_billing.group_credit")
        elsewhere = self._create_budget(
            company_id=self.other_company.id,
            product_id=False,
            hourly_rate=50.0,
            consumption_mode="schedule",
        )
        elsewhere.grant(300.0, "Welcome")
        later = self._log_time(1.0)
        later.action_prepaid_approve()
        self._run_schedule()
        self.assertBalance(budget, 300.0)
        self.assertBalance(elsewhere, 200.0)
        self.assertEqual(there.sudo().prepaid_entry_ids.budget_id, elsewhere)
