"""What is available: the balance less the time that waits to be deducted."""

from odoo.tests import new_test_user

from .common import PrepaidCommon


class TestAvailable(PrepaidCommon):
    def assertAvailable(self, budget, reserved, available):
        budget.invalidate_recordset()
        self.assertRecordValues(
            budget, [{"reserved": reserved, "available": available}]
        )

    def test_b68_logged_time_lowers_what_is_available_not_the_balance(self):
        budget = self._create_budget(500.0)
        self.assertAvailable(budget, 0.0, 500.0)
        first, second = self._log_time(2.0), self._log_time(1.0)
        self.assertBalance(budget, 500.0)
        self.assertAvailable(budget, 300.0, 200.0)
        # Deducted: out of the balance, and held back no longer.
        self._deduct(first)
        self.assertBalance(budget, 300.0)
        self.assertAvailable(budget, 100.0, 200.0)
        second.action_prepaid_reject()
        self.assertAvailable(budget, 0.0, 300.0)
        second.action_prepaid_undecide()
        self.assertAvailable(budget, 100.0, 200.0)
        second.action_prepaid_approve()
        self.assertAvailable(budget, 100.0, 200.0)
        first.action_prepaid_return()
        self.assertAvailable(budget, 300.0, 200.0)

    def test_b68_only_what_this_budget_would_pay_for(self):
        general = self._create_budget(500.0)
        special = self._create_budget(
            500.0, scope="projects", project_ids=self.project.ids
        )
        self._log_time(1.0)
        self._log_time(2.0, project=self._create_project(self.customer, self.order))
        self._log_time(4.0, so_line=False, is_so_line_edited=True)  # not billable
        self.order._create_invoices()
        self._log_time(0.5)
        self.assertAvailable(special, 50.0, 450.0)
        self.assertAvailable(general, 0.0, 500.0)

    def test_b68_the_rest_of_partly_covered_time_is_billed_not_held_back(self):
        budget = self._create_budget(60.0)
        self._deduct(self._log_time(1.0))
        self._buy(budget, 100.0)
        self.assertAvailable(budget, 0.0, 100.0)

    def test_b68_available_may_be_below_zero(self):
        budget = self._create_budget(100.0)
        self._log_time(3.0)
        self.assertAvailable(budget, 300.0, -200.0)

    def test_b68_hours_are_held_back_as_hours(self):
        hours = self.env["res.currency"]._get_prepaid_hours()
        budget = self._create_budget(unit="hours")
        self.assertEqual(budget.currency_id, hours)
        self._log_time(1.5)
        self.assertAvailable(budget, 1.5, -1.5)

    def test_b68_one_batch_for_all_budgets(self):
        """The number of statements does not grow with budgets and time."""

        def build(count):
            partners = self.env["res.partner"].create(
                [{"name": f"C {n}", "is_company": True} for n in range(count)]
            )
            budgets = self.env["prepaid.budget"]
            for partner in partners:
                budgets += self._create_budget(partner=partner)
                project = self._create_project(partner, self._create_order(partner))
                self._log_time(1.0, project=project)
                self._log_time(2.0, project=project)
            self.env.flush_all()
            return budgets

        def count_statements(budgets):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(set(budgets.mapped("reserved")), {300.0})
            return self.env.cr.sql_log_count - before

        few, many = build(2), build(12)
        count_statements(few)
        self.assertEqual(count_statements(many), count_statements(few))

    def test_b68_bf55_seen_where_time_is_logged(self):
        """And no rate: employees see amounts that remain, nothing else (B87)."""
        self._create_budget(500.0)
        work = self._log_time(2.0)
        logger = new_test_user(
            self.env(su=True),
            "available_logger",
            groups="hr_timesheet.group_hr_timesheet_user,project.group_project_user",
            company_id=self.company.id,
        )
        partner = self.customer.with_user(logger)
        self.assertEqual(partner.prepaid_available, 300.0)
        self.assertTrue(partner.is_prepaid_reserved)
        self.assertIn("300.00", work.sudo().with_user(logger).prepaid_left_available)
        work.action_prepaid_reject()
        self.env.invalidate_all()
        self.assertFalse(partner.is_prepaid_reserved)
        self.assertFalse(work.with_user(logger).prepaid_left_available)

    def test_b68_sums_follow_the_companies_that_are_chosen(self):
        """Another choice in the same request is another sum."""
        company = self.setup_other_company(name="Second")["company"]
        self.env.user.company_ids += company
        self._create_budget(500.0)
        self._create_budget(company_id=company.id, product_id=False, hourly_rate=100.0)
        ben = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Ben", "company_id": company.id})
        )
        project = self._create_project(self.customer, company_id=company.id)
        self._log_time(1.0)
        self._log_time(2.0, project=project, employee_id=ben.id)

        def read(*companies):
            ids = [chosen.id for chosen in companies]
            partner = self.customer.with_context(allowed_company_ids=ids)
            return (
                partner.prepaid_budget_count,
                partner.prepaid_timesheet_count,
                partner.prepaid_available,
            )

        self.assertEqual(read(self.company), (1, 1, 400.0))
        self.assertEqual(read(self.company, company), (2, 2, 200.0))
        self.assertEqual(read(self.company), (1, 1, 400.0))

    def test_b68_customer_sees_it_only_if_it_is_shown(self):
        budget = self._create_budget(500.0)
        self._log_time(2.0)
        portal = new_test_user(
            self.env(su=True), "available_portal", groups="base.group_portal"
        )
        portal.partner_id.parent_id = self.customer
        self.assertFalse(budget.with_user(portal)._get_portal_available())
        budget.show_available = True
        self.assertEqual(
            budget.with_user(portal)._get_portal_available(), (200.0, 300.0)
        )
