"""Customers are warned before credit expires: once per lot at 30, 7 and 1 days."""

from datetime import date, timedelta

from freezegun import freeze_time

from .test_alert import AlertCommon

LAST_DAY = date(2026, 8, 31)


class TestExpiryWarning(AlertCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.budget = cls._create_budget(500.0, user_id=cls.responsible.id)
        cls.lot = cls.budget.lot_ids
        cls.lot.sudo().date_to = LAST_DAY

    def _run(self, days_before):
        """Run the daily job so many days before the last day; return the notices."""
        before = self.budget.notice_ids
        day = LAST_DAY - timedelta(days=days_before)
        with freeze_time(f"{day} 12:00"), self.enter_registry_test_mode():
            self.env.ref("prepaid_billing.ir_cron_warn_expiry").method_direct_trigger()
            self.env.invalidate_all()
        return self.budget.notice_ids - before

    def test_bf59_b72_once_each_at_30_7_and_1_days(self):
        days = (40, 31, 30, 30, 29, 8, 7, 7, 2, 1, 1, 0)
        told = [day for day in days if self._run(day)]
        self.assertEqual(told, [30, 7, 1])
        self.assertEqual(len(self.budget.notice_ids), 3)
        self.assertEqual(set(self.budget.notice_ids.mapped("lot_id")), {self.lot})

    def test_b72_the_mail_names_amount_and_day(self):
        with freeze_time("2026-06-15 12:00"):
            self._spend(120.0)
        [notice] = self._run(30)
        self.assertEqual(notice.amount, 380.0)
        mails = self._send()
        self.assertEqual(
            mails.recipient_ids, self.responsible.partner_id + self.customer
        )
        for mail in mails:
            self.assertIn("380.00", mail.subject)
            self.assertIn("08/31/2026", mail.subject)

    def test_b72_a_server_that_was_down_skips_to_the_nearest(self):
        """Five days before: the warning of seven days, and not that of thirty too."""
        self.assertEqual(len(self._run(5)), 1)
        self.assertFalse(self._run(4))

    def test_b72_nothing_left_no_warning(self):
        """Used up, without end, over, or of an archived budget: nobody is told."""
        with freeze_time("2026-06-15 12:00"):
            self._spend(500.0)
        self.assertFalse(self._run(7))
        other = self._create_budget(100.0, user_id=self.responsible.id)
        self.assertFalse(self._run(1))
        self.assertFalse(other.notice_ids)

    def test_b72_archived_budgets_are_left_alone(self):
        self.budget.active = False
        self.assertFalse(self._run(7))

    def test_b72_extended_credit_is_warned_of_anew(self):
        self.assertEqual(len(self._run(1)), 1)
        self.lot.sudo().date_to = LAST_DAY + timedelta(days=29)
        self.assertEqual(len(self._run(0)), 1)

    def test_bf59_b72_who_is_warned(self):
        self.budget.write({"warn_customer": False})
        self._run(7)
        self.assertEqual(self._send().recipient_ids, self.responsible.partner_id)
