from .common import PrepaidCommon


class TestStory(PrepaidCommon):
    """The main job from the first budget to the first replenishment."""

    def test_bf3_story_of_a_budget(self):
        """1-5 of the story: sell, pay, deduct, run low, replenish, pay, return."""
        budget = self._create_budget(
            threshold=100.0,
            replenish_policy="threshold",
            replenish_amount=500.0,
        )
        self.assertBalance(budget, 0.0)

        invoice = self._buy(budget, 500.0, pay=False)
        self.assertEqual(invoice.amount_total, 575.0)
        self.assertBalance(budget, 0.0)
        self.assertEqual(budget.amount_pending, 500.0)
        self._pay(invoice)
        self.assertBalance(budget, 500.0)
        self.assertEqual(budget.amount_pending, 0.0)
        self.assertEqual(budget.entry_ids.kind, "credit")

        first = self._log_time(3.0)
        second = self._log_time(2.5)
        line = self.order.order_line
        self.assertEqual(line.qty_delivered, 5.5)
        wizard = self.env["prepaid.deduct"].create(
            {"timesheet_ids": (first + second).ids}
        )
        self.assertRecordValues(
            wizard.line_ids,
            [
                {"value": 300.0, "covered": 300.0, "short": 0.0, "obstacle": False},
                {"value": 250.0, "covered": 200.0, "short": 50.0, "obstacle": False},
            ],
        )
        wizard.action_confirm()
        self.assertBalance(budget, 0.0)
        self.assertRecordValues(
            first + second,
            [
                {"prepaid_state": "covered", "prepaid_covered_hours": 3.0},
                {"prepaid_state": "partial", "prepaid_covered_hours": 2.0},
            ],
        )
        self.assertEqual(line.qty_delivered, 0.5)

        budget.action_replenish_now()
        self.assertEqual(budget.episode_id.quantity, 500.0)
        top_up = budget.episode_id.invoice_id
        self.assertEqual(top_up.state, "posted")
        self.assertTrue(top_up.sending_data)
        budget.action_replenish_now()
        self.assertEqual(len(budget.replenishment_ids), 1)

        self._pay(top_up)
        self.assertBalance(budget, 500.0)
        self.assertFalse(budget.episode_id)

        with self.assertRefused("deducted"):
            first.unit_amount = 4.0
        first.action_prepaid_return()
        self.assertBalance(budget, 800.0)
        self.assertEqual(line.qty_delivered, 3.5)
        self.assertEqual(
            budget.entry_ids.mapped("kind"),
            ["release", "credit", "consume", "consume", "credit"],
        )
