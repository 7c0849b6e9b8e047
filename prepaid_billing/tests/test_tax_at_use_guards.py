"""Paid from credit: never twice, never credit by credit, nobody peeks."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .test_replenishment_charge import ChargeCommon
from .test_tax_at_use import TaxAtUseCommon


class TestTaxAtUseGuards(TaxAtUseCommon):
    """Around the payment: the receipt bounced, a down payment, a curious user."""

    def test_b34_b37_credited_part_after_the_receipt_bounced(self):
        """The receipt of 1,000 bounced, 121 is debt; 48.40 is credited: debt 72.60."""
        lot = self._sell(1000.0)
        invoice = self._bill(100.0)
        self._pay_it(invoice)
        credit_lines = lot.invoice_id.line_ids.matched_credit_ids.credit_move_id
        receipt = credit_lines.move_id.origin_payment_id
        receipt.action_draft()
        self.assertBalance(self.budget, -121.0)
        refund = invoice._reverse_moves([{"invoice_date": self.today}])
        refund.invoice_line_ids.price_unit = 40.0
        refund.action_post()
        self.env.invalidate_all()
        self.assertBalance(self.budget, -72.6)
        self.assertInvoice(invoice, 0.0, "paid")
        self.assertEqual(refund.amount_residual, 0.0)
        self.assertAgreed(927.4)
        receipt.action_post()
        self.env.invalidate_all()
        self.assertBalance(self.budget, 927.4)
        self.assertAgreed(927.4)

    def test_b79_b80_taken_back_after_the_rest_was_moved(self):
        """23.18 and 3.93 EUR pay, the rest moves, 23.18 comes back: not a cent off."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 1.1)])
        self.company.prepaid_recognition_period = "month"
        self.budget.active = False
        self.budget = self._create_budget(currency_id=euro.id)
        target = self._create_budget(currency_id=euro.id)
        self._buy(self.budget, 1000.0)
        no_tax = self.tax.copy({"amount": 0.0, "name": "0 %"})
        entries = [
            self._pay_it(self._bill(net, tax=no_tax, currency_id=euro.id))
            for net in (23.18, 3.93)
        ]
        self.budget.transfer(target, 972.89, "Other project")
        entries[0].action_return_time()
        self._recognize(self.budget | target)
        self.assertBalance(self.budget, 23.18)
        self.assertBalance(target, 972.89)
        self.assertProved(self.today, 905.51)

    def test_b23_a_down_payment_for_credit_is_never_paid_from_credit(self):
        """Neither by a detour: the down payment names no pack, its order does."""
        self._sell(1000.0)
        order = self._create_order(self.customer, product=self.pack)
        wizard = self.env["sale.advance.payment.inv"].sudo()  # a seller does this
        wizard = wizard.create(
            {
                "advance_payment_method": "percentage",
                "amount": 50.0,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        deposit = wizard._create_invoices(order).sudo(False)
        deposit.action_post()
        self.assertFalse(deposit.invoice_line_ids.product_id)
        self.assertFalse(deposit.prepaid_paying_budget_ids)
        with self.assertRefused("never paid from prepaid credit"):
            self._pay_it(deposit)
        self.assertBalance(self.budget, 1000.0)

    def test_b84_b87_the_wizard_shows_only_what_one_may_see(self):
        """An invoice that one may not read stays unread, also by the wizard."""
        self._sell(1000.0)
        invoice = self._bill(100.0)
        user = new_test_user(
            self.env,
            "curious",
            groups="prepaid_billing.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        Wizard = self.env["prepaid.pay.invoice"].with_user(user)
        with mute_logger("odoo.addons.base.models.ir_access"):
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                wizard = Wizard.create({"move_id": invoice.id})
                self.env.invalidate_all()
                wizard.read(["amount_residual"])
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                Wizard.onchange(
                    {"move_id": invoice.id}, ["move_id"], {"amount_residual": {}}
                )


class TestPaymentInProgress(TaxAtUseCommon, ChargeCommon):
    """An invoice that is being paid online is not paid from credit as well."""

    def test_b42_not_while_the_customer_is_paying(self):
        """A form is open, then the money is on its way: refused; given up: paid."""
        self._sell(1000.0)
        invoice = self._bill(100.0)
        transaction = self._open_form(invoice)
        with self.assertRefused("a payment is in progress"):
            self._pay_it(invoice)
        transaction.state = "pending"
        self.assertFalse(invoice.prepaid_paying_budget_ids)
        with self.assertRefused("a payment is in progress"):
            self._pay_it(invoice)
        self.assertBalance(self.budget, 1000.0)
        transaction.state = "cancel"
        self._pay_it(invoice)
        self.assertInvoice(invoice, 0.0, "paid")
        self.assertAgreed(879.0)

    def test_b42_not_while_it_is_charged(self):
        """The automatic payment was sent, its answer is not known."""
        self._sell(1000.0)
        self._allow(token=self._create_token(self.customer, "pending", "pending"))
        invoice = self._bill(100.0, invoice_date_due=self.today)
        self._collect()
        self.assertTrue(invoice._is_autopay_under_way())
        with self.assertRefused("a payment is in progress"):
            self._pay_it(invoice)
        self.assertInvoice(invoice, 121.0, "not_paid")
        self.assertBalance(self.budget, 1000.0)

    def test_b42_a_payment_from_credit_is_not_charged_again(self):
        """Paid from the budget before the day of the charge: nothing is charged."""
        self._sell(1000.0)
        self._allow()
        invoice = self._bill(100.0, invoice_date_due=self.today)
        self._pay_it(invoice)
        self._collect()
        self.assertFalse(self._attempts(invoice))
        self.assertInvoice(invoice, 0.0, "paid")
        self.assertAgreed(879.0)

    def test_b42_a_payment_without_entry_counts(self):
        """The bank has not shown the money yet, the payment is known: not again."""
        self._sell(1000.0)
        invoice = self._bill(100.0)
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_id": self.customer.id,
                "amount": 121.0,
                "journal_id": self.company_data["default_journal_bank"].id,
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()
        self.assertFalse(payment.move_id)
        self.assertEqual(invoice.amount_residual, 121.0)
        with self.assertRefused("nothing is open any more"):
            self._pay_it(invoice)
        self.assertBalance(self.budget, 1000.0)
