"""Credit sold without tax pays taxed invoices: on real documents and accounts."""

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .test_liability import LiabilityCommon


class TaxAtUseCommon(LiabilityCommon):
    """A pack that is taxed when it is used; work is taxed at 21 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack.write({"prepaid_tax_policy": "use", "taxes_id": [Command.clear()]})
        cls.budget.active = False
        cls.budget = cls._create_budget()
        cls.vat = cls.tax.copy({"amount": 21.0, "name": "21 %"})
        cls.service.taxes_id = cls.vat
        cls.order = cls._create_order(cls.customer)
        cls.project = cls._create_project(cls.customer, cls.order)
        cls.today = str(cls.company._get_autopay_today())

    @classmethod
    def _bill(cls, net, partner=None, post=True, tax=None, **vals):
        """Invoice work; return the posted invoice."""
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or cls.customer).id,
                "invoice_date": cls.today,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": cls.service.id,
                            "quantity": 1.0,
                            "price_unit": net,
                            "tax_ids": [Command.set((tax or cls.vat).ids)],
                        }
                    )
                ],
                **vals,
            }
        )
        if post:
            move.action_post()
        return move

    def _pay_it(self, invoice, budget=None, key=None):
        ids = invoice.pay_from_prepaid(budget or self.budget, key)
        self.env.invalidate_all()
        return self.env["prepaid.entry"].browse(ids)

    def assertAgreed(self, lots):
        """Ledger, lots and books agree, also after the nightly batch."""
        self._recognize()
        self.assertFalse(self.budget.sudo()._get_differences())
        self.assertProved(self.today, lots)

    def assertInvoice(self, invoice, residual, state):
        self.assertRecordValues(
            invoice, [{"amount_residual": residual, "payment_state": state}]
        )


class TestTaxAtUse(TaxAtUseCommon):
    """Receipt, use, return, credit note; and who may not."""

    def test_b76_bf44_receipt_without_tax_then_taxed_work(self):
        """1,000 without tax; work of 100 + 21: balance 879, liability 879, tax 21."""
        lot = self._sell(1000.0)
        self.assertEqual(lot.invoice_id.amount_tax, 0.0)
        self.assertEqual(lot.invoice_id.amount_total, 1000.0)
        self.assertBooks(1000.0, 0.0)
        invoice = self._bill(100.0)
        self.assertEqual(invoice.prepaid_paying_budget_ids, self.budget)
        entry = self._pay_it(invoice)
        self.assertRecordValues(
            entry, [{"kind": "consume", "quantity": -121.0, "invoice_id": invoice.id}]
        )
        self.assertBalance(self.budget, 879.0)
        self.assertInvoice(invoice, 0.0, "paid")
        # Income and tax come from the invoice, the payment takes the gross amount off.
        self.assertBooks(879.0, 100.0)
        tax = invoice.line_ids.filtered("tax_line_id")
        self.assertEqual((-tax.balance, str(tax.date)), (21.0, self.today))
        self.assertAgreed(879.0)
        self.assertBooks(879.0, 100.0)

    def test_b76_the_entry_is_liability_to_receivable(self):
        self._sell(1000.0)
        invoice = self._bill(100.0)
        entry = self._pay_it(invoice)
        rows = entry.allocation_ids.lot_id.recognition_ids
        self.assertRecordValues(rows, [{"part": "paid", "value": 121.0}])
        receivable = self.company_data["default_account_receivable"]
        self.assertRecordValues(
            rows.move_id.line_ids.sorted("balance"),
            [
                {"account_id": receivable.id, "balance": -121.0, "reconciled": True},
                {
                    "account_id": self.liability.id,
                    "balance": 121.0,
                    "reconciled": False,
                },
            ],
        )
        self.assertFalse(rows.move_id.line_ids.tax_ids)
        self.assertEqual(rows.move_id.state, "posted")

    def test_bf45_the_pack_decides_and_the_budget_keeps_it(self):
        """A budget takes the policy of its pack, and keeps it once it is filled."""
        taxed = self._create_pack(name="Taxed pack")
        budget = self._create_budget(product_id=taxed.id)
        self.assertEqual(budget.tax_policy, "top_up")
        budget.product_id = self.pack
        self.assertEqual(budget.tax_policy, "use")
        self.assertEqual(self.budget.tax_policy, "use")
        self._sell(100.0)
        with self.assertRefused("has a history"):
            self.budget.tax_policy = "top_up"
        # Another pack changes nothing of what was sold, and is refused at the top-up.
        self.budget.product_id = taxed
        self.assertEqual(self.budget.tax_policy, "use")
        with self.assertRefused("not taxed at the same time"):
            self.budget.top_up(100.0)

    def test_bf45_a_sold_pack_finds_the_budget_of_its_policy(self):
        """Two budgets of one customer: each pack fills the one that is taxed alike."""
        taxed = self._create_pack(name="Taxed pack")
        other = self._create_budget(product_id=taxed.id, sequence=1)
        for product, budget in ((self.pack, self.budget), (taxed, other)):
            move = self._bill(100.0, post=False)
            move.invoice_line_ids.write({"product_id": product.id})
            move.invoice_line_ids.tax_ids = product.taxes_id
            move.invoice_line_ids.account_id = product._get_product_accounts()["income"]
            move.action_post()
            self.assertEqual(move.prepaid_lot_ids.budget_id, budget)

    def test_b76_tax_on_the_receipt_is_impossible(self):
        """Neither proposed, nor by a default of the company, nor by hand."""
        self.pack.taxes_id = self.tax
        move = self.env["account.move"].browse(self.budget.top_up(100.0))
        self.assertFalse(move.invoice_line_ids.tax_ids)
        order = self._create_order(self.customer, product=self.pack)
        self.assertFalse(order.order_line.tax_ids)
        self.assertFalse(order._create_invoices().invoice_line_ids.tax_ids)
        move.invoice_line_ids.tax_ids = self.vat
        with self.assertRefused("would be taxed twice. Remove 21 %"):
            move.action_post()

    def test_b76_no_income_before_the_use(self):
        move = self.env["account.move"].browse(self.budget.top_up(100.0))
        move.invoice_line_ids.account_id = self.income
        with self.assertRefused("is no liability"):
            move.action_post()
        self.assertTrue(self.pack.product_tmpl_id._defers_prepaid_income())

    def test_bf44_packs_bring_exactly_what_they_cost(self):
        for vals in (
            {"prepaid_credit": 1100.0},
            {"prepaid_bonus": 100.0},
            {"prepaid_unit": "hours", "prepaid_credit": 10.0},
        ):
            with self.subTest(vals), self.assertRaises(ValidationError):
                self.pack.write(vals)
        with self.assertRefused("no free credit"):
            self.budget.grant(100.0, "Goodwill")

    def test_bf44_no_overdraft_and_no_invoice_for_every_save(self):
        for vals in (
            {"shortage_policy": "overdraft", "overdraft_limit": 10.0},
            {"consumption_mode": "save"},
        ):
            with self.subTest(vals), self.assertRaises(ValidationError):
                self.budget.write(vals)

    def test_b76_part_of_an_invoice_or_nothing(self):
        """100 left for 121: 100 is paid and 21 stays open; or it is refused."""
        self._sell(100.0)
        invoice = self._bill(100.0)
        self.budget.shortage_policy = "refuse"
        with self.assertRefused(r"121\.00 is open, .*100\.00 is left"):
            self._pay_it(invoice)
        self.budget.shortage_policy = "partial"
        self._pay_it(invoice)
        self.assertInvoice(invoice, 21.0, "partial")
        self.assertBalance(self.budget, 0.0)
        self.assertAgreed(0.0)

    def test_b76_lots_by_expiry_and_validity(self):
        """The earliest expiry pays first, what never expires last."""
        first = self._sell(100.0)
        second = self._sell(100.0, prepaid_validity=3650)
        entry = self._pay_it(self._bill(100.0))
        self.assertEqual(
            [(a.lot_id, a.quantity) for a in entry.allocation_ids],
            [(second, -100.0), (first, -21.0)],
        )

    def test_b03_the_same_request_pays_once(self):
        self._sell(1000.0)
        invoice = self._bill(100.0)
        entry = self._pay_it(invoice, key="click")
        self.assertEqual(self._pay_it(invoice, key="click"), entry)
        with self.assertRefused("nothing is open any more"):
            self._pay_it(invoice, key="another")
        self.assertBalance(self.budget, 879.0)

    def test_b03_the_key_of_another_request_pays_nothing_and_says_so(self):
        """Neither another invoice nor a grant answers for this one."""
        self._sell(1000.0)
        first, second = self._bill(100.0), self._bill(50.0)
        self._pay_it(first, key="click")
        with self.assertRefused("The key click was used .*Use a new key for"):
            self._pay_it(second, key="click")
        self.assertInvoice(second, 60.5, "not_paid")
        self._pay_it(second, key="next click")
        self.assertInvoice(second, 0.0, "paid")
        self.assertBalance(self.budget, 818.5)

    # === NEVER === #

    def test_b23_a_top_up_is_never_paid_from_prepaid_credit(self):
        """Neither its own replenishment nor any invoice that sells credit."""
        self._sell(1000.0)
        other = self._create_budget()
        for budget in (self.budget, other):
            move = self._buy(budget, 200.0, pay=False)
            self.assertFalse(move.prepaid_paying_budget_ids)
            with self.assertRefused("never paid from prepaid credit"):
                self._pay_it(move)
        self.assertBalance(self.budget, 1000.0)
        mixed = self._bill(100.0, post=False)
        mixed.invoice_line_ids.copy(
            {"move_id": mixed.id, "product_id": self.pack.id, "tax_ids": False}
        )
        pack_line = mixed.invoice_line_ids.filtered(
            lambda ln: ln.product_id == self.pack
        )
        pack_line.write({"account_id": self.liability.id, "tax_ids": [Command.clear()]})
        mixed.action_post()
        with self.assertRefused("never paid from prepaid credit"):
            self._pay_it(mixed)

    def test_b75_credit_that_was_taxed_pays_no_invoice(self):
        taxed = self._create_pack(name="Taxed pack")
        budget = self._create_budget(500.0, product_id=taxed.id)
        invoice = self._bill(100.0)
        self.assertFalse(invoice.prepaid_paying_budget_ids)
        with self.assertRefused("was paid when it was sold"):
            self._pay_it(invoice, budget)
        with self.assertRefused("not taxed at the same time"):
            budget.transfer(self.budget, 100.0, "Move")

    def test_b84_only_the_customer_the_company_and_the_currency(self):
        self._sell(1000.0)
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        with self.assertRefused("belongs to another customer"):
            self._pay_it(self._bill(100.0, stranger))
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.customer.id}
        )
        self._pay_it(self._bill(100.0, contact))
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 1.1)])
        with self.assertRefused("is kept in USD"):
            self._pay_it(self._bill(100.0, currency_id=euro.id))
        with self.assertRefused("only posted customer invoices"):
            self._pay_it(self._bill(100.0, post=False))
        other = self.setup_other_company(name="Other")["company"]
        foreign = self._bill(100.0)
        foreign_budget = (
            self.budget.sudo()
            .with_company(other)
            .create({"partner_id": self.customer.id, "company_id": other.id})
        )
        foreign_budget.tax_policy = "use"
        reason = foreign.sudo()._get_prepaid_payment_obstacle(foreign_budget)
        self.assertIn("another company", reason)

    def test_b64_the_scope_holds_for_invoices(self):
        self._sell(1000.0)
        self.budget.write(
            {"scope": "products", "scope_product_ids": [Command.set(self.pack.ids)]}
        )
        invoice = self._bill(100.0)
        self.assertFalse(invoice.prepaid_paying_budget_ids)
        with self.assertRefused("not only for what the budget pays for"):
            self._pay_it(invoice)
        self.budget.scope_product_ids = self.service
        self._pay_it(invoice)
        self.budget.write({"scope": "projects", "project_ids": [Command.clear()]})
        with self.assertRefused("not only for what the budget pays for"):
            self._pay_it(self._bill(50.0))

    def test_b87_who_may_pay(self):
        """Whoever deducts may; who logs time, and the customer, may not."""
        self._sell(1000.0)
        invoice = self._bill(100.0)
        logger = new_test_user(
            self.env, "tl", groups="hr_timesheet.group_hr_timesheet_user"
        )
        portal = new_test_user(self.env, "po", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        accountant = new_test_user(
            self.env, "ac", groups="account.group_account_invoice"
        )
        with mute_logger("odoo.addons.base.models.ir_access"):
            for user in (logger, portal, accountant):
                own = invoice.with_user(user).with_company(self.company)
                with self.subTest(user.login), self.assertRaises(AccessError):
                    own.pay_from_prepaid(self.budget.id)
                Wizard = self.env["prepaid.pay.invoice"].with_user(user)
                with self.subTest(user.login), self.assertRaises(AccessError):
                    Wizard.create({"move_id": invoice.id})
        self.assertBalance(self.budget, 1000.0)
        deducting = new_test_user(
            self.env,
            "de",
            groups="prepaid_billing.group_user,account.group_account_invoice",
        )
        own = invoice.with_user(deducting).with_company(self.company)
        own.pay_from_prepaid(self.budget.id)
        self.assertBalance(self.budget, 879.0)

    # === TAKING BACK === #

    def test_b51_a_payment_taken_back_returns_to_its_lot(self):
        """Pay, take back, pay again, take back: both rows each time, nothing more."""
        lot = self._sell(1000.0)
        invoice = self._bill(100.0)
        for _time in range(2):
            entry = self._pay_it(invoice)
            entry.action_return_time()
            self.assertTrue(entry.is_returned)
            self.assertInvoice(invoice, 121.0, "not_paid")
            self.assertEqual(lot.remaining, 1000.0)
            with self.assertRefused("taken back already"):
                entry.action_return_time()
        kinds = self.budget.entry_ids.sorted("id").mapped("kind")
        self.assertEqual(kinds, ["credit", "consume", "release", "consume", "release"])
        self.assertBalance(self.budget, 1000.0)
        self.assertAgreed(1000.0)
        self.assertBooks(1000.0, 100.0)

    def test_b24_undone_reconciliation_returns_the_credit(self):
        """The accountant undoes the payment on the invoice: the budget has it again."""
        lot = self._sell(1000.0)
        invoice = self._bill(100.0)
        self._pay_it(invoice)
        receivable = invoice.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        invoice.js_remove_outstanding_partial(receivable.matched_credit_ids.id)
        self.assertInvoice(invoice, 121.0, "not_paid")
        self.assertEqual(lot.remaining, 1000.0)
        self.assertAgreed(1000.0)
        self._pay_it(invoice)
        self.assertInvoice(invoice, 0.0, "paid")
        self.assertAgreed(879.0)

    def test_b24_a_part_of_several_due_dates_undone_returns_all(self):
        """Two due dates, two reconciliations: one undone takes the payment back."""
        self._sell(1000.0)
        invoice = self._bill(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        self._pay_it(invoice)
        self.assertInvoice(invoice, 0.0, "paid")
        partials = invoice.line_ids.matched_credit_ids
        self.assertEqual(len(partials), 2)
        partials[0].unlink()
        self.assertInvoice(invoice, 121.0, "not_paid")
        self.assertAgreed(1000.0)

    def test_b36_a_credited_invoice_returns_what_paid_it(self):
        """Credit note of all: the balance, liability, income and tax are as before."""
        lot = self._sell(1000.0)
        invoice = self._bill(100.0)
        self._pay_it(invoice)
        refund = invoice._reverse_moves([{"invoice_date": self.today}])
        refund.action_post()
        self.assertEqual(lot.remaining, 1000.0)
        self.assertInvoice(invoice, 0.0, "reversed")
        self.assertInvoice(refund, 0.0, "paid")
        self.assertAgreed(1000.0)
        self.assertBooks(1000.0, 0.0)
        tax = (invoice | refund).line_ids.filtered("tax_line_id")
        self.assertEqual(sum(tax.mapped("balance")), 0.0)

    def test_b37_a_credited_part_returns_that_part(self):
        """Credit note of 40 + 8.40: that is back; 72.60 stays paid by the same lot."""
        first = self._sell(100.0)
        self._sell(100.0)
        invoice = self._bill(100.0)
        self._pay_it(invoice)
        refund = invoice._reverse_moves([{"invoice_date": self.today}])
        refund.invoice_line_ids.price_unit = 40.0
        refund.action_post()
        self.assertBalance(self.budget, 127.4)
        self.assertEqual(first.remaining, 27.4)
        self.assertInvoice(invoice, 0.0, "paid")
        self.assertEqual(refund.amount_residual, 0.0)
        self.assertEqual(
            self.budget.entry_ids.sorted("id").mapped("quantity"),
            [100.0, 100.0, -121.0, 121.0, -72.6],
        )
        self.assertAgreed(127.4)
        self.assertBooks(127.4, 60.0)

    def test_b49_a_credited_part_of_expired_credit(self):
        """What stays paid stays so; what comes back to expired credit expires."""
        with freeze_time("2026-06-01 12:00:00"):
            lot = self._sell(200.0, prepaid_validity=30)
            invoice = self._bill(100.0, invoice_date="2026-06-01")
            self._pay_it(invoice)
        with freeze_time("2026-07-15 12:00:00"):
            self.budget.sudo()._lock_and_expire()
            refund = invoice._reverse_moves([{"invoice_date": "2026-07-15"}])
            refund.invoice_line_ids.price_unit = 40.0
            refund.action_post()
            self.assertInvoice(invoice, 0.0, "paid")
            self.assertEqual(lot.remaining, 0.0)
            self.assertBalance(self.budget, 0.0)
            self._recognize()
            self.assertBooks(0.0, 60.0, 127.4)
            self.assertProved("2026-07-15", 0.0)

    def test_b39_a_paid_invoice_is_not_reset_nor_its_entry_reversed(self):
        self._sell(1000.0)
        invoice = self._bill(100.0)
        entry = self._pay_it(invoice)
        with self.assertRefused("it cannot be reset to draft"):
            invoice.button_draft()
        move = entry.allocation_ids.lot_id.recognition_ids.move_id
        with self.assertRefused("cannot be reset to draft"):
            move.button_draft()
        with self.assertRefused("is not reversed by hand"):
            move._reverse_moves(cancel=True)
        entry.action_return_time()
        invoice.button_draft()
        invoice.button_cancel()
        self.assertAgreed(1000.0)

    def test_b94_bf52_statement_and_movements_say_invoice_paid(self):
        """No time was deducted: neither the customer nor staff is told so."""
        self._sell(1000.0)
        entry = self._pay_it(self._bill(100.0))
        entry.action_return_time()
        day = self.company._get_autopay_today()
        rows = self.budget._get_statement(day, day)["rows"]
        self.assertEqual(
            [(row["label"], row["amount"]) for row in rows[1:]],
            [
                ("Invoice paid", -121.0),
                ("Payment of an invoice taken back", 121.0),
            ],
        )
        self.customer.email = "owner@example.com"
        owner = new_test_user(
            self.env(su=True),
            "use_owner",
            groups="base.group_portal",
            company_id=self.company.id,
            partner_id=self.customer.id,
        )
        movements = self.budget.with_user(owner)._get_portal_movements()
        self.assertEqual(
            [movement["label"] for movement in movements],
            ["Payment of an invoice taken back", "Invoice paid", "Topped up"],
        )
        entries = self.budget.entry_ids.sorted("id")
        self.assertEqual(
            entries.mapped("display_kind"), ["credit", "paid", "taken_back"]
        )

    # === BOOKS === #

    def test_b80_foreign_currency_ends_at_zero(self):
        """1,000 EUR at 1.10; paid at 1.25: the liability in USD is exactly zero."""
        euro = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 1.1), ("2026-06-10", 1.25)]
        )
        with freeze_time("2026-06-01 12:00:00"):
            self.budget.active = False
            self.budget = budget = self._create_budget(currency_id=euro.id)
            self._buy(budget, 1000.0, day="2026-06-01")
        self.assertBooks(909.09, 0.0)
        with freeze_time("2026-06-20 12:00:00"):
            for net in (333.33, 333.33):
                invoice = self._bill(
                    net, currency_id=euro.id, invoice_date="2026-06-20"
                )
                self._pay_it(invoice, budget)
                self.assertInvoice(invoice, 0.0, "paid")
            entry = self._pay_it(
                self._bill(333.34, currency_id=euro.id, invoice_date="2026-06-20"),
                budget,
            )
            self.assertBalance(budget, 0.0)
            self.assertEqual(self._get_balance(self.liability), 0.0)
            self.assertProved("2026-06-20", 0.0)
            entry.action_return_time()
            self._recognize(budget)
            self.assertProved("2026-06-20", self._get_report("2026-06-20")["lots"])
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.liability.id)]
        )
        self.assertEqual(
            round(-sum(lines.mapped("amount_currency")), 2), budget.balance
        )

    def test_b79_books_agree_on_any_month_end(self):
        """Sell, pay, undo, expire over months: no difference on any month end."""
        with freeze_time("2026-01-15 12:00:00"):
            self._sell(1000.0, day="2026-01-15", prepaid_validity=90)
            invoice = self._bill(100.0, invoice_date="2026-01-15")
        with freeze_time("2026-01-31 12:00:00"):
            entry = self._pay_it(invoice)
        with freeze_time("2026-02-10 12:00:00"):
            entry.action_return_time()
            self._pay_it(self._bill(200.0, invoice_date="2026-02-10"))
        with freeze_time("2026-04-20 12:00:00"):
            self.budget.sudo()._lock_and_expire()
            self._recognize()
        for day, lots in (
            ("2026-01-30", 1000.0),
            ("2026-01-31", 879.0),
            ("2026-02-28", 758.0),
            ("2026-04-30", 0.0),
        ):
            self.assertEqual(self._get_report(day)["lots"], lots, day)
            self.assertEqual(self._get_report(day)["difference"], 0.0, day)
        self.assertBooks(0.0, 300.0, 758.0)

    def test_b83_a_locked_day_books_the_payment_on_the_first_open_one(self):
        self.company.prepaid_recognition_period = "month"
        with freeze_time("2026-06-20 12:00:00"):
            self._sell(1000.0, day="2026-06-01")
            invoice = self._bill(100.0, invoice_date="2026-06-20")
            self.company.sudo().fiscalyear_lock_date = "2026-06-30"
            entry = self._pay_it(invoice)
            rows = entry.allocation_ids.lot_id.recognition_ids
            self.assertEqual(
                (str(rows.date), str(rows.move_id.date)), ("2026-06-20", "2026-07-01")
            )
            self.assertEqual(self._get_report("2026-06-30")["waiting"], 121.0)
        self.assertProved("2026-07-01", 879.0)

    def test_b74_closing_gives_untaxed_credit_back_untaxed(self):
        self._sell(1000.0)
        self._pay_it(self._bill(100.0))
        refund = self.env["account.move"].browse(self.budget.close("refund", "Over"))
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (879.0, 0.0))
        refund.action_post()
        self.assertAgreed(0.0)

    def test_b34_bounced_payment_of_the_receipt(self):
        """The receipt is open again, what it paid is a debt; the books still agree."""
        lot = self._sell(1000.0, pay=False)
        payment = self._pay(lot.invoice_id)
        invoice = self._bill(100.0)
        self._pay_it(invoice)
        payment.action_draft()
        payment.action_cancel()
        self.assertBalance(self.budget, -121.0)
        self.assertInvoice(invoice, 0.0, "paid")
        self.assertAgreed(879.0)

    def test_b76_the_wizard_shows_and_pays(self):
        self._sell(100.0)
        invoice = self._bill(100.0)
        action = invoice.action_pay_from_prepaid()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertRecordValues(
            wizard,
            [
                {
                    "budget_id": self.budget.id,
                    "balance": 100.0,
                    "amount": 100.0,
                    "after": 0.0,
                    "rest": 21.0,
                }
            ],
        )
        wizard.action_confirm()
        wizard.action_confirm()
        self.assertBalance(self.budget, 0.0)
        self.assertInvoice(invoice, 21.0, "partial")
