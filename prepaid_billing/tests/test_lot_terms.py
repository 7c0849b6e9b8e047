from freezegun import freeze_time

from .common import WORK_DAY, PrepaidCommon

JUNE_1 = "2026-06-01 12:00:00"


class TestLotTerms(PrepaidCommon):
    """Lots with their own expiry, origin, price and order of use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")
        cls.company.partner_id.tz = "UTC"
        cls.budget = cls._create_budget()

    @classmethod
    def _run_expiry(cls):
        cls.budget.sudo()._lock_and_expire()
        cls.env.invalidate_all()

    @classmethod
    def _sell(cls, amount, day="2026-06-01", pay=True, **pack):
        """Sell credit of a pack with such terms; return its paid lot."""
        cls.pack.write(pack)
        move = cls._buy(cls.budget, amount, pay=pay, day=day)
        return move.prepaid_lot_ids.sudo(False)

    # === ORDER === #

    def _create_three_lots(self):
        """A 100 to 30 June, B 100 to 31 May, C 100 free without end."""
        with freeze_time("2026-05-01 12:00:00"):
            valid = {"prepaid_validity": 61, "prepaid_validity_unit": "days"}
            lot_a = self._sell(100.0, "2026-05-01", **valid)
            lot_b = self._sell(100.0, "2026-05-01", prepaid_validity=31)
            self.budget.grant(100.0, "Goodwill")
        lot_c = self.budget.lot_ids.filtered(lambda lot: lot.kind == "granted")
        self.assertEqual(str(lot_a.date_to), "2026-06-30")
        self.assertEqual(str(lot_b.date_to), "2026-05-31")
        return lot_a, lot_b, lot_c

    @freeze_time("2026-05-20 12:00:00")
    def test_b45_earliest_expiry_first(self):
        """Consume 150: B 100, A 50; what never expires is last."""
        lot_a, lot_b, lot_c = self._create_three_lots()
        self._spend(150.0, day="2026-05-20")
        self.assertRecordValues(
            lot_a | lot_b | lot_c,
            [{"remaining": 50.0}, {"remaining": 0.0}, {"remaining": 100.0}],
        )
        self.assertBalance(self.budget, 150.0)

    @freeze_time("2026-05-20 12:00:00")
    def test_b46_bf7_order_is_recorded_and_undo_follows_it(self):
        """Free first: C 100, B 50. The return goes back there, whatever is set then."""
        lot_a, lot_b, lot_c = self._create_three_lots()
        self.budget.consumption_order = "free_first"
        entry = self._spend(150.0, day="2026-05-20")
        lots = lot_a | lot_b | lot_c
        self.assertEqual(lots.mapped("remaining"), [100.0, 50.0, 0.0])
        self.assertEqual(entry.consumption_order, "free_first")
        self.budget.consumption_order = "paid_first"
        entry.action_return_time()
        self.assertEqual(lots.mapped("remaining"), [100.0, 100.0, 100.0])
        self._spend(250.0, day="2026-05-20")
        self.assertEqual(lots.mapped("remaining"), [0.0, 0.0, 50.0])
        self.assertBalance(self.budget, 50.0)

    @freeze_time("2026-05-20 12:00:00")
    def test_bf7_priority_comes_before_all(self):
        lot_a, lot_b, _lot_c = self._create_three_lots()
        self.budget.grant(100.0, "Use this first", priority=1)
        self._spend(150.0, day="2026-05-20")
        urgent = self.budget.lot_ids.filtered(lambda lot: lot.priority == 1)
        self.assertEqual(urgent.remaining, 0.0)
        self.assertEqual((lot_a | lot_b).mapped("remaining"), [100.0, 50.0])

    # === EXPIRY === #

    def test_bf8_validity_of_the_pack(self):
        """Days and months, the last day included; a short month ends at its end."""
        cases = [
            ("2026-06-01", 30, "days", "2026-06-30"),
            ("2026-06-01", 12, "months", "2027-05-31"),
            ("2026-01-31", 1, "months", "2026-02-28"),
            ("2026-01-15", 1, "months", "2026-02-14"),
        ]
        for day, count, unit, expected in cases:
            with self.subTest(day=day, count=count, unit=unit):
                self.pack.write(
                    {"prepaid_validity": count, "prepaid_validity_unit": unit}
                )
                date_from = self.env["prepaid.lot"]._fields["date_from"].to_date(day)
                self.assertEqual(
                    str(self.pack._get_prepaid_date_to(date_from)), expected
                )
        self.pack.prepaid_validity = 0
        self.assertFalse(self.pack._get_prepaid_date_to(WORK_DAY))

    def test_b69_last_day_is_included_at_local_midnight(self):
        """Valid to 30 June: until midnight where the company is, not in UTC."""
        self.company.partner_id.tz = "Pacific/Kiritimati"  # UTC+14
        with freeze_time(JUNE_1):
            lot = self._sell(100.0, prepaid_validity=30)
        self.assertEqual(str(lot.date_to), "2026-06-30")
        with freeze_time("2026-06-30 09:59:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 100.0)
        with freeze_time("2026-06-30 10:01:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 0.0)
        self.company.partner_id.tz = "Pacific/Pago_Pago"  # UTC-11
        with freeze_time("2026-06-01 23:00:00"):
            lot = self._sell(100.0)
        self.assertEqual(str(lot.date_to), "2026-06-30")
        with freeze_time("2026-07-01 10:59:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 100.0)
        with freeze_time("2026-07-01 11:01:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 0.0)

    def test_b70_expiry_twice_is_one_row(self):
        """By the job itself; a lot that is used up has no row."""
        with freeze_time(JUNE_1):
            lot = self._sell(100.0, prepaid_validity=30)
            used = self._sell(50.0, prepaid_validity=10)
            self._spend(50.0, day="2026-06-01")
        self.assertEqual(used.remaining, 0.0)
        with freeze_time("2026-07-02 12:00:00"), self.enter_registry_test_mode():
            cron = self.env.ref("prepaid_billing.ir_cron_expire_lots").sudo()
            cron.method_direct_trigger()
            cron.method_direct_trigger()
            self.env.invalidate_all()
            expired = self.budget.entry_ids.filtered(lambda e: e.kind == "expire")
            self.assertRecordValues(
                expired, [{"lot_id": lot.id, "quantity": -100.0, "balance_after": 0.0}]
            )
            self.assertBalance(self.budget, 0.0)
            self.assertEqual(lot.display_state, "expired")
            self.assertEqual(used.state, "closed")

    def test_b71_extend_before_expiry(self):
        """One row without amount, with the old and the new day and who did it."""
        with freeze_time(JUNE_1):
            lot = self._sell(100.0, prepaid_validity=30)
            with self.assertRefused("without a reason"):
                lot.extend("2026-07-31", " ")
            with self.assertRefused("later day"):
                lot.extend("2026-06-15", "Sooner")
            lot.extend("2026-07-31", "Project is late")
        entry = self.budget.entry_ids[0]
        self.assertRecordValues(
            entry,
            [{"kind": "extend", "quantity": 0.0, "reason": "Project is late"}],
        )
        self.assertEqual(
            [str(entry.old_date), str(entry.new_date)], ["2026-06-30", "2026-07-31"]
        )
        self.assertEqual(entry.create_uid, self.env.user)
        with freeze_time("2026-07-02 12:00:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 100.0)
        with freeze_time("2026-08-01 00:01:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 0.0)

    def test_b71_reinstate_after_expiry(self):
        """By an action of its own, with a reason; then it expires again."""
        with freeze_time(JUNE_1):
            lot = self._sell(100.0, prepaid_validity=30)
            self._spend(40.0, day="2026-06-01")
            with self.assertRefused("has not expired"):
                lot.reinstate("2026-08-31", "Too early")
        with freeze_time("2026-07-05 12:00:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 0.0)
            with self.assertRefused("Reinstate"):
                lot.extend("2026-08-31", "Too late")
            lot.reinstate("2026-08-31", "Agreed by phone")
            self.assertBalance(self.budget, 60.0)
            self.assertLot(lot, 60.0, "active")
            entry = self.budget.entry_ids[0]
            self.assertEqual(entry.kind, "unexpire")
            self.assertEqual(entry.reason, "Agreed by phone")
        with freeze_time("2026-09-01 12:00:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 0.0)
            self.assertEqual(
                self.budget.entry_ids.mapped("kind"),
                ["expire", "unexpire", "expire", "consume", "credit"],
            )

    def test_b49_value_returned_to_an_expired_lot_expires_at_once(self):
        """Both rows are shown."""
        with freeze_time(JUNE_1):
            lot = self._sell(100.0, prepaid_validity=30)
            entry = self._spend(40.0, day="2026-06-01")
        with freeze_time("2026-07-05 12:00:00"):
            self._run_expiry()
            entry.timesheet_id.sudo().unlink()
            self.assertBalance(self.budget, 0.0)
            self.assertLot(lot, 0.0, "closed")
            rows = self.budget.entry_ids[:2]
            self.assertEqual(rows.mapped("kind"), ["expire", "release"])
            self.assertEqual(rows.mapped("quantity"), [-40.0, 40.0])

    def test_bf23_b47_b73_grace_days(self):
        """Valid to 31 May, worked on 30 May, entered on 3 June."""
        self.budget.grace_days = 5
        with freeze_time("2026-05-01 12:00:00"):
            lot = self._sell(100.0, "2026-05-01", prepaid_validity=31)
            other = self._sell(300.0, "2026-05-01", prepaid_validity=0)
        with freeze_time("2026-06-03 12:00:00"):
            self._run_expiry()  # waits for the grace days
            entry = self._spend(30.0, day="2026-05-30")
            self.assertLot(lot, 70.0, "active")
            self.assertEqual(entry.match_rule, "grace")
            new_work = self._spend(30.0, day="2026-06-02")
            self.assertLot(lot, 70.0, "active")
            self.assertFalse(new_work.match_rule)
        with freeze_time("2026-06-06 12:00:00"):
            late = self._spend(20.0, day="2026-05-30")
            self.assertEqual(late.match_rule, "next")
            self.assertLot(lot, 0.0, "closed")
            self.assertLot(other, 250.0, "active")
            self.assertBalance(self.budget, 250.0)

    def test_bf23_b47_within_validity_is_said_too(self):
        with freeze_time(JUNE_1):
            self._sell(100.0, prepaid_validity=30)
            self.assertEqual(self._spend(30.0, day="2026-06-01").match_rule, "valid")

    def test_b65_work_before_the_start_of_a_lot(self):
        self.budget.cover_earlier_work = False
        self._sell(100.0)
        with self.assertRefused("starts after"):
            self._spend(50.0, day="2026-05-31")
        self.budget.cover_earlier_work = True
        self._spend(50.0, day="2026-05-31")
        self.assertBalance(self.budget, 50.0)

    def test_b66_overdraft_beside_credit_that_has_expired(self):
        """What is over is booked first: the debt begins at zero."""
        self.budget.write({"shortage_policy": "overdraft", "overdraft_limit": 200.0})
        with freeze_time(JUNE_1):
            self._sell(100.0, prepaid_validity=30)
        with freeze_time("2026-07-05 12:00:00"):
            self._spend(200.0, day="2026-07-05")
            self.assertBalance(self.budget, -200.0)

    def test_b41_payment_after_expiry(self):
        """The credit is not booked, the money not lost: one activity, refundable."""
        with freeze_time(JUNE_1):
            lot = self._sell(100.0, pay=False, prepaid_validity=30)
        with freeze_time("2026-07-05 12:00:00"):
            self._run_expiry()
            self._pay(lot.invoice_id)
            self.assertBalance(self.budget, 0.0)
            self.assertTrue(lot.is_paid_late)
            self.assertEqual(len(self.budget.activity_ids), 1)
            self.assertEqual(lot.sudo()._get_refundable()[lot.sudo()], 100.0)
            lot.sudo()._sync_with_invoice()
            self.assertEqual(len(self.budget.activity_ids), 1)
            lot.reinstate("2026-08-31", "Paid a few days late")
            self.assertBalance(self.budget, 100.0)

    def test_b34_bounce_after_expiry_is_a_debt_of_what_was_used(self):
        """1,000 paid, 400 used, 600 expired, payment bounces: 400 are owed."""
        with freeze_time(JUNE_1):
            lot = self._sell(1000.0, pay=False, prepaid_validity=30)
            payment = self._pay(lot.invoice_id)
            self._spend(400.0, day="2026-06-01")
        with freeze_time("2026-07-05 12:00:00"):
            self._run_expiry()
            self.assertBalance(self.budget, 0.0)
            payment.action_draft()
            self.assertBalance(self.budget, -400.0)
            payment.action_post()
            self.assertBalance(self.budget, 0.0)

    # === PRICE AND BONUS === #

    def test_bf10_face_value_is_not_the_price(self):
        """1,000 of credit for 900; a credit note gives back what was paid for it."""
        self.pack.write({"prepaid_credit": 1000.0, "list_price": 900.0})
        invoice = self._buy(self.budget, 2000.0)
        self.assertEqual(invoice.amount_untaxed, 1800.0)
        self.assertBalance(self.budget, 2000.0)
        lot = self.budget.lot_ids
        self.assertRecordValues(lot, [{"value": 1800.0, "unit_value": 0.9}])
        self._spend(500.0)
        self.assertEqual(lot.remaining_value, 1350.0)
        refund = self._create_refund(invoice, 1800.0)
        with self.assertRefused(r"1,350\.00.*refundable"):
            refund.action_post()
        refund.invoice_line_ids.price_unit = 1350.0
        refund.action_post()
        self.assertBalance(self.budget, 0.0)
        self.assertLot(lot, 0.0, "active")

    def _create_refund(self, invoice, amount):
        refund = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        refund.invoice_line_ids.write({"quantity": 1.0, "price_unit": amount})
        return refund

    def _sell_with_bonus(self, pay=True):
        self.pack.write({"prepaid_bonus": 100.0, "prepaid_credit": 1000.0})
        self.pack.list_price = 1000.0
        invoice = self._buy(self.budget, 1000.0, pay=pay)
        paid = self.budget.lot_ids.filtered(lambda lot: lot.kind == "purchased")
        return invoice, paid, paid.child_ids

    def test_b30_bonus_counts_with_its_paid_credit(self):
        invoice, paid, bonus = self._sell_with_bonus(pay=False)
        self.assertBalance(self.budget, 0.0)
        self.assertLot(bonus, 0.0, "pending")
        self.assertEqual(self.budget.amount_pending, 1100.0)
        payment = self._pay(invoice)
        self.assertBalance(self.budget, 1100.0)
        self.assertEqual(set(self.budget.entry_ids.mapped("kind")), {"credit", "grant"})
        payment.action_draft()
        self.assertBalance(self.budget, 0.0)
        self.assertLots(paid | bonus, 0.0, "pending")

    def assertLots(self, lots, remaining, state):
        for lot in lots:
            self.assertLot(lot, remaining, state)

    def test_b30_bonus_is_withdrawn_with_a_credit_note(self):
        """Half is credited: half of the bonus goes; of what is used nothing."""
        invoice, paid, bonus = self._sell_with_bonus()
        self._create_refund(invoice, 500.0).action_post()
        self.assertBalance(self.budget, 550.0)
        self.assertEqual([paid.remaining, bonus.remaining], [500.0, 50.0])
        self.budget.consumption_order = "free_first"
        self._spend(40.0)
        self._create_refund(invoice, 500.0).action_post()
        self.assertBalance(self.budget, 0.0)
        self.assertEqual(set((paid | bonus).mapped("state")), {"closed"})

    def test_bf9_free_credit_is_kept_apart(self):
        """B81: no invoice, no tax, no price; it pays for taxed work."""
        self.budget.grant(100.0, "Goodwill")
        lot = self.budget.lot_ids
        self.assertRecordValues(
            lot, [{"kind": "granted", "value": 0.0, "remaining_value": 0.0}]
        )
        self.assertFalse(lot.invoice_id)
        self.assertFalse(lot.tax_ids)
        self._spend(60.0)
        self.assertBalance(self.budget, 40.0)
        self.assertFalse(lot.invoice_line_id)

    def test_b50_undo_returns_paid_as_paid(self):
        self.budget.grant(100.0, "Goodwill")
        self.budget.consumption_order = "paid_first"
        paid = self._sell(100.0)
        entry = self._spend(80.0)
        self.assertEqual(paid.remaining, 20.0)
        entry.action_return_time()
        self.assertEqual(paid.remaining, 100.0)
        self.assertBalance(self.budget, 200.0)

    def test_b51_undo_deduct_undo_changes_nothing(self):
        with freeze_time(JUNE_1):
            self._sell(100.0, prepaid_validity=30)
            entry = self._spend(40.0, day="2026-06-01")
            sheet = entry.timesheet_id
            entry.action_return_time()
            self._deduct(sheet).action_return_time()
            self.assertBalance(self.budget, 100.0)

    def test_b43_free_credit_settles_a_debt_first(self):
        self.budget.write({"shortage_policy": "overdraft", "overdraft_limit": 80.0})
        self._spend(80.0)
        self.budget.grant(200.0, "Goodwill")
        self.assertBalance(self.budget, 120.0)
        self.assertEqual(self.budget.lot_ids.remaining, 120.0)

    def test_rule_2_lots_of_many_budgets_expire_in_constant_queries(self):
        """Ten budgets cost hardly more statements than two."""
        counts = []
        with freeze_time(JUNE_1):
            batches = []
            for size in (2, 10):
                budgets = self.budget.browse()
                for _number in range(size):
                    budget = self._create_budget()
                    budget.grant(10.0, "Trial", date_to="2026-06-10")
                    budgets |= budget
                batches.append(budgets)
        with freeze_time("2026-07-05 12:00:00"):
            for budgets in batches:
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                budgets.sudo()._lock_and_expire()
                self.env.flush_all()
                counts.append(self.env.cr.sql_log_count - before)
                self.assertFalse(budgets.sudo()._get_differences())
        self.assertLess(counts[1] - counts[0], 8, counts)
