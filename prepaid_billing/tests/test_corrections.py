"""Negative time gives back to the lot of the time that it corrects."""

from datetime import timedelta

from freezegun import freeze_time

from .common import PrepaidCommon


class TestCorrections(PrepaidCommon):
    def _get_taken(self, budget):
        """Return what is left of each lot, oldest first."""
        return budget.lot_ids.sorted("id").mapped("remaining")

    def test_b62_negative_time_gives_back_to_the_lot_of_the_original(self):
        """Not to the lot that would be used first today."""
        budget = self._create_budget(100.0)
        self._buy(budget, 200.0, day="2026-06-02")
        original = self._spend(150.0).timesheet_id
        self.assertEqual(self._get_taken(budget), [0.0, 150.0])
        # Another lot would pay first by now.
        self._buy(budget, 100.0, day="2026-06-03")
        budget.lot_ids.sorted("id")[2].sudo().priority = -1
        correction = self._log_time(-1.0)
        entry = self._deduct(correction)
        self.assertRecordValues(
            entry,
            [
                {
                    "kind": "release",
                    "quantity": 100.0,
                    "hours": -1.0,
                    "origin_id": original.sudo().prepaid_entry_ids.id,
                    "timesheet_id": correction.id,
                }
            ],
        )
        # What was taken last comes back first.
        self.assertEqual(self._get_taken(budget), [50.0, 200.0, 100.0])
        self.assertBalance(budget, 350.0)
        self.assertEqual(correction.prepaid_state, "covered")
        self.assertEqual(original.prepaid_state, "covered")
        line = self.order.order_line
        self.assertEqual(line.qty_to_invoice, 0.0)
        with self.assertRefused("Already deducted"):
            self._deduct(correction)

    def test_b62_the_latest_deduction_with_enough_hours(self):
        budget = self._create_budget(1000.0)
        first = self._spend(200.0)
        second = self._spend(300.0)
        self._spend(50.0)
        other_task = (
            self.env["project.task"]
            .sudo()
            .create({"name": "Other", "project_id": self.project.id})
        )
        self._spend(200.0, task_id=other_task.id)
        entry = self._deduct(self._log_time(-2.0))
        self.assertEqual(entry.origin_id, second)
        # One hour is left of it: the next one has to come from the first.
        entry = self._deduct(self._log_time(-2.0))
        self.assertEqual(entry.origin_id, first)
        # None has so much: the latest ones together.
        entries = self._deduct(self._log_time(-1.5))
        self.assertEqual(sum(entries.mapped("hours")), -1.5)
        self.assertBalance(budget, 1000.0 - 200.0)
        with self.assertRefused("no deducted time"):
            self._deduct(self._log_time(-1.0))

    def test_b62_corrections_of_several_tasks_at_once(self):
        """Each gives back its own, and what they correct is searched once for all."""
        budget = self._create_budget(2000.0)
        tasks = (
            self.env["project.task"]
            .sudo()
            .create(
                [
                    {"name": f"Task {n}", "project_id": self.project.id}
                    for n in range(1, 6)
                ]
            )
        )
        line = self.order.order_line.id
        for hours, task in enumerate(tasks, 1):
            self._spend(hours * 100.0, task_id=task.id, so_line=line)
        without = self._spend(100.0)
        self.assertBalance(budget, 400.0)
        corrections = self.env["account.analytic.line"].union(
            *(self._log_time(-1.0, task_id=task.id, so_line=line) for task in tasks),
            self._log_time(-1.0),
        )

        def count_statements(chosen):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            chosen.sudo()._get_prepaid_origins({})
            return self.env.cr.sql_log_count - before

        few = corrections[:2]
        count_statements(few)
        self.assertEqual(count_statements(corrections), count_statements(few))
        entries = self._deduct(corrections)
        self.assertEqual(entries.origin_id.timesheet_id.task_id, tasks)
        self.assertIn(without, entries.origin_id)
        self.assertEqual(entries.mapped("quantity"), [100.0] * 6)
        self.assertBalance(budget, 1000.0)

    def test_b62_at_the_rate_it_was_deducted_at(self):
        """Prices of today are none of it, and cents add up."""
        budget = self._create_budget(1000.0)
        third = self._log_time(1 / 3)
        self._deduct(third)
        self.assertBalance(budget, 966.67)
        self.order.order_line.sudo().price_unit = 500.0
        self._deduct(self._log_time(-1 / 6))
        self._deduct(self._log_time(-1 / 6))
        self.assertBalance(budget, 1000.0)

    def test_b62_original_and_correction_chosen_together(self):
        budget = self._create_budget(500.0)
        both = self._log_time(2.0) + self._log_time(-0.5)
        self.assertEqual(both.mapped("prepaid_value"), [200.0, -50.0])
        budget.invalidate_recordset()
        self.assertEqual(budget.reserved, 150.0)
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": both.ids})
        self.assertEqual(wizard.line_ids.mapped("covered"), [200.0, -50.0])
        self.assertEqual(wizard.summary_ids.after, 350.0)
        wizard.action_confirm()
        self.assertBalance(budget, 350.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)

    def test_b62_return_of_the_original_opens_both_again(self):
        budget = self._create_budget(500.0)
        original = self._log_time(2.0)
        self._deduct(original)
        correction = self._log_time(-0.5)
        self._deduct(correction)
        self.assertBalance(budget, 350.0)
        deduction = budget.entry_ids.filtered(lambda e: e.kind == "consume")
        self.assertFalse(deduction.is_returned)
        deduction.action_return_time()
        self.assertBalance(budget, 500.0)
        self.assertTrue(deduction.is_returned)
        self.assertFalse(original.prepaid_state)
        self.assertFalse(correction.prepaid_state)
        self.assertEqual(self.order.order_line.qty_to_invoice, 1.5)
        with self.assertRefused("returned already"):
            deduction.action_return_time()
        # And again, from the start (B51).
        self._deduct(original + correction)
        self.assertBalance(budget, 350.0)

    def test_b62_return_of_the_correction(self):
        budget = self._create_budget(500.0)
        original = self._log_time(2.0)
        self._deduct(original)
        correction = self._log_time(-0.5)
        self._deduct(correction)
        correction.action_prepaid_return()
        self.assertBalance(budget, 300.0)
        self.assertFalse(correction.prepaid_state)
        with self.assertRefused("None of these"):
            correction.action_prepaid_return()
        # The original is there to be returned in whole.
        original.action_prepaid_return()
        self.assertBalance(budget, 500.0)
        self.assertEqual(self._get_taken(budget), [500.0])

    def test_b62_deleted_correction_is_deducted_again(self):
        budget = self._create_budget(500.0)
        self._deduct(self._log_time(2.0))
        correction = self._log_time(-0.5)
        self._deduct(correction)
        correction.sudo().unlink()
        self.assertBalance(budget, 300.0)

    def test_b62_undone_when_its_credit_is_used_meanwhile(self):
        """Other lots pay; without any it is refused, never below zero."""
        budget = self._create_budget(100.0)
        self._deduct(self._log_time(1.0))
        correction = self._log_time(-0.5)
        self._deduct(correction)
        self._spend(50.0, so_line=self.order.order_line.id)
        self.assertBalance(budget, 0.0)
        with self.assertRefused("used meanwhile"):
            correction.action_prepaid_return()
        self._buy(budget, 80.0)
        correction.action_prepaid_return()
        self.assertBalance(budget, 30.0)

    def test_b62_on_overdraft_the_debt_shrinks_first(self):
        budget = self._create_budget(
            60.0, shortage_policy="overdraft", overdraft_limit=200.0
        )
        self._deduct(self._log_time(1.0))
        self.assertBalance(budget, -40.0)
        self._deduct(self._log_time(-0.3))
        self.assertBalance(budget, -10.0)
        self.assertEqual(self._get_taken(budget), [0.0])
        self._deduct(self._log_time(-0.3))
        self.assertBalance(budget, 20.0)
        self.assertEqual(self._get_taken(budget), [20.0])

    def test_b62_b43_debt_that_a_top_up_settled(self):
        budget = self._create_budget(shortage_policy="overdraft", overdraft_limit=200.0)
        entry = self._deduct(self._log_time(1.0))
        correction = self._log_time(-0.5)
        self._deduct(correction)
        self.assertBalance(budget, -50.0)
        self._buy(budget, 80.0)
        self.assertBalance(budget, 30.0)
        entry.action_return_time()
        self.assertBalance(budget, 80.0)

    def test_b62_b49_lot_that_has_expired_meanwhile(self):
        """The value returns to its lot and expires at once, both rows shown."""
        self.pack.write({"prepaid_validity": 30, "prepaid_validity_unit": "days"})
        today = self.company._get_autopay_today()
        budget = self._create_budget()
        self._buy(budget, 200.0, day=today)
        self._deduct(self._log_time(2.0, day=today))
        with freeze_time(f"{today + timedelta(days=40)} 12:00"):
            self._deduct(self._log_time(-1.0, day=today))
            self.assertBalance(budget, 0.0)
            self.assertEqual(budget.entry_ids[:2].mapped("kind"), ["expire", "release"])

    def test_b62_partly_deducted_original(self):
        """Only what was deducted comes back; the rest is less to invoice."""
        budget = self._create_budget(60.0)
        self._deduct(self._log_time(1.0))
        line = self.order.order_line
        self.assertAlmostEqual(line.qty_to_invoice, 0.4)
        correction = self._log_time(-1.0)
        self.assertAlmostEqual(line.qty_to_invoice, -0.6)
        self._deduct(correction)
        self.assertEqual(correction.prepaid_state, "partial")
        self.assertBalance(budget, 60.0)
        self.assertAlmostEqual(line.qty_to_invoice, 0.0)

    def test_b62_bf15_employee_corrects_by_a_negative_entry(self):
        budget = self._create_budget(500.0, consumption_mode="save")
        self._log_time(2.0)
        self._log_time(-1.0)
        self.assertBalance(budget, 400.0)

    def test_b62_hours_budget(self):
        self.env["prepaid.budget"].search([]).active = False
        budget = self._create_budget(unit="hours")
        self.env.user.group_ids += self.env.ref("prepaid_billing.group_credit")
        budget.grant(10.0, "Welcome")
        self._deduct(self._log_time(3.0))
        self._deduct(self._log_time(-1.0))
        self.assertBalance(budget, 8.0)

    def test_b62_b48_edited_original_keeps_its_correction(self):
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(500.0)
        original = self._log_time(2.0)
        self._deduct(original)
        correction = self._log_time(-1.0)
        self._deduct(correction)
        original.write({"unit_amount": 3.0})
        self.assertBalance(budget, 300.0)
        self.assertEqual(correction.prepaid_state, "covered")
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)

    def test_b62_bf15_employee_edits_what_was_corrected(self):
        budget = self._create_budget(500.0, consumption_mode="save")
        original = self._log_time(2.0)
        self._log_time(-1.0)
        original.sudo().write({"unit_amount": 3.0})
        self.assertBalance(budget, 300.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)

    def test_b62_binary_noise_makes_no_movement(self):
        """Three times 0.1 is 0.3: no other deduction gives back the rest of it."""
        budget = self._create_budget(100.0)
        self._deduct(self._log_time(0.05))
        original = self._deduct(self._log_time(0.3))
        thirds = self._log_time(-0.1) + self._log_time(-0.1) + self._log_time(-0.1)
        entries = self._deduct(thirds)
        self.assertEqual(len(entries), 3)
        self.assertEqual(entries.origin_id, original)
        self.assertBalance(budget, 95.0)

    def test_b62_b74_credit_that_returns_to_a_closed_budget(self):
        """It is not lost: somebody is asked what becomes of it."""
        self.env.user.group_ids += self.env.ref("prepaid_billing.group_credit")
        budget = self._create_budget(200.0)
        self._deduct(self._log_time(2.0))
        budget.close("forfeit", "Contract ended")
        before = budget.activity_ids
        self._deduct(self._log_time(-1.0))
        self.assertBalance(budget, 100.0)
        self.assertRegex((budget.activity_ids - before).summary, "100.00 came back")
        budget.action_reopen()
        budget.close("forfeit", "Contract ended")
        self.assertBalance(budget, 0.0)

    def test_b62_b48_edited_when_all_of_it_was_given_back(self):
        """Time that no budget pays for any more is deducted, or billed, like any."""
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(100.0)
        original = self._log_time(0.5)
        self._deduct(original)
        correction = self._log_time(-0.5)
        self._deduct(correction)
        self.assertBalance(budget, 100.0)
        original.write({"unit_amount": 4.0})
        # 3.5 h of work: 1 h, or what is left of it beside the correction, is paid.
        line = self.order.order_line
        hours = original.prepaid_covered_hours + correction.prepaid_covered_hours
        self.assertEqual(hours + line.qty_to_invoice, 3.5)
        self.assertEqual(original.prepaid_state, "partial")
        self.assertBalance(budget, 100.0 - 100.0 * hours)

    def test_b62_return_of_what_was_given_back_in_whole(self):
        budget = self._create_budget(100.0)
        original = self._log_time(0.5)
        self._deduct(original)
        correction = self._log_time(-0.5)
        self._deduct(correction)
        original.action_prepaid_return()
        self.assertFalse(original.prepaid_state)
        self.assertFalse(correction.prepaid_state)
        self.assertBalance(budget, 100.0)
        self.assertEqual(self._get_taken(budget), [100.0])
        with self.assertRefused("None of these"):
            original.action_prepaid_return()
        # A mistake beyond that: only the correction is left of both.
        self._deduct(original + correction)
        original.sudo().unlink()
        self.assertBalance(budget, 100.0)
        self.assertFalse(correction.prepaid_state)

    def test_b62_b48_original_of_a_correction_whose_rest_is_invoiced(self):
        """It could not give back any more: refused until the invoice is canceled."""
        self.company.prepaid_edit_policy = "rebook"
        budget = self._create_budget(150.0)
        original = self._log_time(0.5)
        self._deduct(original)
        correction = self._log_time(-1.0)
        self._deduct(correction)
        self.assertEqual(correction.prepaid_covered_hours, -0.5)
        self.assertBalance(budget, 150.0)
        # Half an hour of other work, less the half that was corrected beyond.
        self._log_time(0.75)
        invoice = self.order.sudo()._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 25.0)
        invoice.action_post()
        self.assertEqual(correction.timesheet_invoice_id, invoice)
        for move in (
            lambda: original.sudo().write({"unit_amount": 1.0}),
            original.action_prepaid_return,
            original.sudo().prepaid_entry_ids.action_return_time,
            original.sudo().unlink,
            correction.action_prepaid_return,
        ):
            with self.assertRefused(rf"rest of .* invoiced on {invoice.name}"):
                move()
        # Words may change.
        original.sudo().name = "Better words"
        self.env.invalidate_all()
        self.assertEqual(correction.prepaid_covered_hours, -0.5)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.0)
        self.assertBalance(budget, 150.0)
        invoice.button_draft()
        invoice.button_cancel()
        original.sudo().write({"unit_amount": 1.0})
        self.assertEqual(original.prepaid_covered_hours, 1.0)
        self.assertEqual(correction.prepaid_covered_hours, -1.0)
        self.assertBalance(budget, 150.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.75)
