"""Payments that wait for something to happen; and those that a partner finances."""

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestMilestones(PlanCommon):
    def _run_milestones(self, **vals):
        steps = [
            {
                "kind": "percent",
                "percent": 40,
                "due": "milestone",
                "milestone": "Draft",
            },
            {"kind": "remaining", "due": "milestone", "milestone": "Album approved"},
        ]
        return self._run_plan(
            1000.0,
            structure="custom",
            deposit_percent=30.0,
            step_ids=[Command.create(step) for step in steps],
            **vals,
        )

    def test_p11_a_milestone_is_due_days_after_it_is_confirmed(self):
        self.company.plan_milestone_days = 5
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_milestones()
            waiting = self._lines(plan)[1:]
            self.assertEqual(waiting.mapped("state"), ["waiting", "waiting"])
            self.assertEqual(self._amounts(plan), [300.0, 400.0, 300.0])
        with freeze_time("2026-08-01 12:00:00"):
            self._run()
            self.assertFalse(waiting.move_id)
            self.assertEqual(plan.amount_overdue, 300.0)
            waiting[0].action_confirm_milestone()
            self.assertEqual(str(waiting[0].date_due), "2026-08-06")
            self.assertEqual(waiting[0].state, "scheduled")
            mail = self.env["mail.mail"].search(
                [("model", "=", waiting._name), ("res_id", "=", waiting[0].id)]
            )
            self.assertIn("08/06/2026", mail.body_html)
            self.assertIn(self.customer, mail.recipient_ids)
        with freeze_time("2026-08-06 12:00:00"):
            self._run()
        self.assertEqual(waiting[0].move_id.amount_total, 400.0)
        self.assertEqual(waiting[1].state, "waiting")

    def test_p11_a_milestone_is_confirmed_once(self):
        plan = self._run_milestones()
        line = self._lines(plan)[1]
        line.action_confirm_milestone()
        with self.assertRefused("does not wait for a milestone"):
            line.action_confirm_milestone()

    def test_pf10_a_financed_plan_is_recorded_and_never_charged(self):
        """The partner pays us: one payment, no deposit, no charge of the customer."""
        partner = self.env["res.partner"].create({"name": "Pay Later Inc."})
        order = self._order(2000.0, require_payment=True, prepayment_percent=1.0)
        plan = self._offer(order, structure="financed", financing_partner_id=partner.id)
        order.require_payment = True
        self.assertEqual(plan._get_deposit(), 0.0)
        self._sign(plan)
        self.assertEqual((plan.state, order.state), ("active", "sale"))
        line = self._lines(plan)
        self.assertEqual(line.mapped("amount"), [2000.0])
        self.assertFalse(line.move_id._get_autopay_mandate())
        self._pay(line.move_id)
        self.assertEqual(plan.state, "completed")
