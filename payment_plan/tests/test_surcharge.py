"""Norms of plans that cost more than paying at once, and what offers are bound to."""

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestSurcharge(PlanCommon):
    """A surcharge is approved, stated before the signature, taxed and paid in full."""

    def _tax(self, percent):
        return self.env["account.tax"].create(
            {"name": f"{percent} %", "amount": percent, "company_id": self.company.id}
        )

    def _approved(self, **vals):
        return self._template(surcharge_percent=10.0, **vals)

    def test_norm_surcharge_needs_an_approval(self):
        """No customer can sign it before a manager has approved it."""
        template = self.env["payment.plan.template"].create(
            {"name": "3 months, plus 10 %", "surcharge_percent": 10.0}
        )
        self.assertIn("finance charge", template.approval_reason)
        order = self._order(2000.0)
        self.assertIn("has not approved", template._get_obstacle(order))
        template.action_approve()
        self.assertEqual(template._get_obstacle(order), "")
        template.surcharge_percent = 12.0
        self.assertFalse(template.approved_by_id)

    def test_norm_negotiated_surcharge_needs_an_approval(self):
        """More than the template was approved for is nobody's but a manager's."""
        plan = self._offer(self._order(2000.0), self._approved())
        self.assertFalse(plan.problem)
        plan.surcharge_percent = 11.0
        self.assertIn("finance charge", plan.problem)
        with self.assertRefused("sales manager must approve"):
            plan.sale_order_id._choose_plan(plan)
        self.assertTrue(plan.can_approve)
        plan.action_approve()
        self.assertFalse(plan.problem)

    def test_r2_r59_surcharge_is_stated(self):
        """The schedule and the contract say what paying in parts costs."""
        order = self._order(2000.0)
        free = self._offer(order)
        self.assertIn("no interest, no fee", str(free.preview_html))
        self.assertIn("No interest", free._get_conditions()[0])
        plan = self._offer(order, self._approved())
        plan.terms_id = self.env.ref("payment_plan.terms_photography")
        page = str(plan.preview_html)
        self.assertIn("200.00", page)
        self.assertIn("surcharge for paying in parts", page)
        self.assertNotIn("no interest", page)
        self.assertIn("surcharge of 10.00 %", plan._get_conditions()[0])
        order._choose_plan(plan)
        text = plan._get_version().contract_html
        self.assertIn("surcharge of 10.00 %", text)
        self.assertNotIn("No interest", text)

    def test_p15_surcharge_is_paid_and_closes_at_zero(self):
        """Mixed taxes: 10 % on top is taxed as what is sold, to the cent."""
        lines = [(999.99, self._tax(21)), (333.33, self._tax(6)), (100.0, None)]
        order = self._order(lines=lines)
        before = order.amount_total
        plan = self._offer(order, self._approved(deposit_percent=25.0))
        self._sign(plan)
        total = self.currency.round(before * 1.1)
        self.assertAlmostEqual(order.amount_total, total, 2)
        self.assertEqual(sum(self._amounts(plan)), order.amount_total)
        added = order.order_line.filtered("is_plan_price")
        self.assertEqual(set(added.mapped("name")), {plan.name})
        by_rate = {line.tax_ids.amount or 0: line.price_subtotal for line in added}
        self.assertAlmostEqual(by_rate[21], 100.0, delta=0.02)
        self.assertAlmostEqual(by_rate[6], 33.33, delta=0.02)
        for line in self._lines(plan):
            line.action_make_invoice()
            self._pay(line.move_id)
        plan.action_close()
        self.assertEqual(plan.final_move_id.amount_total, 0.0)
        self.assertEqual(order.amount_to_invoice, 0.0)

    def test_other_choice_takes_the_surcharge_back(self):
        """The customer changes to a plan without: the price is the old one."""
        order = self._order(2000.0)
        dear, free = self._offer(order, self._approved()), self._offer(order)
        order._choose_plan(dear)
        self.assertEqual(order.amount_total, 2200.0)
        self.assertEqual(dear._get_schedule().total, 220000)
        order._choose_plan(free)
        self.assertEqual(order.amount_total, 2000.0)
        order._choose_plan(dear)
        order.action_leave_plan()
        self.assertEqual(order.amount_total, 2000.0)
        order._choose_plan(dear)
        self.assertEqual(order.copy().amount_total, 2000.0)

    def test_surcharge_cannot_be_laid_over_an_invoice(self):
        """An invoice that exists has its total."""
        invoice = self.init_invoice("out_invoice", amounts=[300.0], post=True)
        Plan = self.env["payment.plan"].sudo()  # as the dialog does
        plan = Plan.create({"move_id": invoice.id, "template_id": self._approved().id})
        with self.assertRefused("cannot change any more"):
            plan._lay_over("By phone")

    # === WHAT AN OFFER IS BOUND TO === #

    def test_approval_ends_with_the_session(self):
        """A manager approved payments after that day, not after another one."""
        order = self._order(session_date=fields.Date.add(self.today, days=40))
        plan = self._offer(order)
        plan.action_approve()
        order.session_date = fields.Date.add(self.today, days=5)
        self.assertFalse(plan.approved_by_id)
        self.assertIn("after the session", plan.problem)

    def test_template_of_an_offer_stays(self):
        """Another template does not lend its approval to an offer."""
        plan = self._offer(self._order(), installment_count=3)
        other = self._template(installment_count=9)
        with self.assertRefused("offer another plan instead"):
            plan.template_id = other

    def test_steps_of_other_companies_are_theirs(self):
        """A sales manager changes the steps of the own companies only."""
        other = self.env["res.company"].create({"name": "Other"})
        steps = [Command.create({"percent": 35.0}) for _ in range(2)]
        template = self._template(
            structure="progressive", deposit_percent=30.0, step_ids=steps
        )
        manager = new_test_user(
            self.env,
            "other_manager",
            groups="sales_team.group_sale_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        with self.assertRaises(AccessError):
            template.step_ids[0].with_user(manager).percent = 40.0

    def test_p13_payments_are_found_by_the_day_of_their_company(self):
        """It is tomorrow there already: due here, overdue there."""
        plan = self._run_plan(deposit_kind="none", installment_count=1)
        line = self._lines(plan).sudo()  # as an amendment will
        line.date_due = self.today
        Line = self.env["payment.plan.installment"]
        domain = [("id", "=", line.id), ("state", "=", "overdue")]
        self.assertFalse(Line.search(domain))
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        line.date_due = fields.Date.subtract(self.today, days=1)
        found = Line.sudo().with_company(elsewhere).search(domain)
        self.assertEqual(found, line)
        self.assertEqual(line.state, "overdue")
