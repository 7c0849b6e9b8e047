"""Expenses and material that vendor bills re-invoice draw a budget down."""

import io

from lxml import html
from openpyxl import load_workbook

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user

from .common import WORK_DAY, PrepaidCommon


class TestMaterials(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plan = cls.env["account.analytic.plan"].sudo().search([], limit=1)
        cls.account = (
            cls.env["account.analytic.account"]
            .sudo()
            .create({"name": "Azure", "plan_id": plan.id, "company_id": cls.company.id})
        )
        cls.project.sudo().account_id = cls.account
        cls.order.sudo().project_id = cls.project
        cls.vendor = cls.env["res.partner"].create({"name": "Print shop"})
        cls.paper = cls._create_paper()

    @classmethod
    def _create_paper(cls, **vals):
        return (
            cls.env["product.product"]
            .sudo()
            .create(
                {
                    "name": "Paper",
                    "type": "consu",
                    "purchase_ok": True,
                    "expense_policy": "cost",
                    "invoice_policy": "delivery",
                    "taxes_id": [Command.set(cls.tax.ids)],
                    "supplier_taxes_id": False,
                    **vals,
                }
            )
        )

    def _bill(self, quantity, price, product=None):
        """Post a vendor bill for the customer's project; return what it re-invoices."""
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.vendor.id,
                "invoice_date": WORK_DAY,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": (product or self.paper).id,
                            "quantity": quantity,
                            "price_unit": price,
                            "tax_ids": False,
                            "analytic_distribution": {str(self.account.id): 100},
                        }
                    )
                ],
            }
        )
        bill.sudo().action_post()  # re-invoicing takes a salesperson
        line = bill.invoice_line_ids.sudo().analytic_line_ids
        self.assertEqual(line.so_line.order_id, self.order)
        return line.sudo(False)

    def _create_material_budget(self, credit=0.0, **vals):
        return self._create_budget(credit, **{"pays_for_materials": True, **vals})

    def test_bf25_expense_is_deducted_and_not_invoiced_again(self):
        budget = self._create_material_budget(500.0)
        expense = self._bill(3.0, 40.0)
        item = expense.so_line
        self.assertEqual(item.qty_to_invoice, 3.0)
        self.assertTrue(expense.is_prepaid_open)
        self.assertEqual(expense.prepaid_budget_id, budget)
        self.assertEqual(expense.prepaid_value, 120.0)
        entry = self._deduct(expense)
        self.assertBalance(budget, 380.0)
        self.assertRecordValues(
            entry, [{"quantity": -120.0, "units": 3.0, "hours": 0.0, "rate": 40.0}]
        )
        self.assertEqual(expense.prepaid_state, "covered")
        self.assertEqual(item.qty_to_invoice, 0.0)
        expense.invalidate_recordset(["is_prepaid_open"])
        self.assertFalse(expense.is_prepaid_open)
        with self.assertRefused("Already deducted"):
            self._deduct(expense)

    def test_bf25_b68_expenses_are_not_approved(self):
        """It is said, and nothing of the choice is decided; it is still deducted."""
        budget = self._create_material_budget(500.0)
        work, expense = self._log_time(1.0), self._bill(3.0, 40.0)
        both = work + expense
        for name in ("action_prepaid_approve", "action_prepaid_reject"):
            with self.subTest(name=name), self.assertRefused("is not time"):
                getattr(both, name)()
        with self.assertRefused("is not time"):
            expense.write({"prepaid_approval": "rejected"})
        self.assertEqual(both.mapped("prepaid_approval"), [False, False])
        work.action_prepaid_approve()
        self._deduct(both)
        self.assertBalance(budget, 280.0)

    def test_bf25_undo_offers_it_again(self):
        budget = self._create_material_budget(500.0)
        expense = self._bill(3.0, 40.0)
        entry = self._deduct(expense)
        entry.action_return_time()
        self.assertBalance(budget, 500.0)
        self.assertTrue(entry.is_returned)
        self.assertEqual(expense.so_line.qty_to_invoice, 3.0)
        self._deduct(expense)
        self.assertBalance(budget, 380.0)

    def test_bf25_preview_with_time_and_expenses(self):
        budget = self._create_material_budget(500.0)
        lines = self._log_time(2.0) + self._bill(3.0, 40.0)
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": lines.ids})
        self.assertRecordValues(
            wizard.line_ids,
            [
                {"hours": 2.0, "units": 0.0, "covered": 200.0},
                {"hours": 0.0, "units": 3.0, "covered": 120.0},
            ],
        )
        wizard.action_confirm()
        self.assertBalance(budget, 180.0)

    def test_bf25_b94_customers_read_quantity_and_rate(self):
        """Three sheets at 40: in the portal, on the statement, in its spreadsheet."""
        budget = self._create_material_budget(500.0)
        self._deduct(self._bill(3.0, 40.0))
        day = self.company._get_autopay_today()
        pages = {
            "portal_prepaid_movement": {
                "movement": budget._get_portal_movements()[0],
                "is_shared": True,
            },
            "prepaid_statement_table": {
                "doc": budget,
                "statement": budget._get_statement(day, day),
                "is_page": False,
            },
        }
        for name, values in pages.items():
            page = self.env["ir.qweb"]._render(f"prepaid_billing.{name}", values)
            text = html.fromstring(f"<table>{page}</table>").text_content()
            text = " ".join(text.replace("\ufeff", "").split())
            with self.subTest(name):
                self.assertIn("3.00 × $ 40.00", text)
                self.assertNotIn("3:00", text)
        content = budget._render_statement_xlsx(day, day)
        sheet = load_workbook(io.BytesIO(content)).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]
        self.assertIn("Hours or quantity", rows[0])
        self.assertEqual(rows[3][4:7], [3, 40, -120])

    def test_bf25_covered_in_part(self):
        """80 of 120 covered: one sheet of three stays billable at 40."""
        budget = self._create_material_budget(80.0)
        expense = self._bill(3.0, 40.0)
        self._deduct(expense)
        self.assertBalance(budget, 0.0)
        self.assertEqual(expense.prepaid_state, "partial")
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 40.0)

    def test_bf25_at_sales_price_by_delivered_quantity(self):
        """Two bills on one item of the order: each pays for its own quantity."""
        budget = self._create_material_budget(500.0)
        toner = self._create_paper(expense_policy="sales_price", list_price=50.0)
        first, second = self._bill(2.0, 30.0, toner), self._bill(1.0, 30.0, toner)
        self.assertEqual(first.so_line, second.so_line)
        self._deduct(first)
        self.assertBalance(budget, 400.0)
        self.assertEqual(first.so_line.qty_to_invoice, 1.0)

    def test_bf25_what_is_invoiced_is_not_deducted(self):
        """Of one item with two bills, as much as is not invoiced yet."""
        budget = self._create_material_budget(500.0)
        toner = self._create_paper(expense_policy="sales_price", list_price=50.0)
        first = self._bill(2.0, 30.0, toner)
        self.order._create_invoices()
        self.assertFalse(first.is_prepaid_open)
        with self.assertRefused("Invoiced by"):
            self._deduct(first)
        second = self._bill(2.0, 30.0, toner)
        self._deduct(first + second)
        self.assertBalance(budget, 400.0)
        self.assertEqual(first.so_line.qty_to_invoice, 0.0)

    def test_bf25_only_if_the_budget_says_so(self):
        budget = self._create_budget(500.0)
        expense = self._bill(3.0, 40.0)
        self.assertFalse(expense.is_prepaid_open)
        with self.assertRefused("No budget"):
            self._deduct(expense)
        budget.pays_for_materials = True
        self._deduct(expense)
        self.assertBalance(budget, 380.0)
        with self.assertRaises(ValidationError):
            self._create_budget(unit="hours", pays_for_materials=True)

    def test_bf25_b64_scope(self):
        """A budget for the project pays first; one for tasks never."""
        general = self._create_material_budget(500.0)
        special = self._create_material_budget(
            500.0, scope="projects", project_ids=self.project.ids
        )
        self._create_material_budget(500.0, scope="tasks")
        expense = self._bill(1.0, 40.0)
        self.assertEqual(expense.prepaid_budget_id, special)
        special.project_ids = False
        expense.invalidate_recordset()
        self.assertEqual(expense.prepaid_budget_id, general)

    def test_bf25_ordered_quantities_are_invoiced(self):
        self._create_material_budget(500.0)
        stamp = self._create_paper(invoice_policy="order")
        expense = self._bill(1.0, 40.0, stamp)
        self.assertFalse(expense.is_prepaid_open)
        with self.assertRefused("ordered quantities"):
            self._deduct(expense)

    def test_bf25_bill_that_is_reset_returns_the_credit(self):
        budget = self._create_material_budget(500.0)
        expense = self._bill(3.0, 40.0)
        self._deduct(expense)
        expense.move_line_id.move_id.button_draft()
        self.assertBalance(budget, 500.0)

    def test_bf25_in_the_customers_list_not_the_vendors(self):
        self._create_material_budget(500.0)
        expense = self._bill(3.0, 40.0)
        work = self._log_time(1.0)
        self.assertEqual(self.customer.prepaid_timesheet_count, 2)
        self.assertEqual(self.vendor.prepaid_timesheet_count, 0)
        domain = self.customer.action_view_prepaid_timesheets()["domain"]
        found = self.env["account.analytic.line"].search(domain)
        self.assertEqual(found, expense + work)

    def test_bf25_b87_rights(self):
        """Who deducts sees what is re-invoiced, though no other analytic line."""
        budget = self._create_material_budget(500.0)
        expense = self._bill(3.0, 40.0)
        other = expense.sudo().copy({"so_line": False})
        user = new_test_user(
            self.env(su=True),
            "material_user",
            groups="prepaid_billing.group_user",
            company_id=self.company.id,
        )
        lines = self.env["account.analytic.line"].with_user(user)
        self.assertFalse(lines.search([("id", "=", other.id)]))
        domain = self.customer.with_user(user).action_view_prepaid_timesheets()
        self.assertEqual(lines.search(domain["domain"]).ids, expense.ids)
        lines.prepaid_deduct(expense.ids)
        self.assertBalance(budget, 380.0)


