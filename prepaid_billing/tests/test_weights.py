from psycopg2.errors import CheckViolation

from odoo.tools import mute_logger

from .common import PrepaidCommon


class TestWeights(PrepaidCommon):
    """Time that counts more than it took."""

    @classmethod
    def _create_weight(cls, weight, **vals):
        return cls.env["prepaid.weight.rule"].create(
            {
                "name": f"Times {weight:g}",
                "weight": weight,
                "company_id": cls.company.id,
                **vals,
            }
        )

    def _weigh(self, **vals):
        return self._log_time(1.0, **vals)._get_prepaid_valuations()

    def assertWeight(self, expected, **vals):
        (valuation,) = self._weigh(**vals).values()
        self.assertEqual(valuation.weight, expected)

    def test_b67_an_hour_of_emergency_counts_two(self):
        """Shown as 1 h × 2; the timesheet keeps its hour."""
        budget = self._create_budget(500.0)
        self._create_weight(2.0)
        sheet = self._log_time(1.0)
        self.assertEqual(sheet.prepaid_value, 200.0)
        entry = self._deduct(sheet)
        self.assertRecordValues(
            entry,
            [
                {
                    "quantity": -200.0,
                    "hours": 1.0,
                    "counted_hours": 2.0,
                    "weight": 2.0,
                    "weight_reason": "1 h × 2: Times 2",
                }
            ],
        )
        self.assertEqual(sheet.prepaid_state, "covered")
        self.assertEqual(sheet.unit_amount, 1.0)
        self.assertBalance(budget, 300.0)

    def test_b67_highest_wins_without_multiplication(self):
        self._create_budget(500.0)
        self._create_weight(1.5)
        self._create_weight(2.0)
        self.assertWeight(2.0)

    def test_bf20_whom_a_rule_is_for(self):
        """Employee, role, service, budget: what is named must fit."""
        budget = self._create_budget(500.0)
        other_budget = self._create_budget()
        job, other_job = (
            self.env["hr.job"]
            .sudo()
            .create([{"name": "Senior"}, {"name": "Junior"}])
            .sudo(False)
        )
        self.employee.sudo().job_id = job
        other = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Bob", "company_id": self.company.id})
            .sudo(False)
        )
        cases = (
            ("employee_ids", self.employee, other),
            ("job_ids", job, other_job),
            ("product_ids", self.service, self.pack),
            ("budget_ids", budget, other_budget),
        )
        for name, own, strange in cases:
            with self.subTest(field=name):
                rule = self._create_weight(3.0, **{name: own.ids})
                self.assertWeight(3.0)
                rule[name] = strange
                self.assertWeight(1.0)
                rule.unlink()

    def test_bf20_weekday_and_hour(self):
        """15 June 2026 is a Monday; the night goes over midnight."""
        self._create_budget(500.0)
        rule = self._create_weight(2.0, monday=False)
        self.assertWeight(1.0)
        self.assertWeight(2.0, day="2026-06-16")
        rule.write({"monday": True, "hour_from": 20.0, "hour_to": 6.0})
        self.assertWeight(1.0)
        self.assertWeight(1.0, prepaid_hour_from=19.5)
        self.assertWeight(2.0, prepaid_hour_from=20.0)
        self.assertWeight(2.0, prepaid_hour_from=5.5)
        self.assertWeight(1.0, prepaid_hour_from=6.0)

    def test_b60_b67_steps_first_then_weight(self):
        """Seven minutes in steps of 15 at weight 2: half an hour."""
        budget = self._create_budget(500.0, time_increment=15)
        self._create_weight(2.0)
        entry = self._deduct(self._log_time(7 / 60))
        self.assertEqual(entry.counted_hours, 0.5)
        self.assertBalance(budget, 450.0)

    def test_b44_b67_a_part_at_double_weight(self):
        """60 pay for 0.3 h that count twice; 0.7 h stay billable."""
        budget = self._create_budget(60.0)
        self._create_weight(2.0)
        sheet = self._log_time(1.0)
        self._deduct(sheet)
        self.assertRecordValues(
            sheet, [{"prepaid_state": "partial", "prepaid_covered_hours": 0.3}]
        )
        self.assertBalance(budget, 0.0)
        self.assertEqual(self.order.order_line.qty_delivered, 0.7)

    def test_bf20_a_weight_is_above_zero(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self._create_weight(0.0)

    def test_b48_when_work_began_is_guarded_too(self):
        self._create_budget(500.0)
        sheet = self._log_time(1.0)
        self._deduct(sheet)
        with self.assertRefused("deducted"):
            sheet.sudo().prepaid_hour_from = 22.0
