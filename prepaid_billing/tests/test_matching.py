from odoo.tests import new_test_user

from .common import PrepaidCommon


class TestMatching(PrepaidCommon):
    """Which budget pays."""

    def _get_budget(self, timesheet):
        timesheet.invalidate_recordset()
        return timesheet.prepaid_budget_id

    def test_b63_contacts_use_the_budget_of_their_company(self):
        budget = self._create_budget(500.0)
        contact, sibling = self.env["res.partner"].create(
            [
                {"name": "Bob", "parent_id": self.customer.id},
                {"name": "Azure Sister", "is_company": True},
            ]
        )
        work = self._log_time(1.0, project=self._create_project(contact))
        self.assertEqual(self._get_budget(work), budget)
        group = self.env["res.partner"].create({"name": "Group", "is_company": True})
        (self.customer + sibling).parent_id = group
        work = self._log_time(1.0, project=self._create_project(sibling))
        self.assertFalse(self._get_budget(work))

    def test_b63_the_customer_of_the_order_decides(self):
        """Not that of the project: offered, held back and paid for by who is billed."""
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        own_budget = self._create_budget(500.0)
        budget = self._create_budget(300.0, partner=other)
        item = self._create_order(other).order_line
        work = self._log_time(1.0, so_line=item.id)
        self.assertEqual(work.partner_id, self.customer)
        self.assertEqual(self._get_budget(work), budget)
        self.assertEqual(work.prepaid_customer_id, other)
        self.assertEqual([own_budget.reserved, budget.reserved], [0.0, 100.0])
        self.assertEqual(other.prepaid_timesheet_count, 1)
        self.assertEqual(self.customer.prepaid_timesheet_count, 0)
        self.assertIn("300.00", work.prepaid_left)
        self.assertIn("200.00", work.prepaid_left_available)
        # The switch of the other one is none of it.
        self.customer.prepaid_on = False
        work.invalidate_recordset()
        self.assertTrue(work.is_prepaid_open)
        other.prepaid_on = False
        work.invalidate_recordset()
        self.assertFalse(work.is_prepaid_open)
        with self.assertRefused("switched off for Beta"):
            self._deduct(work)
        other.prepaid_on = True
        self._deduct(work)
        self.assertBalance(budget, 200.0)
        self.assertBalance(own_budget, 500.0)

    def test_b63_who_only_deducts_opens_the_time_of_a_customer(self):
        """The list is searched by the browser: without any right on sales orders."""
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        self._create_budget(300.0, partner=other)
        item = self._create_order(other).order_line
        work = self._log_time(1.0, so_line=item.id)
        self._log_time(1.0)
        user = new_test_user(
            self.env(su=True),
            "matching_deductor",
            groups="base.group_user,prepaid_billing.group_user,"
            "hr_timesheet.group_hr_timesheet_approver",
            company_id=self.company.id,
        )
        owner = other.with_user(user)
        self.assertEqual(owner.prepaid_timesheet_count, 1)
        domain = owner.action_view_prepaid_timesheets()["domain"]
        self.assertEqual(work.with_user(user).search(domain), work)

    def test_b63_budget_opened_for_a_contact_belongs_to_the_company(self):
        contact = self.env["res.partner"].create(
            {"name": "Bob", "parent_id": self.customer.id}
        )
        budget = self._create_budget(partner=contact)
        self.assertEqual(budget.partner_id, self.customer)

    def test_b64_the_most_specific_scope_wins_then_priority_then_age(self):
        general = self._create_budget(100.0)
        preferred = self._create_budget(100.0, sequence=5)
        special = self._create_budget(
            100.0, scope="projects", project_ids=self.project.ids, sequence=50
        )
        self.assertEqual(self._get_budget(self._log_time(1.0)), special)
        other = self._log_time(1.0, project=self._create_project(self.customer))
        self.assertEqual(self._get_budget(other), preferred)
        preferred.sequence = general.sequence
        self.assertEqual(self._get_budget(other), general)

    def test_b64_a_scope_that_lost_its_last_project_pays_for_nothing(self):
        budget = self._create_budget(
            100.0, scope="projects", project_ids=self.project.ids
        )
        work = self._log_time(1.0)
        self.assertEqual(self._get_budget(work), budget)
        budget.project_ids = False
        self.assertFalse(self._get_budget(work))
        with self.assertRefused("No budget"):
            self._deduct(work)

    def test_b65_work_before_the_credit_is_covered_only_if_ticked(self):
        budget = self._create_budget(cover_earlier_work=False)
        self._buy(budget, 500.0, day="2026-06-10")
        early = self._log_time(1.0, day="2026-06-09")
        with self.assertRefused("starts after this work"):
            self._deduct(early)
        self._deduct(self._log_time(1.0, day="2026-06-10"))
        self.assertBalance(budget, 400.0)
        budget.cover_earlier_work = True
        self._deduct(early)
        self.assertBalance(budget, 300.0)

    def test_b65_no_overdraft_beside_credit_that_is_kept_for_later_work(self):
        budget = self._create_budget(
            cover_earlier_work=False, shortage_policy="overdraft", overdraft_limit=500.0
        )
        self._buy(budget, 500.0, day="2026-06-10")
        with self.assertRefused("starts after this work"):
            self._deduct(self._log_time(1.0, day="2026-06-09"))
        self.assertBalance(budget, 500.0)

    def test_b63_customer_who_becomes_a_contact_brings_the_budget_along(self):
        person = self.env["res.partner"].create({"name": "Cleo"})
        budget = self._create_budget(100.0, partner=person)
        person.parent_id = self.customer
        self.assertEqual(person.commercial_partner_id, self.customer)
        work = self._log_time(1.0, project=self._create_project(person))
        self.assertEqual(self._get_budget(work), budget)
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.prepaid_balance, 100.0)
