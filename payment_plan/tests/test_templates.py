"""Templates: what they offer, to whom, and who may change them."""

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .common import PlanCommon


class TestTemplates(PlanCommon):
    """The ready-made templates on real orders, eligibility, approval, rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The ready-made ones are in the currency of the company that installed them.
        cls.ready = cls.env["payment.plan.template"].with_context(active_test=False)
        cls.ready = cls.ready.search([("company_id", "=", False)])
        cls.ready.currency_id = cls.currency

    def _ready(self, name):
        return self.env.ref(f"payment_plan.template_{name}")

    def _offered_amounts(self, name, total, **vals):
        """Return what a customer would pay by a ready-made template."""
        order = self._order(total, **vals)
        schedule = self._offer(order, self._ready(name))._get_schedule()
        self.assertEqual(schedule.total, sum(line.amount for line in schedule.lines))
        return [line.amount / 100 for line in schedule.lines]

    def _obstacle(self, order, **vals):
        return self._template(**vals)._get_obstacle(order)

    # === THE GUIDE'S FIGURES === #

    def test_r1_r2_pf3_pack_a(self):
        """2,000: a quarter is 500, then three times 500 without interest."""
        self.assertEqual(
            self._offered_amounts("pack_a", 2000.0), [500.0, 500.0, 500.0, 500.0]
        )
        # A quarter of less is not enough: the deposit stays 500.
        self.assertEqual(
            self._offered_amounts("pack_a", 1600.0), [500.0, 366.66, 366.67, 366.67]
        )

    def test_r1_r2_pf3_pack_b(self):
        """3,000: a quarter is 750, then three times 750 without interest."""
        self.assertEqual(
            self._offered_amounts("pack_b", 3000.0), [750.0, 750.0, 750.0, 750.0]
        )

    def test_r2_pack_a_signed(self):
        """Signed, the figures are installments, a month apart."""
        plan = self._sign(self._offer(self._order(2000.0), self._ready("pack_a")))
        self.assertEqual(self._amounts(plan), [500.0, 500.0, 500.0, 500.0])
        self.assertEqual(
            self._days(plan),
            [str(fields.Date.add(self.today, months=n)) for n in range(4)],
        )

    def test_r5_three_and_six_months(self):
        """The customer chooses between three and six months."""
        self.assertEqual(
            self._offered_amounts("3_months", 2000.0), [400.0, 533.33, 533.33, 533.34]
        )
        self.assertEqual(
            self._offered_amounts("6_months", 2000.0),
            [400.0, 266.66, 266.66, 266.67, 266.67, 266.67, 266.67],
        )

    def test_r6_progressive(self):
        """30 %, then two or three further payments."""
        self.assertEqual(
            self._offered_amounts("30_then_2", 1000.0), [300.0, 350.0, 350.0]
        )
        self.assertEqual(
            self._offered_amounts("30_then_3", 1000.0), [300.0, 233.33, 233.33, 233.34]
        )

    def test_r4_pf5_pay_in_full(self):
        """Paying in full is one payment, 5 % less."""
        self.assertEqual(self._offered_amounts("full", 2000.0), [1900.0])

    def test_pf14_weekly_to_the_session(self):
        """The last of four weekly payments is due a week before the session."""
        session = fields.Date.add(self.today, days=90)
        order = self._order(2000.0, session_date=session)
        plan = self._offer(order, self._ready("weekly"))
        schedule = plan._get_schedule()
        self.assertEqual(
            [(line.amount, line.due) for line in schedule.lines],
            [(50000, self.today)]
            + [
                (37500, fields.Date.subtract(session, days=7 + 7 * weeks))
                for weeks in (3, 2, 1, 0)
            ],
        )

    def test_pf14_weekly_needs_a_session(self):
        self.assertIn(
            "date of the session", self._ready("weekly")._get_obstacle(self._order())
        )

    def test_r8_pf10_financed_elsewhere(self):
        """It is archived until the studio has named its partner."""
        template = self._ready("financed")
        self.assertFalse(template.active)
        self.assertIn("archived", template._get_obstacle(self._order()))
        template.active = True
        self.assertFalse(template._get_obstacle(self._order()))
        with self.assertRaisesRegex(UserError, "partner who finances"):
            template.financing_partner_id = False

    def test_ready_made_need_nothing(self):
        """Each is right by itself, with an example, in whatever currency."""
        self.assertEqual(len(self.ready), 9)
        for template in self.ready:
            self.assertFalse(template._get_rule_error(), template.name)
            self.assertIn("<table", template.example_html, template.name)
        self.ready.currency_id = self.env.ref("base.JPY")
        for template in self.ready:
            self.assertIn("<table", template.example_html, template.name)

    # === WHO GETS WHAT === #

    def test_pf6_product(self):
        other = self.env["product.product"].create({"name": "Portrait"})
        order = self._order()
        products = [Command.set(other.product_tmpl_id.ids)]
        self.assertEqual(
            self._obstacle(order, product_ids=products), "It is for other products."
        )
        order.order_line.product_id = other
        self.assertFalse(self._obstacle(order, product_ids=products))

    def test_pf6_category(self):
        above = self.env["product.category"].create({"name": "Sessions"})
        below = above.create({"name": "Weddings", "parent_id": above.id})
        order = self._order()
        vals = {"category_ids": [Command.set(above.ids)]}
        self.assertEqual(self._obstacle(order, **vals), "It is for other products.")
        self.session_product.categ_id = below
        self.assertFalse(self._obstacle(order, **vals))

    def test_pf6_amount(self):
        order = self._order(2000.0)
        outside = "The total is outside its limits."
        self.assertEqual(self._obstacle(order, amount_min=2000.01), outside)
        self.assertEqual(self._obstacle(order, amount_max=1999.99), outside)
        self.assertFalse(self._obstacle(order, amount_min=2000.0, amount_max=2000.0))

    def test_pf6_pf70_date(self):
        """The last day counts."""
        order = self._order()
        yesterday = fields.Date.subtract(self.today, days=1)
        tomorrow = fields.Date.add(self.today, days=1)
        outside = "It is not offered today."
        self.assertEqual(self._obstacle(order, date_to=yesterday), outside)
        self.assertEqual(self._obstacle(order, date_from=tomorrow), outside)
        self.assertFalse(
            self._obstacle(order, date_from=self.today, date_to=self.today)
        )

    def test_pf6_company(self):
        other = self.env["res.company"].create({"name": "Other studio"})
        self.assertEqual(
            self._obstacle(self._order(), company_id=other.id),
            "It belongs to Other studio.",
        )

    def test_pf6_currency(self):
        """Amounts are in one currency; percentages in any."""
        order = self._order()
        yen = self.env.ref("base.JPY")
        yen.active = True
        fixed = {"deposit_kind": "fixed", "deposit_amount": 500.0}
        reason = self._obstacle(order, currency_id=yen.id, **fixed)
        self.assertIn("contains amounts in JPY", reason)
        self.assertFalse(self._obstacle(order, currency_id=yen.id))

    def test_r54_offer_ends(self):
        """An offer is valid some days from the day on which it is added."""
        plan = self._offer(self._order(), offer_days=14)
        self.assertEqual(plan.valid_until, fields.Date.add(self.today, days=14))
        soon = fields.Date.add(self.today, days=3)
        plan = self._offer(self._order(), offer_days=14, date_to=soon)
        self.assertEqual(plan.valid_until, soon)
        plan.valid_until = fields.Date.subtract(self.today, days=1)
        self.assertIn("has ended", plan.problem)
        with self.assertRefused("has ended"):
            plan.sale_order_id._choose_plan(plan)

    def test_nothing_fits_says_why(self):
        self.ready.active = False
        self._template(name="Large only", amount_min=5000.0)
        with self.assertRefused(r"Large only: The total is outside its limits\."):
            self._order().action_propose_payment_plans()

    # === PROPOSING === #

    def test_r10_propose(self):
        """Plans that fit are added once, however often the button is pressed."""
        order = self._order(2000.0)
        order.action_propose_payment_plans()
        names = order.payment_plan_ids.template_id.mapped("name")
        self.assertIn("Pack A", names)
        self.assertNotIn("Pack B", names)
        self.assertNotIn("6 months", names)
        self.assertTrue(order.require_signature)
        known = order.payment_plan_ids
        order.action_propose_payment_plans()
        self.assertEqual(order.payment_plan_ids, known)
        for plan in known:
            self.assertIn(plan.name, order.plan_preview_html)

    def test_product_proposes_its_plans(self):
        mine = self._template(name="Weddings only")
        self.session_product.payment_plan_template_ids = mine
        order = self._order()
        order.action_propose_payment_plans()
        self.assertEqual(order.payment_plan_ids.template_id, mine)

    def test_quotation_template_proposes_its_plans(self):
        mine = self._template(name="Weddings only")
        order = self._order()
        order.sale_order_template_id = self.env["sale.order.template"].create(
            {"name": "Wedding", "payment_plan_template_ids": [Command.set(mine.ids)]}
        )
        order.action_propose_payment_plans()
        self.assertEqual(order.payment_plan_ids.template_id, mine)

    def test_r3_added_and_negotiated_by_hand(self):
        """A plan is added to the quotation by its template, then negotiated."""
        template = self._ready("pack_a")
        order = self._order(2000.0, require_signature=False)
        with Form(order) as form, form.payment_plan_ids.new() as line:
            line.template_id = template
            self.assertEqual(line.name, "Pack A")
        self.assertTrue(order.require_signature)
        plan = order.payment_plan_ids
        self.assertRegex(plan.summary, r"500\.00 \+ 3 × .*500\.00, until")
        with Form(plan) as form:
            form.deposit_kind = "fixed"
            form.deposit_amount = 800.0
            form.installment_count = 2
        self.assertRegex(plan.summary, r"800\.00 \+ 2 × .*600\.00, until")
        self.assertEqual(template.installment_count, 3)

    def test_p17_revised_template_leaves_offers(self):
        plan = self._offer(self._order(2000.0), self._ready("pack_a"))
        self._ready("pack_a").installment_count = 2
        self.assertEqual(len(plan._get_schedule().lines), 4)

    def test_added_to_a_signed_order(self):
        plan = self._run_plan()
        with self.assertRefused("is signed or confirmed"):
            self._offer(plan.sale_order_id, self._ready("pack_a"))
        with self.assertRefused("is signed or confirmed"):
            plan.sale_order_id.action_propose_payment_plans()

    # === APPROVAL === #

    def test_pf11_more_than_four_need_approval(self):
        template = self._ready("6_months")
        order = self._order()
        self.assertIn("6 installments", template.approval_reason)
        self.assertIn("has not approved", template._get_obstacle(order))
        template.action_approve()
        self.assertEqual(template.approved_by_id, self.env.user)
        self.assertFalse(template._get_obstacle(order))
        self.assertFalse(self._offer(order, template).problem)

    def test_approval_ends_with_a_change(self):
        template = self._ready("6_months")
        template.action_approve()
        template.description = "Half a year."  # the same rule
        self.assertTrue(template.approved_by_id)
        template.installment_count = 7
        self.assertFalse(template.approved_by_id)

    def test_approval_ends_with_a_changed_step(self):
        steps = [Command.create({"percent": 14.0}) for _ in range(5)]
        template = self._template(
            structure="progressive", deposit_percent=30.0, step_ids=steps
        )
        template.action_approve()
        template.step_ids[0].percent = 15.0
        self.assertFalse(template.approved_by_id)

    def test_negotiated_beyond_the_norm(self):
        """A salesperson cannot agree on what no manager approved."""
        plan = self._offer(self._order(2000.0), self._ready("pack_a"))
        plan.installment_count = 5
        self.assertIn("sales manager must approve", plan.problem)
        with self.assertRefused("sales manager must approve"):
            plan.sale_order_id._choose_plan(plan)
        self.assertTrue(plan.can_approve)
        plan.action_approve()
        self.assertFalse(plan.problem)
        plan.installment_count = 6
        self.assertFalse(plan.approved_by_id)
        self.assertTrue(plan.problem)

    def test_payments_after_the_session(self):
        session = fields.Date.add(self.today, days=40)
        order = self._order(2000.0, session_date=session)
        plan = self._offer(order, self._ready("pack_a"))
        self.assertIn("after the session", plan.problem)
        plan.action_approve()
        self.assertFalse(plan.problem)

    # === EXAMPLE === #

    def test_example_follows_the_form(self):
        """What is typed is seen at once, a mistake as a sentence."""
        with Form(self.env["payment.plan.template"]) as form:
            form.name = "Live"
            form.example_total = 2000.0
            form.deposit_percent = 25.0
            self.assertEqual(str(form.example_html).count("500.00"), 4)
            form.installment_count = 2
            self.assertEqual(str(form.example_html).count("750.00"), 2)
            form.structure = "progressive"
            self.assertIn("has no steps", form.example_html)
            form.structure = "installments"

    # === RIGHTS === #

    def test_salesperson_offers_but_edits_no_template(self):
        user = new_test_user(
            self.env,
            "plan_seller",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        template = self._ready("30_then_2").with_user(user)
        self.assertEqual(template.name, "30 %, then 2 payments")
        with self.assertRaises(AccessError):
            template.deposit_percent = 20.0
        with self.assertRaises(AccessError):
            template.step_ids[0].percent = 20.0
        with self.assertRaises(AccessError):
            template.step_ids[0].copy({"percent": 1.0})
        with self.assertRaises(UserError):
            self._ready("6_months").with_user(user).action_approve()
        order = self._order(2000.0, user_id=user.id).with_user(user)
        order.action_propose_payment_plans()
        plan = order.payment_plan_ids.filtered(lambda p: p.structure == "progressive")
        plan[0].step_ids[0].percent = 34.0
        plan[0].step_ids[1].percent = 36.0
        self.assertFalse(plan[0].problem)
        with self.assertRaisesRegex(UserError, "Ask a sales manager"):
            plan[0].action_approve()
        with self.assertRaises(AccessError):
            plan[0].approved_by_id = user

    def test_signed_steps_stay(self):
        steps = [Command.create({"percent": 35.0}) for _ in range(2)]
        plan = self._run_plan(
            structure="progressive", deposit_percent=30.0, step_ids=steps
        )
        with self.assertRefused("signed by the customer"):
            plan.step_ids[0].percent = 30.0
        with self.assertRefused("signed by the customer"):
            plan.step_ids[0].unlink()

    def test_r37_partner_counts_its_contacts(self):
        company = self.env["res.partner"].create({"name": "Muster", "is_company": 1})
        self.customer.parent_id = company
        self._run_plan()
        self.assertEqual(self.customer.payment_plan_count, 1)
        self.assertEqual(company.payment_plan_count, 1)
        action = company.action_view_payment_plans()
        found = self.env["payment.plan"].search(action["domain"])
        self.assertEqual(found.partner_id, self.customer)
