"""Credit that is a liability until it is used: entries on real accounts."""

from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import PrepaidCommon

JUNE_1 = "2026-06-01 12:00:00"


class LiabilityCommon(PrepaidCommon):
    """A pack that becomes income when it is used, with accounts of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")
        cls.env.user.group_ids += cls.env.ref("account.group_account_manager")
        cls.company.partner_id.tz = "UTC"
        cls.liability = cls._create_account("233999", "liability_current")
        cls.breakage = cls._create_account("433999", "income_other")
        cls.income = cls.company_data["default_account_revenue"]
        cls.company.prepaid_liability_account_id = cls.liability
        cls.company.prepaid_breakage_account_id = cls.breakage
        cls.pack.prepaid_revenue_policy = "when_used"
        cls.budget = cls._create_budget()

    @classmethod
    def _create_account(cls, code, account_type):
        return cls.env["account.account"].create(
            {
                "name": f"Prepaid {code}",
                "code": code,
                "account_type": account_type,
                "company_ids": cls.company.ids,
            }
        )

    @classmethod
    def _sell(cls, amount, pay=True, day="2026-06-01", **pack):
        """Sell credit of a pack with such terms; return its lot."""
        cls.pack.write(pack)
        move = cls._buy(cls.budget, amount, pay=pay, day=day)
        return move.prepaid_lot_ids.sudo(False)

    @classmethod
    def _recognize(cls, budget=None):
        """Do what the scheduled action does; return the new rows."""
        rows = (budget or cls.budget).sudo()._recognize()
        cls.env.invalidate_all()
        return rows

    @classmethod
    def _credit(cls, lot, amount=None, post=True):
        """Make a credit note on the invoice of a lot, for an amount without tax."""
        refund = lot.invoice_id._reverse_moves(
            [{"invoice_date": cls.company._get_autopay_today()}]
        )
        if amount is not None:
            refund.invoice_line_ids.price_unit = amount
        if post:
            refund.action_post()
        return refund

    def _get_balance(self, account, date=None):
        """Return the balance of an account, + for credit, in the company's currency."""
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", account.id),
                ("parent_state", "=", "posted"),
                *([("date", "<=", date)] if date else []),
            ]
        )
        return round(-sum(lines.mapped("balance")), 3)

    def _get_report(self, date):
        report = self.env["prepaid.liability"].create({"date": date})
        rows = report._compute_rows()
        names = ("lots", "waiting", "ledger", "difference")
        return {name: round(sum(row[name] for row in rows), 3) for name in names}

    def assertBooks(self, liability, income, breakage=0.0):
        self.assertEqual(
            [
                self._get_balance(account)
                for account in (self.liability, self.income, self.breakage)
            ],
            [liability, income, breakage],
        )

    def assertProved(self, date, lots):
        """Credit left is as expected on a day, and the general ledger says the same."""
        self.assertEqual(
            self._get_report(date),
            {"lots": lots, "waiting": 0.0, "ledger": lots, "difference": 0.0},
        )
        self.assertEqual(self._get_balance(self.liability, date), lots)


