from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.invoice_autopay.tests.common import AutopayCommon

from ..const import MAX_CHARGE_FAILURES
from .common import PrepaidCommon


class ChargeCommon(PrepaidCommon, AutopayCommon):
    """A customer whose top-ups are charged; the demo provider does as it is told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer_token = cls._create_token(cls.customer)

    @classmethod
    def _create_rule(cls, credit=0.0, **vals):
        return super()._create_rule(
            credit, **{"replenish_action": "charge", "hourly_rate": 100.0, **vals}
        )

    @classmethod
    def _allow(cls, budget=None, token=None, **vals):
        """Let the customer allow charges: for one budget, or for all invoices."""
        if budget:
            vals.update(res_model=budget._name, res_id=budget.id)
        return cls._grant(
            token or cls.customer_token, partner_id=cls.customer.id, **vals
        )

    def _withdraw(self, mandate):
        mandate._withdraw("portal")
        self.env.flush_all()

    def _get_top_ups(self, budget):
        return budget.replenishment_ids.invoice_id.sorted("id")

    def _replenish(self, budget):
        """Check the budget as the nightly job does; return its newest top-up."""
        budget.action_replenish_now()
        budget.invalidate_recordset()
        return self._get_top_ups(budget)[-1:]

    def _follow(self):
        """Run the job that follows the answers; its mails stay in the queue."""
        self._run("follow_charges", "prepaid_billing")

    def _collect(self):
        self._run("collect")
        self._follow()

    def _retry(self, invoice):
        """Let the day of the next attempt come."""
        collection = self._collection(invoice)
        if collection.state == "scheduled":
            collection.date = self.company._get_autopay_today()
        self._collect()

    def _fail(self, budget, times=MAX_CHARGE_FAILURES):
        """Make a top-up whose charge fails so many times; return it."""
        invoice = self._replenish(budget)
        self._collect()
        for _retry in range(times - 1):
            self._retry(invoice)
        self.assertEqual(len(self._failed(invoice)), times)
        return invoice

    def _failed(self, invoice):
        return self._attempts(invoice).filtered(lambda a: a.state == "declined")

    def _get_told(self, budget):
        return budget.activity_ids.filtered(
            lambda a: "suspended" in (a.summary or "").lower()
        )

    def _get_mails(self, budget):
        return (
            self.env["mail.mail"]
            .sudo()
            .search(
                [
                    ("model", "=", budget._name),
                    ("res_id", "=", budget.id),
                    ("subject", "ilike", "automatic top-up has stopped"),
                ]
            )
        )


class TestCharge(ChargeCommon):
    """Top-ups charged to a saved payment method (BF35, BF39)."""

    def test_bf35_charged_by_the_budgets_own_mandate(self):
        """Posted, queued to be sent, charged the same day; the credit is usable."""
        budget = self._create_rule()
        common = self._allow(token=self._create_token(self.customer, details="1111"))
        own = self._allow(budget)
        invoice = self._replenish(budget)
        self.assertEqual(invoice.state, "posted")
        self.assertTrue(invoice.sending_data)
        collection = self._collection(invoice)
        self.assertEqual(collection.mandate_id, own)
        self.assertNotEqual(collection.mandate_id, common)
        self.assertEqual(collection.date, self.company._get_autopay_today())
        self.assertIn("Charged automatically", budget.replenish_note)
        self.assertBalance(budget, 0.0)
        self._collect()
        self.assertPaid(invoice)
        self.assertBalance(budget, 200.0)
        self.assertEqual(budget.replenishment_ids.state, "done")
        self.assertFalse(budget.activity_ids)

    def test_bf35_charged_today_although_terms_are_later(self):
        """The consent for the budget says so; notice and terms do not defer it."""
        self.company.autopay_notice_days = 3
        term = self.env.ref("account.account_payment_term_30days")
        budget = self._create_rule(payment_term_id=term.id)
        self._allow(budget)
        invoice = self._replenish(budget)
        self._collect()
        self.assertPaid(invoice)
        self.assertEqual(self._attempts(invoice).amount, invoice.amount_total)

    def test_bf35_common_mandate_keeps_its_promise(self):
        """Its consent says: on the due date, and a notice before."""
        self.company.autopay_notice_days = 3
        budget = self._create_rule()
        common = self._allow()
        invoice = self._replenish(budget)
        collection = self._collection(invoice)
        self.assertEqual(collection.mandate_id, common)
        soonest = fields.Date.add(self.company._get_autopay_today(), days=3)
        self.assertEqual(collection.date, soonest)
        self._collect()
        self.assertFalse(self._attempts(invoice))
        today = self.company._get_autopay_today()
        collection.write({"date": today, "noticed_date": today})  # it was announced
        self._collect()
        self.assertPaid(invoice)

    def test_bf35_mixed_invoice_is_not_the_budgets(self):
        """Its own mandate pays for nothing but the budget."""
        budget = self._create_rule()
        self._allow(budget)
        invoice = self.env["account.move"].browse(budget.top_up(50.0))
        invoice.invoice_line_ids = [
            Command.create({"name": "Other", "price_unit": 10.0, "tax_ids": []})
        ]
        invoice.action_post()
        self.assertFalse(self._collection(invoice))

    def test_bf35_other_actions_do_not_charge_today(self):
        self.company.autopay_notice_days = 3
        budget = self._create_rule(replenish_action="post")
        self._allow(budget)
        invoice = self._replenish(budget)
        self.assertGreater(
            self._collection(invoice).date, self.company._get_autopay_today()
        )

    def test_bf35_without_a_mandate_sent_and_told_once(self):
        """Never silently dropped: posted and sent, to be paid by hand."""
        budget = self._create_rule()
        invoice = self._replenish(budget)
        self.assertEqual(invoice.state, "posted")
        self.assertTrue(invoice.sending_data)
        self.assertFalse(self._collection(invoice))
        self.assertIn("has not allowed automatic payments", budget.replenish_note)
        self.assertEqual(len(budget.activity_ids), 1)
        self.assertIn("not charged", budget.activity_ids.summary)
        self.assertEqual(budget.activity_ids.user_id, budget.user_id)
        for _night in range(2):
            self._replenish(budget)
        self.assertIn("has not allowed automatic payments", budget.replenish_note)
        self.assertEqual(len(budget.activity_ids), 1)
        self.assertEqual(len(self._get_top_ups(budget)), 1)
        self._pay(invoice)
        self.assertBalance(budget, 200.0)

    def test_bf35_why_it_is_not_charged_stays_in_sight(self):
        """Withdrawn consent, an amount above the limit: the note says so."""
        budget = self._create_rule()
        mandate = self._allow(budget, max_amount=100.0)
        self._replenish(budget)
        self._collect()
        self._replenish(budget)
        self.assertIn("above the largest charge", budget.replenish_note)
        self._withdraw(mandate)
        self._replenish(budget)
        self.assertIn("withdrew the consent", budget.replenish_note)

    def test_b23_never_paid_from_the_same_balance(self):
        """A top-up is settled by money only: the budget still has credit."""
        budget = self._create_rule(150.0)
        self._spend(80.0)
        self._allow(budget)
        invoice = self._replenish(budget)
        self.assertBalance(budget, 70.0)
        self.assertEqual(invoice.amount_residual, 230.0)
        self.assertFalse(invoice.invoice_line_ids.sale_line_ids)
        self._collect()
        self.assertEqual(self._attempts(invoice).amount, 230.0)
        self.assertBalance(budget, 270.0)
        consumed = budget.entry_ids.filtered(lambda e: e.kind == "consume")
        self.assertTrue(all(entry.timesheet_id for entry in consumed))

    def test_b42_customer_pays_while_the_charge_is_due(self):
        """Whoever comes second finds a payment under way; see tests/concurrency."""
        budget = self._create_rule()
        self._allow(budget)
        invoice = self._replenish(budget)
        invoice._lock_for_payment()
        invoice._check_payable_online()
        transaction = self._open_form(invoice)
        self._collect()
        self.assertFalse(self._attempts(invoice))
        transaction._process(
            "demo", {"reference": transaction.reference, "simulated_state": "done"}
        )
        transaction._post_process()
        self._collect()
        self.assertFalse(self._attempts(invoice))
        self.assertPaid(invoice)
        with self.assertRefused("is paid already"):
            invoice._check_payable_online()


class TestSuspension(ChargeCommon):
    """Three failures in a row suspend the rule (BF37, B20)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bad = cls._create_token(cls.customer, answer="error", details="0002")
        cls.budget = cls._create_rule(user_id=cls.env.user.id)
        cls.mandate = cls._allow(cls.budget, token=cls.bad)

    def test_bf37_b20_three_failures_suspend_and_tell_once(self):
        invoice = self._fail(self.budget, times=2)
        self.assertEqual(self.budget.charge_failures, 2)
        self.assertFalse(self.budget.is_charge_suspended)
        self.assertFalse(self._get_told(self.budget))
        self._retry(invoice)
        self.assertEqual(self.budget.charge_failures, 3)
        self.assertTrue(self.budget.is_charge_suspended)
        self.assertIn("3 automatic payments failed", self.budget.replenish_note)
        self.assertIn("different payment method", self.budget.replenish_note)
        self.assertEqual(self._get_told(self.budget).user_id, self.budget.user_id)
        self.assertEqual(self._get_mails(self.budget).recipient_ids, self.customer)
        self._follow()
        for _night in range(3):
            self._replenish(self.budget)
            self._retry(invoice)
        self.assertEqual(len(self._attempts(invoice)), 3)
        self.assertEqual(len(self._get_told(self.budget)), 1)
        self.assertEqual(len(self._get_mails(self.budget)), 1)
        self.assertFalse(invoice.activity_ids)

    def test_b20_last_failure_promises_no_retry(self):
        """What the customer is told does not contradict the suspension."""
        invoice = self._fail(self.budget)
        self.assertEqual(self._collection(invoice).state, "failed")
        kinds = self._messages(invoice).mapped("kind")
        self.assertEqual(kinds.count("retry"), 2)
        self.assertNotIn("method", kinds)

    def test_b20_no_new_invoice_while_suspended(self):
        """Paid by hand and low again: still nothing is made to be charged."""
        invoice = self._fail(self.budget)
        self._pay(invoice)
        self._spend(150.0)
        self.assertTrue(self.budget.is_low)
        self._replenish(self.budget)
        self.assertEqual(self._get_top_ups(self.budget), invoice)
        self.assertIn("Charging is suspended", self.budget.replenish_note)
        self.budget.replenish_action = "post"
        self.assertNotEqual(self._replenish(self.budget), invoice)

    def test_b20_counted_over_several_invoices(self):
        """One failure of each of three top-ups, each then paid by hand."""
        for _invoice in range(3):
            invoice = self._fail(self.budget, times=1)
            self._pay(invoice)
            self._spend(200.0)
        self.assertEqual(len(self._get_top_ups(self.budget)), 3)
        self.assertTrue(self.budget.is_charge_suspended)

    def test_b20_hard_declines_count(self):
        """A decline that is final at once is one failure, too."""
        for _invoice in range(3):
            invoice = self._replenish(self.budget)
            self._run("collect")
            self.env.flush_all()
            self._pay(invoice)
            self._spend(200.0)
        # Nobody has looked at the counter yet, and still nothing is charged.
        self.assertFalse(self.budget.is_charge_suspended)
        self._replenish(self.budget)
        self.assertEqual(len(self._get_top_ups(self.budget)), 3)

    def test_b20_same_card_entered_again_does_not_clear(self):
        invoice = self._fail(self.budget)
        again = self._create_token(self.customer, answer="done", details="0002")
        self.mandate._change_method(again, "portal")
        self._collect()
        self.assertTrue(self.budget.is_charge_suspended)
        self.assertEqual(len(self._attempts(invoice)), 3)
        self.assertEqual(self._collection(invoice).state, "failed")
        self._withdraw(self.mandate)
        self._allow(self.budget, token=again)
        self._follow()
        self.assertTrue(self.budget.is_charge_suspended)
        self.assertFalse(invoice.activity_ids)

    def test_b20_different_method_rearms(self):
        invoice = self._fail(self.budget)
        self.mandate._change_method(self.customer_token, "portal")
        self.assertFalse(self.budget.is_charge_suspended)
        self.assertEqual(self.budget.charge_failures, 0)
        self._collect()
        self.assertPaid(invoice)
        self._spend(200.0)
        second = self._replenish(self.budget)
        self.assertNotEqual(second, invoice)
        self._collect()
        self.assertPaid(second)

    def test_b20_new_consent_by_a_different_method_rearms(self):
        self._fail(self.budget)
        self._withdraw(self.mandate)
        self._allow(self.budget)
        self.assertFalse(self.budget.is_charge_suspended)
        self.assertEqual(self.budget.charge_failures, 0)

    def test_b20_rearmed_by_hand(self):
        """The same method is tried again, and has three tries again."""
        invoice = self._fail(self.budget)
        self.budget.action_rearm_charges()
        self.assertFalse(self.budget.is_charge_suspended)
        self.assertIn("re-armed by", self.budget.replenish_note)
        for expected in (4, 5, 6):
            self._retry(invoice)
            self.assertEqual(len(self._attempts(invoice)), expected)
        self.assertTrue(self.budget.is_charge_suspended)
        self._retry(invoice)
        self.assertEqual(len(self._attempts(invoice)), 6)
        self.assertEqual(len(self._get_mails(self.budget)), 2)

    def test_b20_success_resets_the_counter(self):
        invoice = self._fail(self.budget, times=2)
        self.bad.demo_simulated_state = "done"
        self._retry(invoice)
        self.assertPaid(invoice)
        self.assertEqual(self.budget.charge_failures, 0)
        self.bad.demo_simulated_state = "error"
        self._spend(200.0)
        self._fail(self.budget, times=2)
        self.assertEqual(self.budget.charge_failures, 2)
        self.assertFalse(self.budget.is_charge_suspended)

    def test_b20_another_budget_of_the_customer_is_charged(self):
        """Each budget counts for itself."""
        other = self._create_rule(name="Other")
        self._allow(other)
        self._fail(self.budget)
        invoice = self._replenish(other)
        self._collect()
        self.assertPaid(invoice)

    def test_b20_nobody_types_the_counter(self):
        for name, value in (
            ("charge_failures", 0),
            ("is_charge_suspended", False),
            ("charge_mark", 99),
        ):
            with self.subTest(name), self.assertRefused("cannot be typed"):
                self.budget.write({name: value})
        user = new_test_user(
            self.env(su=True), login="deductor", groups="prepaid_billing.group_user"
        )
        with self.assertRefused("not allowed|access"):
            self.budget.with_user(user).action_rearm_charges()
