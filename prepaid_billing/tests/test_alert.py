"""Who is told that a balance has fallen, how often, and when the mail fails."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .common import PrepaidCommon


class AlertCommon(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responsible = new_test_user(
            cls.env(su=True),
            "alert_responsible",
            groups="prepaid_billing.group_manager",
            company_id=cls.company.id,
            email="responsible@example.com",
        )

    def _create_watched(self, credit, *amounts, **vals):
        budget = self._create_budget(
            credit,
            user_id=self.responsible.id,
            alert_ids=[
                fields.Command.create({"amount": amount, **vals}) for amount in amounts
            ],
        )
        self._end_transaction()
        return budget

    def _end_transaction(self):
        """What a commit would do first."""
        self.env.flush_all()
        self.env.cr.precommit.run()

    def _send(self):
        """Run the job; return the mails that were sent now."""
        before = self.env["mail.mail"].sudo().search([])
        with self.enter_registry_test_mode():
            self.env.ref("prepaid_billing.ir_cron_send_alerts").method_direct_trigger()
        self.env.invalidate_all()
        return self.env["mail.mail"].sudo().search([]) - before


class TestAlert(AlertCommon):
    def test_bf56_b90_all_crossings_recorded_one_mail_names_the_lowest(self):
        """1,000, 500 and 100 crossed by one entry: three crossings, one mail."""
        budget = self._create_watched(1100.0, 1000.0, 500.0, 100.0)
        self._end_transaction()
        self.assertFalse(budget.notice_ids)
        self._spend(1050.0)
        self._end_transaction()
        today = self.company._get_autopay_today()
        self.assertEqual(budget.alert_ids.mapped("crossed_on"), [today] * 3)
        self.assertEqual(budget.alert_ids.mapped("crossed_balance"), [50.0] * 3)
        mail = self._send()
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.recipient_ids, self.responsible.partner_id)
        self.assertIn("100.00", mail.subject)
        self.assertNotIn("1,000.00", mail.subject)
        self.assertRecordValues(
            budget.notice_ids, [{"state": "sent", "amount": 100.0, "balance": 50.0}]
        )
        self.assertEqual(budget.notice_ids.crossed.count("·"), 2)

    def test_b90_repeated_runs_send_nothing(self):
        budget = self._create_watched(200.0, 100.0)
        self._spend(150.0)
        self._end_transaction()
        self.assertEqual(len(self._send()), 1)
        for _run in range(3):
            self._end_transaction()
            self.assertFalse(self._send())
        self._spend(10.0)
        self._end_transaction()
        self.assertFalse(self._send())
        self.assertEqual(len(budget.notice_ids), 1)

    def test_b90_the_next_lower_one_is_told_when_it_is_crossed(self):
        budget = self._create_watched(200.0, 150.0, 100.0)
        self._spend(60.0)
        self._end_transaction()
        self.assertIn("150.00", self._send().subject)
        self._spend(60.0)
        self._end_transaction()
        self.assertIn("100.00", self._send().subject)
        self.assertEqual(len(budget.notice_ids), 2)

    def test_b11_strictly_below(self):
        budget = self._create_watched(200.0, 100.0)
        self._spend(100.0)
        self._end_transaction()
        self.assertFalse(budget.notice_ids)
        self._spend(1.0)
        self._end_transaction()
        self.assertEqual(len(budget.notice_ids), 1)

    def test_b91_recovers_and_drops_again(self):
        budget = self._create_watched(200.0, 100.0)
        self._spend(150.0)
        self._end_transaction()
        self.assertEqual(len(self._send()), 1)
        self._buy(budget, 50.0)
        self._end_transaction()
        self.assertTrue(budget.alert_ids.is_armed)
        self._spend(50.0)
        self._end_transaction()
        self.assertEqual(len(self._send()), 1)

    def test_b91_new_budget_without_history(self):
        """Neither opening it, nor a first top-up below the amount."""
        budget = self._create_watched(0.0, 100.0)
        self._buy(budget, 50.0)
        self._end_transaction()
        self._spend(20.0)
        self._end_transaction()
        self.assertFalse(budget.notice_ids)
        self.assertFalse(budget.alert_ids.is_armed)

    def test_b91_an_alert_above_the_balance_waits(self):
        """A new or a raised amount does not fire for what happened before."""
        budget = self._create_watched(200.0, 100.0)
        budget.alert_ids.amount = 500.0
        budget.alert_ids = [fields.Command.create({"amount": 300.0})]
        self._spend(10.0)
        self._end_transaction()
        self.assertFalse(budget.notice_ids)

    def test_b66_first_negative_raises_one_alert(self):
        budget = self._create_watched(100.0, 0.0)
        budget.write({"shortage_policy": "overdraft", "overdraft_limit": 200.0})
        for _entry in range(3):
            self._spend(90.0)
            self._end_transaction()
        self.assertBalance(budget, -170.0)
        self.assertEqual(len(budget.notice_ids), 1)

    def test_bf60_returned_and_deducted_again_has_crossed_nothing(self):
        """An edit that books anew is one step, not a recovery and a fall."""
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_watched(200.0, 100.0)
        timesheet = self._log_time(1.5)
        self._deduct(timesheet)
        self._end_transaction()
        timesheet.unit_amount = 1.6
        self._end_transaction()
        self.assertBalance(budget, 40.0)
        self.assertEqual(len(budget.notice_ids), 1)

    def test_bf56_bf58_customer_and_responsible(self):
        """Each in the own words; one address gets one mail."""
        budget = self._create_watched(200.0, 100.0, tell_customer=True)
        self._spend(150.0)
        self._end_transaction()
        mails = self._send()
        self.assertEqual(
            mails.recipient_ids, self.responsible.partner_id + self.customer
        )
        to_customer = mails.filtered(lambda m: m.recipient_ids == self.customer)
        self.assertIn(f"/my/prepaid/{budget.id}", to_customer.body_html)
        self.assertNotIn("/odoo/", to_customer.body_html)
        self.customer.email = "Responsible@example.com"
        self._buy(budget, 100.0)
        self._end_transaction()
        self._spend(140.0)
        self._end_transaction()
        self.assertEqual(len(self._send()), 1)

    def test_bf57_nobody_to_mail_is_only_recorded(self):
        budget = self._create_watched(200.0, 100.0, tell_user=False)
        self._spend(150.0)
        self._end_transaction()
        self.assertFalse(self._send())
        self.assertEqual(budget.notice_ids.state, "sent")
        self.assertTrue(budget.alert_ids.crossed_on)

    def test_b92_mail_server_down(self):
        """The deduction stands; the mail is tried five times, then somebody is told."""
        budget = self._create_watched(200.0, 100.0)
        down = patch.object(
            IrMail_Server, "_connect__", side_effect=ConnectionError("server down")
        )
        down.start()
        self.addCleanup(down.stop)
        self._spend(150.0)
        self._end_transaction()
        self.assertBalance(budget, 50.0)
        notice = budget.notice_ids
        for tries in range(1, 6):
            self.assertEqual(notice.state, "pending")
            self._send()
            self.assertEqual(notice.tries, tries)
            self.assertIn("server down", notice.error)
            # Not again before its time.
            self._send()
            self.assertEqual(notice.tries, tries)
            self._make_due(notice)
        self.assertEqual(notice.state, "failed")
        self._send()
        self.assertEqual(notice.tries, 5)
        self.assertEqual(len(budget.activity_ids), 1)
        self.assertIn("No mail could be sent", budget.activity_ids.summary)
        self.assertBalance(budget, 50.0)

    def test_b92_the_server_comes_back(self):
        """Sent by the next try, once; whoever was told already is left alone."""
        budget = self._create_watched(200.0, 100.0, tell_customer=True)
        self.customer.email = False
        self._spend(150.0)
        self._end_transaction()
        notice = budget.notice_ids
        self.assertEqual(self._send().recipient_ids, self.responsible.partner_id)
        self.assertIn("no e-mail address", notice.error)
        self.customer.email = "azure@example.com"
        self._make_due(notice)
        self.assertEqual(self._send().recipient_ids, self.customer)
        self.assertEqual(notice.state, "sent")
        self.assertFalse(self._send())

    def _make_due(self, notice):
        if notice.next_try:
            notice.sudo().next_try = fields.Datetime.now() - timedelta(minutes=1)
            notice.flush_recordset()

    def test_b87_who_sets_alerts(self):
        """Managers do; who deducts reads them; nobody types what was crossed."""
        budget = self._create_watched(200.0, 100.0)
        deductor = new_test_user(
            self.env(su=True),
            "alert_deductor",
            groups="prepaid_billing.group_user",
            company_id=self.company.id,
        )
        logger = new_test_user(
            self.env(su=True),
            "alert_logger",
            groups="hr_timesheet.group_hr_timesheet_user",
            company_id=self.company.id,
        )
        alert = budget.alert_ids
        self.assertEqual(alert.with_user(deductor).amount, 100.0)
        with self.assertRaises(AccessError):
            alert.with_user(deductor).amount = 1.0
        with self.assertRaises(AccessError):
            alert.with_user(logger).read(["amount"])
        with self.assertRefused("cannot be typed"):
            alert.with_user(self.responsible).is_armed = True
        alert.with_user(self.responsible).amount = 120.0
        for user in (deductor, self.responsible):
            with self.assertRaises(AccessError):
                self.env["prepaid.alert.notice"].with_user(user).create({})

    def test_b90_queries_do_not_grow_with_budgets(self):
        """Watching twenty budgets costs few statements more than watching two."""
        budgets = self.env["prepaid.budget"]
        for index in range(20):
            partner = self.env["res.partner"].create({"name": f"Customer {index}"})
            budgets |= self._create_budget(
                partner=partner,
                alert_ids=[fields.Command.create({"amount": 10.0})],
            )
        counts = []
        for some in (budgets[:2], budgets):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            some.sudo()._watch_alerts()
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)
