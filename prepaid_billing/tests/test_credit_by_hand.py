from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import PrepaidCommon


class TestCreditByHand(PrepaidCommon):
    """What a person may do to credit: with a reason and a right of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")
        cls.budget = cls._create_budget(250.0)
        cls.lot = cls.budget.lot_ids

    # === ADJUST === #

    def test_bf67_adjustment_needs_a_reason(self):
        with self.assertRefused("without a reason"):
            self.budget.adjust(10.0, "")
        self.budget.adjust(10.0, "Rounded up for them")
        entry = self.budget.entry_ids[0]
        self.assertRecordValues(
            entry,
            [{"kind": "adjust", "quantity": 10.0, "reason": "Rounded up for them"}],
        )
        self.assertEqual(entry.lot_id.kind, "granted")
        self.assertBalance(self.budget, 260.0)

    def test_bf67_adjustment_below_zero_takes_from_the_lots(self):
        self.budget.grant(100.0, "Goodwill")
        self.budget.adjust(-300.0, "Billed elsewhere")
        self.assertBalance(self.budget, 50.0)
        rows = self.budget.entry_ids[:2]
        self.assertEqual(sorted(rows.mapped("quantity")), [-250.0, -50.0])
        with self.assertRefused(r"only.*50\.00 is left"):
            self.budget.adjust(-51.0, "Too much")
        self.assertBalance(self.budget, 50.0)

    def test_bf66_b03_the_same_request_books_once(self):
        first = self.budget.grant(10.0, "Goodwill", key="g-1")
        self.assertEqual(self.budget.grant(10.0, "Goodwill", key="g-1"), first)
        taken = self.budget.adjust(-20.0, "Typo", key="a-1")
        self.assertEqual(self.budget.adjust(-20.0, "Typo", key="a-1"), taken)
        self.assertBalance(self.budget, 240.0)
        other = self._create_budget(10.0)
        with self.assertRefused("another request"):
            other.adjust(-5.0, "Typo", key="a-1")

    def test_b87_no_credit_by_hand_without_the_right(self):
        """Neither who logs time, nor who deducts, nor who manages budgets."""
        groups = (
            "hr_timesheet.group_hr_timesheet_user",
            "prepaid_billing.group_user",
            "prepaid_billing.group_manager",
        )
        other = self._create_budget()
        for number, group in enumerate(groups):
            user = new_test_user(
                self.env,
                f"by_hand_{number}",
                groups=group,
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            budget, lot = self.budget.with_user(user), self.lot.with_user(user)
            calls = {
                "grant": lambda b=budget: b.grant(1.0, "x"),
                "adjust": lambda b=budget: b.adjust(1.0, "x"),
                "transfer": lambda b=budget: b.transfer(other.id, 1.0, "x"),
                "close": lambda b=budget: b.close("forfeit", "x"),
                "reopen": lambda b=budget: b.action_reopen(),
                "extend": lambda r=lot: r.extend("2030-01-01", "x"),
                "reinstate": lambda r=lot: r.reinstate("2030-01-01", "x"),
                "revoke": lambda r=lot: r.revoke("x"),
            }
            for name, call in calls.items():
                with (
                    self.subTest(group=group, call=name),
                    self.assertRaises(AccessError),
                ):
                    call()
        self.assertBalance(self.budget, 250.0)

    def test_bf68_the_state_of_a_budget_cannot_be_typed(self):
        user = new_test_user(
            self.env,
            "by_hand_typed",
            groups="prepaid_billing.group_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRefused("cannot be typed"):
            self.budget.with_user(user).write({"state": "closed"})

    # === REVOKE === #

    def test_bf67_one_lot_is_revoked(self):
        self.budget.grant(100.0, "Trial")
        granted = self.budget.lot_ids - self.lot
        granted.revoke("Trial ended", 60.0)
        self.assertEqual(granted.remaining, 40.0)
        granted.revoke("Trial ended")
        self.assertBalance(self.budget, 250.0)
        with self.assertRefused("not an amount"):
            granted.revoke("Trial ended")

    def test_b34_revoked_credit_is_no_debt_when_the_payment_bounces(self):
        """The nightly comparison agrees with what was revoked, and keeps it."""
        budget = self._create_budget()
        invoice = self._buy(budget, 100.0, pay=False)
        payment = self._pay(invoice)
        budget.lot_ids.revoke("Broken promise", 40.0)
        budget.lot_ids.sudo()._sync_with_invoice()
        self.assertBalance(budget, 60.0)
        payment.action_draft()
        self.assertBalance(budget, 0.0)

    # === TRANSFER === #

    def test_b74_transfer_keeps_the_terms_of_each_lot(self):
        self.pack.write({"prepaid_validity": 12, "prepaid_validity_unit": "months"})
        source = self._create_budget(100.0, name="Source")
        source.grant(50.0, "Goodwill", date_to="2099-12-31")
        target = self._create_budget(name="Target")
        source.consumption_order = "paid_first"
        source.transfer(target, 120.0, "One budget is enough")
        self.assertBalance(source, 30.0)
        self.assertBalance(target, 120.0)
        moved = target.lot_ids.sorted("kind", reverse=True)
        self.assertRecordValues(
            moved,
            [
                {"kind": "purchased", "quantity": 100.0, "value": 100.0},
                {"kind": "granted", "quantity": 20.0, "value": 0.0},
            ],
        )
        bought = source.lot_ids.filtered(lambda lot: lot.kind == "purchased")
        self.assertEqual(moved[0].date_to, bought.date_to)
        self.assertEqual(moved[0].tax_ids, bought.tax_ids)
        (source | target).lot_ids.sudo()._sync_with_invoice()
        self.assertBalance(source, 30.0)
        self.assertBalance(target, 120.0)

    def test_b74_transfer_to_another_customer_is_refused(self):
        other = self._create_budget(partner=self.customer.copy({"name": "Bolt"}))
        with self.assertRefused("same customer"):
            self.budget.transfer(other, 10.0, "No")
        with self.assertRefused("same customer"):
            self.budget.transfer(self.budget, 10.0, "No")
        with self.assertRefused(r"only.*250\.00 is left"):
            self.budget.transfer(self._create_budget(), 251.0, "Too much")

    def test_b34_transferred_credit_whose_payment_bounces_is_owed(self):
        budget, target = self._create_budget(), self._create_budget()
        invoice = self._buy(budget, 100.0, pay=False)
        payment = self._pay(invoice)
        budget.transfer(target, 100.0, "Moved")
        payment.action_draft()
        self.assertBalance(budget, -100.0)
        self.assertBalance(target, 100.0)

    # === CLOSE === #

    def test_b74_no_choice_no_closing(self):
        with self.assertRefused("given back, moved"):
            self.budget.close(False, "The end")
        with self.assertRefused("without a reason"):
            self.budget.close("forfeit", "")
        self.assertEqual(self.budget.state, "open")

    def test_b74_close_with_a_refund(self):
        """A credit note per paid lot with its own tax; free credit lapses."""
        self._buy(self.budget, 100.0)
        self.budget.grant(30.0, "Goodwill")
        self._spend(40.0)
        ids = self.budget.close("refund", "Contract ended")
        refunds = self.env["account.move"].browse(ids)
        self.assertEqual(refunds.mapped("state"), ["draft", "draft"])
        self.assertEqual(sum(refunds.mapped("amount_untaxed")), 310.0)
        self.assertEqual(refunds.invoice_line_ids.tax_ids, self.tax)
        self.assertEqual(self.budget.state, "closing")
        self.assertBalance(self.budget, 310.0)
        with self.assertRefused("No budget"):
            self._spend(10.0)
        with self.assertRefused("closed"):
            self.budget.top_up(10.0)
        refunds.action_post()
        self.assertBalance(self.budget, 0.0)
        self.assertRecordValues(
            self.budget,
            [{"state": "closed", "active": False, "close_reason": "Contract ended"}],
        )

    def test_b74_close_with_a_transfer(self):
        target = self._create_budget()
        self.budget.close("transfer", "Merged", target)
        self.assertBalance(self.budget, 0.0)
        self.assertBalance(target, 250.0)
        self.assertEqual(self.budget.state, "closed")

    def test_b74_close_and_forfeit(self):
        self.budget.close("forfeit", "Not used for two years")
        self.assertBalance(self.budget, 0.0)
        self.assertEqual(self.budget.state, "closed")
        self.assertEqual(self.budget.entry_ids[0].reason, "Not used for two years")
        with self.assertRefused("closed"):
            self.budget.grant(10.0, "Too late")
        self.budget.action_reopen()
        self.assertTrue(self.budget.active)
        self.budget.grant(10.0, "Sorry")
        self.assertBalance(self.budget, 10.0)

    def test_b74_an_empty_budget_closes_without_a_choice(self):
        budget = self._create_budget()
        self.assertEqual(budget.close(False, "Never used"), [])
        self.assertEqual(budget.state, "closed")

    def test_b74_a_debt_is_settled_first(self):
        self.budget.write({"shortage_policy": "overdraft", "overdraft_limit": 100.0})
        self._spend(300.0)
        with self.assertRefused(r"50\.00 is owed"):
            self.budget.close("forfeit", "The end")

    def test_b41_payment_after_closing(self):
        """The money stays with the invoice, which can be credited; one activity."""
        budget = self._create_budget()
        invoice = self._buy(budget, 100.0, pay=False)
        budget.close(False, "The end")
        self._pay(invoice)
        self.assertBalance(budget, 0.0)
        self.assertTrue(budget.lot_ids.is_paid_late)
        self.assertEqual(len(budget.activity_ids), 1)
        refund = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        refund.action_post()
        self.assertBalance(budget, 0.0)
        self.assertEqual(refund.state, "posted")

    # === WIZARDS === #

    def test_bf67_wizards_call_the_same_methods(self):
        target = self._create_budget()
        Credit = self.env["prepaid.credit"]
        vals = {"budget_id": self.budget.id, "reason": "By wizard"}
        wizard = Credit.create({**vals, "operation": "grant", "amount": 50.0})
        wizard.action_confirm()
        wizard.action_confirm()  # a double click
        Credit.create({**vals, "operation": "adjust", "amount": -30.0}).action_confirm()
        Credit.create(
            {**vals, "operation": "transfer", "amount": 70.0, "target_id": target.id}
        ).action_confirm()
        self.assertBalance(self.budget, 200.0)
        self.assertBalance(target, 70.0)
        lot = self.budget.lot_ids.filtered("remaining")[:1]
        change = {"lot_id": lot.id, "reason": "By wizard"}
        self.env["prepaid.lot.change"].create(
            {**change, "operation": "revoke", "amount": 10.0}
        ).action_confirm()
        self.assertBalance(self.budget, 190.0)
        self.env["prepaid.close"].create(
            {**vals, "choice": "transfer", "target_id": target.id}
        ).action_confirm()
        self.assertBalance(target, 260.0)
