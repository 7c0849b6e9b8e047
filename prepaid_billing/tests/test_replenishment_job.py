from unittest.mock import patch

from odoo import fields

from .common import PrepaidCommon


class TestReplenishmentJob(PrepaidCommon):
    """The nightly job (spec 2.1 and 2.2)."""

    def _run_job(self, is_next_night=True):
        if is_next_night:
            budgets = self.env["prepaid.budget"].sudo().search([])
            budgets.replenish_checked_on = False
        cron = self.env.ref("prepaid_billing.ir_cron_replenish").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(cron.failure_count)
        self.env.invalidate_all()

    def _create_low_budgets(self, count, **vals):
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(count)]
        )
        return self.env["prepaid.budget"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "product_id": self.pack.id,
                    "threshold": 100.0,
                    "replenish_policy": "threshold",
                    "replenish_amount": 200.0,
                    **vals,
                }
                for partner in partners
            ]
        )

    def test_b27_ten_deductions_one_invoice_that_night(self):
        budget = self._create_budget(
            1000.0,
            threshold=500.0,
            replenish_policy="threshold",
            replenish_amount=1000.0,
        )
        for _hour in range(10):
            self._spend(60.0)
        self.assertFalse(budget.replenishment_ids)
        self._run_job()
        self.assertEqual(len(budget.replenishment_ids.invoice_id), 1)
        self._run_job()
        self.assertEqual(len(budget.replenishment_ids), 1)

    def test_b07_one_failure_is_its_own(self):
        """Number 37 of many raises: the others are invoiced, 37 is flagged once.

        The fault is simulated: the values of its invoice cannot be prepared.
        """
        budgets = self._create_low_budgets(120)
        bad = budgets[36]
        Budget = type(self.env["prepaid.budget"])
        prepare = Budget._prepare_top_up_vals
        tries = []

        def prepare_or_fail(budget, amount, pack=None):
            if budget == bad:
                tries.append(budget.id)
                raise ZeroDivisionError("simulated fault")
            return prepare(budget, amount, pack)

        with patch.object(Budget, "_prepare_top_up_vals", prepare_or_fail):
            self._run_job()
            count = len(tries)
            self._run_job(is_next_night=False)
            self.assertEqual(len(tries), count, "tried again in the same night")
            self._run_job()
        self.assertFalse(bad.replenishment_ids)
        self.assertIn("simulated fault", bad.replenish_note)
        failed = self.env["prepaid.budget"].search([("is_replenish_failed", "=", True)])
        self.assertEqual(failed & budgets, bad)
        self.assertEqual(len(bad.activity_ids), 1)
        self.assertLess(len(tries), 20)
        good = budgets - bad
        self.assertEqual(len(good.replenishment_ids), 119)
        self.assertEqual(
            good.replenishment_ids.invoice_id.mapped("state"), ["posted"] * 119
        )

    def test_b07_failure_is_over_with_the_next_check_that_goes_well(self):
        budget = self._create_low_budgets(1)
        budget.product_id = False
        self._run_job()
        self.assertTrue(budget.is_replenish_failed)
        self.assertIn("has no prepaid pack", budget.replenish_note)
        with self.assertRefused("sum of its ledger"):
            budget.is_replenish_failed = False
        budget.product_id = self.pack
        self._run_job()
        self.assertFalse(budget.is_replenish_failed)
        self.assertTrue(budget.replenishment_ids.invoice_id)

    def test_b07_failure_is_over_when_the_balance_recovered(self):
        budget = self._create_low_budgets(1)
        budget.product_id = False
        self._run_job()
        self.assertTrue(budget.is_replenish_failed)
        budget.product_id = self.pack
        self._buy(budget, 500.0)
        self.assertFalse(budget.is_replenish_failed)

    def test_b07_company_without_a_journal(self):
        company = self.env["res.company"].sudo().create({"name": "No journal"})
        bad = (
            self._create_low_budgets(1)
            .sudo()
            .copy({"company_id": company.id, "currency_id": company.currency_id.id})
        )
        good = self._create_low_budgets(3)
        self._run_job()
        self.assertEqual(len(good.replenishment_ids.invoice_id), 3)
        self.assertIn("No journal has no sales journal", bad.replenish_note)
        self.assertEqual(len(bad.activity_ids), 1)

    def test_b04_running_the_job_again_does_nothing(self):
        budgets = self._create_low_budgets(5)
        for _run in range(3):
            self._run_job()
        self.assertEqual(len(budgets.replenishment_ids), 5)
        self.assertEqual(
            self.env["account.move.line"].search_count(
                [("prepaid_budget_id", "in", budgets.ids)]
            ),
            5,
        )

    def test_b25_missed_nights_are_caught_up_once(self):
        """The job asks what is low now: after a week without it, one invoice each."""
        budgets = self._create_low_budgets(2)
        budgets.sudo().replenish_checked_on = "2026-01-01"
        self._run_job(is_next_night=False)
        self._run_job(is_next_night=False)
        self.assertEqual(len(budgets.replenishment_ids), 2)

    def test_b69_today_is_the_companys(self):
        """Dates are judged where the company is."""
        for zone, expected in (
            ("Pacific/Kiritimati", "2026-06-16"),
            ("Pacific/Pago_Pago", "2026-06-15"),
            (False, "2026-06-16"),
        ):
            self.company.sudo().partner_id.tz = zone
            self.company.sudo().resource_calendar_id.tz = "Asia/Tokyo"
            now = fields.Datetime.to_datetime("2026-06-15 23:30:00")
            with patch.object(fields.Datetime, "now", lambda now=now: now):
                today = self.company._get_autopay_today()
            self.assertEqual(str(today), expected)
