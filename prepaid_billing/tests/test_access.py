import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import mail_new_test_user

from .common import PrepaidCommon


class TestAccess(PrepaidCommon):
    """Who may see and do what (BF68, B84, B87, B88)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.logger, cls.deductor, cls.manager = (
            mail_new_test_user(
                cls.env(su=True),
                login,
                groups=f"base.group_user,{group}",
                company_id=cls.company.id,
            )
            for login, group in (
                ("prepaid_logger", "hr_timesheet.group_hr_timesheet_user"),
                ("prepaid_deductor", "prepaid_billing.group_user"),
                ("prepaid_manager", "prepaid_billing.group_manager"),
            )
        )
        cls.budget = cls._create_budget(500.0)
        cls.timesheet = cls._log_time(1.0)

    def test_b87_who_logs_time_sees_the_balance_and_nothing_more(self):
        customer = self.customer.with_user(self.logger)
        self.assertEqual(customer.prepaid_balance, 500.0)
        task = (
            self.env["project.task"]
            .sudo()
            .create({"name": "Task", "project_id": self.project.id})
        )
        self.assertEqual(task.with_user(self.logger).prepaid_balance, 500.0)
        for name in ("budget", "lot", "entry", "allocation", "replenishment"):
            with self.subTest(model=name), self.assertRaises(AccessError):
                self.env[f"prepaid.{name}"].with_user(self.logger).search([])

    def test_b87_who_logs_time_cannot_deduct_return_or_top_up(self):
        line = self.timesheet.with_user(self.logger)
        budget = self.budget.with_user(self.logger)
        for act in (
            lambda: line.prepaid_deduct(line.ids),
            line.action_prepaid_deduct,
            line.action_prepaid_return,
            lambda: budget.top_up(10.0),
            budget.action_replenish_now,
            budget.action_rearm,
            lambda: budget.write({"threshold": 1.0}),
            lambda: budget.create({"partner_id": self.customer.id}),
        ):
            with self.assertRaises(AccessError):
                act()
        self.assertBalance(self.budget, 500.0)

    def test_b87_who_logs_time_cannot_delete_deducted_time(self):
        employee = (
            self.env["hr.employee"]
            .sudo()
            .create(
                {"name": "Lo", "user_id": self.logger.id, "company_id": self.company.id}
            )
        )
        timesheet = self._log_time(1.0, employee_id=employee.id)
        self._deduct(timesheet)
        with self.assertRefused("deducted"):
            timesheet.with_user(self.logger).unlink()
        timesheet.with_user(self.deductor).unlink()
        self.assertBalance(self.budget, 500.0)

    def test_bf68_who_deducts_cannot_manage(self):
        line = self.timesheet.with_user(self.deductor)
        budget = self.budget.with_user(self.deductor)
        customer = self.customer.with_user(self.deductor)
        self.assertEqual(customer.prepaid_timesheet_count, 1)
        found = line.search(customer.action_view_prepaid_timesheets()["domain"])
        self.assertEqual(found.prepaid_value, 100.0)
        self.assertTrue(found.is_prepaid_open)
        self.assertEqual(budget.timesheet_count, 1)
        self.assertEqual(budget.amount_pending, 0.0)
        line.prepaid_deduct(line.ids)
        self.assertBalance(self.budget, 400.0)
        line.action_prepaid_return()
        self.assertBalance(self.budget, 500.0)
        for act in (
            lambda: budget.top_up(10.0),
            budget.action_replenish_now,
            budget.action_rearm,
            lambda: budget.write({"threshold": 1.0}),
            lambda: budget.create({"partner_id": self.customer.id}),
            lambda: budget.lot_ids.write({"remaining": 1000.0}),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_bf68_who_manages_sets_rules_and_tops_up(self):
        budget = self.budget.with_user(self.manager)
        budget.write(
            {
                "threshold": 600.0,
                "replenish_policy": "threshold",
                "replenish_amount": 100.0,
            }
        )
        budget.action_replenish_now()
        self.assertEqual(budget.episode_id.invoice_id.state, "posted")
        self.assertTrue(budget.top_up(50.0))

    def test_bf63_b88_rows_cannot_be_changed_by_anyone(self):
        """Not by a manager, not by the superuser, not past the ORM."""
        manager_budget = self.budget.with_user(self.manager)
        for records, vals in (
            (manager_budget.entry_ids, {"quantity": 9.0}),
            (manager_budget.lot_ids, {"remaining": 9.0}),
            (manager_budget.lot_ids.allocation_ids, {"quantity": 9.0}),
        ):
            with self.subTest(model=records._name):
                with self.assertRaises(AccessError):
                    records.create([{}])
                with self.assertRaises(UserError):
                    records.write(vals)
                with self.assertRaises(AccessError):
                    records.unlink()

    def test_b88_deleting_a_user_leaves_the_rows(self):
        """The database may empty who wrote a row, and nothing else."""
        entry = self._deduct(self.timesheet)
        self.cr.execute(
            "UPDATE prepaid_entry SET create_uid = NULL WHERE id = %s", [entry.id]
        )
        self.assertBalance(self.budget, 400.0)

    @mute_logger("odoo.sql_db")
    def test_bf63_b88_the_database_guards_the_rows(self):
        for statement in (
            "UPDATE prepaid_entry SET quantity = 1",
            "DELETE FROM prepaid_entry",
            "UPDATE prepaid_allocation SET quantity = 1",
            "DELETE FROM prepaid_allocation",
        ):
            with (
                self.subTest(statement=statement),
                self.assertRaises(psycopg2.errors.IntegrityConstraintViolation),
                self.cr.savepoint(),
            ):
                self.cr.execute(statement)
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            self.cr.savepoint(),
        ):
            self.cr.execute("UPDATE prepaid_lot SET remaining = -0.01")

    def test_b84_b87_wizards_show_no_budget_of_another_company(self):
        """Typing the id of a foreign budget into a wizard tells nothing of it."""
        budget = self._create_budget(100.0)
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        stranger = mail_new_test_user(
            self.env(su=True),
            "stranger_of_wizards",
            groups="prepaid_billing.group_manager,prepaid_billing.group_credit",
            company_id=other.id,
        )
        for model, vals, figure in (
            ("prepaid.top.up", {"budget_id": budget.id}, "balance"),
            ("prepaid.credit", {"budget_id": budget.id}, "balance"),
            ("prepaid.close", {"budget_id": budget.id}, "balance"),
            ("prepaid.lot.change", {"lot_id": budget.lot_ids.id}, "remaining"),
        ):
            Wizard = self.env[model].with_user(stranger)
            name = next(iter(vals))
            with self.subTest(model=model), mute_logger("odoo.addons.base.models"):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    Wizard.onchange(vals, [name], {figure: {}})

    def test_b84_a_company_sees_and_uses_its_own_budgets_only(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        stranger = mail_new_test_user(
            self.env(su=True),
            "prepaid_stranger",
            groups="prepaid_billing.group_manager,base.group_user",
            company_id=other.id,
        )
        for name in ("budget", "lot", "entry", "allocation", "replenishment"):
            with self.subTest(model=name):
                self.assertFalse(
                    self.env[f"prepaid.{name}"].with_user(stranger).search([])
                )
        with self.assertRaises(AccessError):
            self.budget.with_user(stranger).top_up(10.0)
        customer = self.customer.with_user(stranger)
        self.assertEqual(customer.prepaid_balance, 0.0)
        budget = (
            self.env["prepaid.budget"]
            .sudo()
            .create({"partner_id": self.customer.id, "company_id": other.id})
        )
        self.timesheet.invalidate_recordset()
        self.assertEqual(self.timesheet.prepaid_budget_id, self.budget)
        self.assertFalse(budget.entry_ids)

    def test_an_accountant_without_prepaid_rights_moves_the_credit(self):
        """Posting, paying and crediting a top-up need no right on budgets."""
        accountant = mail_new_test_user(
            self.env(su=True),
            "prepaid_accountant",
            groups="base.group_user,account.group_account_manager",
            company_id=self.company.id,
        )
        move = self.env["account.move"].browse(self.budget.top_up(100.0))
        move.invoice_date = "2026-06-01"
        move.with_user(accountant).action_post()
        self._pay(move.with_user(accountant))
        self.assertBalance(self.budget, 600.0)
        refund = move.with_user(accountant)._reverse_moves(
            [{"invoice_date": move.invoice_date}]
        )
        refund.action_post()
        self.assertBalance(self.budget, 500.0)

    def test_who_logs_time_cannot_type_what_the_ledger_says(self):
        """Neither reset deducted time nor mark time so that it is never billed."""
        self._deduct(self.timesheet)
        line = self.timesheet.with_user(self.manager)
        vals = {"name": "Work", "project_id": self.project.id, "unit_amount": 1.0}
        vals["employee_id"] = self.employee.id
        for forged in (
            {"prepaid_state": False},
            {"prepaid_covered_hours": 0.0},
            {"prepaid_note": "Rejected"},
        ):
            with self.subTest(forged=forged):
                with self.assertRefused("cannot be typed"):
                    line.write(forged)
                with self.assertRefused("cannot be typed"):
                    line.create({**vals, **forged})
                with self.assertRefused("cannot be typed"):
                    line.copy(forged)
        created = line.with_context(
            default_prepaid_state="covered", default_prepaid_covered_hours=1.0
        ).create(vals)
        for new in created + line.copy():
            self.assertRecordValues(
                new, [{"prepaid_state": False, "prepaid_covered_hours": 0.0}]
            )
        self.assertEqual(self.timesheet.prepaid_state, "covered")
        self.assertBalance(self.budget, 400.0)

    def test_the_ledger_decides_not_the_flag(self):
        """A flag that was forged in the database opens nothing."""
        self._deduct(self.timesheet)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE account_analytic_line SET prepaid_state = NULL,"
            " prepaid_covered_hours = 0 WHERE id = %s",
            [self.timesheet.id],
        )
        self.env.invalidate_all()
        with self.assertRefused("Already deducted"):
            self._deduct(self.timesheet)
        with self.assertRefused("deducted from a prepaid budget"):
            self.timesheet.unit_amount = 5.0
        self.timesheet.with_user(self.deductor).unlink()
        self.assertBalance(self.budget, 500.0)