class TestProducts(PrepaidCommon):
    """Products of ordinary sales orders draw a budget down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.router = cls._create_goods()
        cls.sale = cls._create_order(cls.customer, price=40.0, product=cls.router)
        cls.item = cls.sale.order_line

    @classmethod
    def _create_goods(cls, **vals):
        return (
            cls.env["product.product"]
            .sudo()
            .create(
                {
                    "name": "Router",
                    "type": "consu",
                    "invoice_policy": "delivery",
                    "taxes_id": [Command.set(cls.tax.ids)],
                    **vals,
                }
            )
        )

    def _create_material_budget(self, credit=0.0, **vals):
        return self._create_budget(credit, **{"pays_for_materials": True, **vals})

    def _deduct_products(self, sale=None):
        """Deduct as the order's button and its preview do."""
        action = (sale or self.sale).action_prepaid_deduct_products()
        wizard = self.env["prepaid.deduct"].browse(action["res_id"])
        wizard.action_confirm()
        return wizard

    def test_bf25_delivered_products_are_deducted_and_not_invoiced(self):
        budget = self._create_material_budget(500.0)
        self.assertFalse(self.sale.has_prepaid_products)
        self.item.qty_delivered = 3.0
        self.assertTrue(self.sale.has_prepaid_products)
        wizard = self._deduct_products()
        self.assertRecordValues(
            wizard.line_ids, [{"hours": 0.0, "units": 3.0, "covered": 120.0}]
        )
        self.assertBalance(budget, 380.0)
        entry = budget.entry_ids[0]
        self.assertRecordValues(
            entry, [{"quantity": -120.0, "units": 3.0, "hours": 0.0, "rate": 40.0}]
        )
        self.assertFalse(entry.timesheet_id.employee_id)
        self.assertRecordValues(
            self.item,
            [
                {
                    "qty_delivered": 3.0,
                    "prepaid_quantity": 3.0,
                    "qty_to_invoice": 0.0,
                    "untaxed_amount_to_invoice": 0.0,
                    "amount_to_invoice": 0.0,
                }
            ],
        )
        self.assertFalse(self.sale.has_prepaid_products)
        with self.assertRefused("nothing can be deducted"):
            self._deduct_products()
        self.item.qty_delivered = 5.0
        invoice = self.sale._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 80.0)

    def test_bf25_ordered_products_are_deducted_as_soon_as_they_are_owed(self):
        budget = self._create_material_budget(500.0)
        license_ = self._create_goods(name="License", invoice_policy="order")
        sale = self._create_order(self.customer, price=30.0, product=license_)
        self._deduct_products(sale)
        self.assertBalance(budget, 200.0)
        self.assertEqual(sale.order_line.qty_to_invoice, 0.0)
        self.assertEqual(sale.amount_to_invoice, 0.0)

    def test_bf25_undo_of_products_offers_them_again(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        self._deduct_products()
        budget.entry_ids[0].action_return_time()
        self.assertBalance(budget, 500.0)
        self.assertEqual(self.item.qty_to_invoice, 3.0)
        self._deduct_products()
        self.assertBalance(budget, 380.0)
        self.assertEqual(self.item.qty_to_invoice, 0.0)

    def test_bf25_products_are_covered_in_part(self):
        """100 of 120: half a router stays billable, and the rest when credit comes."""
        budget = self._create_material_budget(100.0)
        self.item.qty_delivered = 3.0
        self._deduct_products()
        self.assertBalance(budget, 0.0)
        self.assertEqual(self.item.qty_to_invoice, 0.5)
        self.assertEqual(self.item.untaxed_amount_to_invoice, 20.0)
        self._buy(budget, 100.0)
        self._deduct_products()
        self.assertBalance(budget, 80.0)
        self.assertEqual(self.item.qty_to_invoice, 0.0)

    def test_bf25_products_that_were_looked_at_and_then_invoiced(self):
        """A preview that nobody confirmed keeps nothing from the invoice."""
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        action = self.sale.action_prepaid_deduct_products()
        wizard = self.env["prepaid.deduct"].browse(action["res_id"])
        self.assertEqual(self.item.qty_to_invoice, 3.0)
        invoice = self.sale._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 120.0)
        with self.assertRefused("Invoiced by"):
            wizard.action_confirm()
        self.assertBalance(budget, 500.0)
        self.item.qty_delivered = 4.0
        self._deduct_products()
        self.assertBalance(budget, 460.0)

    def test_bf25_two_previews_deduct_products_once(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        self.sale.action_prepaid_deduct_products()
        self._deduct_products()
        self.assertBalance(budget, 380.0)
        with self.assertRefused("nothing can be deducted"):
            self._deduct_products()
        waiting = self.env["account.analytic.line"].search(
            self.customer.action_view_prepaid_timesheets()["domain"]
        )
        self.assertFalse(waiting)

    def test_bf25_deducted_products_stay_ordered_and_delivered(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        self._deduct_products()
        with self.assertRefused("3 Units of it are deducted"):
            self.item.qty_delivered = 2.0
        self.assertBalance(budget, 380.0)
        budget.entry_ids[0].action_return_time()
        self.item.qty_delivered = 2.0
        self.assertEqual(self.item.qty_to_invoice, 2.0)

    def test_bf25_order_with_deducted_products_is_not_canceled(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        self._deduct_products()
        with self.assertRefused("3 Units of it are deducted"):
            self.sale._action_cancel()
        self.assertEqual(self.sale.state, "sale")
        budget.entry_ids[0].action_return_time()
        self.sale._action_cancel()
        self.assertEqual(self.sale.state, "cancel")

    def test_bf25_discounts_and_deposits_are_not_lost(self):
        """What the next invoice takes off needs something that it is taken off."""
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        discount = self.sale.order_line.create(
            {
                "order_id": self.sale.id,
                "product_id": self._create_goods(
                    name="Fair discount", invoice_policy="order"
                ).id,
                "price_unit": -20.0,
            }
        )
        with self.assertRefused("takes off Fair discount"):
            self._deduct_products()
        discount.product_uom_qty = 0.0
        deposit = self.env["sale.advance.payment.inv"].sudo()
        deposit = deposit.create(
            {
                "sale_order_ids": self.sale.ids,
                "advance_payment_method": "fixed",
                "fixed_amount": 50.0,
            }
        )
        deposit.create_invoices()
        self.sale.invoice_ids.action_post()
        with self.assertRefused("takes off Down Payment"):
            self._deduct_products()
        self.assertBalance(budget, 500.0)

    def test_bf25_credit_note_of_a_product_is_not_paid_twice(self):
        """Two invoiced, one deducted: crediting the invoice leaves two to invoice."""
        self._create_material_budget(500.0)
        self.item.qty_delivered = 2.0
        invoice = self.sale._create_invoices()
        invoice.action_post()
        self.item.qty_delivered = 3.0
        self._deduct_products()
        self.assertEqual(self.item.qty_to_invoice, 0.0)
        invoice._reverse_moves(cancel=True)
        self.assertEqual(self.item.qty_to_invoice, 2.0)

    def test_bf25_canceled_invoice_does_not_come_back_beside_a_deduction(self):
        """What it invoices was deducted meanwhile."""
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        invoice = self.sale._create_invoices()
        invoice.button_cancel()
        self._deduct_products()
        invoice.button_draft()
        with self.assertRefused("Router: 3 Units .* on an invoice, too"):
            invoice.action_post()
        budget.entry_ids[0].action_return_time()
        invoice.action_post()
        self.assertBalance(budget, 500.0)

    def test_bf25_draft_invoice_is_not_raised_over_a_deduction(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        invoice = self.sale._create_invoices()
        invoice.invoice_line_ids.quantity = 1.0
        self._deduct_products()
        self.assertBalance(budget, 420.0)
        invoice.invoice_line_ids.quantity = 3.0
        with self.assertRefused("Router: 2 Units .* on an invoice, too"):
            invoice.action_post()
        invoice.invoice_line_ids.quantity = 1.0
        invoice.action_post()

    def test_bf25_credit_note_is_not_taken_back_over_a_deduction(self):
        """Drafted, then deducted: it is not deleted, lowered or canceled any more."""
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        invoice = self.sale._create_invoices()
        invoice.action_post()
        note = invoice._reverse_moves()
        self._deduct_products()
        for name in ("unlink", "button_cancel"):
            with (
                self.subTest(name=name),
                self.assertRefused("on an invoice, too"),
                self.env.cr.savepoint(),
            ):
                getattr(note, name)()
        with self.assertRefused("on an invoice, too"), self.env.cr.savepoint():
            note.invoice_line_ids.unlink()
        note.invoice_line_ids.quantity = 1.0
        with self.assertRefused("on an invoice, too"), self.env.cr.savepoint():
            note.action_post()
        note.invoice_line_ids.quantity = 3.0
        note.action_post()
        self.assertBalance(budget, 380.0)

    def test_bf25_order_that_is_paid_online_is_not_paid_by_a_budget(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        provider = self.env["payment.provider"].sudo().search([], limit=1)
        method = self.env["payment.method"].sudo().search([], limit=1)
        self.env["payment.transaction"].sudo().create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "amount": self.sale.amount_total,
                "currency_id": self.sale.currency_id.id,
                "partner_id": self.customer.id,
                "reference": "Paid online",
                "state": "done",
                "sale_order_ids": self.sale.ids,
            }
        )
        with self.assertRefused("is paid already: invoice it"):
            self._deduct_products()
        self.assertBalance(budget, 500.0)

    def test_bf25_payment_link_asks_for_what_is_not_deducted(self):
        self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        link = self.sale._get_default_payment_link_values()
        self.assertEqual(link["amount"], 460.0)
        self._deduct_products()
        link = self.sale._get_default_payment_link_values()
        self.assertEqual((link["amount"], link["amount_max"]), (322.0, 322.0))
        self.item.qty_delivered = 10.0
        self._deduct_products()
        link = self.sale._get_default_payment_link_values()
        self.assertEqual((link["amount"], link["amount_max"]), (0.0, 0.0))
        self.assertEqual(self.sale.invoice_status, "invoiced")

    def test_bf25_deducted_product_is_not_exchanged(self):
        """Ten licenses are deducted: they do not become ten of something else."""
        self._create_material_budget(500.0)
        license_ = self._create_goods(name="License", invoice_policy="order")
        sale = self._create_order(self.customer, price=30.0, product=license_)
        item = sale.order_line
        self.assertTrue(item.product_updatable)
        self._deduct_products(sale)
        self.assertFalse(item.product_updatable)
        dozen = self.env.ref("uom.product_uom_dozen")
        for vals in ({"product_id": self.router.id}, {"product_uom_id": dozen.id}):
            with self.subTest(vals=vals), self.assertRefused("Return them first"):
                item.write(vals)
        item.write({"product_id": license_.id, "product_uom_id": license_.uom_id.id})

    def test_bf25_rest_that_was_invoiced_does_not_block_the_next(self):
        """6 of 10 deducted, 4 invoiced: of 2 more, the 2 are deducted."""
        budget = self._create_material_budget(240.0)
        self.item.qty_delivered = 10.0
        self._deduct_products()
        self.assertEqual(self.item.prepaid_quantity, 6.0)
        self.sale._create_invoices().action_post()
        self._buy(budget, 500.0)
        self.item.qty_delivered = 12.0
        self._deduct_products()
        self.assertBalance(budget, 420.0)
        self.assertEqual(self.item.prepaid_quantity, 8.0)
        self.item.qty_delivered = 15.0
        wizard = self._deduct_products()
        self.assertEqual(sum(wizard.line_ids.mapped("units")), 3.0)
        self.assertBalance(budget, 300.0)
        self.assertEqual(self.item.qty_to_invoice, 0.0)

    def test_bf25_price_with_tax_is_not_rounded_before_it_is_multiplied(self):
        """A thousand at 9.99 with 15 % in it are 8,686.96, not 1,000 times 8.69."""
        included = self.tax.copy(
            {"name": "In", "price_include_override": "tax_included"}
        )
        pack = self._create_pack(taxes_id=[Command.set(included.ids)])
        budget = self._create_material_budget(20000.0, product_id=pack.id)
        license_ = self._create_goods(name="License", invoice_policy="order")
        sale = self._create_order(
            self.customer,
            price=9.99,
            product=license_,
            product_uom_qty=1000.0,
            tax_ids=[Command.set(included.ids)],
        )
        self.assertEqual(sale.amount_untaxed, 8686.96)
        before = budget.balance
        self._deduct_products(sale)
        self.assertBalance(budget, before - 8686.96)
        self.assertEqual(sale.order_line.untaxed_amount_to_invoice, 0.0)

    def test_bf25_preview_of_another_tab_says_what_happened(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        action = self.sale.action_prepaid_deduct_products()
        wizard = self.env["prepaid.deduct"].browse(action["res_id"])
        self._deduct_products()
        with self.assertRefused("Already deducted"):
            wizard.action_confirm()
        self.assertBalance(budget, 380.0)
        with self.assertRefused("nothing is chosen"):
            self.env["account.analytic.line"].prepaid_deduct([])

    def test_bf25_returned_movement_keeps_its_product(self):
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        self._deduct_products()
        entry = budget.entry_ids[0]
        entry.action_return_time()
        self._deduct_products()
        self.assertEqual(entry.timesheet_id.so_line, self.item)
        self.assertBalance(budget, 380.0)

    def test_bf25_what_is_logged_of_a_product_is_not_edited(self):
        """It follows from the order; least of all does it become time."""
        self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        action = self.sale.action_prepaid_deduct_products()
        wizard = self.env["prepaid.deduct"].browse(action["res_id"])
        user = new_test_user(
            self.env(su=True),
            "product_accountant",
            groups="account.group_account_manager,hr_timesheet.group_timesheet_manager",
            company_id=self.company.id,
        )
        line = wizard.timesheet_ids.with_user(user)
        dozen = self.env.ref("uom.product_uom_dozen")
        for vals in (
            {"project_id": self.project.id},
            {"product_uom_id": dozen.id, "unit_amount": 0.25},
            {"amount": -50.0},
        ):
            with self.subTest(vals=vals), self.assertRefused("follows from the order"):
                line.write(vals)

    def test_bf25_no_deposit_for_what_is_deducted(self):
        """Ten sold for 460 with tax, three deducted for 138: 322 are left."""
        self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        self._deduct_products()
        Wizard = self.env["sale.advance.payment.inv"].sudo()
        for vals in (
            {"advance_payment_method": "percentage", "amount": 71.0},
            {"advance_payment_method": "fixed", "fixed_amount": 322.01},
        ):
            wizard = Wizard.create({"sale_order_ids": self.sale.ids, **vals})
            with self.assertRefused(r"138\.00 are paid .*322\.00 are neither"):
                wizard.create_invoices()
        self.assertFalse(self.sale.invoice_ids)
        wizard.fixed_amount = 322.0
        wizard.create_invoices()
        self.assertEqual(self.sale.invoice_ids.amount_total, 322.0)

    def test_bf25_what_is_no_product(self):
        """Time, packs and deposits go their own ways."""
        self._create_material_budget(500.0)
        pack_order = self._create_order(self.customer, product=self.pack)
        for sale in (self.order, pack_order):
            self.assertFalse(sale.has_prepaid_products)
            with self.assertRefused("nothing can be deducted"):
                self._deduct_products(sale)

    def test_bf25_b64_products_in_scope(self):
        """A budget for routers pays for routers, and not for cables."""
        special = self._create_material_budget(
            500.0, scope="products", scope_product_ids=self.router.ids
        )
        cable = self._create_goods(name="Cable")
        sale = self._create_order(self.customer, price=5.0, product=cable)
        (self.item + sale.order_line).qty_delivered = 2.0
        self._deduct_products()
        self.assertBalance(special, 420.0)
        with self.assertRefused("No budget"):
            self._deduct_products(sale)

    def test_bf25_b87_rights_on_products(self):
        """Who deducts may, if they see the order; nobody types what the ledger says."""
        budget = self._create_material_budget(500.0)
        self.item.qty_delivered = 3.0
        user, seller = (
            new_test_user(
                self.env(su=True), name, groups=groups, company_id=self.company.id
            )
            for name, groups in (
                (
                    "product_user",
                    "prepaid_billing.group_user,sales_team.group_sale_salesman_all_leads",
                ),
                ("product_seller", "sales_team.group_sale_salesman_all_leads"),
            )
        )
        with self.assertRaises(AccessError):
            self.sale.with_user(seller).action_prepaid_deduct_products()
        action = self.sale.with_user(user).action_prepaid_deduct_products()
        wizard = self.env["prepaid.deduct"].with_user(user).browse(action["res_id"])
        wizard.action_confirm()
        self.assertBalance(budget, 380.0)
        line = budget.entry_ids[0].timesheet_id
        with self.assertRefused("cannot be typed"):
            line.with_user(self.env.user).write({"is_prepaid_product": False})
        with self.assertRefused("cannot be typed"):
            self.item.with_user(seller).prepaid_quantity = 0.0
        with self.assertRaises(AccessError):
            self.item.with_user(seller).analytic_line_ids.check_access("read")
