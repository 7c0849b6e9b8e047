from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form

from .common import PrepaidCommon


class TestDeduction(PrepaidCommon):
    """From time entries to the ledger (spec 2.4)."""

    def test_bf16_b44_partly_covered_entry_invoices_its_rest(self):
        """60 of 100: 40 stay billable; a later top-up covers them only when asked."""
        budget = self._create_budget(60.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        self.assertBalance(budget, 0.0)
        self.assertEqual(timesheet.prepaid_state, "partial")
        self.assertEqual(timesheet.unit_amount, 1.0)
        line = self.order.order_line
        self.assertAlmostEqual(line.qty_delivered, 0.4)

        self._buy(budget, 500.0)
        self.assertEqual(timesheet.prepaid_state, "partial")
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 40.0)

    def test_b44_rest_is_covered_when_asked(self):
        budget = self._create_budget(60.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        self._buy(budget, 500.0)
        self._deduct(timesheet)
        self.assertBalance(budget, 460.0)
        self.assertEqual(timesheet.prepaid_state, "covered")
        self.assertEqual(self.order.order_line.qty_delivered, 0.0)

    def test_b44_part_that_cannot_be_billed_by_the_cent_stays_in_the_lot(self):
        """33.33 left for an hour at 100: 0.33 h covered, 0.67 h invoiced: 100.00."""
        budget = self._create_budget(33.33)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        self.assertBalance(budget, 0.33)
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 67.0)

    def test_b01_refuse_takes_all_or_nothing(self):
        budget = self._create_budget(100.0, shortage_policy="refuse")
        self._spend(80.0)
        with self.assertRefused("80.00 needed"):
            self._spend(80.0)
        self.assertBalance(budget, 20.0)

    def test_bf18_preview_quotes_what_earlier_rows_leave(self):
        """435: the first entry takes 400, so 35 are left for the second."""
        budget = self._create_budget(435.0, shortage_policy="refuse")
        timesheets = self._log_time(4.0) + self._log_time(1.0, day="2026-06-16")
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": timesheets.ids})
        self.assertRegex(wizard.line_ids[1].obstacle, r"100\.00 needed, \D*35\.00 left")
        self.assertBalance(budget, 435.0)

    def test_bf19_preview_quotes_the_overdraft_too(self):
        self._create_budget(100.0, shortage_policy="overdraft", overdraft_limit=200.0)
        timesheets = self._log_time(2.5) + self._log_time(1.0, day="2026-06-16")
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": timesheets.ids})
        self.assertRegex(wizard.line_ids[1].obstacle, r"100\.00 needed, \D*50\.00 left")

    def test_b66_overdraft_reaches_its_limit_and_not_a_cent_more(self):
        budget = self._create_budget(
            100.0, shortage_policy="overdraft", overdraft_limit=200.0
        )
        with self.assertRaises(UserError):
            self._spend(300.01, project=self._create_project(self.customer, self.order))
        self._spend(300.0)
        self.assertBalance(budget, -200.0)
        with self.assertRaises(UserError):
            self._spend(1.0)

    def test_b54_deducted_time_is_not_invoiced_and_invoiced_time_not_deducted(self):
        self._create_budget(1000.0)
        deducted, invoiced = self._log_time(2.0), self._log_time(3.0)
        self._deduct(deducted)
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.quantity, 3.0)
        self.assertEqual(invoice.timesheet_ids, invoiced)
        self.assertFalse(deducted.timesheet_invoice_id)
        with self.assertRefused("Invoiced on"):
            self._deduct(invoiced)
        deducted.action_prepaid_return()
        self.assertEqual(self.order.order_line.qty_to_invoice, 2.0)

    def test_b54_invoicing_a_period_leaves_deducted_time_out(self):
        self._create_budget(130.0)
        timesheets = self._log_time(1.0) + self._log_time(2.0)
        self._deduct(timesheets)
        wizard = (
            self.env["sale.advance.payment.inv"]
            .sudo()
            .with_context(active_model="sale.order", active_ids=self.order.ids)
            .create(
                {
                    "advance_payment_method": "delivered",
                    "date_start_invoice_timesheet": "2026-06-01",
                    "date_end_invoice_timesheet": "2026-06-30",
                }
            )
        )
        invoice = wizard._create_invoices(self.order)
        self.assertAlmostEqual(invoice.invoice_line_ids.quantity, 1.7)
        self.assertEqual(invoice.timesheet_ids, timesheets[1])

    def test_b54_hours_of_many_entries_are_rounded_once(self):
        """Twenty minutes deducted leave twenty minutes, not 0.34 hours."""
        self._create_budget(1000.0)
        self._deduct(self._log_time(1 / 3))
        self._log_time(1 / 3)
        self.assertEqual(self.order.order_line.qty_delivered, 0.33)

    def test_b54_returned_part_needs_the_invoice_of_the_rest_credited(self):
        self._create_budget(60.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        invoice = self.order._create_invoices().with_env(self.env)
        invoice.action_post()
        with self.assertRefused("cancel that invoice first"):
            timesheet.action_prepaid_return()
        with self.assertRefused("cancel that invoice first"):
            timesheet.prepaid_entry_ids.action_return_time()

    def test_bf24_one_entry_of_two_is_returned(self):
        budget = self._create_budget(60.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        self._buy(budget, 500.0)
        rest = self._deduct(timesheet)
        rest.action_return_time()
        self.assertBalance(budget, 500.0)
        self.assertEqual(timesheet.prepaid_state, "partial")
        with self.assertRefused("nothing to return"):
            rest.action_return_time()

    def test_bf24_return_leaves_both_rows_visible(self):
        budget = self._create_budget(500.0)
        entry = self._spend(200.0)
        self.assertFalse(entry.is_returned)
        entry.timesheet_id.action_prepaid_return()
        self.assertBalance(budget, 500.0)
        self.assertTrue(entry.is_returned)
        release = budget.entry_ids[0]
        self.assertFalse(release.is_returned)
        self.assertRecordValues(
            release, [{"kind": "release", "quantity": 200.0, "origin_id": entry.id}]
        )
        self.assertTrue(release.reason)
        self.assertEqual(entry.quantity, -200.0)

    def test_b51_return_deduct_return_again(self):
        budget = self._create_budget(500.0)
        timesheet = self._log_time(2.0)
        for _round in range(3):
            self._deduct(timesheet)
            self.assertBalance(budget, 300.0)
            timesheet.action_prepaid_return()
            self.assertBalance(budget, 500.0)
        with self.assertRefused("nothing to return"):
            timesheet.action_prepaid_return()

    def test_b50_return_goes_to_the_same_lots(self):
        budget = self._create_budget(100.0)
        self._buy(budget, 200.0, day="2026-06-02")
        first, second = budget.lot_ids
        entry = self._spend(150.0)
        self.assertEqual((first.remaining, second.remaining), (0.0, 150.0))
        self._buy(budget, 400.0, day="2026-05-01")
        entry.action_return_time()
        self.assertEqual((first.remaining, second.remaining), (100.0, 200.0))
        self.assertBalance(budget, 700.0)

    def test_bf64_every_use_is_traced_to_its_lot(self):
        budget = self._create_budget(100.0)
        self._buy(budget, 200.0, day="2026-06-02")
        entry = self._spend(150.0)
        self.assertRecordValues(
            entry.allocation_ids,
            [
                {"lot_id": budget.lot_ids[0].id, "quantity": -100.0},
                {"lot_id": budget.lot_ids[1].id, "quantity": -50.0},
            ],
        )

    def test_b03_the_same_key_returns_the_same_entries(self):
        budget = self._create_budget(500.0)
        timesheets = self._log_time(1.0) + self._log_time(2.0)
        first = self._deduct(timesheets, "request-1")
        self.assertEqual(len(first), 2)
        self.assertEqual(self._deduct(timesheets, "request-1"), first)
        self.assertBalance(budget, 200.0)
        with self.assertRefused("Already deducted"):
            self._deduct(timesheets, "request-2")
        with self.assertRefused("used for other time entries"):
            self._deduct(self._log_time(1.0), "request-1")

    def test_b53_copy_is_not_deducted(self):
        self._create_budget(500.0)
        entry = self._spend(200.0)
        copy = entry.timesheet_id.sudo().copy()
        self.assertFalse(copy.prepaid_state)
        self.assertEqual(copy.prepaid_covered_hours, 0.0)
        self.assertFalse(copy.prepaid_entry_ids)

    def test_b53_deducted_entries_are_not_merged(self):
        """Mock: the base of core's merging is not in Community, only its hook is."""
        self._create_budget(500.0)
        deducted, free = self._spend(200.0).timesheet_id, self._log_time(1.0)
        hook = (
            "odoo.addons.sale_timesheet.models.hr_timesheet"
            ".AccountAnalyticLine._get_timesheets_to_merge"
        )
        with patch(hook, lambda timesheets: timesheets):
            self.assertEqual((deducted + free)._get_timesheets_to_merge(), free)

    def test_bf22_b55_later_change_of_the_sale_line_keeps_the_budget(self):
        budget = self._create_budget(500.0)
        entry = self._spend(200.0)
        self._log_time(1.0)
        other = self._create_order(self.customer, price=150.0)
        self.project.sale_line_id = other.order_line
        self.assertEqual(entry.timesheet_id.so_line, self.order.order_line)
        self.assertEqual(entry.budget_id, budget)
        self.assertBalance(budget, 300.0)

    def test_b58_twenty_minutes_three_times(self):
        """33.33 x 3 = 99.99, an hour is 100.00; lots and rows add up exactly."""
        budget = self._create_budget(200.0)
        for _third in range(3):
            self.assertEqual(self._deduct(self._log_time(1 / 3)).quantity, -33.33)
        self.assertBalance(budget, 100.01)
        self.assertEqual(self._deduct(self._log_time(1.0)).quantity, -100.0)
        self.assertBalance(budget, 0.01)

    def test_b59_currencies_without_and_with_three_decimals(self):
        for code, rounding, expected in (("JPY", 1.0, 33.0), ("KWD", 0.001, 33.333)):
            with self.subTest(currency=code):
                currency = self.setup_other_currency(
                    code, rounding=rounding, rates=[("2026-01-01", 1.0)]
                )
                partner = self.customer.copy({"name": code})
                budget = self._create_budget(
                    100.0, partner, currency_id=currency.id, hourly_rate=100.0
                )
                project = self._create_project(partner)
                entry = self._deduct(self._log_time(1 / 3, project=project))
                self.assertEqual(entry.quantity, -expected)
                self.assertBalance(budget, 100.0 - expected)

    def test_bf13_preview_shows_what_is_short_and_why(self):
        """The wizard as the user meets it: nothing is booked before it is confirmed."""
        budget = self._create_budget(150.0)
        timesheets = self._log_time(1.0) + self._log_time(1.0, day="2026-06-16")
        fixed = self._create_order(
            self.customer,
            product=self._create_service(service_policy="ordered_prepaid"),
        )
        project = self._create_project(self.customer, fixed)
        timesheets += self._log_time(1.0, project=project, day="2026-06-17")
        action = timesheets.action_prepaid_deduct()
        wizard = self.env["prepaid.deduct"].browse(action["res_id"])
        with Form(wizard) as form:
            self.assertEqual(form.short_count, 1)
        self.assertRecordValues(
            wizard.line_ids,
            [
                {"covered": 100.0, "short": 0.0},
                {"covered": 50.0, "short": 50.0},
                {"covered": 0.0, "short": 0.0},
            ],
        )
        self.assertIn("Billed by", wizard.line_ids[2].obstacle)
        self.assertRecordValues(
            wizard.summary_ids,
            [{"before": 150.0, "covered": 150.0, "after": 0.0, "short": 50.0}],
        )
        self.assertBalance(budget, 150.0)
        wizard.action_confirm()
        self.assertBalance(budget, 0.0)
        wizard.action_confirm()
        self.assertEqual(len(budget.entry_ids), 3)

    def test_bf18_server_action_on_the_timesheet_list(self):
        self._create_budget(500.0)
        timesheet = self._log_time(1.0)
        action = self.env.ref("prepaid_billing.ir_actions_server_prepaid_deduct")
        result = (
            action.with_context(
                active_model="account.analytic.line", active_ids=timesheet.ids
            )
            .with_user(self.env.user)
            .run()
        )
        self.assertEqual(result["res_model"], "prepaid.deduct")
        self.env["prepaid.deduct"].browse(result["res_id"]).action_confirm()
        self.assertEqual(timesheet.prepaid_state, "covered")

    def test_bf71_staff_see_the_balance_on_the_customer(self):
        self._create_budget(500.0)
        contact = self.env["res.partner"].create(
            {"name": "Bob", "parent_id": self.customer.id}
        )
        self.assertEqual(self.customer.prepaid_balance, 500.0)
        self.assertEqual(contact.prepaid_balance, 500.0)
        self._log_time(1.0)
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.prepaid_timesheet_count, 1)
        action = self.customer.action_view_prepaid_timesheets()
        found = self.env["account.analytic.line"].search(action["domain"])
        self.assertEqual(found.prepaid_value, 100.0)
        self.assertEqual(found.prepaid_rate_source, "sale_line")

    def test_b61_days_and_hours(self):
        """One hour of a day priced at 800 is worth 100."""
        budget = self._create_budget(1000.0)
        day = self.env.ref("uom.product_uom_day")
        product = self._create_service(uom_id=day.id)
        order = self._create_order(self.customer, price=800.0, product=product)
        project = self._create_project(self.customer, order)
        entry = self._deduct(self._log_time(1.0, project=project))
        self.assertEqual(entry.quantity, -100.0)
        timesheet = self._log_time(0.5, project=project, product_uom_id=day.id)
        entry = self._deduct(timesheet)
        self.assertRecordValues(entry, [{"quantity": -400.0, "hours": 4.0}])
        self.assertEqual(timesheet.prepaid_state, "covered")
        self.assertBalance(budget, 500.0)

    def test_b88_no_way_around_the_ledger(self):
        """Neither a write of the sum nor a second use of the same key."""
        budget = self._create_budget(100.0)
        with self.assertRefused("sum of its ledger"):
            budget.balance = 1000.0
        with self.assertRefused("sum of its ledger"):
            self._create_budget(balance=1000.0)
        with self.assertRefused("history"):
            budget.entry_ids.sudo().write({"quantity": 1000.0})
        with self.assertRaises(UserError):
            budget.entry_ids.sudo().unlink()
        with self.assertRaises(UserError):
            budget.unlink()

    def test_b88_reimported_values_cannot_link_entries(self):
        """Entries are not reachable through the fields of other records."""
        budget = self._create_budget(100.0)
        vals = {"entry_ids": [Command.update(budget.entry_ids.id, {"quantity": 5.0})]}
        with self.assertRaises(UserError):
            budget.sudo().write(vals)