class TestLiability(LiabilityCommon):
    """Buy, use, return, lapse, credit: each one on the accounts."""

    def test_bf41_income_at_once_is_the_default(self):
        """A pack that nobody changed is income when sold; nothing is booked later."""
        pack = self._create_pack(name="Simple")
        self.assertEqual(pack.prepaid_revenue_policy, "at_once")
        budget = self._create_budget(product_id=pack.id, sequence=1)
        move = self._buy(budget, 500.0)
        self.assertEqual(move.invoice_line_ids.account_id, self.income)
        self._spend(100.0)
        self.assertFalse(self._recognize(budget))
        self.assertBooks(0.0, 500.0)

    def test_b75_bf42_bf43_used_credit_becomes_income_without_tax(self):
        """1,000 + tax: liability 1,000. Use 400: liability 600, income 400, no tax."""
        lot = self._sell(1000.0)
        invoice = lot.invoice_id
        self.assertEqual(invoice.amount_total, 1150.0)
        self.assertEqual(invoice.invoice_line_ids.account_id, self.liability)
        self.assertBooks(1000.0, 0.0)
        self._spend(400.0)
        self.assertBooks(1000.0, 0.0)
        rows = self._recognize()
        self.assertBooks(600.0, 400.0)
        self.assertRecordValues(rows, [{"part": "used", "value": 400.0}])
        move = rows.move_id
        self.assertRecordValues(move, [{"move_type": "entry", "state": "posted"}])
        self.assertFalse(move.line_ids.tax_ids or move.line_ids.tax_line_id)
        self.assertEqual(move.line_ids.partner_id, self.customer)
        self.assertEqual(rows.allocation_id.entry_id.kind, "consume")

    def test_bf42_each_use_is_booked_once(self):
        """The action twice, and again later: nothing twice; the row is unique."""
        self._sell(1000.0)
        self._spend(400.0)
        rows = self._recognize()
        self.assertFalse(self._recognize())
        self._spend(100.0)
        self.assertEqual(self._recognize().mapped("value"), [100.0])
        self.assertBooks(500.0, 500.0)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env.cr.execute(
                "INSERT INTO prepaid_recognition (lot_id, allocation_id, company_id,"
                " currency_id, money_currency_id, book_currency_id, part, date,"
                " quantity, value, money_value, credited, credited_book_value,"
                " credited_money_value)"
                " SELECT lot_id, allocation_id, company_id, currency_id,"
                " money_currency_id, book_currency_id, part, date, quantity, value,"
                " money_value, credited, credited_book_value, credited_money_value"
                " FROM prepaid_recognition WHERE id = %s",
                [rows.id],
            )

    def test_bf42_returned_time_takes_its_income_back(self):
        """Return before the batch: nothing remains. After it: the next one reverses."""
        self._sell(1000.0)
        entry = self._spend(400.0)
        entry.action_return_time()
        self._recognize()
        self.assertBooks(1000.0, 0.0)
        entry = self._spend(300.0)
        self._recognize()
        self.assertBooks(700.0, 300.0)
        entry.action_return_time()
        self.assertEqual(self._recognize().mapped("value"), [-300.0])
        self.assertBooks(1000.0, 0.0)

    def test_bf41_each_lot_at_its_own_price(self):
        """1,000 sold for 900: 400 used is 360 income; the last use takes the rest."""
        self.pack.write({"prepaid_credit": 1000.0, "list_price": 900.0})
        lot = self._sell(1000.0)
        self.assertRecordValues(lot, [{"quantity": 1000.0, "book_value": 900.0}])
        self._spend(400.0)
        self._recognize()
        self.assertBooks(540.0, 360.0)
        self._spend(600.0)
        self._recognize()
        self.assertBooks(0.0, 900.0)

    def test_bf41_hours_sold_end_at_exactly_zero(self):
        """3 hours for 100: 33.33, 33.34, 33.33; nothing is left on the liability."""
        pack = self._create_pack(
            name="Three hours",
            prepaid_unit="hours",
            prepaid_credit=3.0,
            list_price=100.0,
            prepaid_revenue_policy="when_used",
        )
        budget = self._create_budget(product_id=pack.id, unit="hours", sequence=1)
        self._buy(budget, 3.0)
        self.assertBooks(100.0, 0.0)
        values = []
        for _count in range(3):
            self._deduct(self._log_time(1.0))
            values += self._recognize(budget).mapped("value")
        self.assertEqual(values, [33.33, 33.34, 33.33])
        self.assertBooks(0.0, 100.0)
        self.assertBalance(budget, 0.0)

    def test_b81_free_credit_books_nothing(self):
        """Granted credit: no invoice, no liability, and its use is no income."""
        self.budget.grant(200.0, "Goodwill")
        self._sell(100.0, prepaid_bonus=50.0)
        self._spend(350.0)
        self.assertBalance(self.budget, 0.0)
        rows = self._recognize()
        self.assertEqual(rows.mapped("value"), [100.0])
        self.assertBooks(0.0, 100.0)

    def test_b36_full_credit_note_before_any_use(self):
        """Lot closed, liability and tax reversed by the document, nothing beside it."""
        lot = self._sell(1000.0)
        tax = lot.invoice_id.line_ids.filtered("tax_line_id")
        self._credit(lot)
        self.assertEqual(self._get_balance(tax.account_id), 0.0)
        self._recognize()
        self.assertBooks(0.0, 0.0)
        self.assertLot(lot, 0.0, "closed")

    def test_b37_credit_note_of_the_unused_part(self):
        """1,000, 400 used: 1,000 refused, 600 accepted; the income of 400 stays."""
        lot = self._sell(1000.0)
        self._spend(400.0)
        with self.assertRefused("600"), self.cr.savepoint():
            self._credit(lot, 1000.0)
        self._credit(lot, 600.0)
        self._recognize()
        self.assertBooks(0.0, 400.0)
        self.assertBalance(self.budget, 0.0)

    def test_b37_credit_note_taken_back_restores_the_liability(self):
        """A posted credit note that is reset is a liability again, booked once."""
        self.pack.write({"prepaid_credit": 300.0, "list_price": 100.01})
        lot = self._sell(300.0)
        self._spend(100.0)
        refund = self._credit(lot, 33.33)
        self._recognize()
        self.assertBooks(33.34, 33.34)
        today = str(self.company._get_autopay_today())
        self.assertProved(today, 33.34)
        refund.button_draft()
        self._recognize()
        self.assertFalse(self._recognize())
        self.assertBooks(66.67, 33.34)
        self.assertProved(today, 66.67)

    def test_b34_bounced_payment_keeps_liability_and_income(self):
        """The invoice is still there: so are what is unused and what was used."""
        lot = self._sell(1000.0, pay=False)
        payment = self._pay(lot.invoice_id)
        self._spend(400.0)
        payment.action_draft()
        payment.action_cancel()
        self._recognize()
        self.assertBalance(self.budget, -400.0)
        self.assertBooks(600.0, 400.0)

    def test_b34_debt_of_a_bounced_lot_is_paid_by_the_next(self):
        """What the new lot pays for is its use; the bounced one has it again."""
        lot = self._sell(1000.0, pay=False)
        payment = self._pay(lot.invoice_id)
        self._spend(400.0)
        payment.action_draft()
        payment.action_cancel()
        self._recognize()
        new_lot = self._sell(500.0)
        self.assertEqual(new_lot.remaining, 100.0)
        self._recognize()
        self.assertBooks(1100.0, 400.0)
        today = str(self.company._get_autopay_today())
        self.assertProved(today, 1100.0)
        self._pay(lot.invoice_id)
        self._spend(1100.0)
        self._recognize()
        self.assertBooks(0.0, 1500.0)
        self.assertBalance(self.budget, 0.0)

    def test_b43_use_on_overdraft_is_income_when_it_is_paid_for(self):
        """80 used without credit: nothing to recognize until a lot pays for it."""
        self.budget.write({"shortage_policy": "overdraft", "overdraft_limit": 100.0})
        self._spend(80.0)
        self.assertFalse(self._recognize())
        self._sell(200.0)
        self.assertEqual(self._recognize().mapped("value"), [80.0])
        self.assertBooks(120.0, 80.0)

    def test_b74_moved_credit_takes_its_liability_along(self):
        """A third of a lot moves: no entry, and both lots end at exactly zero."""
        self.pack.write({"prepaid_credit": 300.0, "list_price": 100.0})
        lot = self._sell(300.0)
        self._spend(100.0)
        target = self._create_budget(sequence=99)
        self.budget.transfer(target, 100.0, "Another project")
        moved = target.lot_ids.sudo(False)
        self.assertEqual(moved.book_value, 33.34)
        self._recognize()
        self.assertBooks(66.67, 33.33)
        self.assertProved(str(self.company._get_autopay_today()), 66.67)
        self._spend(200.0)
        self.assertEqual((lot | moved).mapped("remaining"), [0.0, 100.0])
        target.sequence = 1
        self._spend(100.0)
        self._recognize(self.budget | target)
        self.assertBooks(0.0, 100.0)

    def test_b39_what_lapsed_keeps_its_invoice(self):
        """An invoice whose credit lapsed is booked: it is not reset to draft."""
        lot = self._sell(100.0)
        lot.revoke("Contract broken")
        self._recognize()
        self.assertBooks(0.0, 0.0, 100.0)
        with self.assertRefused("cannot be reset to draft"):
            lot.invoice_id.button_draft()

    # === BREAKAGE === #

    def test_b82_bf46_expired_credit_is_breakage(self):
        """The rest leaves the liability for the breakage account; its tax stays."""
        with freeze_time(JUNE_1):
            lot = self._sell(1000.0, prepaid_validity=30)
            self._spend(400.0)
            self._recognize()
        tax = lot.invoice_id.line_ids.filtered("tax_line_id")
        with freeze_time("2026-07-02 12:00:00"):
            self.budget.sudo()._lock_and_expire()
            rows = self._recognize()
            self.assertRecordValues(rows, [{"part": "lapsed", "value": 600.0}])
            self.assertBooks(0.0, 400.0, 600.0)
            self.assertEqual(self._get_balance(tax.account_id), 150.0)
            lot.reinstate("2026-08-31", "Goodwill")
            self._recognize()
            self.assertBooks(600.0, 400.0)

    def test_bf46_breakage_account_of_the_pack_then_company_then_income(self):
        own = self._create_account("433998", "income")
        self.pack.property_prepaid_breakage_account_id = own
        self._sell(100.0).revoke("First")
        self.assertEqual(self._recognize().account_id, own)
        self.pack.property_prepaid_breakage_account_id = False
        self._sell(100.0).revoke("Second")
        self.assertEqual(self._recognize().account_id, self.breakage)
        self.company.prepaid_breakage_account_id = False
        self._sell(100.0).revoke("Third")
        self.assertEqual(self._recognize().account_id, self.income)

    def test_b83_locked_period_goes_to_the_first_open_day(self):
        """Used on 20 June, June is locked: booked on 1 July, the day is kept."""
        with freeze_time("2026-06-20 12:00:00"):
            self._sell(1000.0, day="2026-06-01")
            self._spend(400.0)
        with freeze_time("2026-07-05 12:00:00"):
            self.company.sudo().fiscalyear_lock_date = "2026-06-30"
            rows = self._recognize()
            self.assertEqual(str(rows.date), "2026-06-20")
            self.assertEqual(str(rows.move_id.date), "2026-07-01")
            self.assertEqual(
                self._get_report("2026-06-30"),
                {"lots": 600.0, "waiting": 400.0, "ledger": 1000.0, "difference": 0.0},
            )
            self.assertProved("2026-07-01", 600.0)

    # === BATCHES === #

    def test_bf42_one_entry_a_day_for_all_customers(self):
        """Three uses of two customers on two days: two journal entries."""
        other = self._create_budget(
            partner=self.env["res.partner"].create({"name": "Other"})
        )
        project = self._create_project(
            other.partner_id, self._create_order(other.partner_id)
        )
        with freeze_time(JUNE_1):
            self._sell(1000.0)
            self._buy(other, 1000.0)
            self._spend(100.0)
            self._spend(50.0, project=project)
        with freeze_time("2026-06-02 12:00:00"):
            self._spend(200.0)
        rows = self._recognize(self.budget | other)
        self.assertEqual(len(rows), 3)
        moves = rows.move_id.sorted("date")
        self.assertEqual(
            [str(move.date) for move in moves], ["2026-06-01", "2026-06-02"]
        )
        self.assertEqual(len(moves[0].line_ids), 4)
        self.assertEqual(sum(moves.line_ids.mapped("debit")), 350.0)

    def test_bf42_monthly_entries_wait_for_the_end_of_the_month(self):
        self.company.prepaid_recognition_period = "month"
        with freeze_time("2026-06-10 12:00:00"):
            self._sell(1000.0)
            self._spend(100.0)
            self._spend(200.0)
            self.assertFalse(self._recognize())
        with freeze_time("2026-07-01 12:00:00"):
            self._spend(50.0)
            rows = self._recognize()
            self.assertEqual(rows.mapped("value"), [100.0, 200.0])
            self.assertEqual([str(m.date) for m in rows.move_id], ["2026-06-30"])
            self.assertProved("2026-06-30", 700.0)

    def test_b07_one_budget_that_fails_leaves_the_others(self):
        """A budget whose account is gone is noted; the other is booked."""
        other = self._create_budget(
            partner=self.env["res.partner"].create({"name": "Other"})
        )
        project = self._create_project(
            other.partner_id, self._create_order(other.partner_id)
        )
        self._sell(1000.0)
        self._buy(other, 1000.0)
        self._spend(100.0)
        self._spend(50.0, project=project)
        Lot = self.registry["prepaid.lot"]
        original = Lot._prepare_recognitions
        bad = self.budget.id

        def fail(lot, movements, done):
            if lot.budget_id.id == bad:
                raise UserError(self.env._("No such account"))
            return original(lot, movements, done)

        self.env.flush_all()
        with (
            self.enter_registry_test_mode(),
            mute_logger("odoo.addons.invoice_autopay.models.autopay_step_mixin"),
            patch.object(Lot, "_prepare_recognitions", fail),
        ):
            self.env.ref("prepaid_billing.ir_cron_recognize").method_direct_trigger()
        self.env.invalidate_all()
        self.assertBooks(1950.0, 50.0)
        self.assertIn("No such account", self.budget.replenish_note)

    def test_b74_b79_transfer_before_the_books_know_what_came_back(self):
        """The credit note is canceled, and what comes back moves at once."""
        lot = self._sell(500.0)
        target = self._create_budget(name="Another project")
        refund = self._credit(lot, 54.0)
        self._spend(446.0)
        self._recognize()
        self.assertBooks(0.0, 446.0)
        refund.button_draft()
        refund.button_cancel()
        self.budget.transfer(target, 54.0, "Moved")
        today = self.company._get_autopay_today()
        report = self._get_report(today)
        self.assertEqual((report["lots"], report["difference"]), (54.0, 0.0))
        self._recognize(self.budget | target)
        self.assertBooks(54.0, 446.0)
        self.assertProved(today, 54.0)

    def test_b74_b79_transfer_of_a_part_that_rounding_decides(self):
        """300 of credit for 100: what moves is worth the same on both sides."""
        lot = self._sell(300.0, prepaid_credit=300.0, list_price=100.0)
        target = self._create_budget(name="Another project", sequence=99)
        refund = self._credit(lot, 1.67)
        self._recognize()
        refund.button_draft()
        refund.button_cancel()
        self._spend(100.0)
        self.budget.transfer(target, 100.0, "Moved")
        self._recognize(self.budget | target)
        report = self._get_report(self.company._get_autopay_today())
        self.assertEqual((report["waiting"], report["difference"]), (0.0, 0.0))

    def test_bf42_analytic_follows_the_invoice(self):
        plan = self.env["account.analytic.plan"].create({"name": "Department"})
        account = self.env["account.analytic.account"].create(
            {"name": "Studio", "plan_id": plan.id}
        )
        move = self.env["account.move"].browse(self.budget.top_up(100.0))
        move.invoice_line_ids.analytic_distribution = {str(account.id): 100.0}
        move.action_post()
        self._pay(move)
        self._spend(100.0)
        lines = self._recognize().move_id.line_ids
        self.assertEqual(
            lines.mapped("analytic_distribution"), [{str(account.id): 100.0}] * 2
        )

    # === GUARDS === #

    def test_b88_recognitions_and_their_entries_stay(self):
        self._sell(100.0)
        self._spend(100.0)
        row = self._recognize()
        with self.assertRefused("history"):
            row.sudo().write({"value": 1.0})
        with self.assertRefused("history"):
            row.sudo().unlink()
        with self.assertRefused("cannot be reset to draft"):
            row.move_id.button_draft()

    def test_bf41_pack_without_a_liability_account_is_not_sold(self):
        self.company.prepaid_liability_account_id = False
        self.company.downpayment_account_id = False
        with self.assertRefused("no liability account"):
            self._sell(100.0)

    def test_bf41_down_payment_account_is_the_default(self):
        self.company.prepaid_liability_account_id = False
        account = self._create_account("233998", "liability_current")
        self.company.downpayment_account_id = account
        lot = self._sell(100.0)
        self.assertEqual(lot.liability_account_id, account)

    def test_bf41_an_income_account_on_the_invoice_is_income_at_once(self):
        move = self.env["account.move"].browse(self.budget.top_up(100.0))
        move.invoice_line_ids.account_id = self.income
        move.action_post()
        self._pay(move)
        self.assertFalse(move.prepaid_lot_ids.liability_account_id)
        self._spend(100.0)
        self.assertFalse(self._recognize())
        self.assertBooks(0.0, 100.0)

    def test_bf41_what_was_sold_keeps_its_policy(self):
        """A later change of the pack touches no lot that was sold."""
        self._sell(100.0)
        self.pack.prepaid_revenue_policy = "at_once"
        self._spend(100.0)
        self._recognize()
        self.assertBooks(0.0, 100.0)

    # === REPORT === #

    def test_b79_bf49_books_agree_on_any_month_end(self):
        """Buy, use, return, expire, credit over months: no difference on any day."""
        with freeze_time("2026-01-15 12:00:00"):
            self._sell(1000.0, day="2026-01-15", prepaid_validity=90)
        with freeze_time("2026-01-31 12:00:00"):
            first = self._spend(250.0, day="2026-01-31")
        with freeze_time("2026-02-10 12:00:00"):
            first.action_return_time()
            self._spend(100.0, day="2026-02-10")
        with freeze_time("2026-03-01 12:00:00"):
            lot = self._sell(500.0, pay=False, day="2026-03-01", prepaid_validity=0)
        with freeze_time("2026-04-20 12:00:00"):
            self.budget.sudo()._lock_and_expire()
        with freeze_time("2026-05-02 12:00:00"):
            self._pay(lot.invoice_id)
            self._spend(120.0, day="2026-05-02")
            self._credit(lot, 300.0)
        with freeze_time("2026-06-02 12:00:00"):
            self._recognize()
        for day, lots in (
            ("2026-01-14", None),
            ("2026-01-15", 1000.0),
            ("2026-01-31", 750.0),
            ("2026-02-28", 900.0),
            ("2026-03-31", 1400.0),
            ("2026-04-30", 500.0),
            ("2026-05-31", 80.0),
        ):
            if lots is None:
                self.assertEqual(self._get_report(day)["lots"], 0.0)
                continue
            self.assertProved(day, lots)
        self.assertEqual(self.budget.balance, 80.0)
        self.assertBooks(80.0, 220.0, 900.0)

    def test_b79_what_is_not_booked_yet_is_told_apart(self):
        today = str(self.company._get_autopay_today())
        self._sell(1000.0)
        self._spend(400.0)
        self.assertEqual(
            self._get_report(today),
            {"lots": 600.0, "waiting": 400.0, "ledger": 1000.0, "difference": 0.0},
        )

    def test_b79_a_foreign_entry_on_the_account_is_a_difference(self):
        """What somebody books by hand is found, with its amount and customer."""
        self._sell(1000.0)
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": "2026-06-15",
                "line_ids": [
                    (0, 0, {"account_id": account.id, "balance": balance})
                    for account, balance in (
                        (self.liability, 70.0),
                        (self.income, -70.0),
                    )
                ],
            }
        )
        move.action_post()
        self.assertEqual(self._get_report("2026-06-14")["difference"], 0.0)
        report = self.env["prepaid.liability"].create({"date": "2026-06-15"})
        rows = {row["partner_id"]: row for row in report._compute_rows()}
        self.assertEqual(rows[None]["difference"], -70.0)
        self.assertEqual(rows[self.customer.id]["difference"], 0.0)

    def test_b79_bf49_down_payments_on_the_same_account_are_no_difference(self):
        """Prepaid credit and down payments of orders share one account: told apart."""
        self.company.prepaid_liability_account_id = False
        self.company.downpayment_account_id = self.liability
        with freeze_time("2026-06-01 12:00:00"):
            lot = self._sell(1000.0)
            self.assertEqual(lot.liability_account_id, self.liability)
            wizard = (
                self.env["sale.advance.payment.inv"]
                .sudo()
                .create(
                    {
                        "advance_payment_method": "fixed",
                        "fixed_amount": 345.0,
                        "sale_order_ids": self.order.ids,
                    }
                )
            )
            deposit = wizard._create_invoices(self.order.sudo()).sudo(False)
            deposit.invoice_date = "2026-06-01"
            deposit.action_post()
        self.assertEqual(deposit.invoice_line_ids.account_id, self.liability)
        net = deposit.amount_untaxed
        report = self.env["prepaid.liability"].create({"date": "2026-06-02"})
        [row] = report._compute_rows()
        self.assertEqual(
            [row[name] for name in ("lots", "deposits", "ledger", "difference")],
            [1000.0, net, 1000.0 + net, 0.0],
        )
        # What somebody books there by hand is found all the same.
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": "2026-06-02",
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "account_id": account.id,
                            "balance": balance,
                            "partner_id": self.customer.id,
                        },
                    )
                    for account, balance in (
                        (self.liability, 70.0),
                        (self.income, -70.0),
                    )
                ],
            }
        )
        move.action_post()
        self.assertEqual(report._compute_rows()[0]["difference"], -70.0)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "prepaid_billing.report_prepaid_liability", report.ids
        )
        self.assertIn("Down payments", html.decode())

    def test_bf62_age_and_customer(self):
        """Each customer's credit by the age of its lots, and the print of it."""
        with freeze_time("2026-01-01 12:00:00"):
            self._sell(100.0, day="2026-01-01")
        with freeze_time("2026-06-01 12:00:00"):
            self._sell(200.0, day="2026-06-01")
        report = self.env["prepaid.liability"].create({"date": "2026-06-30"})
        action = report.action_open()
        lines = self.env["prepaid.liability.line"].search(action["domain"])
        self.assertRecordValues(
            lines,
            [
                {
                    "partner_id": self.customer.id,
                    "account_id": self.liability.id,
                    "age_0": 200.0,
                    "age_1": 0.0,
                    "age_2": 100.0,
                    "age_3": 0.0,
                    "age_4": 0.0,
                    "lots": 300.0,
                    "difference": 0.0,
                }
            ],
        )
        items = self.env["account.move.line"].search(
            lines.action_view_items()["domain"]
        )
        self.assertEqual(sum(items.mapped("balance")), -300.0)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "prepaid_billing.report_prepaid_liability", report.ids
        )
        self.assertIn("300.00", html.decode())

    def test_b84_report_of_another_company_is_refused(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self.env.user.sudo().company_ids -= other
        report = self.env["prepaid.liability"].create({"date": "2026-06-30"})
        report.company_id = other
        with self.assertRaises(AccessError):
            report.action_open()

    def test_bf62_accountants_see_it_employees_do_not(self):
        accountant = new_test_user(
            self.env, "acc_reader", groups="account.group_account_invoice"
        )
        employee = new_test_user(
            self.env, "acc_nobody", groups="hr_timesheet.group_hr_timesheet_user"
        )
        self._sell(100.0)
        Report = self.env["prepaid.liability"].with_company(self.company)
        report = Report.with_user(accountant).create({"date": "2026-06-30"})
        report.action_open()
        self.assertEqual(report.line_ids.lots, 100.0)
        with self.assertRaises(AccessError):
            Report.with_user(employee).create({"date": "2026-06-30"})


class TestLiabilityCurrency(LiabilityCommon):
    """Budget in one currency, company in another (BF48)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency(
            "EUR", rates=[("2026-01-01", 1.1), ("2026-06-10", 1.25)]
        )
        cls.budget = cls._create_budget(
            currency_id=cls.foreign.id, sequence=1, hourly_rate=100.0
        )
        cls.project = cls._create_project(cls.customer)

    def test_b80_bf48_used_up_is_exactly_zero(self):
        """Bought at 1.10: 1,000 is 909.09; used in thirds at another rate: 0.00."""
        with freeze_time(JUNE_1):
            lot = self._sell(1000.0, day="2026-06-01")
        self.assertEqual(lot.book_value, 909.09)
        self.assertBooks(909.09, 0.0)
        values = []
        with freeze_time("2026-06-20 12:00:00"):
            for hours in (3.3333, 3.3333, 3.3334):
                self._deduct(self._log_time(hours, self.project))
                values += self._recognize().mapped("value")
            self.assertBalance(self.budget, 0.0)
        self.assertEqual(values, [303.03, 303.02, 303.04])
        self.assertBooks(0.0, 909.09)
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.liability.id)]
        )
        self.assertEqual(round(sum(lines.mapped("amount_currency")), 2), 0.0)

    def test_b80_credit_note_at_another_rate_is_an_exchange_difference(self):
        """The liability ends at zero; what the rate made is no income of ours."""
        gain = self._create_account("442999", "income_other")
        self.company.income_currency_exchange_account_id = gain
        with freeze_time(JUNE_1):
            lot = self._sell(1000.0, day="2026-06-01")
            self._deduct(self._log_time(4.0, self.project))
        with freeze_time("2026-06-20 12:00:00"):
            refund = self._credit(lot, 600.0)
            self._recognize()
        self.assertEqual(refund.invoice_line_ids.balance, 480.0)
        self.assertBooks(0.0, 363.64)
        self.assertEqual(self._get_balance(gain), 65.45)
        self.assertProved("2026-06-19", 545.45)
