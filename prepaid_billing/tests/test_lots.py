from odoo import Command

from .common import PrepaidCommon


class TestLots(PrepaidCommon):
    """From the invoice to usable credit, and back (spec 2.3)."""

    def _credit_note(self, invoice, amount=None):
        """Make a draft credit note on an invoice, over `amount` without tax."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        refund = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        refund.invoice_date = invoice.invoice_date
        if amount is not None:
            refund.invoice_line_ids.price_unit = amount
        return refund

    def test_b31_credit_counts_when_paid(self):
        """Posted and unpaid: pending. Paid: active, once."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        self.assertBalance(budget, 0.0)
        self.assertLot(budget.lot_ids, 0.0, "pending")
        self._pay(invoice)
        self.assertBalance(budget, 1000.0)
        self.assertLot(budget.lot_ids, 1000.0, "active")
        invoice.sudo()._sync_prepaid_lots()
        invoice._invoice_paid_hook()
        self.assertEqual(len(budget.entry_ids), 1)

    def test_a_used_up_lot_is_shown_as_such(self):
        """The ledger keeps it active: returned time fills it again."""
        budget = self._create_budget(500.0)
        entry = self._spend(500.0)
        self.assertLot(budget.lot_ids, 0.0, "active")
        self.assertEqual(budget.lot_ids.display_state, "used")
        entry.action_return_time()
        self.assertLot(budget.lot_ids, 500.0, "active")
        self.assertEqual(budget.lot_ids.display_state, "active")
        self._buy(budget, 100.0, pay=False)
        self.assertEqual(budget.lot_ids.mapped("display_state"), ["active", "pending"])

    def test_b32_part_payment_gives_nothing_by_default(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        self._pay(invoice, 575.0)
        self.assertBalance(budget, 0.0)
        self._pay(invoice, 575.0)
        self.assertBalance(budget, 1000.0)

    def test_b32_part_payment_gives_its_part_if_set(self):
        self.pack.prepaid_part_payment = "proportion"
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        self._pay(invoice, 575.0)
        self.assertBalance(budget, 500.0)
        self.assertEqual(budget.amount_pending, 500.0)
        self._pay(invoice, 575.0)
        self.assertBalance(budget, 1000.0)
        self.assertEqual(budget.entry_ids.mapped("kind"), ["credit", "credit"])

    def test_bf36_credit_counts_when_posted_if_set(self):
        """B33: active at once, also while it is unpaid."""
        self.pack.prepaid_usable_when = "posted"
        budget = self._create_budget()
        self._buy(budget, 1000.0, pay=False)
        self.assertBalance(budget, 1000.0)
        self.assertLot(budget.lot_ids, 1000.0, "active")

    def test_b34_bounced_payment_withdraws_the_unused_part(self):
        """The used part is debt, both rows visible; paying again heals it."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        payment = self._pay(invoice)
        self._spend(400.0)
        payment.action_draft()
        payment.action_cancel()
        self.assertBalance(budget, -400.0)
        self.assertLot(budget.lot_ids, 0.0, "pending")
        self.assertEqual(
            budget.entry_ids.mapped("kind"), ["withdraw", "consume", "credit"]
        )
        self._pay(invoice)
        self.assertBalance(budget, 600.0)
        self.assertLot(budget.lot_ids, 600.0, "active")

    def test_b34_other_credit_meets_what_a_bounced_payment_leaves_owed(self):
        """The used part is paid by the next lot at once; paying again gives it back."""
        budget = self._create_budget()
        invoice = self._buy(budget, 100.0, pay=False)
        payment = self._pay(invoice)
        self._buy(budget, 200.0, day="2026-06-02")
        self._spend(80.0)
        first, second = budget.lot_ids.sorted("id")
        payment.action_draft()
        payment.action_cancel()
        self.assertBalance(budget, 120.0)
        self.assertLot(first, 0.0, "pending")
        self.assertLot(second, 120.0, "active")
        self._pay(invoice)
        self.assertBalance(budget, 220.0)

    def test_odoo19_b3_money_that_leaves_withdraws_credit(self):
        """Each way to take money back that leaves an invoice "paid" or not."""
        ways = {
            "reset": lambda payment, _move: payment.action_draft(),
            "rejected": lambda payment, _move: payment.action_reject(),
            "canceled": lambda payment, _move: payment.action_cancel(),
            "reversed": lambda payment, _move: payment.move_id._reverse_moves(
                cancel=True
            ),
            "unreconciled": lambda _payment, move: (
                move.line_ids.remove_move_reconcile()
            ),
            "entry reset": lambda payment, _move: payment.move_id.button_draft(),
            "invoice reset": lambda _payment, move: move.button_draft(),
        }
        for name, take_back in ways.items():
            with self.subTest(way=name):
                partner = self.customer.copy({"name": name})
                budget = self._create_budget(partner=partner)
                invoice = self._buy(budget, 1000.0, pay=False)
                payment = self._pay(invoice)
                self.assertBalance(budget, 1000.0)
                take_back(payment, invoice)
                self.assertBalance(budget, 0.0)

    def test_b31_daily_comparison_finds_what_no_hook_tells(self):
        """A payment that another add-on resets by a plain write is found at night."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        payment = self._pay(invoice)
        payment.write({"state": "rejected"})
        self.assertBalance(budget, 1000.0)
        with self.enter_registry_test_mode():
            cron = self.env.ref("prepaid_billing.ir_cron_sync_lots").sudo()
            cron.method_direct_trigger()
            self.assertFalse(cron.failure_count)
        budget.invalidate_recordset()
        self.assertBalance(budget, 0.0)

    def test_b35_draft_edited_before_posting(self):
        """10 -> 8: a lot of 8. Line removed: no lot. Removed and added: no bond."""
        budget = self._create_budget()
        move = self.env["account.move"].browse(budget.top_up(1000.0))
        move.invoice_line_ids.price_unit = 800.0
        move.action_post()
        self.assertEqual(budget.lot_ids.quantity, 800.0)
        self._pay(move)
        self.assertBalance(budget, 800.0)

        move.button_draft()
        self.assertBalance(budget, 0.0)
        first_lot = budget.lot_ids
        self.assertLot(first_lot, 0.0, "closed")
        vals = {
            "product_id": self.pack.id,
            "price_unit": 600.0,
            "tax_ids": [Command.set(self.tax.ids)],
        }
        move.invoice_line_ids = [Command.clear(), Command.create(vals)]
        self.assertFalse(move.invoice_line_ids.prepaid_budget_id)
        move.action_post()
        second_lot = budget.lot_ids - first_lot
        self.assertEqual(second_lot.quantity, 600.0)
        self.assertLot(first_lot, 0.0, "closed")
        self.assertFalse(first_lot.invoice_id)

    def test_b35_line_removed_leaves_no_lot(self):
        budget = self._create_budget()
        move = self.env["account.move"].browse(budget.top_up(1000.0))
        vals = {"product_id": self.service.id, "price_unit": 10.0}
        move.invoice_line_ids = [Command.clear(), Command.create(vals)]
        move.action_post()
        self.assertFalse(budget.lot_ids)

    def test_b36_full_credit_note_before_use(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        self._credit_note(invoice).action_post()
        self.assertBalance(budget, 0.0)
        self.assertLot(budget.lot_ids, 0.0, "closed")
        self.assertEqual(budget.entry_ids.mapped("kind"), ["refund", "credit"])

    def test_bf47_b37_credit_note_is_limited_to_the_unused_part(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        self._spend(400.0)
        refund = self._credit_note(invoice)
        with self.assertRefused(r"600\.00.*refundable"):
            refund.action_post()
        refund.invoice_line_ids.price_unit = 600.0
        refund.action_post()
        self.assertBalance(budget, 0.0)
        self.assertEqual(budget.entry_ids[0].quantity, -600.0)

    def test_b38_two_credit_notes_never_exceed_the_unused_part(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        self._spend(400.0)
        first = self._credit_note(invoice, 400.0)
        second = self._credit_note(invoice, 400.0)
        first.action_post()
        self.assertBalance(budget, 200.0)
        with self.assertRefused(r"200\.00.*refundable"):
            second.action_post()
        second.invoice_line_ids.price_unit = 200.0
        second.action_post()
        self.assertBalance(budget, 0.0)

    def test_b37_credit_note_that_cancels_is_limited_too(self):
        """The button that un-reconciles the payment first finds the same limit."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        self._spend(400.0)
        with self.assertRefused(r"600\.00.*refundable"):
            invoice._reverse_moves(cancel=True)

    def test_b31_pending_credit_knows_the_credit_notes(self):
        """1,000 unpaid, 400 credited: 600 wait for payment, and 600 it becomes."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        refund = self._credit_note(invoice, 400.0)
        refund.action_post()
        budget.invalidate_recordset()
        self.assertEqual(budget.amount_pending, 600.0)
        (invoice + refund).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        self._pay(invoice)
        self.assertBalance(budget, 600.0)
        self.assertEqual(budget.amount_pending, 0.0)

    def test_b38_credit_note_reset_to_draft_gives_the_credit_back(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        refund = self._credit_note(invoice, 400.0)
        refund.action_post()
        self.assertBalance(budget, 600.0)
        refund.button_draft()
        self.assertBalance(budget, 1000.0)

    def test_b36_full_credit_note_reset_to_draft_gives_the_credit_back(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        refund = self._credit_note(invoice)
        refund.action_post()
        self.assertLot(budget.lot_ids, 0.0, "closed")
        refund.button_draft()
        self.assertBalance(budget, 1000.0)
        self.assertLot(budget.lot_ids, 1000.0, "active")

    def test_b37_credit_note_without_its_invoice_is_refused(self):
        self._create_budget(1000.0)
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.pack.id, "price_unit": 100.0})
                ],
            }
        )
        with self.assertRefused("Credit Note on that invoice"):
            refund.action_post()

    def test_b39_reset_to_draft_only_if_never_used(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        invoice.button_draft()
        self.assertBalance(budget, 0.0)
        invoice.action_post()
        self.assertBalance(budget, 1000.0)
        entries = self._spend(400.0)
        entries.action_return_time()
        self.assertBalance(budget, 1000.0)
        with self.assertRefused("reset to draft"):
            invoice.button_draft()
        self.assertEqual(invoice.state, "posted")

    def test_b40_invoice_paid_by_a_credit_note_is_not_money(self):
        budget = self._create_budget()
        other = self.init_invoice(
            "out_refund",
            partner=self.customer,
            amounts=[1000.0],
            taxes=self.tax,
            post=True,
        )
        invoice = self._buy(budget, 1000.0, pay=False)
        receivable = (invoice + other).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        receivable.reconcile()
        self.assertTrue(invoice.currency_id.is_zero(invoice.amount_residual))
        self.assertBalance(budget, 0.0)
        self.assertLot(budget.lot_ids, 0.0, "pending")

    def test_b40_part_money_part_credit_note_gives_the_money(self):
        """600 received + 400 by another credit note: 600 of credit, not 1,000."""
        budget = self._create_budget()
        self.pack.taxes_id = False
        other = self.init_invoice(
            "out_refund", partner=self.customer, amounts=[400.0], post=True
        )
        invoice = self._buy(budget, 1000.0, pay=False)
        self._pay(invoice, 600.0)
        self.assertBalance(budget, 0.0)
        (invoice + other).line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        ).reconcile()
        self.assertBalance(budget, 600.0)

    def test_b40_credit_note_of_the_invoice_over_something_else_is_not_money(self):
        """Goodwill written over the pack line of its own credit note pays nothing."""
        for amount in (1000.0, 999.99):
            with self.subTest(amount=amount):
                budget = self._create_budget(partner=self.customer.copy())
                invoice = self._buy(budget, 1000.0, pay=False)
                refund = self._credit_note(invoice)
                goodwill = {
                    "name": "Goodwill",
                    "price_unit": amount,
                    "tax_ids": [Command.set(self.tax.ids)],
                }
                refund.invoice_line_ids = [Command.clear(), Command.create(goodwill)]
                refund.action_post()
                if amount < 1000.0:
                    self._pay(invoice)
                self.assertLess(budget.balance, 0.05)
                self.assertFalse(budget.sudo()._get_differences())

    def test_b36_invoice_with_a_credit_note_is_not_reset(self):
        """Else the credit would come back while the credit note stays."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        refund = self._credit_note(invoice, 400.0)
        refund.action_post()
        with self.assertRefused("Reset or cancel the credit note first"):
            invoice.button_draft()
        self.assertBalance(budget, 600.0)

    def test_b36_draft_credit_note_of_a_reset_invoice_is_refused(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        refund = self._credit_note(invoice, 400.0)
        invoice.button_draft()
        invoice.action_post()
        self.assertBalance(budget, 1000.0)
        with self.assertRefused("Credit Note on that invoice"):
            refund.action_post()

    def test_b36_new_invoice_made_from_the_credit_note(self):
        """The button that credits and invoices anew takes the credit back once."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        self.assertBalance(budget, 0.0)
        new.invoice_date = invoice.invoice_date
        new.action_post()
        self._pay(new)
        self.assertBalance(budget, 1000.0)
        budget.lot_ids.sudo()._sync_with_invoice()
        self.assertBalance(budget, 1000.0)

    def test_b31_pack_with_a_down_payment_counts_when_that_is_paid(self):
        """A final invoice of zero brings nothing while its deposit is unpaid."""
        order = self._create_order(
            self.customer, price=1000.0, product=self.pack, product_uom_qty=1
        )
        wizard = (
            self.env["sale.advance.payment.inv"]
            .sudo()
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "percentage", "amount": 100.0})
        )
        deposit = wizard._create_invoices(order).with_env(self.env)
        deposit.invoice_date = "2026-06-01"
        deposit.action_post()
        final = order._create_invoices(final=True).with_env(self.env)
        final.invoice_date = "2026-06-02"
        final.action_post()
        budget = self.customer.prepaid_budget_ids
        self.assertBalance(budget, 0.0)
        self._pay(deposit)
        self.assertBalance(budget, 1000.0)

    def test_b32_half_of_the_money_bounces(self):
        """Nothing until the invoice is settled means nothing again."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        self._pay(invoice, 575.0)
        second = self._pay(invoice, 575.0)
        self.assertBalance(budget, 1000.0)
        second.action_reject()
        self.assertBalance(budget, 0.0)

    def test_b43_new_credit_settles_the_debt_first(self):
        budget = self._create_budget(
            100.0, shortage_policy="overdraft", overdraft_limit=100.0
        )
        self._spend(180.0)
        self.assertBalance(budget, -80.0)
        self._buy(budget, 500.0)
        self.assertBalance(budget, 420.0)
        self.assertEqual(budget.lot_ids[-1].remaining, 420.0)

    def test_bf2_pack_sold_on_any_invoice_opens_a_budget(self):
        """No balance is typed: the invoice makes the budget, also for a contact."""
        contact = self.env["res.partner"].create(
            {"name": "Bob", "parent_id": self.customer.id}
        )
        invoice = self.init_invoice(
            "out_invoice", partner=contact, products=self.pack, post=False
        )
        invoice.invoice_line_ids.price_unit = 300.0
        invoice.action_post()
        self._pay(invoice)
        budget = self.customer.prepaid_budget_ids
        self.assertBalance(budget, 300.0)
        self.assertEqual(budget.partner_id, self.customer)

    def test_bf2_pack_sold_on_a_sales_order_fills_the_budget(self):
        budget = self._create_budget(100.0)
        order = self._create_order(
            self.customer, price=250.0, product=self.pack, product_uom_qty=2
        )
        invoice = order._create_invoices()
        invoice.invoice_date = "2026-06-01"
        invoice.sudo(False).with_env(self.env).action_post()
        self._pay(invoice.with_env(self.env))
        self.assertBalance(budget, 600.0)

    def test_bf66_top_up_with_the_same_key_is_one_invoice(self):
        """B03: the same request returns the same invoice."""
        budget = self._create_budget()
        first = budget.top_up(100.0, "request-1")
        self.assertEqual(budget.top_up(100.0, "request-1"), first)
        self.assertNotEqual(budget.top_up(100.0, "request-2"), first)
        with self.assertRefused("used for another top-up"):
            self._create_budget().top_up(100.0, "request-1")

    def test_credit_note_over_less_than_zero_makes_no_credit(self):
        """-5,000 on the pack and +5,000 on something else: refused."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        for amount in (-5000.0, 0.0):
            refund = self._credit_note(invoice, amount)
            other = {"name": "Other", "price_unit": 6000.0}
            refund.invoice_line_ids = [Command.create(other)]
            with self.subTest(amount=amount), self.assertRefused("not above zero"):
                refund.action_post()
        self.assertBalance(budget, 1000.0)

    def test_credit_note_for_somebody_else_takes_nothing(self):
        """Neither with another customer, nor with the lot of another invoice."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        thief = self.customer.copy({"name": "Thief"})
        refund = self._credit_note(invoice, 100.0)
        refund.partner_id = thief
        with self.assertRefused("belongs to Azure"):
            refund.action_post()
        line = {"product_id": self.pack.id, "price_unit": 1000.0}
        line["prepaid_refund_lot_id"] = budget.lot_ids.id
        vals = {"move_type": "out_refund", "invoice_line_ids": [Command.create(line)]}
        for forged in (
            {"partner_id": thief.id},
            {"partner_id": self.customer.id},
            {"partner_id": thief.id, "reversed_entry_id": invoice.id},
        ):
            forged_refund = self.env["account.move"].create({**vals, **forged})
            with (
                self.subTest(forged=forged),
                self.assertRefused("that customer|on that"),
            ):
                forged_refund.action_post()
        self.assertBalance(budget, 1000.0)

    def test_credit_note_in_another_currency_is_refused(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        budget = self._create_budget()
        refund = self._credit_note(self._buy(budget, 1000.0), 100.0)
        refund.currency_id = euro
        with self.assertRefused("kept in USD"):
            refund.action_post()

    def test_lot_and_budget_of_a_posted_line_stay(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0)
        refund = self._credit_note(invoice, 400.0)
        with self.assertRefused("follows from its invoice"):
            refund.invoice_line_ids.prepaid_refund_lot_id = False
        refund.action_post()
        with self.assertRefused("follows from its invoice"):
            refund.invoice_line_ids.prepaid_refund_lot_id = False
        with self.assertRefused("can no longer change"):
            invoice.invoice_line_ids.prepaid_budget_id = self._create_budget()
        self.assertBalance(budget, 600.0)

    def test_difference_written_off_is_not_money(self):
        """10 received and "marked as fully paid" give the credit of 10."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        total = invoice.amount_total
        self._pay_and_write_off(invoice, 10.0)
        self.assertTrue(invoice.currency_id.is_zero(invoice.amount_residual))
        self.assertBalance(budget, round(1000.0 * 10.0 / total, 2))

    def _pay_and_write_off(self, invoice, amount):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "payment_date": invoice.invoice_date,
                    "amount": amount,
                    "payment_difference_handling": "reconcile",
                    "writeoff_account_id": self.company_data[
                        "default_account_expense"
                    ].id,
                }
            )
        )
        return wizard._create_payments()

    def test_discount_for_early_payment_is_settled(self):
        """The discount that the term grants counts, a higher one does not."""
        term = self.env["account.payment.term"].create(
            {
                "name": "2% in 10 days",
                "early_discount": True,
                "discount_percentage": 2.0,
                "discount_days": 10,
            }
        )
        for is_granted in (True, False):
            partner = self.customer.copy()
            budget = self._create_budget(partner=partner, payment_term_id=term.id)
            invoice = self._buy(budget, 1000.0, pay=False)
            with self.subTest(is_granted=is_granted):
                if is_granted:
                    self._pay(invoice)
                    self.assertBalance(budget, 1000.0)
                else:
                    self._pay_and_write_off(invoice, 10.0)
                    self.assertLess(budget.balance, 40.0)
                self.assertTrue(invoice.currency_id.is_zero(invoice.amount_residual))

    def test_time_returned_to_a_lot_that_was_paid_again(self):
        """Another lot paid the debt meanwhile: the sum is right, lot by lot or not."""
        budget = self._create_budget()
        invoice = self._buy(budget, 1000.0, pay=False)
        payment = self._pay(invoice)
        entry = self._spend(400.0)
        payment.action_draft()
        payment.action_cancel()
        self.assertBalance(budget, -400.0)
        self._buy(budget, 500.0)
        self.assertBalance(budget, 100.0)
        self._pay(invoice)
        self.assertBalance(budget, 1100.0)
        entry.action_return_time()
        self.assertBalance(budget, 1500.0)
