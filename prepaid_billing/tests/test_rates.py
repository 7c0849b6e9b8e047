from odoo import Command

from .common import PrepaidCommon


class TestRates(PrepaidCommon):
    """What time is worth, and why."""

    def _get_rate(self, timesheet):
        timesheet.invalidate_recordset()
        return (timesheet.prepaid_rate, timesheet.prepaid_rate_source)

    def test_rate_of_the_sales_order_item_with_its_discount(self):
        self._create_budget(1000.0, hourly_rate=10.0)
        self.order.order_line.discount = 10.0
        timesheet = self._log_time(1.0)
        self.assertEqual(self._get_rate(timesheet), (90.0, "sale_line"))
        self.assertEqual(
            timesheet.prepaid_rate_reason, f"{self.order.name} - Consulting"
        )

    def test_rate_is_without_tax_where_prices_include_it(self):
        included = self.tax.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        self.pack.taxes_id = included
        budget = self._create_budget(1000.0)
        self.assertBalance(budget, 1000.0)
        order = self._create_order(
            self.customer, price=115.0, tax_ids=[Command.set(included.ids)]
        )
        timesheet = self._log_time(
            2.0, project=self._create_project(self.customer, order)
        )
        self.assertEqual(self._deduct(timesheet).quantity, -200.0)

    def test_rate_of_the_budget_for_time_without_an_order(self):
        self._create_budget(1000.0, hourly_rate=80.0)
        timesheet = self._log_time(1.5, project=self._create_project(self.customer))
        self.assertEqual(self._get_rate(timesheet), (80.0, "budget"))
        self.assertNotIn("Azure", timesheet.prepaid_rate_reason)
        self.assertEqual(self._deduct(timesheet).quantity, -120.0)

    def test_b57_price_list_of_the_work_date(self):
        """Prices that change later leave history alone; open work has its own day's."""
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Agreed",
                "item_ids": [
                    Command.create(
                        {
                            "compute_price": "fixed",
                            "fixed_price": price,
                            "applied_on": "1_product",
                            "product_tmpl_id": self.service.product_tmpl_id.id,
                            "date_start": start,
                            "date_end": end,
                        }
                    )
                    for price, start, end in (
                        (60.0, "2026-01-01 00:00:00", "2026-06-30 23:59:59"),
                        (75.0, "2026-07-01 00:00:00", "2026-12-31 23:59:59"),
                    )
                ],
            }
        )
        self.customer.property_product_pricelist = pricelist
        self._create_budget(1000.0, service_product_id=self.service.id)
        project = self._create_project(self.customer)
        june = self._log_time(1.0, project=project, day="2026-06-15")
        july = self._log_time(1.0, project=project, day="2026-07-15")
        self.assertEqual(self._get_rate(june), (60.0, "pricelist"))
        self.assertEqual(self._get_rate(july), (75.0, "pricelist"))
        entry = self._deduct(june)
        pricelist.sudo().item_ids.fixed_price = 500.0
        self.assertRecordValues(entry, [{"quantity": -60.0, "rate": 60.0}])
        self.assertEqual(self._get_rate(july), (500.0, "pricelist"))

    def test_rate_of_the_price_list_is_without_tax(self):
        included = self.tax.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        service = self._create_service(
            list_price=115.0, taxes_id=[Command.set(included.ids)]
        )
        self.customer.property_product_pricelist = False
        self._create_budget(1000.0, service_product_id=service.id)
        timesheet = self._log_time(1.0, project=self._create_project(self.customer))
        self.assertEqual(self._get_rate(timesheet), (100.0, "pricelist"))

    def test_b56_time_that_is_not_billable_is_skipped_or_costs_nothing(self):
        budget = self._create_budget(1000.0, hourly_rate=80.0)
        project = self._create_project(self.customer, allow_billable=False)
        timesheet = self._log_time(1.0, project=project)
        with self.assertRefused("Not billable"):
            self._deduct(timesheet)
        budget.zero_rate_policy = "deduct"
        entry = self._deduct(timesheet)
        self.assertRecordValues(entry, [{"quantity": 0.0, "rate_source": "zero"}])
        self.assertEqual(timesheet.prepaid_state, "covered")
        self.assertBalance(budget, 1000.0)

    def test_b56_the_customers_list_shows_free_time_where_it_is_deducted(self):
        budget = self._create_budget(1000.0)
        project = self._create_project(self.customer, allow_billable=False)
        other = self._create_project(self.customer.copy(), allow_billable=False)
        free, foreign = (
            self._log_time(1.0, project=project),
            self._log_time(1.0, project=other),
        )
        billable = self._log_time(1.0)
        self.assertEqual(self._find_listed(), billable)
        self.assertFalse(free.is_prepaid_open)
        budget.zero_rate_policy = "deduct"
        self.env.invalidate_all()
        self.assertEqual(self._find_listed(), free + billable)
        self.assertEqual(self.customer.prepaid_timesheet_count, 2)
        self.assertTrue(free.is_prepaid_open)
        self.assertFalse(foreign.is_prepaid_open)
        self._deduct(free)
        self.assertEqual(self._find_listed(), billable)

    def _find_listed(self):
        domain = self.customer.action_view_prepaid_timesheets()["domain"]
        return self.env["account.analytic.line"].search(domain).sorted("id")

    def test_b56_employee_said_not_billable(self):
        """An emptied sales order item is no invitation to take another rate."""
        self._create_budget(1000.0, hourly_rate=80.0)
        timesheet = self._log_time(1.0)
        timesheet.sudo().write({"so_line": False, "is_so_line_edited": True})
        with self.assertRefused("Not billable"):
            self._deduct(timesheet)

    def test_b56_zero_rate_of_the_sales_order_item(self):
        self._create_budget(1000.0, hourly_rate=80.0)
        order = self._create_order(self.customer, price=0.0)
        timesheet = self._log_time(
            1.0, project=self._create_project(self.customer, order)
        )
        with self.assertRefused("Nothing was deducted"):
            self._deduct(timesheet)

    def test_bf48_order_in_another_currency_is_converted_on_the_work_date(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 0.5), ("2026-07-01", 0.8)]
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": euro.id}
        )
        self.customer.property_product_pricelist = pricelist
        order = self._create_order(self.customer)
        self.assertEqual(order.currency_id, euro)
        budget = self._create_budget(1000.0)
        project = self._create_project(self.customer, order)
        entry = self._deduct(self._log_time(1.0, project=project))
        self.assertEqual(entry.quantity, -200.0)
        entry = self._deduct(self._log_time(1.0, project=project, day="2026-07-15"))
        self.assertEqual(entry.quantity, -125.0)
        self.assertBalance(budget, 675.0)

    def test_b77_service_with_another_tax_is_refused(self):
        """The tax was paid on the top-up: a service taxed otherwise is invoiced."""
        self._create_budget(1000.0)
        reduced = self.tax.copy({"name": "Reduced", "amount": 6.0})
        order = self._create_order(
            self.customer, tax_ids=[Command.set(reduced.ids)], name="Book"
        )
        timesheet = self._log_time(
            1.0, project=self._create_project(self.customer, order)
        )
        with self.assertRefused("tax of this service"):
            self._deduct(timesheet)
