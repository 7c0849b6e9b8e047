from .common import PrepaidCommon


class TestEdit(PrepaidCommon):
    """Deducted time that is edited, moved or deleted."""

    def test_b48_edit_is_refused_by_default(self):
        budget = self._create_budget(500.0)
        timesheet = self._spend(200.0).timesheet_id
        for vals in (
            {"unit_amount": 3.0},
            {"date": "2026-06-20"},
            {"so_line": False},
            {"project_id": self._create_project(self.customer).id},
        ):
            with self.subTest(vals=vals), self.assertRefused("Return it"):
                timesheet.sudo().write(vals)
        timesheet.sudo().name = "A better description"
        self.assertBalance(budget, 300.0)

    def test_b48_edit_is_returned_and_deducted_again_if_set(self):
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(500.0)
        timesheet = self._spend(200.0).timesheet_id
        timesheet.sudo().unit_amount = 3.0
        self.assertBalance(budget, 200.0)
        self.assertRecordValues(
            budget.entry_ids[:3],
            [
                {"kind": "consume", "quantity": -300.0},
                {"kind": "release", "quantity": 200.0},
                {"kind": "consume", "quantity": -200.0},
            ],
        )
        self.assertEqual(timesheet.prepaid_state, "covered")
        self.assertEqual(timesheet.prepaid_covered_hours, 3.0)

    def test_b48_edit_is_possible_on_screen_if_set(self):
        self._create_budget(500.0)
        timesheet = self._spend(200.0).timesheet_id
        self.assertTrue(timesheet.readonly_timesheet)
        self.company.prepaid_edit_policy = "rebook"
        timesheet.invalidate_recordset()
        self.assertFalse(timesheet.readonly_timesheet)

    def test_b49_deleted_time_returns_to_the_same_lot(self):
        budget = self._create_budget(100.0)
        self._buy(budget, 200.0, day="2026-06-02")
        timesheet = self._spend(150.0).timesheet_id
        timesheet.sudo().unlink()
        self.assertBalance(budget, 300.0)
        self.assertEqual(budget.lot_ids.mapped("remaining"), [100.0, 200.0])
        self.assertEqual(budget.entry_ids[0].kind, "release")
        self.assertEqual(len(budget.entry_ids), 4)

    def test_b52_moved_to_another_customer(self):
        """Given back to A; on B it waits like any other time."""
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(500.0)
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        other_budget = self._create_budget(500.0, partner=other)
        timesheet = self._spend(200.0).timesheet_id
        project = self._create_project(other, self._create_order(other))
        timesheet.sudo().project_id = project
        self.assertBalance(budget, 500.0)
        self.assertBalance(other_budget, 500.0)
        self.assertFalse(timesheet.prepaid_state)
        timesheet.invalidate_recordset()
        self.assertEqual(timesheet.prepaid_budget_id, other_budget)

    def test_bf21_edited_to_another_rate(self):
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(500.0)
        timesheet = self._spend(200.0).timesheet_id
        order = self._create_order(self.customer, price=150.0)
        timesheet.sudo().so_line = order.order_line
        self.assertBalance(budget, 200.0)

    def test_b55_customer_of_the_project_changes(self):
        """History is immune to later re-linking (BF22)."""
        budget = self._create_budget(500.0)
        timesheet = self._spend(200.0).timesheet_id
        other = self.env["res.partner"].create({"name": "Beta", "is_company": True})
        self.project.write({"sale_line_id": False, "partner_id": other.id})
        self.assertEqual(timesheet.partner_id, self.customer)
        self.assertBalance(budget, 300.0)

    def test_b48_edit_is_refused_while_the_rest_is_invoiced(self):
        """Else the covered part would be neither deducted nor invoiced."""
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(100.0)
        timesheet = self._log_time(2.0)
        self._deduct(timesheet)
        self.order.sudo()._create_invoices().action_post()
        with self.assertRefused("is invoiced on"):
            timesheet.sudo().write({"prepaid_hour_from": 20.0})
        self.assertBalance(budget, 0.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)
