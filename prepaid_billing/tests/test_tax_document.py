"""Time on a budget that is taxed when it is used: invoiced and paid in one step."""

from odoo import Command

from .test_tax_at_use import TaxAtUseCommon


class TestTaxDocument(TaxAtUseCommon):
    """The deduction makes the tax document."""

    def _get_invoice(self, entry):
        self.env.invalidate_all()
        return entry.sudo().invoice_id.sudo(False)

    def test_b76_bf44_deducted_time_gets_its_tax_document(self):
        """One hour at 100 + 21: balance -121, a posted invoice with tax, paid."""
        self._sell(1000.0)
        timesheet = self._log_time(1.0)
        entry = self._deduct(timesheet)
        self.assertEqual(entry.quantity, -121.0)
        self.assertBalance(self.budget, 879.0)
        invoice = self._get_invoice(entry)
        self.assertRecordValues(
            invoice,
            [
                {
                    "state": "posted",
                    "amount_untaxed": 100.0,
                    "amount_tax": 21.0,
                    "amount_residual": 0.0,
                    "payment_state": "paid",
                    "partner_id": self.customer.id,
                }
            ],
        )
        self.assertEqual(str(invoice.invoice_date), self.today)
        self.assertEqual(timesheet.timesheet_invoice_id, invoice)
        self.assertEqual(self.order.order_line.qty_invoiced, 1.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)
        self.assertAgreed(879.0)
        self.assertBooks(879.0, 100.0)

    def test_b02_time_is_invoiced_and_deducted_once(self):
        self._sell(1000.0)
        timesheet = self._log_time(1.0)
        entry = self._deduct(timesheet, key="k")
        self.assertEqual(self._deduct(timesheet, key="k"), entry)
        with self.assertRefused("Invoiced on"):
            self._deduct(timesheet)
        with self.assertRefused("used for other time entries"):
            self._deduct(self._log_time(2.0), key="k")
        self.assertFalse(self.order.order_line.qty_to_invoice)
        self.assertBalance(self.budget, 879.0)

    def test_b78_reverse_charge_on_the_day_of_the_use(self):
        """The customer moves abroad: taxed credit keeps its tax, untaxed has none."""
        taxed = self._create_pack(name="Taxed pack", taxes_id=self.vat.ids)
        early = self._create_budget(product_id=taxed.id, active=False)
        early.active = True
        move = self._buy(early, 1000.0)
        self.assertEqual(move.amount_tax, 210.0)
        early.active = False
        self._sell(1000.0)
        self._deduct(self._log_time(1.0))
        self.assertBalance(self.budget, 879.0)
        zero = self.tax.copy({"amount": 0.0, "name": "Reverse charge"})
        position = self.env["account.fiscal.position"].create(
            {"name": "Abroad", "company_id": self.company.id}
        )
        zero.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(self.vat.id)],
            }
        )
        self.customer.property_account_position_id = position
        entry = self._deduct(self._log_time(1.0))
        invoice = self._get_invoice(entry)
        self.assertEqual(invoice.invoice_line_ids.tax_ids, zero)
        self.assertEqual(invoice.fiscal_position_id, position)
        self.assertEqual((invoice.amount_tax, entry.quantity), (0.0, -100.0))
        self.assertBalance(self.budget, 779.0)
        self.assertAgreed(779.0)
        # What was taxed when it was sold keeps its tax.
        self.assertEqual(early.lot_ids.tax_ids, self.vat)

    def test_b77_credit_without_tax_pays_for_any_rate(self):
        """Work at 6 % and at 21 %: one budget, the tax of each."""
        low = self.tax.copy({"amount": 6.0, "name": "6 %"})
        other = self._create_service(name="Training", taxes_id=low.ids)
        project = self._create_project(
            self.customer, self._create_order(self.customer, product=other)
        )
        self._sell(1000.0)
        times = self._log_time(1.0) | self._log_time(1.0, project)
        entries = self._deduct(times)
        self.assertEqual(sorted(entries.mapped("quantity")), [-121.0, -106.0])
        self.assertEqual(len(entries.sudo().invoice_id), 2)
        self.assertBalance(self.budget, 773.0)

    def test_b44_short_credit_pays_a_part_of_the_invoice(self):
        """60 left for 121: all is invoiced, 60 paid, 61 open. Then nothing is left."""
        self._sell(60.0)
        first, second = self._log_time(1.0), self._log_time(1.0)
        entry = self._deduct(first | second)
        invoice = self._get_invoice(entry)
        self.assertRecordValues(
            invoice, [{"amount_total": 121.0, "amount_residual": 61.0}]
        )
        self.assertBalance(self.budget, 0.0)
        self.assertFalse(second.timesheet_invoice_id)
        with self.assertRefused("Short"):
            self._deduct(second)
        self.assertAgreed(0.0)

    def test_bf18_all_or_nothing(self):
        self._sell(200.0)
        self.budget.shortage_policy = "refuse"
        first, second = self._log_time(1.0), self._log_time(1.0)
        entry = self._deduct(first | second)
        self.assertEqual(entry.quantity, -121.0)
        self.assertFalse(second.timesheet_invoice_id)
        self.assertBalance(self.budget, 79.0)

    def test_b58_cents_of_the_invoice_are_those_that_are_paid(self):
        """Three times 20 minutes: tax is rounded on the invoice, and that is paid."""
        self._sell(1000.0)
        times = self._log_time(1 / 3) | self._log_time(1 / 3) | self._log_time(1 / 3)
        entry = self._deduct(times)
        invoice = self._get_invoice(entry)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(entry.quantity, -invoice.amount_total)
        self.assertAgreed(1000.0 - invoice.amount_total)

    def test_b67_weighted_time_is_weighted_on_the_invoice(self):
        """One hour that counts twice: 1 h at 200; nothing is left to invoice."""
        self.env["prepaid.weight.rule"].create(
            {
                "name": "Emergency",
                "company_id": self.company.id,
                "weight": 2.0,
            }
        )
        self._sell(1000.0)
        entry = self._deduct(self._log_time(1.0))
        line = self._get_invoice(entry).invoice_line_ids
        self.assertEqual((line.quantity, line.price_unit), (1.0, 200.0))
        self.assertEqual(entry.quantity, -242.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)

    def test_b24_a_credited_tax_document_offers_the_time_again(self):
        self._sell(1000.0)
        timesheet = self._log_time(1.0)
        invoice = self._get_invoice(self._deduct(timesheet))
        refund = invoice._reverse_moves([{"invoice_date": self.today}])
        refund.action_post()
        self.assertBalance(self.budget, 1000.0)
        self.assertFalse(timesheet.timesheet_invoice_id)
        self.assertAgreed(1000.0)
        self._deduct(timesheet)
        self.assertBalance(self.budget, 879.0)

    def test_b24_a_payment_taken_back_leaves_the_invoice_open(self):
        """The tax document stays; only its payment is undone."""
        self._sell(1000.0)
        entry = self._deduct(self._log_time(1.0))
        invoice = self._get_invoice(entry)
        entry.action_return_time()
        self.assertInvoice(invoice, 121.0, "not_paid")
        self.assertBalance(self.budget, 1000.0)

    def test_bf44_time_without_an_order_cannot_be_invoiced(self):
        self._sell(1000.0)
        self.budget.hourly_rate = 100.0
        project = self._create_project(self.customer)
        with self.assertRefused("needs a sales order item"):
            self._deduct(self._log_time(1.0, project))
        with self.assertRefused("nothing to give back"):
            self._deduct(self._log_time(-1.0))

    def test_bf44_price_with_tax_included(self):
        """121 with tax an hour: 121 is deducted, 21 of it tax."""
        included = self.vat.copy(
            {"name": "21 % incl.", "price_include_override": "tax_included"}
        )
        service = self._create_service(name="Gross", taxes_id=included.ids)
        order = self._create_order(self.customer, price=121.0, product=service)
        self._sell(1000.0)
        project = self._create_project(self.customer, order)
        entry = self._deduct(self._log_time(1.0, project))
        invoice = self._get_invoice(entry)
        self.assertEqual((entry.quantity, invoice.amount_tax), (-121.0, 21.0))

    def test_bf44_the_ledger_takes_no_work_without_an_invoice(self):
        """Whatever add-on asks: this credit pays for invoices only."""
        self._sell(1000.0)
        lot = self.budget.lot_ids.sudo()
        budget = self.budget.sudo()
        budget._lock_for_ledger()
        movement = lot._prepare_movement("consume", -100.0, key="x/1")
        with self.assertRefused("cannot be deducted without an invoice"):
            budget._post_entries([movement])

    def test_bf44_the_preview_says_it_with_tax(self):
        self._sell(60.0)
        action = self._log_time(1.0).action_prepaid_deduct()
        wizard = self.env["prepaid.deduct"].browse(action["res_id"])
        self.assertRecordValues(
            wizard.line_ids, [{"value": 121.0, "covered": 60.0, "short": 61.0}]
        )
        wizard.action_confirm()
        self.assertBalance(self.budget, 0.0)
