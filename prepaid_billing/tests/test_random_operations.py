"""A year of whatever people do, at random: the books agree on every month end."""

import os
import random
from collections import Counter
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.date_utils import end_of, subtract

from .test_liability import LiabilityCommon

#: Operations in each currency; `RANDOM_OPERATIONS=3400 make test ...` does many more.
OPERATIONS = int(os.environ.get("RANDOM_OPERATIONS", "150"))
SEED = int(os.environ.get("RANDOM_SEED", "19"))
START = date(2027, 1, 1)
DAYS = 365

#: What people do, and how often of a hundred.
WEIGHTS = {
    "deduct": 46,
    "undo": 9,
    "edit": 7,
    "delete": 3,
    "buy": 9,
    "pay": 4,
    "bounce": 3,
    "refund": 4,
    "cancel_refund": 1,
    "grant": 3,
    "adjust": 2,
    "transfer": 4,
    "revoke": 1,
    "extend": 1,
    "recognize": 3,
}


class RandomOperations(LiabilityCommon):
    """The operations; each is one that a person can do, refused or not."""

    currency_name = "USD"

    @classmethod
    def _create_company(cls, **create_values):
        currency = cls.env["res.currency"].with_context(active_test=False)
        currency = currency.search([("name", "=", cls.currency_name)])
        currency.active = True
        return super()._create_company(**create_values, currency_id=currency.id)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.prepaid_edit_policy = "rebook"
        cls.random = random.Random(f"{SEED}/{cls.currency_name}")
        cls.money = cls.company.currency_id
        cls.budget.write({"shortage_policy": "overdraft", "overdraft_limit": 500.0})
        cls.side_project = cls._create_project(cls.customer, cls.order, name="Side")
        cls.side_budget = cls._create_budget(
            name="Side",
            scope="projects",
            project_ids=cls.side_project.ids,
            shortage_policy="partial",
        )
        cls.budgets = cls.budget | cls.side_budget
        cls.pack.prepaid_validity = 75
        cls.payments = cls.env["account.payment"]
        cls.done, cls.refused = Counter(), Counter()

    # === PICKING === #

    def _pick(self, records):
        """Return one of the records, or none where there is none."""
        if not records:
            return records
        return records[self.random.randrange(len(records))]

    def _amount(self, most):
        """Return any amount that this currency can have, above zero."""
        units = round(most / self.money.rounding)
        return self.money.round(self.random.randint(1, units) * self.money.rounding)

    def _pick_entry(self):
        """Return a deduction that was not returned, among the latest."""
        entries = self.env["prepaid.entry"].search(
            [
                ("budget_id", "in", self.budgets.ids),
                ("kind", "=", "consume"),
                ("return_ids", "=", False),
                ("timesheet_id", "!=", False),
            ],
            limit=40,
        )
        return self._pick(entries)

    def _pick_invoice(self, *states):
        return self._pick(
            self.env["account.move"].search(
                [
                    ("partner_id", "=", self.customer.id),
                    ("move_type", "=", "out_invoice"),
                    ("state", "=", "posted"),
                    ("payment_state", "in", states),
                ],
                order="id desc",
                limit=20,
            )
        )

    def _pick_lot(self, *domain):
        return self._pick(
            self.env["prepaid.lot"].search(
                [("budget_id", "in", self.budgets.ids), *domain], limit=40
            )
        )

    # === OPERATIONS === #

    def _receive(self, move, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": self.today})
        )
        if amount:
            wizard.amount = amount
        return wizard._create_payments()

    def _op_buy(self):
        budget = self._pick(self.budgets)
        move = self.env["account.move"].browse(budget.top_up(self._amount(900.0)))
        move.invoice_date = self.today
        move.action_post()
        if self.random.random() < 0.7:
            self.payments |= self._receive(move)

    def _op_pay(self):
        if move := self._pick_invoice("not_paid", "partial"):
            half = self.random.random() < 0.2 and self.money.round(
                move.amount_residual / 2
            )
            self.payments |= self._receive(move, half)

    def _op_bounce(self):
        if payment := self._pick(
            self.payments[-15:].filtered(lambda p: p.state in ("paid", "in_process"))
        ):
            payment.action_draft()
            payment.action_cancel()

    def _op_grant(self):
        end = self.today + timedelta(days=self.random.randint(5, 120))
        self._pick(self.budgets).grant(self._amount(120.0), "Goodwill", date_to=end)

    def _op_adjust(self):
        sign = self.random.choice((1, -1))
        self._pick(self.budgets).adjust(sign * self._amount(60.0), "Counted again")

    def _op_transfer(self):
        source = self._pick(self.budgets)
        source.transfer(self.budgets - source, self._amount(150.0), "Moved")

    def _op_revoke(self):
        if lot := self._pick_lot(("kind", "=", "granted"), ("remaining", ">", 0)):
            lot.revoke("Abused")

    def _op_extend(self):
        if lot := self._pick_lot(("date_to", ">=", self.today), ("remaining", ">", 0)):
            lot.extend(lot.date_to + timedelta(days=20), "On holiday")

    def _op_deduct(self):
        days = [self.today - timedelta(days=self.random.randint(0, 3)) for _ in "ab"]
        lines = self.env["account.analytic.line"]
        for day in days[: self.random.randint(1, 2)]:
            project = self._pick(self.project | self.side_project)
            lines |= self._log_time(self.random.randint(1, 240) / 60, project, day)
        self._deduct(lines)

    def _op_undo(self):
        if entry := self._pick_entry():
            entry.action_return_time()

    def _op_edit(self):
        if entry := self._pick_entry():
            hours = self.random.randint(1, 240) / 60
            entry.timesheet_id.sudo().unit_amount = hours  # as its employee

    def _op_delete(self):
        if entry := self._pick_entry():
            entry.timesheet_id.sudo().unlink()  # as its employee

    def _op_refund(self):
        """Credit a part of an invoice: refused when more than the rest of its lot."""
        if lot := self._pick_lot(("invoice_id", "!=", False), ("remaining", ">", 0)):
            value = lot._get_value_for(lot.remaining)
            amount = value if self.random.random() < 0.4 else self._amount(400.0)
            refund = self._credit(lot, amount)
            if self.random.random() < 0.5:
                self._settle(refund)

    def _op_cancel_refund(self):
        refund = self.env["account.move"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("move_type", "=", "out_refund"),
                ("state", "=", "posted"),
            ],
            order="id desc",
            limit=5,
        )
        if refund := self._pick(refund):
            refund.button_draft()
            refund.button_cancel()

    def _settle(self, refund):
        """Pay a credit note back in money."""
        self._receive(refund)

    def _op_recognize(self):
        self._recognize(self.budgets)

    # === THE YEAR === #

    def _live(self, clock):
        """Do one operation after the other through a year; keep every month end."""
        names = [*WEIGHTS]
        closings = {}
        self.today = START
        for number in range(OPERATIONS):
            day = START + timedelta(days=number * DAYS // OPERATIONS)
            if day != self.today:
                self._end_days(clock, day, closings)
            name = self.random.choices(names, WEIGHTS.values())[0]
            try:
                with self.env.cr.savepoint():
                    getattr(self, f"_op_{name}")()
                self.done[name] += 1
            except UserError:
                self.refused[name] += 1
            if number % 50 == 0:
                self.assertFalse(self.budgets.sudo()._get_differences(), (number, name))
                self.env.invalidate_all()
                # In one transaction PostgreSQL does not count by itself.
                self.env.cr.execute("ANALYZE prepaid_entry, prepaid_allocation")
                self.env.cr.execute("ANALYZE prepaid_lot, prepaid_recognition")
        self._end_days(clock, START + timedelta(days=DAYS), closings)
        return closings

    def _end_days(self, clock, day, closings):
        """Run the nightly jobs up to a day; note the balances of months that end."""
        while self.today < day:
            if end_of(self.today, "month") == self.today:
                self.env.invalidate_all()
                closings[self.today] = {b: b.balance for b in self.budgets}
            self.today += timedelta(days=1)
            clock.move_to(f"{self.today} 12:00:00")
            self.budgets.sudo()._lock_and_expire()

    def _check_month(self, end, balances):
        """On a month end ledger, lots, statement and general ledger say the same."""
        first = end.replace(day=1)
        for budget, balance in balances.items():
            statement = budget._get_statement(first, end)
            rows = [budget._to_units(row["amount"]) for row in statement["rows"]]
            units = {n: budget._to_units(statement[n]) for n in ("opening", "closing")}
            self.assertEqual(units["opening"] + sum(rows), units["closing"])
            self.assertEqual(units["closing"], budget._to_units(balance))
            before = budget._get_balance_on(subtract(first, days=1))
            self.assertEqual(units["opening"], budget._to_units(before))
            if rows:
                last = statement["rows"][-1]["balance"]
                self.assertEqual(budget._to_units(last), units["closing"])
        report = self._get_report(end)
        self.assertEqual(report["difference"], 0.0)
        self.assertEqual(
            self.money.round(report["lots"] + report["waiting"]), report["ledger"]
        )
        self.assertEqual(self._get_balance(self.liability, end), report["ledger"])

    def _check(self, closings):
        self.assertFalse(self.budgets.sudo()._get_differences())
        self._recognize(self.budgets)
        self.assertEqual(len(closings), 12)
        for end, balances in closings.items():
            with self.subTest(month=end):
                self._check_month(end, balances)
        report = self._get_report(self.today)
        self.assertEqual((report["waiting"], report["difference"]), (0.0, 0.0))
        self.assertEqual(self._get_balance(self.liability), report["lots"])

    def _run(self):
        with freeze_time(f"{START} 12:00:00") as clock:
            closings = self._live(clock)
            self._check(closings)
        total = sum(self.done.values())
        self.assertEqual(total + sum(self.refused.values()), OPERATIONS)
        self.assertGreater(total, OPERATIONS * 0.6, self.refused)
        return total


@tagged("post_install", "-at_install")
class TestRandomOperations(RandomOperations):
    def test_b79_b94_random_year_in_dollars(self):
        """Two decimals."""
        self._run()


@tagged("post_install", "-at_install")
class TestRandomOperationsYen(RandomOperations):
    currency_name = "JPY"

    def test_b79_b59_random_year_in_yen(self):
        """No decimals."""
        self._run()


@tagged("post_install", "-at_install")
class TestRandomOperationsDinar(RandomOperations):
    currency_name = "KWD"

    def test_b79_b59_random_year_in_dinars(self):
        """Three decimals."""
        self._run()
