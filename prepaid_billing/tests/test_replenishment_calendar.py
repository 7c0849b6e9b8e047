from datetime import date

from odoo.tests import Form

from .test_replenishment_limits import LimitsCommon

MONTHLY = {
    "replenish_policy": "calendar",
    "calendar_unit": "months",
    "calendar_start": "2027-01-31",
}


class TestReplenishmentCalendar(LimitsCommon):
    """Top-ups on fixed days (BF30, B24 - B26)."""

    def _create_monthly(self, credit=0.0, **vals):
        return self._create_rule(credit, **{**MONTHLY, "threshold": 0.0, **vals})

    def _run_job_on(self, day):
        """Run the job on a day at noon, as that night's first run."""
        budgets = self.env["prepaid.budget"].sudo().search([])
        budgets.replenish_checked_on = False
        cron = self.env.ref("prepaid_billing.ir_cron_replenish").sudo()
        with self._at(f"{day} 12:00:00"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _run_and_pay(self, budget, days):
        """Run the job on days, pay what it makes; return the days with an invoice."""
        done = []
        for day in days:
            known = self._get_top_ups(budget)
            self._run_job_on(day)
            move = self._get_top_ups(budget) - known
            self.assertLessEqual(len(move), 1)
            if move:
                done.append(day)
                with self._at(f"{day} 12:00:00"):
                    self._pay(move)
        return done

    def test_bf30_b25_monthly_on_the_31st(self):
        """28 February, 30 April, and the 31st again where there is one."""
        budget = self._create_monthly()
        days = [
            *("2027-01-30", "2027-01-31", "2027-02-01", "2027-02-27", "2027-02-28"),
            *("2027-03-01", "2027-03-30", "2027-03-31", "2027-04-29", "2027-04-30"),
        ]
        self.assertEqual(
            self._run_and_pay(budget, days),
            ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"],
        )
        self.assertEqual(budget.calendar_next, date(2027, 5, 31))
        self.assertBalance(budget, 800.0)
        self.assertEqual(set(budget.replenishment_ids.mapped("trigger")), {"calendar"})

    def test_b25_missed_days_are_made_up_for_once(self):
        budget = self._create_monthly()
        days = ["2027-01-31", "2027-04-12", "2027-04-13", "2027-04-29", "2027-04-30"]
        self.assertEqual(
            self._run_and_pay(budget, days), ["2027-01-31", "2027-04-12", "2027-04-30"]
        )

    def test_b26_nothing_before_the_start(self):
        budget = self._create_monthly(calendar_start="2027-03-26")
        days = ["2027-01-26", "2027-02-26", "2027-03-25", "2027-03-26"]
        self.assertEqual(self._run_and_pay(budget, days), ["2027-03-26"])

    def test_bf30_every_two_weeks(self):
        budget = self._create_monthly(
            calendar_unit="weeks", calendar_every=2, calendar_start="2027-03-01"
        )
        days = ["2027-03-01", "2027-03-08", "2027-03-14", "2027-03-15", "2027-03-29"]
        self.assertEqual(
            self._run_and_pay(budget, days), ["2027-03-01", "2027-03-15", "2027-03-29"]
        )

    def test_bf30_anchor_day_after_the_start(self):
        budget = self._create_monthly(calendar_start="2027-01-10", calendar_day=5)
        self.assertEqual(budget.calendar_next, date(2027, 2, 5))

    def test_bf30_day_is_the_companys(self):
        """In Kiritimati the 31st begins when it is 10 h on the 30th in UTC."""
        self.company.sudo().partner_id.tz = "Pacific/Kiritimati"
        budget = self._create_monthly()
        self._run_job_on("2027-01-29")
        self.assertFalse(budget.replenishment_ids)
        self._run_job_on("2027-01-30")
        self.assertEqual(budget.replenishment_ids.date, date(2027, 1, 31))

    def test_bf30_a_rule_counts_from_the_day_it_is_set(self):
        """A start in the past does not make an invoice for the past."""
        with self._at("2027-05-15 12:00:00"):
            budget = self._create_monthly()
            self.assertEqual(budget.calendar_next, date(2027, 5, 31))

    def test_bf30_changed_on_the_day_of_a_top_up(self):
        budget = self._create_monthly()
        self.assertTrue(self._run_and_pay(budget, ["2027-01-31"]))
        with self._at("2027-01-31 13:00:00"):
            budget.calendar_day = 31
            budget.flush_recordset()
        self.assertEqual(budget.calendar_next, date(2027, 2, 28))

    def test_bf30_up_to_a_target(self):
        budget = self._create_monthly(
            450.0, replenish_method="target", replenish_target=500.0
        )
        self._run_job_on("2027-01-31")
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 50.0)
        self._pay(self._get_top_ups(budget))
        self._run_job_on("2027-02-28")
        self.assertEqual(len(self._get_top_ups(budget)), 1)
        self.assertIn("Nothing to top up on 02/28/2027", budget.replenish_note)
        self.assertEqual(budget.calendar_next, date(2027, 3, 31))

    def test_b12_bf30_one_invoice_while_one_is_open(self):
        """Low and due on the same day: one. The next day waits until it is paid."""
        budget = self._create_monthly(
            140.0, threshold=100.0, replenish_policy="threshold"
        )
        self._bring_to(budget, 40.0)
        for day in ("2027-01-20", "2027-01-31", "2027-02-10"):
            self._run_job_on(day)
        self.assertEqual(len(self._get_top_ups(budget)), 1)
        self.assertIn("is open", budget.replenish_note)
        self._pay(self._get_top_ups(budget))
        self._run_job_on("2027-02-11")
        self.assertEqual(len(self._get_top_ups(budget)), 2)
        self.assertEqual(budget.calendar_next, date(2027, 2, 28))

    def test_b12_bf30_low_and_due_together(self):
        budget = self._create_monthly(
            140.0, threshold=500.0, replenish_policy="threshold"
        )
        self._bring_to(budget, 40.0)
        self._run_job_on("2027-01-31")
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 600.0)
        self._pay(self._get_top_ups(budget))
        self._run_job_on("2027-02-01")
        self.assertEqual(len(self._get_top_ups(budget)), 1)

    def test_b24_one_off_budget_has_no_calendar(self):
        budget = self._create_monthly(50.0, replenish_policy="one_off")
        self.assertFalse(budget.calendar_next)
        self._run_job_on("2027-01-31")
        self.assertFalse(budget.replenishment_ids)

    def test_bf30_low_between_two_days_only_tells(self):
        budget = self._create_monthly(140.0, threshold=100.0)
        self._bring_to(budget, 40.0)
        self._run_job_on("2027-01-20")
        self.assertFalse(self._get_top_ups(budget))
        self.assertEqual(len(budget.activity_ids), 1)
        self._run_job_on("2027-01-31")
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 200.0)
        self.assertEqual(
            budget.replenishment_ids.sorted("id").mapped("state"), ["done", "open"]
        )

    def test_b14_deleted_draft_is_not_made_again_until_the_next_day(self):
        budget = self._create_monthly(50.0, replenish_action="draft")
        self._run_job_on("2027-01-31")
        self._get_top_ups(budget).unlink()
        self._run_job_on("2027-02-01")
        self.assertFalse(self._get_top_ups(budget))
        self._run_job_on("2027-02-28")
        self.assertEqual(len(self._get_top_ups(budget)), 1)

    def test_bf34_notify_by_the_calendar(self):
        budget = self._create_monthly(50.0, replenish_action="notify")
        for day in ("2027-01-31", "2027-02-01"):
            self._run_job_on(day)
        self.assertFalse(self._get_top_ups(budget))
        self.assertEqual(len(budget.activity_ids), 1)
        self.assertIn("is due by the calendar", budget.activity_ids.summary)

    def test_bf33_cap_holds_for_the_calendar_too(self):
        budget = self._create_monthly(
            calendar_unit="weeks",
            calendar_start="2027-03-01",
            replenish_cap=500.0,
        )
        days = ["2027-03-01", "2027-03-08", "2027-03-15", "2027-04-01"]
        self.assertEqual(
            self._run_and_pay(budget, days), ["2027-03-01", "2027-03-08", "2027-04-01"]
        )

    def test_b22_ending_contract_holds_for_the_calendar_too(self):
        budget = self._create_monthly(contract_end="2027-02-05")
        self._run_job_on("2027-01-31")
        self.assertFalse(self._get_top_ups(budget))
        self.assertIn("the contract ends on", budget.replenish_note)

    def test_bf30_impossible_rules_are_refused(self):
        for vals, message in (
            ({"calendar_unit": False}, "choose weeks or months"),
            ({"calendar_start": False}, "on which day its calendar starts"),
            ({"calendar_start": "9999-12-31"}, "cannot start in 9999"),
            ({"calendar_every": 0}, "not every 0"),
            ({"calendar_every": 10**6}, "not every 1000000"),
            ({"calendar_day": 32}, "32 is no day of a month"),
        ):
            with self.subTest(vals=vals), self.assertRefused(message):
                self._create_monthly(**vals)

    def test_bf30_next_day_is_written_by_the_job_only(self):
        budget = self._create_monthly()
        with self.assertRefused("sum of its ledger"):
            budget.calendar_next = "2020-01-01"

    def test_bf30_in_the_form(self):
        with Form(self._create_rule()) as form:
            form.replenish_policy = "calendar"
            form.calendar_unit = "months"
            form.calendar_start = "2027-01-31"
            self.assertEqual(str(form.calendar_next), "2027-01-31")
