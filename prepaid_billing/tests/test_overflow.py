"""What is beyond the budget is billed at a rate of its own."""

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form

from .common import PrepaidCommon


class TestOverflow(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.line = cls.order.order_line

    def _create_overflow_budget(self, credit=0.0, **vals):
        return self._create_budget(
            credit, **{"overflow_policy": "own", "overflow_rate": 130.0, **vals}
        )

    def _get_beyond(self):
        return self.order.order_line - self.line

    def _get_billed(self, invoice):
        """Return quantity, price and amount of what an invoice bills."""
        return [
            (line.quantity, line.price_unit, line.price_subtotal)
            for line in invoice.invoice_line_ids.sorted("price_unit")
        ]

    def test_bf17_rest_of_partly_covered_time(self):
        """60 of 100 covered, and 24 minutes at 130 on the next invoice."""
        budget = self._create_overflow_budget(60.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        self.assertBalance(budget, 0.0)
        self.assertEqual(timesheet.prepaid_overflow_line_id, self._get_beyond())
        self.assertEqual(timesheet.so_line, self.line)
        invoice = self.order._create_invoices()
        self.assertEqual(self._get_billed(invoice), [(0.4, 130.0, 52.0)])
        self.assertEqual(timesheet.timesheet_invoice_id, invoice)
        invoice.action_post()
        # Nothing is left, on neither item.
        self.assertEqual(self.order.order_line.mapped("qty_to_invoice"), [0.0, 0.0])

    def test_bf17_time_that_is_not_covered_at_all(self):
        """It is not deducted, and billed beyond the budget all the same."""
        budget = self._create_overflow_budget(150.0)
        works = self._log_time(1.0) + self._log_time(1.0) + self._log_time(0.25)
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": works.ids})
        self.assertEqual(wizard.beyond_count, 2)
        self.assertEqual(wizard.short_count, 0)
        self.assertIn("130", wizard.line_ids[2].beyond)
        self.assertFalse(wizard.line_ids[0].beyond)
        wizard.action_confirm()
        self.assertBalance(budget, 0.0)
        self.assertEqual(works.mapped("prepaid_state"), ["covered", "partial", False])
        invoice = self.order._create_invoices()
        self.assertEqual(self._get_billed(invoice), [(0.75, 130.0, 97.5)])

    def test_bf17_without_any_credit(self):
        budget = self._create_overflow_budget()
        timesheet = self._log_time(1.0)
        self.assertFalse(self._deduct(timesheet))
        self.assertEqual(self._get_beyond().qty_to_invoice, 1.0)
        self.assertEqual(self.line.qty_to_invoice, 0.0)
        budget.invalidate_recordset()
        self.assertEqual(budget.reserved, 0.0)
        # Asked again without any change, it says why nothing is deducted.
        with self.assertRefused("Short"):
            self._deduct(timesheet)

    def test_bf17_time_that_nobody_deducts_is_billed_by_its_order(self):
        self._create_overflow_budget()
        self._log_time(1.0)
        invoice = self.order._create_invoices()
        self.assertEqual(self._get_billed(invoice), [(1.0, 100.0, 100.0)])

    def test_bf17_the_rate_of_the_order_is_the_default(self):
        self._create_budget(60.0)
        self._deduct(self._log_time(1.0))
        self.assertFalse(self._get_beyond())
        self.assertAlmostEqual(self.line.qty_to_invoice, 0.4)

    def test_bf17_b44_covered_later_if_asked(self):
        """A top-up changes nothing by itself; deducted again, it is covered."""
        budget = self._create_overflow_budget(60.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        self._buy(budget, 100.0)
        self.assertAlmostEqual(self._get_beyond().qty_to_invoice, 0.4)
        self._deduct(timesheet)
        self.assertBalance(budget, 60.0)
        self.assertFalse(timesheet.prepaid_overflow_line_id)
        self.assertEqual(self.order.order_line.mapped("qty_to_invoice"), [0.0, 0.0])

    def test_bf17_returned_time_is_billed_by_its_order_again(self):
        budget = self._create_overflow_budget(60.0)
        partly, beyond = self._log_time(1.0), self._log_time(2.0)
        self._deduct(partly + beyond)
        self.assertAlmostEqual(self._get_beyond().qty_to_invoice, 2.4)
        budget.entry_ids[0].action_return_time()
        self.assertBalance(budget, 60.0)
        self.assertAlmostEqual(self._get_beyond().qty_to_invoice, 2.0)
        beyond.action_prepaid_return()
        self.assertEqual(self._get_beyond().qty_to_invoice, 0.0)
        self.assertEqual(self.line.qty_to_invoice, 3.0)

    def test_bf17_a_service_of_its_own_at_its_list_price(self):
        night = self._create_service(name="Night work", list_price=155.0)
        budget = self._create_overflow_budget(
            60.0, overflow_rate=0.0, overflow_product_id=night.id
        )
        self._deduct(self._log_time(1.0))
        self.assertBalance(budget, 0.0)
        self.assertEqual(self._get_beyond().product_id, night)
        self.assertEqual(self._get_beyond().tax_ids, self.tax)
        invoice = self.order._create_invoices()
        self.assertEqual(self._get_billed(invoice), [(0.4, 155.0, 62.0)])

    def test_bf17_b57_new_rate_does_not_change_what_is_marked(self):
        budget = self._create_overflow_budget()
        self._deduct(self._log_time(1.0))
        self._deduct(self._log_time(0.5))
        self.assertEqual(len(self._get_beyond()), 1)
        budget.overflow_rate = 140.0
        self._deduct(self._log_time(1.0))
        invoice = self.order._create_invoices()
        self.assertEqual(
            self._get_billed(invoice), [(1.5, 130.0, 195.0), (1.0, 140.0, 140.0)]
        )

    def test_bf17_rate_without_tax_on_an_order_with_tax_included(self):
        """130 without tax stay 130, to the cent."""
        tax = self.tax.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        self.line.sudo().tax_ids = [Command.set(tax.ids)]
        self._create_overflow_budget()
        self._deduct(self._log_time(2.0))
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 260.0)

    def test_bf17_deleted_invoice_line_opens_the_rest_again(self):
        """Of both items, the one whose line goes; no hour is lost or billed twice."""
        budget = self._create_overflow_budget(60.0)
        partly = self._log_time(1.0)
        self._deduct(partly)
        other = self._log_time(3.0)
        invoice = self.order._create_invoices()
        self.assertEqual(
            self._get_billed(invoice), [(3.0, 100.0, 300.0), (0.4, 130.0, 52.0)]
        )
        with Form(invoice) as form:
            form.invoice_line_ids.remove(1 if form.invoice_line_ids.edit(0) else 0)
        self.assertFalse(partly.timesheet_invoice_id)
        self.assertEqual(other.timesheet_invoice_id, invoice)
        second = self.order._create_invoices()
        self.assertEqual(self._get_billed(second), [(0.4, 130.0, 52.0)])
        self.assertEqual(partly.timesheet_invoice_id, second)
        invoice.invoice_line_ids.unlink()
        self.assertFalse(other.timesheet_invoice_id)
        self.assertEqual(partly.timesheet_invoice_id, second)
        with self.assertRefused("invoiced"):
            partly.action_prepaid_return()
        self.assertBalance(budget, 0.0)

    def test_bf17_credited_invoice_opens_the_rest_again(self):
        self._create_overflow_budget(60.0)
        partly = self._log_time(1.0)
        self._deduct(partly)
        invoice = self.order._create_invoices()
        invoice.action_post()
        note = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        note.action_post()
        self.assertFalse(partly.timesheet_invoice_id)

    def test_bf17_bf15_beyond_by_itself(self):
        self._create_overflow_budget(60.0, consumption_mode="save")
        timesheet = self._log_time(1.0)
        self.assertEqual(timesheet.prepaid_overflow_line_id, self._get_beyond())
        empty = self._log_time(1.0)
        self.assertEqual(empty.prepaid_overflow_line_id, self._get_beyond())
        self.assertAlmostEqual(self._get_beyond().qty_to_invoice, 1.4)
        # Its employee may still correct it.
        self.assertFalse(empty.sudo()._is_readonly())
        empty.sudo().unit_amount = 2.0
        self.assertAlmostEqual(self._get_beyond().qty_to_invoice, 2.4)

    def test_bf17_moved_to_another_item(self):
        self._create_overflow_budget()
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        other = self._create_order(self.customer, price=90.0)
        timesheet.sudo().so_line = other.order_line
        self.assertFalse(timesheet.prepaid_overflow_line_id)
        self.assertEqual(self._get_beyond().qty_to_invoice, 0.0)
        self.assertEqual(other.order_line.qty_to_invoice, 1.0)

    def test_bf17_settings_are_checked(self):
        with self.assertRaises(ValidationError):
            self._create_overflow_budget(overflow_rate=0.0)
        with self.assertRaises(ValidationError):
            self._create_overflow_budget(overflow_product_id=self.pack.id)

    def test_bf17_cannot_be_typed(self):
        timesheet = self._log_time(1.0)
        with self.assertRefused("cannot be typed"):
            timesheet.write({"prepaid_overflow_line_id": self.line.id})

    # === NEGATIVE TIME === #

    def test_b62_bf17_correction_of_what_is_beyond(self):
        """Nothing is credited at a price at which it was never billed."""
        budget = self._create_overflow_budget(100.0)
        timesheet = self._log_time(2.0)
        self._deduct(timesheet)
        correction = self._log_time(-2.0)
        preview = self.env["prepaid.deduct"].create({"timesheet_ids": correction.ids})
        self.assertTrue(preview.line_ids.beyond)
        self._deduct(correction)
        self.assertBalance(budget, 100.0)
        self.assertEqual(self.line.qty_to_invoice, 0.0)
        self.assertEqual(self._get_beyond().qty_to_invoice, 0.0)
        # With the original it is open again, as it was.
        timesheet.action_prepaid_return()
        self.assertBalance(budget, 100.0)
        self.assertFalse(correction.prepaid_overflow_line_id)
        self.assertEqual(self.line.qty_to_invoice, 0.0)

    def test_b62_bf17_correction_of_time_that_is_only_beyond(self):
        self._create_overflow_budget()
        timesheet, correction = self._log_time(2.0), self._log_time(-0.5)
        self._deduct(timesheet + correction)
        self.assertEqual(self._get_beyond().qty_to_invoice, 1.5)
        self.assertEqual(self.line.qty_to_invoice, 0.0)
        timesheet.action_prepaid_return()
        self.assertFalse(correction.prepaid_overflow_line_id)
        self.assertEqual(self._get_beyond().qty_to_invoice, 0.0)
        self.assertEqual(self.line.qty_to_invoice, 1.5)

    def test_b62_bf17_correction_larger_than_what_is_beyond(self):
        """More than was billed there: less to bill of the item of the time."""
        budget = self._create_overflow_budget(100.0)
        self._deduct(self._log_time(1.5))
        self._deduct(self._log_time(-3.0))
        self.assertBalance(budget, 100.0)
        self.assertEqual(self._get_beyond().qty_to_invoice, 0.5)
        self.assertEqual(self.line.qty_to_invoice, -2.0)

    # === THE ITEM BESIDE === #

    def test_bf17_b57_list_price_does_not_use_the_item_of_a_rate(self):
        service = self._create_service(name="Overtime", list_price=120.0)
        budget = self._create_overflow_budget(overflow_product_id=service.id)
        self._deduct(self._log_time(1.0))
        budget.overflow_rate = 0.0
        self._deduct(self._log_time(1.0))
        self._deduct(self._log_time(1.0))
        self.assertRecordValues(
            self._get_beyond().sorted("price_unit"),
            [
                {"price_unit": 120.0, "qty_to_invoice": 2.0},
                {"price_unit": 130.0, "qty_to_invoice": 1.0},
            ],
        )

    def test_bf17_no_project_is_made_for_what_is_beyond(self):
        service = self._create_service(
            name="Overtime", service_tracking="task_in_project"
        )
        self._create_overflow_budget(overflow_product_id=service.id)
        timesheet = self._log_time(1.0)
        counts = [
            self.env[name].sudo().search_count([])
            for name in ("project.project", "project.task")
        ]
        self._deduct(timesheet)
        self.assertEqual(self._get_beyond().qty_to_invoice, 1.0)
        self.assertEqual(
            counts,
            [
                self.env[name].sudo().search_count([])
                for name in ("project.project", "project.task")
            ],
        )

    def test_bf17_item_that_is_deleted_leaves_the_rest_billable(self):
        budget = self._create_overflow_budget(100.0)
        timesheet = self._log_time(2.0)
        self._deduct(timesheet)
        order = self.order.sudo()
        order._action_cancel()
        order.action_draft()
        self._get_beyond().sudo().unlink()
        order.action_confirm()
        self.assertFalse(timesheet.prepaid_overflow_line_id)
        self.assertEqual(self.line.qty_to_invoice, 1.0)
        self.assertBalance(budget, 0.0)

    def test_bf17_the_copy_of_an_order_has_no_item_beyond_the_budget(self):
        """It billed the time of this order only; the copy makes its own if needed."""
        self._create_overflow_budget(60.0)
        self._deduct(self._log_time(1.0))
        self.assertTrue(self._get_beyond())
        before = self.order.order_line
        copy = self.order.copy()
        self.assertRecordValues(
            copy.order_line,
            [{"product_id": self.service.id, "product_uom_qty": 10, "price_unit": 100}],
        )
        self.assertEqual(self.order.order_line, before)
        copy.action_confirm()
        project = self._create_project(self.customer, copy)
        work = self._log_time(1.0, project=project)
        self._deduct(work)
        beyond = copy.order_line - copy.order_line[0]
        self.assertEqual(work.prepaid_overflow_line_id, beyond)
        self.assertEqual(beyond.prepaid_base_line_id, copy.order_line[0])
        # Of several orders each has its own.
        copies = (self.order | copy).copy()
        self.assertEqual([len(order.order_line) for order in copies], [1, 1])
