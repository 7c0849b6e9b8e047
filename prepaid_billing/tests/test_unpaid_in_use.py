"""Credit that counts when its invoice is posted, and is not paid in time."""

from datetime import timedelta

from freezegun import freeze_time

from .common import PrepaidCommon


class TestUnpaidInUse(PrepaidCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack.prepaid_usable_when = "posted"
        cls.today = cls.company._get_autopay_today()

    def _sell(self, budget, amount):
        """Sell credit that is due in ten days."""
        move = self.env["account.move"].browse(budget.top_up(amount))
        move.invoice_date = self.today
        move.invoice_payment_term_id = False
        move.invoice_date_due = self.today + timedelta(days=10)
        move.action_post()
        return move

    def assertUnpaid(self, budget, amount, days):
        """So much is in use of what is not paid, after some days."""
        self.env.invalidate_all()
        with freeze_time(f"{self.today + timedelta(days=days)} 12:00"):
            self.assertEqual(budget.unpaid_in_use, amount)
            self.assertEqual(sum(budget.lot_ids.mapped("unpaid_in_use")), amount)
            flagged = self.env["prepaid.budget"].search(
                [("has_unpaid_in_use", "=", True)]
            )
            self.assertEqual(budget in flagged, bool(amount))

    def test_b33_usable_after_posting_and_flagged_when_overdue(self):
        budget = self._create_budget()
        move = self._sell(budget, 1000.0)
        self.assertBalance(budget, 1000.0)
        self.assertUnpaid(budget, 0.0, days=11)
        self._spend(400.0)
        # The day it is due counts.
        self.assertUnpaid(budget, 0.0, days=10)
        self.assertUnpaid(budget, 400.0, days=11)
        self._pay(move)
        self.assertUnpaid(budget, 0.0, days=11)

    def test_b33_what_is_paid_pays_for_the_first_use(self):
        budget = self._create_budget()
        move = self._sell(budget, 1000.0)
        self._spend(400.0)
        self._pay(move, amount=move.amount_total * 0.3)
        self.assertUnpaid(budget, 100.0, days=11)
        self._spend(200.0)
        self.assertUnpaid(budget, 300.0, days=11)
        self._pay(move)
        self.assertUnpaid(budget, 0.0, days=11)

    def test_b33_only_credit_that_counts_before_it_is_paid(self):
        self.pack.prepaid_usable_when = "paid"
        budget = self._create_budget()
        self._sell(budget, 1000.0)
        self.assertBalance(budget, 0.0)
        self.assertUnpaid(budget, 0.0, days=11)
