"""What happens to a budget is told to other programs, and never holds it up."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..const import MAX_EVENT_TRIES
from .test_alert import AlertCommon
from .test_replenishment_charge import ChargeCommon


@tagged("post_install", "-at_install")
class TestEvent(AlertCommon):
    def _get_events(self, budget):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.flush_all()
        return [(e.kind, e.amount, e.balance) for e in budget.event_ids.sorted("id")]

    def _publish(self):
        with self.enter_registry_test_mode():
            cron = self.env.ref("prepaid_billing.ir_cron_publish_events")
            cron.sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_bf69_low_once_per_episode(self):
        """Strictly below, once; again only after the balance was back."""
        budget = self._create_budget(credit=200.0, threshold=100.0)
        self.assertEqual(self._get_events(budget), [("replenished", 200.0, 200.0)])
        self._spend(100.0)
        self.assertEqual(len(self._get_events(budget)), 1, "100 is not below 100")
        self._spend(10.0)
        self.assertEqual(self._get_events(budget)[1:], [("low", 100.0, 90.0)])
        self._spend(10.0)
        self.assertEqual(len(self._get_events(budget)), 2)
        self._buy(budget, 50.0)
        self.assertEqual(self._get_events(budget)[2:], [("replenished", 50.0, 130.0)])
        self._spend(60.0)
        self.assertEqual(self._get_events(budget)[3:], [("low", 100.0, 70.0)])

    def test_bf69_b91_a_new_budget_has_not_fallen(self):
        """Nothing was bought yet: no event; another threshold can make it low."""
        budget = self._create_budget(threshold=100.0)
        self.assertEqual(self._get_events(budget), [])
        self._buy(budget, 150.0)
        budget.threshold = 160.0
        self.assertEqual(
            self._get_events(budget),
            [("replenished", 150.0, 150.0), ("low", 160.0, 150.0)],
        )

    def test_bf69_replenished_by_itself(self):
        """The invoice that is made, and the credit that arrives with its payment."""
        budget = self._create_rule(credit=150.0)
        self._spend(100.0)
        budget.action_replenish_now()
        kinds = [kind for kind, _amount, _balance in self._get_events(budget)]
        self.assertEqual(kinds, ["replenished", "invoiced", "low"])
        self._pay(budget.replenishment_ids.invoice_id)
        self.assertEqual(self._get_events(budget)[-1], ("replenished", 200.0, 250.0))

    def test_bf69_b92_a_deleted_job_holds_nothing_up(self):
        """Without the scheduled actions credit is sold and deducted all the same."""
        for name in ("publish_events", "send_alerts"):
            self.env.ref(f"prepaid_billing.ir_cron_{name}").sudo().unlink()
        budget = self._create_watched(200.0, 150.0)
        self._spend(80.0)
        self._end_transaction()
        self.assertBalance(budget, 120.0)
        kinds = budget.event_ids.mapped("kind")
        self.assertIn("replenished", kinds)
        self.assertIn("alert", kinds)

    def test_bf69_debt_before_all_credit_is_low(self):
        """Work on credit that never came has fallen, too: there is a debt."""
        budget = self._create_budget(
            threshold=100.0, shortage_policy="overdraft", overdraft_limit=500.0
        )
        self._spend(50.0)
        self.assertBalance(budget, -50.0)
        self.assertEqual(self._get_events(budget), [("low", 100.0, -50.0)])

    def test_bf69_expiring(self):
        """The warning of an expiry is an event as well."""
        budget = self._create_budget(credit=80.0)
        lot = budget.lot_ids
        lot.sudo().date_to = self.company._get_autopay_today()
        lot.sudo()._warn_expiry()
        event = budget.event_ids.filtered(lambda e: e.kind == "expiring")
        self.assertRecordValues(
            event, [{"amount": 80.0, "expires_on": lot.date_to, "state": "pending"}]
        )
        self.assertIn("expire", event.name)

    def test_bf69_published_by_a_user_of_the_job(self):
        """The job may run as somebody without any right on events."""
        budget = self._create_budget(credit=100.0)
        user = self.env.user.copy({"login": "event_job", "group_ids": False})
        user.sudo().group_ids = self.env.ref("base.group_user")
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=user.id)["prepaid.event"]._cron_publish()
        self.env.invalidate_all()
        self.assertEqual(budget.event_ids.state, "published")

    def test_bf69_published_once_and_again_on_request(self):
        """The job publishes what is pending; a manager may have it done again."""
        budget = self._create_budget(credit=100.0)
        self._publish()
        event = budget.event_ids
        self.assertEqual((event.state, event.tries), ("published", 1))
        self._publish()
        self.assertEqual(event.tries, 1)
        event.action_publish_again()
        self.assertEqual((event.state, event.tries), ("pending", 0))
        self._publish()
        self.assertEqual(event.state, "published")

    @mute_logger("odoo.addons.invoice_autopay.models.autopay_step_mixin")
    def test_bf69_b92_a_failing_rule_is_its_own(self):
        """The credit stands, the next event goes out, the responsible is told once."""
        budget = self._create_budget(credit=100.0)
        other = self._create_budget(credit=100.0)
        Event = type(self.env["prepaid.event"])
        publish = Event._publish

        def publish_or_fail(event):
            if event.budget_id == budget:
                raise ZeroDivisionError("simulated fault")
            return publish(event)

        with patch.object(Event, "_publish", publish_or_fail):
            before = fields.Datetime.now()
            self._publish()
            wait = budget.event_ids.next_try - before
            self.assertLess(abs(wait - timedelta(minutes=5)), timedelta(minutes=1))
            self._publish()
            self.assertEqual(budget.event_ids.tries, 1, "not before its time")
            for _try in range(MAX_EVENT_TRIES + 1):
                budget.event_ids.sudo().next_try = False
                self._publish()
        self.assertBalance(budget, 100.0)
        self.assertEqual(other.event_ids.state, "published")
        self.assertRecordValues(
            budget.event_ids,
            [
                {
                    "state": "failed",
                    "tries": MAX_EVENT_TRIES,
                    "error": "simulated fault",
                }
            ],
        )
        told = budget.activity_ids.filtered(lambda a: "simulated" in a.summary)
        self.assertEqual(len(told), 1)

    def test_bf69_b88_events_stay_as_they_are(self):
        """Nobody writes, adds or deletes one; who only deducts does not republish."""
        budget = self._create_budget(credit=100.0)
        event = budget.event_ids
        with self.assertRefused("cannot be changed|not allowed"):
            event.amount = 1.0
        with self.assertRefused("not allowed"):
            event.unlink()
        with self.assertRefused("not allowed"):
            event.copy()
        user = self.env.user.copy({"login": "event_user", "group_ids": False})
        user.sudo().group_ids = self.env.ref("prepaid_billing.group_user")
        with self.assertRefused("not allowed"):
            event.with_user(user).action_publish_again()
        self.assertEqual(event.with_user(user).amount, 100.0)


@tagged("post_install", "-at_install")
class TestSuspensionEvent(ChargeCommon):
    def test_bf69_suspended(self):
        """Three failed charges: one event, with the reason."""
        self.customer_token.sudo().demo_simulated_state = "error"
        budget = self._create_rule()
        self._allow(budget)
        invoice = self._replenish(budget)
        self._collect()
        for _again in range(4):
            self._retry(invoice)
        event = budget.event_ids.filtered(lambda e: e.kind == "suspended")
        self.assertEqual(len(event), 1)
        self.assertIn("Charging is suspended", event.name)
