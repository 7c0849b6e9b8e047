from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import Form

from .common import PrepaidCommon


class LimitsCommon(PrepaidCommon):
    """A budget that falls low again and again, on days of our choice."""

    @contextmanager
    def _at(self, moment):
        """Let it be a moment, in UTC, for the company."""
        now = fields.Datetime.to_datetime(moment)
        with patch.object(fields.Datetime, "now", lambda: now):
            yield

    def _bring_to(self, budget, balance):
        """Deduct real time until the balance is as wanted, on the cent."""
        order = self._create_order(self.customer, price=budget.balance - balance)
        project = self._create_project(self.customer, order)
        self._deduct(self._log_time(1.0, project=project))
        self.assertBalance(budget, balance)

    def _get_top_ups(self, budget):
        return budget.replenishment_ids.invoice_id

    def _top_up_and_spend(self, budget):
        """One more automatic top-up is made, paid and used up to a balance of 40."""
        known = self._get_top_ups(budget)
        budget.action_replenish_now()
        move = self._get_top_ups(budget) - known
        self.assertTrue(move, budget.replenish_note)
        self._pay(move)
        self._bring_to(budget, 40.0)


class TestReplenishmentCap(LimitsCommon):
    """The most of one month (BF33, B21)."""

    def _create_capped(self, **vals):
        budget = self._create_rule(
            140.0, **{"replenish_amount": 400.0, "replenish_cap": 1000.0, **vals}
        )
        self._bring_to(budget, 40.0)
        return budget

    def test_bf33_b21_monthly_cap(self):
        budget = self._create_capped()
        with self._at("2026-07-05 12:00:00"):
            self._top_up_and_spend(budget)
        with self._at("2026-07-20 12:00:00"):
            self._top_up_and_spend(budget)
            budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 2)
        note = budget.replenish_note.replace("\N{NO-BREAK SPACE}", " ")
        self.assertIn("Cap reached: $ 800.00 of $ 1,000.00", note)
        self.assertIn("08/01/2026", budget.replenish_note)
        with self._at("2026-08-01 00:00:00"):
            budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 3)

    def test_b21_month_is_that_of_the_company(self):
        """31 July, 23 h UTC, is 1 August in Kiritimati and still July in Pago Pago."""
        for zone, expected in (("Pacific/Pago_Pago", 1), ("Pacific/Kiritimati", 2)):
            with self.subTest(zone=zone):
                self.company.sudo().partner_id.tz = zone
                budget = self._create_capped(replenish_cap=400.0)
                with self._at("2026-07-10 12:00:00"):
                    self._top_up_and_spend(budget)
                with self._at("2026-07-31 23:00:00"):
                    budget.action_replenish_now()
                self.assertEqual(len(self._get_top_ups(budget)), expected)
                budget.active = False

    def test_bf33_number_of_top_ups(self):
        budget = self._create_capped(replenish_cap=0.0, replenish_cap_count=1)
        with self._at("2026-07-05 12:00:00"):
            self._top_up_and_spend(budget)
            budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 1)
        self.assertIn("Cap reached: 1 of 1 top-ups", budget.replenish_note)
        with self._at("2026-08-01 12:00:00"):
            budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 2)

    def test_bf33_canceled_top_up_uses_up_nothing(self):
        budget = self._create_capped(replenish_cap=400.0)
        budget.action_replenish_now()
        self._get_top_ups(budget).button_cancel()
        budget.action_rearm()
        budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 2)

    def test_bf33_cap_counts_the_unit_of_the_budget(self):
        """Ten hours at 80 are ten, not 800."""
        self.env.user.group_ids += self.env.ref("prepaid_billing.group_credit")
        pack = self._create_pack(
            prepaid_unit="hours",
            uom_id=self.env.ref("uom.product_uom_hour").id,
            list_price=80.0,
        )
        budget = self._create_rule(
            unit="hours",
            product_id=pack.id,
            threshold=5.0,
            replenish_amount=10.0,
            replenish_cap=20.0,
        )
        with self._at("2026-07-05 12:00:00"):
            budget.action_replenish_now()
            self.assertEqual(budget.replenishment_ids.quantity, 10.0)
            self.assertEqual(budget._get_refill().amount, 1000)

    def test_bf33_large_gap_is_closed_as_far_as_the_cap_allows(self):
        budget = self._create_capped(
            replenish_amount=50.0, replenish_cap=220.0, threshold=1000.0
        )
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 200.0)
        self.assertTrue(budget.replenishment_ids.is_target_missed)
        self.assertIn("cap per month", budget.replenish_note)

    def test_bf33_cap_less_than_one_top_up_is_refused(self):
        with self.assertRefused("less than one top-up"):
            self._create_rule(replenish_amount=400.0, replenish_cap=300.0)
        with self.assertRefused("cannot be negative"):
            self._create_rule(replenish_cap=-1.0)


