"""A company that logs time in days: budgets, prices and figures agree (B61)."""

from odoo import Command

from .common import PrepaidCommon


class TestDays(PrepaidCommon):
    """One day is eight hours; the time itself is kept in hours, or in days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")
        cls.day = cls.env.ref("uom.product_uom_day")
        cls.hour = cls.env.ref("uom.product_uom_hour")
        cls.company.sudo().timesheet_encode_uom_id = cls.day
        cls.daily = cls._create_service(
            name="Day of consulting", uom_id=cls.day.id, list_price=800.0
        )
        cls.order = cls._create_order(cls.customer, price=800.0, product=cls.daily)
        cls.line = cls.order.order_line
        cls.project = cls._create_project(cls.customer, cls.order)

    def _keep_in_days(self):
        """The project's unit of time is the day as well: time is stored in days."""
        self.company.sudo().project_time_mode_id = self.day

    def _log_days(self, days, **vals):
        """Log time as the field of the form does: in the unit that is stored."""
        unit = self.company.project_time_mode_id
        work = self._log_time(
            self.day._compute_quantity(days, unit, round=False), **vals
        )
        self.assertEqual(work.product_uom_id, unit)
        return work

    def _open_hours_budget(self, hours, **vals):
        budget = self._create_budget(unit="hours", **vals)
        if hours:
            budget.grant(hours, "Welcome")
        return budget

    def assertDay(self, budget, work):
        """One day of 20 h: the same 8 h wherever somebody looks."""
        entry = work.sudo().prepaid_entry_ids
        self.assertRecordValues(entry, [{"hours": 8.0, "quantity": -8.0}])
        self.assertRecordValues(
            work, [{"prepaid_state": "covered", "prepaid_covered_hours": 8.0}]
        )
        today = self.company._get_autopay_today()
        row = budget._get_statement(today, today)["rows"][-1]
        self.assertEqual((row["hours"], row["amount"], row["balance"]), (8.0, -8.0, 12))
        movement = budget._prepare_portal_movement(entry, "Used", False)
        self.assertEqual(
            (movement["hours"], movement["amount"], movement["balance"]),
            (8.0, -8.0, 12.0),
        )
        self.assertIn("12.00", work.prepaid_left)
        self.assertEqual(self.line.qty_delivered, 0.0)
        self.assertBalance(budget, 12.0)

    def test_b61_a_day_takes_eight_hours(self):
        """Logged in days and stored in hours, which is Odoo's usual way."""
        budget = self._open_hours_budget(20.0)
        work = self._log_days(1.0)
        self.assertEqual(work.unit_amount, 8.0)
        self.assertEqual(work.prepaid_value, 8.0)
        self.assertEqual(budget.available, 12.0)
        self._deduct(work)
        self.assertDay(budget, work)

    def test_b61_a_day_that_is_stored_as_a_day_takes_eight_hours(self):
        self._keep_in_days()
        budget = self._open_hours_budget(20.0)
        work = self._log_days(1.0)
        self.assertEqual(work.unit_amount, 1.0)
        self.assertEqual(work.prepaid_value, 8.0)
        self.assertEqual(budget.available, 12.0)
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": work.ids})
        self.assertRecordValues(
            wizard.line_ids, [{"hours": 8.0, "covered_hours": 8.0, "covered": 8.0}]
        )
        wizard.action_confirm()
        self.assertDay(budget, work)
        # And back, in parts: a quarter of a day, then the rest of it.
        self._deduct(self._log_days(-0.25))
        self.assertBalance(budget, 14.0)
        work.action_prepaid_return()
        self.assertBalance(budget, 20.0)

    def test_b61_b44_half_of_a_day_is_covered(self):
        """4 h left: half a day is deducted, half a day is left to invoice."""
        self._keep_in_days()
        budget = self._open_hours_budget(4.0)
        work = self._log_days(1.0)
        self._deduct(work)
        self.assertBalance(budget, 0.0)
        self.assertRecordValues(
            work, [{"prepaid_state": "partial", "prepaid_covered_hours": 4.0}]
        )
        self.assertEqual(self.line.qty_to_invoice, 0.5)
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 400.0)
        invoice.action_post()
        self.assertEqual(self.line.qty_to_invoice, 0.0)

    def test_b61_a_service_priced_per_day_on_a_money_budget(self):
        """800 a day: 0.5 d is 400, 2 h are 200, however they were stored."""
        budget = self._create_budget(1000.0)
        stored_in_hours = self._log_days(0.5)
        self._keep_in_days()
        stored_in_days = self._log_days(0.25)
        both = stored_in_hours + stored_in_days
        self.assertEqual(both.mapped("prepaid_rate"), [100.0, 100.0])
        self.assertEqual(both.mapped("prepaid_value"), [400.0, 200.0])
        self._deduct(both)
        self.assertBalance(budget, 400.0)
        self.assertEqual(self.line.qty_to_invoice, 0.0)
        # 4.00 of 8 h at 100: the rest is whole steps of the order's unit.
        rest = self._log_days(1.0)
        self._deduct(rest)
        self.assertBalance(budget, 0.0)
        self.assertEqual(rest.prepaid_covered_hours, 4.0)
        self.assertEqual(self.line.qty_to_invoice, 0.5)

    def test_b61_b58_what_is_covered_and_what_is_billed_is_the_whole_day(self):
        """130 left of a day at 800: steps of a hundredth of a day, nothing is lost."""
        self._keep_in_days()
        budget = self._create_budget(130.0)
        work = self._log_days(1.0)
        self._deduct(work)
        taken = 130.0 - budget.balance
        self.assertEqual(taken + 800.0 * self.line.qty_to_invoice, 800.0)
        self.assertLess(budget.balance, 8.0)
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_untaxed + taken, 800.0)

    def test_b61_price_list_and_budget_rate_are_per_hour(self):
        """Without an order: 1 d at 90/h is 720; the price list says 800 a day."""
        self._keep_in_days()
        project = self._create_project(self.customer)
        budget = self._create_budget(2000.0, hourly_rate=90.0)
        self._deduct(self._log_days(1.0, project=project))
        self.assertBalance(budget, 1280.0)
        budget.write({"hourly_rate": 0.0, "service_product_id": self.daily.id})
        self._deduct(self._log_days(1.0, project=project))
        self.assertBalance(budget, 480.0)

    def test_b60_b61_steps_of_minutes_of_days(self):
        """A tenth of a day is 48 minutes: an hour in steps of 15. Weighted: twice."""
        self._keep_in_days()
        budget = self._open_hours_budget(20.0, time_increment=15)
        work = self._log_days(0.1)
        entry = self._deduct(work)
        self.assertRecordValues(entry, [{"quantity": -1.0, "counted_hours": 1.0}])
        self.assertAlmostEqual(entry.hours, 0.8)
        self.assertEqual(work.prepaid_state, "covered")
        self.assertAlmostEqual(work.unit_amount, 0.1)
        self._deduct(self._log_days(0.125))
        self.assertBalance(budget, 18.0)
        self.env["prepaid.weight.rule"].create(
            {
                "name": "Urgent",
                "company_id": self.company.id,
                "weight": 2.0,
                "employee_ids": [Command.set(self.employee.ids)],
            }
        )
        self._deduct(self._log_days(0.1))
        self.assertBalance(budget, 16.0)

    def test_b61_bf17_days_beyond_the_budget(self):
        """Half a day is covered; the other half costs 130 an hour: 520."""
        self._keep_in_days()
        self._open_hours_budget(4.0, overflow_policy="own", overflow_rate=130.0)
        work = self._log_days(1.0)
        self._deduct(work)
        beyond = self.order.order_line - self.line
        self.assertRecordValues(
            beyond, [{"qty_to_invoice": 4.0, "product_uom_id": self.hour.id}]
        )
        self.assertEqual(self.line.qty_to_invoice, 0.0)
        self.assertEqual(self.order._create_invoices().amount_untaxed, 520.0)

    def test_b61_the_unit_changes_between_time_and_deduction(self):
        """The company turns to days later: each entry keeps the unit that it has."""
        budget = self._open_hours_budget(20.0)
        before = self._log_days(1.0)
        self._keep_in_days()
        after = self._log_days(1.0)
        self._deduct(before + after)
        self.assertBalance(budget, 4.0)
        self.assertEqual((before + after).mapped("prepaid_covered_hours"), [8.0, 8.0])

    def test_b61_bf15_days_saved_and_edited_on_a_budget_drawn_down_on_saving(self):
        self._keep_in_days()
        budget = self._open_hours_budget(20.0, consumption_mode="save")
        work = self._log_days(1.0)
        self.assertBalance(budget, 12.0)
        work.sudo().unit_amount = 0.5
        self.assertBalance(budget, 16.0)
        # The same time, said in hours.
        work.sudo().write({"unit_amount": 4.0, "product_uom_id": self.hour.id})
        self.assertBalance(budget, 16.0)
        self.assertEqual(self.line.qty_delivered, 0.0)
