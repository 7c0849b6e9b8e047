"""Currencies with no decimals and with three: parts and documents are exact."""

from freezegun import freeze_time

from odoo.tests import tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestCurrencies(PlanCommon):
    def _run_in(self, name, rounding, total, taxes=None, count=3):
        """Sign, invoice, pay and close a plan of an order in a currency."""
        currency = self.setup_other_currency(name, rounding=rounding)
        pricelist = self.env["product.pricelist"].create(
            {"name": name, "currency_id": currency.id}
        )
        with freeze_time("2026-03-01 12:00:00"):
            order = self._order(lines=[(total, taxes)], pricelist_id=pricelist.id)
            self.assertEqual(order.currency_id, currency)
            plan = self._sign(
                self._offer(order, deposit_kind="none", installment_count=count)
            )
        with freeze_time("2026-12-01 12:00:00"):
            self._run()
            for move in self._lines(plan).move_id:
                self._register_payment(move, currency_id=currency.id)
            plan.action_close()
        self.assertEqual(plan.state, "completed")
        self.assertEqual(plan.final_move_id.amount_total, 0.0)
        # Of the exchange only what rounding leaves, in the company's currency (P28).
        most = self.currency.rounding * count
        self.assertLessEqual(abs(plan.final_move_id.amount_total_signed), most)
        self.assertEqual(plan.final_move_id.payment_state, "paid")
        receivable = plan.final_move_id.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        self.assertFalse(receivable.filtered(lambda line: not line.reconciled))
        return plan

    def test_p3_yen_have_no_decimals(self):
        plan = self._run_in("JPY", 1, 1000.0)
        self.assertEqual(self._amounts(plan), [333.0, 333.0, 334.0])
        self.assertEqual(
            self._lines(plan).move_id.mapped("amount_total"), [333.0, 333.0, 334.0]
        )

    def test_p3_dinars_have_three_decimals(self):
        plan = self._run_in("KWD", 0.001, 10.0)
        self.assertEqual(self._amounts(plan), [3.333, 3.333, 3.334])
        self.assertEqual(
            self._lines(plan).move_id.mapped("amount_total"), [3.333, 3.333, 3.334]
        )

    def test_p15_taxed_yen_close_at_zero(self):
        self._check_taxed("JPY", 1, 9999.0)

    def test_p15_taxed_dinars_close_at_zero(self):
        self._check_taxed("KWD", 0.001, 33.337)

    def _check_taxed(self, name, rounding, total):
        plan = self._run_in(name, rounding, total, taxes=self.percent_tax(7), count=7)
        order = plan.sale_order_id
        moves = self._lines(plan).move_id
        compare = order.currency_id.compare_amounts
        self.assertEqual(
            compare(sum(moves.mapped("amount_total")), order.amount_total), 0
        )
        self.assertEqual(compare(sum(moves.mapped("amount_tax")), order.amount_tax), 0)

    def test_p28_a_plan_with_amounts_needs_its_currency(self):
        currency = self.setup_other_currency("CHF")
        pricelist = self.env["product.pricelist"].create(
            {"name": "CHF", "currency_id": currency.id}
        )
        order = self._order(2000.0, pricelist_id=pricelist.id)
        template = self._template(deposit_kind="larger", deposit_amount=500.0)
        with self.assertRefused("contains amounts in"):
            self._offer(order, template)
        self.assertIn("CHF", template._get_obstacle(order))
        plan = self._offer(order, deposit_percent=30.0)
        self.assertEqual(plan.currency_id, currency)
        self.assertEqual(plan._get_deposit(), 600.0)
