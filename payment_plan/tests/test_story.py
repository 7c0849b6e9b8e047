"""From the quotation to the last installment paid, on documents and balances."""

from freezegun import freeze_time

from odoo.tests import tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestStory(PlanCommon):
    def test_r1_deposit_and_three_months_close_at_zero(self):
        """2,000 is 500 at the signature and three times 500 (guide, pack A)."""
        with freeze_time("2026-03-01 12:00:00"):
            order = self._order(2000.0)
            plan = self._offer(
                order, deposit_kind="larger", deposit_amount=500.0, name="Pack A"
            )
            self.assertEqual(plan._get_deposit(), 500.0)
            self._sign(plan)
        self.assertEqual(order.state, "sale")
        self.assertEqual(plan.state, "active")
        self.assertEqual(self._amounts(plan), [500.0] * 4)
        self.assertEqual(
            self._days(plan), ["2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"]
        )
        deposit = self._lines(plan)[0]
        self.assertEqual(deposit.move_id.state, "posted")
        self.assertEqual(deposit.move_id.amount_total, 500.0)
        self._pay(deposit.move_id)
        self.assertEqual(deposit.state, "paid")
        for month in (4, 5, 6):
            with freeze_time(f"2026-0{month}-01 12:00:00"):
                self._run()
                line = self._lines(plan)[month - 3]
                self.assertEqual(line.move_id.amount_total, 500.0)
                self.assertEqual(
                    str(line.move_id.invoice_date_due), f"2026-0{month}-01"
                )
                self._pay(line.move_id)
        self.assertEqual(plan.state, "completed")
        with freeze_time("2026-06-02 12:00:00"):
            self._run("close")
        final = plan.final_move_id
        self.assertEqual(final.state, "posted")
        self.assertEqual(final.amount_total, 0.0)
        self.assertEqual(final.payment_state, "paid")
        self.assertEqual(order.invoice_status, "invoiced")
        invoices = order.invoice_ids
        self.assertEqual(sum(invoices.mapped("amount_total")), 2000.0)
        self.assertEqual(len(invoices), 5)

    def test_p16_payments_of_800_are_invoiced_as_signed(self):
        """200, 300 and 300 on 800 are documents of 200, 300 and 300."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(
                800.0, deposit_kind="fixed", deposit_amount=200.0, installment_count=2
            )
        with freeze_time("2026-05-02 12:00:00"):
            self._run()
        self.assertEqual(
            self._lines(plan).move_id.mapped("amount_total"), [200.0, 300.0, 300.0]
        )

    def test_p15_mixed_taxes_are_exact_to_the_cent(self):
        """Taxes of 15 % and 5 % in seven parts; the rest of each tax is exact, too."""
        tax_15 = self.percent_tax(15)
        tax_5 = self.percent_tax(5)
        with freeze_time("2026-03-01 12:00:00"):
            order = self._order(
                lines=[(333.33, tax_15), (99.99, tax_5), (871.07, tax_15 + tax_5)]
            )
            plan = self._sign(
                self._offer(order, deposit_percent=33.33, installment_count=7)
            )
        with freeze_time("2026-12-02 12:00:00"):
            self._run()
            moves = self._lines(plan).move_id
            self.assertEqual(len(moves), 8)
            self.assertEqual(
                self.currency.round(sum(moves.mapped("amount_total"))),
                order.amount_total,
            )
            for move in moves:
                self._pay(move)
            self._run("close")
        final = plan.final_move_id
        self.assertEqual((final.amount_total, final.state), (0.0, "posted"))
        everything = order.invoice_ids
        self.assertAlmostEqual(
            sum(everything.mapped("amount_tax")), order.amount_tax, places=2
        )
        account = moves.invoice_line_ids.account_id
        lines = everything.line_ids.filtered(lambda ln: ln.is_downpayment)
        self.assertTrue(lines, account)
        self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0, places=2)

    def test_p1_thirds_of_100(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(100.0, deposit_kind="none")
        self.assertEqual(self._amounts(plan), [33.33, 33.33, 33.34])

    def test_p5_minimum_deposit_above_the_total_is_paid_in_full(self):
        plan = self._run_plan(300.0, deposit_kind="larger", deposit_amount=500.0)
        self.assertEqual(self._amounts(plan), [300.0])
        self._pay(self._lines(plan).move_id)
        self.assertEqual(plan.state, "completed")

    def test_r4_paying_in_full_saves_what_the_page_said(self):
        """The discount is an order line; another choice takes it away again."""
        order = self._order(2000.0)
        full = self._offer(
            order, structure="full", discount_kind="percent", discount_percent=5.0
        )
        monthly = self._offer(order)
        order._choose_plan(full)
        self.assertEqual(order.amount_total, 1900.0)
        self.assertEqual(full._get_version().amount_total, 1900.0)
        order._choose_plan(monthly)
        self.assertEqual(order.amount_total, 2000.0)
        order._choose_plan(full)
        self._sign(full)
        self.assertEqual(self._amounts(full), [1900.0])
        self.assertEqual(full.state, "active")
        self.assertEqual(monthly.state, "canceled")
        self._pay(self._lines(full).move_id)
        self._run("close")
        self.assertEqual(full.final_move_id.amount_total, 0.0)

    def test_p19_money_beyond_pays_the_next(self):
        """150 paid on the first 100: the second invoice is open by 50 only."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(
                300.0, deposit_kind="fixed", deposit_amount=100.0, installment_count=2
            )
            first = self._lines(plan)[0].move_id
            payment = self.env["account.payment"].create(
                {
                    "amount": 150.0,
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.customer.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "destination_account_id": first.line_ids.filtered(
                        lambda line: line.display_type == "payment_term"
                    ).account_id.id,
                }
            )
            payment.action_post()
            lines = payment.move_id.line_ids | first.line_ids
            lines.filtered(
                lambda ln: ln.account_id.account_type == "asset_receivable"
            ).reconcile()
        self.assertEqual(self._lines(plan)[0].state, "paid")
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
        second = self._lines(plan)[1]
        self.assertEqual(second.move_id.amount_residual, 50.0)
        self.assertEqual(second.amount_paid, 50.0)

    def test_p74_a_changed_order_is_not_invoiced_or_charged(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(2000.0)
            order = plan.sale_order_id
            order.order_line[0].price_unit = 2500.0
            self.assertTrue(plan.is_out_of_sync)
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            line = self._lines(plan)[1]
            self.assertFalse(line.move_id)
            self.assertIn("2,000.00", line.problem)
            self.assertTrue(plan.activity_ids)
            order.order_line[0].price_unit = 2000.0
            self.assertFalse(plan.is_out_of_sync)
        with freeze_time("2026-04-02 12:00:00"):
            self._run()
        self.assertEqual(line.move_id.amount_total, 500.0)
        self.assertFalse(line.problem)

    def test_standard_invoicing_is_guarded_while_a_plan_runs(self):
        plan = self._run_plan(2000.0)
        order = plan.sale_order_id
        with self.assertRefused("is invoiced by its payment plan"):
            order._create_invoices()
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 10,
                "sale_order_ids": order.ids,
            }
        )
        with self.assertRefused("is invoiced by its payment plan"):
            wizard.create_invoices()

    def test_pf26_an_unsigned_plan_does_not_confirm(self):
        order = self._order()
        order._choose_plan(self._offer(order))
        with self.assertRefused("is not signed"):
            order.action_confirm()

    def test_p72_the_second_signature_is_told(self):
        order = self._order()
        plan = self._offer(order)
        self._sign(plan)
        digest = plan.version_id.digest
        with self.assertRefused("signed already"):
            plan._sign(digest, "Bob", {})
        self.assertEqual(len(plan.event_ids.filtered(lambda e: e.kind == "signed")), 1)

    def test_p73_a_changed_order_refuses_the_open_page(self):
        order = self._order(2000.0)
        plan = self._offer(order)
        order._choose_plan(plan)
        digest = plan._get_version().digest
        order.order_line.price_unit = 2100.0
        with self.assertRefused("has changed since you opened"):
            plan._sign(digest, "Ada", {})
        self.assertEqual(plan.state, "offered")
        self.assertFalse(plan.installment_ids)

    def test_p53_five_missed_days_are_caught_up_once(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(
                300.0, deposit_kind="none", interval_unit="days", installment_count=3
            )
        with freeze_time("2026-03-08 12:00:00"):
            self._run()
            self._run()
        self.assertEqual(self._lines(plan).move_id.mapped("amount_total"), [100.0] * 3)
        self.assertEqual(len(plan.sale_order_id.invoice_ids), 3)

    def test_p13_the_day_is_the_companys(self):
        """00:30 UTC on 10 March is still 9 March in Los Angeles."""
        self.company.partner_id.tz = "America/Los_Angeles"
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(
                100.0,
                deposit_kind="none",
                installment_count=1,
                start="date",
                start_date="2026-03-10",
            )
        with freeze_time("2026-03-10 00:30:00"):
            self._run()
            self.assertFalse(self._lines(plan).move_id)
        with freeze_time("2026-03-10 08:30:00"):
            self._run()
            self.assertEqual(self._lines(plan).state, "due")
        with freeze_time("2026-03-11 06:30:00"):
            self.env.invalidate_all()
            self.assertEqual(self._lines(plan).state, "due")
        with freeze_time("2026-03-11 08:30:00"):
            self.env.invalidate_all()
            self.assertEqual(self._lines(plan).state, "overdue")

    def test_p31_a_payment_taken_back_reopens_the_plan(self):
        plan = self._run_plan(300.0, deposit_kind="larger", deposit_amount=500.0)
        move = self._lines(plan).move_id
        self._pay(move)
        self.assertEqual(plan.state, "completed")
        move.line_ids.remove_move_reconcile()
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.amount_open, 300.0)

    def test_a_canceled_order_is_not_invoiced_any_more(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(2000.0)
            plan.sale_order_id._action_cancel()
        with freeze_time("2026-06-01 12:00:00"):
            self._run()
        self.assertEqual(plan.state, "canceled")
        self.assertEqual(len(plan.installment_ids.move_id), 1)

    def test_p31_a_canceled_invoice_reopens_its_payment(self):
        """Nothing is invoiced again by itself; by hand it is, for the same amount."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._run_plan(2000.0)
            line = self._lines(plan)[0]
            first = line.move_id
            first.button_draft()
            with self.assertRefused("cancel it instead of deleting it"):
                first.unlink()
            first.button_cancel()
            self.assertFalse(line.move_id)
            self.assertEqual(line.amount_open, 500.0)
            self.assertTrue(plan.activity_ids)
            self._run()
            self.assertFalse(line.move_id)
            line.action_make_invoice()
            self.assertEqual(line.move_id.amount_total, 500.0)
            self._pay(line.move_id)
        with freeze_time("2026-06-01 12:00:00"):
            self._run()
            for move in self._lines(plan)[1:].move_id:
                self._pay(move)
            self._run("close")
        self.assertEqual(plan.state, "completed")
        self.assertEqual(plan.final_move_id.amount_total, 0.0)