class TestReplenishmentEnding(LimitsCommon):
    """Customers who are about to leave (BF38, B22)."""

    def _get_day(self, days):
        return self.company._get_autopay_today() + timedelta(days=days)

    def test_bf38_b22_contract_ends_soon(self):
        budget = self._create_rule(ending_days=10, contract_end=self._get_day(10))
        budget.action_replenish_now()
        self.assertFalse(self._get_top_ups(budget))
        self.assertIn("the contract ends on", budget.replenish_note)
        budget.contract_end = self._get_day(11)
        budget.action_replenish_now()
        self.assertTrue(self._get_top_ups(budget))

    def test_b22_all_of_its_projects_end_soon(self):
        other = self._create_project(self.customer, self.order)
        (self.project + other).sudo().write(
            {"date_start": self._get_day(-30), "date": self._get_day(5)}
        )
        budget = self._create_rule(
            ending_days=5,
            scope="projects",
            project_ids=[Command.set((self.project + other).ids)],
        )
        budget.action_replenish_now()
        self.assertFalse(self._get_top_ups(budget))
        self.assertIn(self.project.name, budget.replenish_note)
        other.sudo().date = self._get_day(6)
        budget.action_replenish_now()
        self.assertTrue(self._get_top_ups(budget))

    def test_b22_archived_project(self):
        budget = self._create_rule(
            scope="projects", project_ids=[Command.set(self.project.ids)]
        )
        self.project.sudo().active = False
        budget.action_replenish_now()
        self.assertFalse(self._get_top_ups(budget))
        self.assertIn("all work that it pays for ends", budget.replenish_note)

    def test_b22_budget_for_all_work_outlives_a_project(self):
        self.project.sudo().active = False
        budget = self._create_rule()
        budget.action_replenish_now()
        self.assertTrue(self._get_top_ups(budget))

    def test_bf38_days_are_the_companys_for_new_budgets(self):
        self.company.sudo().prepaid_ending_days = 21
        self.assertEqual(self._create_rule().ending_days, 21)
        self.assertEqual(self._create_rule(ending_days=0).ending_days, 0)

    def test_bf38_low_balance_is_still_told(self):
        budget = self._create_budget(
            50.0, threshold=100.0, contract_end=self._get_day(1)
        )
        budget.action_replenish_now()
        self.assertEqual(len(budget.activity_ids), 1)


class TestReplenishmentTerms(LimitsCommon):
    """Own terms and contact per budget (BF39, B28)."""

    def test_bf39_b28_own_terms_and_contact(self):
        payer = self.env["res.partner"].create({"name": "Payer", "is_company": True})
        seller, carer = (
            self.env["res.users"].sudo().create({"name": name, "login": name})
            for name in ("seller", "carer")
        )
        terms = self.env.ref("account.account_payment_term_45days")
        self.customer.property_payment_term_id = self.env.ref(
            "account.account_payment_term_15days"
        )
        self.customer.user_id = carer
        own = self._create_rule(
            payment_term_id=terms.id,
            invoice_partner_id=payer.id,
            customer_reference="PO-77",
            salesperson_id=seller.id,
        )
        plain = self._create_rule()
        (own + plain).action_replenish_now()
        self.assertRecordValues(
            self._get_top_ups(own) + self._get_top_ups(plain),
            [
                {
                    "partner_id": payer.id,
                    "invoice_payment_term_id": terms.id,
                    "ref": "PO-77",
                    "invoice_user_id": seller.id,
                },
                {
                    "partner_id": self.customer.id,
                    "invoice_payment_term_id": (
                        self.customer.property_payment_term_id.id
                    ),
                    "ref": False,
                    "invoice_user_id": carer.id,
                },
            ],
        )

    def test_bf39_credit_of_a_third_payer_is_the_customers(self):
        payer = self.env["res.partner"].create({"name": "Payer", "is_company": True})
        budget = self._create_rule(invoice_partner_id=payer.id)
        budget.action_replenish_now()
        self._pay(self._get_top_ups(budget))
        self.assertBalance(budget, 200.0)

    def test_bf39_responsible_sells_where_nobody_else_does(self):
        budget = self._create_rule()
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).invoice_user_id, budget.user_id)

    def test_bf39_in_the_form(self):
        with Form(self._create_rule()) as form:
            form.salesperson_id = self.env.user
            form.replenish_cap = 500.0
            form.contract_end = "2030-12-31"
        budget = self.env["prepaid.budget"].search([], order="id desc", limit=1)
        self.assertEqual(budget.salesperson_id, self.env.user)
