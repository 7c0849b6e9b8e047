from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import ValidationError

from .common import PrepaidCommon


class TestHours(PrepaidCommon):
    """Budgets in hours, steps of time, packs in hours and days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")
        cls.hours_pack = cls._create_pack(
            name="Hours",
            prepaid_unit="hours",
            uom_id=cls.env.ref("uom.product_uom_hour").id,
            list_price=80.0,
        )
        cls.budget = cls._create_hours_budget()

    @classmethod
    def _create_hours_budget(cls, credit=0.0, **vals):
        return cls._create_budget(
            credit, unit="hours", product_id=cls.hours_pack.id, **vals
        )

    def test_bf4_a_budget_in_hours_from_sale_to_use(self):
        """10 h bought at 80, 2.5 h worked on an order at 100: 7.5 h are left."""
        invoice = self._buy(self.budget, 10.0)
        self.assertRecordValues(
            invoice.invoice_line_ids, [{"quantity": 10.0, "price_unit": 80.0}]
        )
        self.assertEqual(invoice.currency_id, self.usd)
        self.assertBalance(self.budget, 10.0)
        lot = self.budget.lot_ids
        self.assertRecordValues(
            lot, [{"quantity": 10.0, "value": 800.0, "unit_value": 80.0}]
        )
        sheet = self._log_time(2.5)
        entry = self._deduct(sheet)
        self.assertRecordValues(entry, [{"quantity": -2.5, "hours": 2.5}])
        self.assertEqual(sheet.prepaid_state, "covered")
        self.assertBalance(self.budget, 7.5)
        self.assertEqual(lot.remaining_value, 600.0)
        entry.action_return_time()
        self.assertBalance(self.budget, 10.0)

    def test_bf4_hours_show_as_hours(self):
        self._buy(self.budget, 10.0)
        hours = self.budget.currency_id
        self.assertEqual(hours.format(self.budget.balance), "10.00\N{NO-BREAK SPACE}h")
        self.assertFalse(hours.active)
        shown = self.env["res.currency"].get_all_currencies()
        self.assertEqual(shown[hours.id]["symbol"], "h")
        self.assertEqual(self.customer.prepaid_currency_id, hours)
        with self.assertRefused("unit of prepaid budgets"):
            hours.write({"active": True})

    def test_bf4_unit_and_currency_fit(self):
        """Neither hours in a currency, nor money in hours."""
        hours = self.budget.currency_id
        with self.assertRaises(ValidationError):
            self._create_budget(currency_id=hours.id)
        with self.assertRaises(ValidationError):
            self._create_hours_budget(currency_id=self.usd.id)
        with self.assertRaises(ValidationError):
            self._create_hours_budget(money_currency_id=hours.id)
        self.budget.unit = "money"
        self.assertEqual(self.budget.currency_id, self.usd)
        self.budget.unit = "hours"
        self.assertEqual(self.budget.currency_id, hours)
        self.assertEqual(self.budget.money_currency_id, self.usd)
        self._buy(self.budget, 1.0)
        with self.assertRefused("history"):
            self.budget.unit = "money"

    def test_bf4_a_pack_fills_budgets_of_its_unit(self):
        self.budget.product_id = self.pack
        with self.assertRefused("does not bring that"):
            self.budget.top_up(10.0)
        self.budget.product_id = self.hours_pack
        self.hours_pack.list_price = 0.0
        with self.assertRefused("has no price"):
            self.budget.top_up(10.0)
        self.hours_pack.list_price = 80.0
        line = {"product_id": self.hours_pack.id, "quantity": 4.0, "price_unit": 80.0}
        partner = self.customer.copy({"name": "New"})
        self._create_budget(partner=partner)
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_line_ids": [Command.create(line)],
            }
        )
        move.action_post()
        budget = move.prepaid_budget_ids
        self.assertRecordValues(budget, [{"unit": "hours"}])
        self.assertEqual(budget.lot_ids.quantity, 4.0)

    def test_b44_hours_that_are_short_leave_the_rest_billable(self):
        self._buy(self.budget, 1.5)
        sheet = self._log_time(4.0)
        self._deduct(sheet)
        self.assertBalance(self.budget, 0.0)
        self.assertRecordValues(
            sheet, [{"prepaid_state": "partial", "prepaid_covered_hours": 1.5}]
        )
        self.assertEqual(self.order.order_line.qty_delivered, 2.5)

    def test_b58_hours_are_rounded_once_per_entry(self):
        """20 minutes are 0.33 h, three times 0.99 h; nothing is left over."""
        self._buy(self.budget, 1.0)
        for _number in range(3):
            self._deduct(self._log_time(1 / 3))
        self.assertBalance(self.budget, 0.01)
        self.assertEqual(set(self.budget.entry_ids[:3].mapped("quantity")), {-0.33})

    def test_b29_pending_counts_in_hours(self):
        """Pending are 10 h, not 800: with 5 h left of a threshold of 20 it is short."""
        self.budget.write(
            {
                "threshold": 20.0,
                "replenish_policy": "threshold",
                "replenish_amount": 10.0,
            }
        )
        self._buy(self.budget, 5.0)
        self.budget.action_replenish_now()
        invoice = self.budget.episode_id.invoice_id
        self.assertEqual(self.budget.episode_id.quantity, 20.0)
        self.assertEqual(invoice.amount_untaxed, 1600.0)
        self.assertEqual(self.budget.amount_pending, 20.0)
        self.assertEqual(invoice._get_prepaid_net(self.budget), [20.0])
        self._deduct(self._log_time(5.0))
        self.budget.threshold = 30.0
        self.budget.action_replenish_now()
        self.assertIn("no longer sufficient", self.budget.activity_ids.summary)
        self.assertIn("20.00\N{NO-BREAK SPACE}h", self.budget.activity_ids.summary)
        self._pay(invoice)
        self.assertBalance(self.budget, 20.0)

    def test_b60_seven_minutes_deduct_fifteen(self):
        """The timesheet keeps its seven minutes; both are shown."""
        self._buy(self.budget, 1.0)
        self.budget.time_increment = 15
        sheet = self._log_time(7 / 60)
        entry = self._deduct(sheet)
        self.assertRecordValues(entry, [{"quantity": -0.25, "counted_hours": 0.25}])
        self.assertAlmostEqual(entry.hours, 7 / 60)
        self.assertAlmostEqual(sheet.unit_amount, 7 / 60)
        self.assertEqual(sheet.prepaid_state, "covered")
        self.assertBalance(self.budget, 0.75)
        quarter = self._deduct(self._log_time(0.25))
        self.assertEqual(quarter.quantity, -0.25)

    def test_b60_steps_of_time_in_money(self):
        self.budget.active = False
        budget = self._create_budget(100.0, time_increment=15)
        sheet = self._log_time(7 / 60)
        self.assertEqual(sheet.prepaid_value, 25.0)
        self._deduct(sheet)
        self.assertBalance(budget, 75.0)

    def test_b60_rest_of_a_part_that_is_covered_later(self):
        """One hour and 7 minutes count 1.25 h, in two parts too."""
        self.budget.time_increment = 15
        self._buy(self.budget, 0.5)
        sheet = self._log_time(1 + 7 / 60)
        self._deduct(sheet)
        self.assertBalance(self.budget, 0.01)
        self._buy(self.budget, 1.0)
        self._deduct(sheet)
        self.assertEqual(sheet.prepaid_state, "covered")
        self.assertBalance(self.budget, 0.25)

    def test_b61_pack_in_hours_and_in_days(self):
        """200 h bought: 1 h logged takes 1 h. 2 days bought are 16 h."""
        self._buy(self.budget, 200.0)
        self._deduct(self._log_time(1.0))
        self.assertBalance(self.budget, 199.0)
        day = self.env.ref("uom.product_uom_day")
        days_pack = self._create_pack(
            name="Days", prepaid_unit="hours", uom_id=day.id, list_price=600.0
        )
        hours_per_day = day._compute_quantity(
            1.0, self.env.ref("uom.product_uom_hour"), round=False
        )
        budget = self._create_hours_budget()
        budget.product_id = days_pack
        invoice = self._buy(budget, 2 * hours_per_day)
        self.assertRecordValues(
            invoice.invoice_line_ids, [{"quantity": 2.0, "price_unit": 600.0}]
        )
        self.assertBalance(budget, 2 * hours_per_day)

    def test_b61_unit_without_hours_needs_them_said(self):
        unit = self.env.ref("uom.product_uom_unit")
        with self.assertRaises(ValidationError):
            self._create_pack(prepaid_unit="hours", uom_id=unit.id)
        pack = self._create_pack(
            prepaid_unit="hours",
            uom_id=unit.id,
            prepaid_credit=10.0,
            prepaid_bonus=1.0,
            list_price=750.0,
        )
        self.budget.product_id = pack
        invoice = self._buy(self.budget, 20.0)
        self.assertEqual(invoice.amount_untaxed, 1500.0)
        self.assertBalance(self.budget, 22.0)

    def test_b37_refund_of_hours_at_their_price(self):
        """10 h for 800, 4 h used: 480 can be given back."""
        invoice = self._buy(self.budget, 10.0)
        self._deduct(self._log_time(4.0))
        refund = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        with self.assertRefused(r"480\.00.*refundable"):
            refund.action_post()
        refund.invoice_line_ids.quantity = 6.0
        refund.action_post()
        self.assertBalance(self.budget, 0.0)

    def test_bf8_hours_expire_too(self):
        self.hours_pack.write({"prepaid_validity": 30, "prepaid_validity_unit": "days"})
        with freeze_time("2026-06-01 12:00:00"):
            self._buy(self.budget, 10.0)
            self._deduct(self._log_time(2.0, day="2026-06-01"))
        with freeze_time("2026-07-02 12:00:00"):
            self.budget.sudo()._lock_and_expire()
            self.assertBalance(self.budget, 0.0)
            self.assertEqual(self.budget.entry_ids[0].quantity, -8.0)

    def test_b56_free_time_in_hours(self):
        """Not billable: left out, or shown at zero; never whole hours."""
        self._buy(self.budget, 10.0)
        free = self._create_project(self.customer, allow_billable=False)
        sheet = self._log_time(2.0, project=free)
        with self.assertRefused("Not billable"):
            self._deduct(sheet)
        self.budget.zero_rate_policy = "deduct"
        self._deduct(sheet)
        self.assertBalance(self.budget, 10.0)

    def test_bf66_top_up_by_hours_over_the_api(self):
        move_id = self.budget.top_up(3.0, key="hours-1")
        self.assertEqual(self.budget.top_up(3.0, key="hours-1"), move_id)
        self.assertEqual(self.env["account.move"].browse(move_id).amount_untaxed, 240.0)
