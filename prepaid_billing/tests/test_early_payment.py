"""Invoices with a discount for early payment that prepaid credit pays (B76)."""

from odoo import Command

from .test_tax_at_use import TaxAtUseCommon


class TestEarlyPayment(TaxAtUseCommon):
    """The discount is for money that comes early: credit pays what is open in full."""

    @classmethod
    def _create_term(cls, computation="included"):
        """Two percent within ten days."""
        return cls.env["account.payment.term"].create(
            {
                "name": f"2/10 {computation}",
                "early_discount": True,
                "discount_percentage": 2.0,
                "discount_days": 10,
                "early_pay_discount_computation": computation,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100.0, "nb_days": 30}
                    )
                ],
            }
        )

    def assertNothingWrittenOff(self, invoice, lots):
        """The invoice is paid by one entry of two items, and by nothing else."""
        self.assertInvoice(invoice, 0.0, "paid")
        entries = invoice.line_ids.matched_credit_ids.credit_move_id.move_id
        self.assertEqual(len(entries), 1)
        self.assertEqual(
            entries.line_ids.account_id,
            self.liability | self.company_data["default_account_receivable"],
        )
        self.assertTrue(
            all(
                line.reconciled
                for line in (entries | invoice).line_ids
                if line.account_id.account_type == "asset_receivable"
            )
        )
        self.assertAgreed(lots)

    def test_b76_bf44_no_discount_is_taken_when_credit_pays(self):
        """100 + 21 within the ten days: 121 are deducted, not 118.58."""
        self._sell(1000.0)
        invoice = self._bill(100.0, invoice_payment_term_id=self._create_term().id)
        due = invoice.line_ids.filtered("discount_date")
        self.assertEqual(due.discount_amount_currency, 118.58)
        entry = self._pay_it(invoice)
        self.assertEqual(entry.quantity, -121.0)
        self.assertBalance(self.budget, 879.0)
        self.assertNothingWrittenOff(invoice, 879.0)
        self.assertBooks(879.0, 100.0)
        entry.action_return_time()
        self.assertInvoice(invoice, 121.0, "not_paid")
        self.assertBalance(self.budget, 1000.0)
        self.assertAgreed(1000.0)

    def test_b76_however_the_discount_lowers_the_tax(self):
        """Where the tax counts on the discount from the start, 120.58 are open."""
        for computation, gross in (("excluded", 121.0), ("mixed", 120.58)):
            with self.subTest(computation):
                lot = self._sell(1000.0)
                before = self.budget.balance
                invoice = self._bill(
                    100.0, invoice_payment_term_id=self._create_term(computation).id
                )
                self.assertEqual(invoice.amount_residual, gross)
                entry = self._pay_it(invoice)
                self.assertEqual(entry.quantity, -gross)
                self.assertBalance(self.budget, before - gross)
                self.assertNothingWrittenOff(invoice, before - gross)
                self.assertTrue(lot)

    def test_b76_time_of_a_customer_with_such_terms(self):
        """Chosen time is invoiced and paid in one step, in full as well."""
        self._sell(1000.0)
        self.order.sudo().payment_term_id = self._create_term()
        work = self._log_time(1.0)
        self._deduct(work)
        invoice = work.timesheet_invoice_id
        self.assertTrue(invoice.invoice_payment_term_id.early_discount)
        self.assertBalance(self.budget, 879.0)
        self.assertNothingWrittenOff(invoice, 879.0)

    def test_b76_b44_the_rest_that_money_pays_early(self):
        """50 from credit; 71 are open, and what arrives for them is another matter."""
        self._sell(50.0)
        invoice = self._bill(100.0, invoice_payment_term_id=self._create_term().id)
        self._pay_it(invoice)
        self.assertInvoice(invoice, 71.0, "partial")
        self.assertBalance(self.budget, 0.0)
        self._pay(invoice)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertAgreed(0.0)
        # Taken back: what the credit paid is open again, no more and no less.
        self.budget.entry_ids[0].action_return_time()
        self.assertEqual(invoice.amount_residual, 50.0)
        self.assertBalance(self.budget, 50.0)
        self.assertAgreed(50.0)

    def test_b76_an_invoice_paid_early_by_money_is_paid(self):
        """118.58 came in time: credit has nothing left to pay."""
        self._sell(1000.0)
        invoice = self._bill(100.0, invoice_payment_term_id=self._create_term().id)
        self._pay(invoice)
        self.assertEqual(invoice.amount_residual, 0.0)
        with self.assertRefused("nothing is open"):
            self._pay_it(invoice)
        self.assertBalance(self.budget, 1000.0)
