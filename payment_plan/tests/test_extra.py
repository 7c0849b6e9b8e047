"""Money paid beyond what is due: what it is used for, and what plans end by."""

from freezegun import freeze_time

from odoo import Command
from odoo.tests import BaseCase, Form, tagged

from ..tools.spread import spread
from .common import EVIDENCE, CollectingCommon


@tagged("post_install", "-at_install")
class TestSpread(BaseCase):
    """The arithmetic: whole units, nothing lost, never above what is open."""

    def test_p20_even_parts_differ_by_one_unit_the_larger_last(self):
        self.assertEqual(spread(10000, [50000] * 3, "even"), (3333, 3333, 3334))

    def test_p20_what_is_smaller_than_its_part_is_paid(self):
        self.assertEqual(spread(100, [10, 500, 500], "even"), (10, 45, 45))
        self.assertEqual(spread(7, [2, 2, 3], "even"), (2, 2, 3))

    def test_p20_next_and_last(self):
        self.assertEqual(spread(150, [100, 100, 100], "next"), (100, 50, 0))
        self.assertEqual(spread(150, [100, 100, 100], "last"), (0, 50, 100))

    def test_p29_in_proportion(self):
        self.assertEqual(spread(120, [100, 100, 100], "prorata"), (40, 40, 40))
        self.assertEqual(spread(100, [50, 150, 300], "prorata"), (10, 30, 60))

    def test_nothing_is_lost_or_above(self):
        for units in range(40):
            for opens in ([1], [5, 0, 7], [3, 3, 3, 3], [30, 1, 1], [0, 0]):
                for how in ("next", "last", "even", "prorata"):
                    parts = spread(units, opens, how)
                    context = (units, opens, how)
                    self.assertEqual(sum(parts), min(units, sum(opens)), context)
                    for part, most in zip(parts, opens, strict=True):
                        self.assertTrue(0 <= part <= most, context)


class ExtraCommon(CollectingCommon):
    """A plan of 500 today, then 3 x 500 in April, May and June; the deposit is paid."""

    def _running(self, consent=False, **vals):
        plan = self._signed(consent=consent, **vals)
        self._pay_deposit(plan, self._token())
        return plan

    def _sent(self, plan, amount, **vals):
        """Return money that arrived at the provider, and is not booked yet."""
        transaction = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "amount": amount,
                    "currency_id": plan.currency_id.id,
                    "partner_id": self.customer.id,
                    "operation": "online_direct",
                    **vals,
                }
            )
        )
        transaction._set_done()
        return transaction

    def _pay_extra(self, plan, amount, how):
        """Pay as the route does: the choice, a transaction of it, then its booking."""
        extra = plan._choose_extra(amount, how, EVIDENCE)
        transaction = self._sent(plan, amount, payment_plan_extra_id=extra.id)
        transaction._post_process()
        self.env.invalidate_all()
        return extra

    def _open(self, plan):
        return self._lines(plan).mapped("amount_open")

    def _finish(self, plan):
        """Let the months pass; return what was charged by the permission."""
        for month in ("04", "05", "06"):
            with freeze_time(f"2026-{month}-01 12:00:00"):
                self._run()
                self._collect()
        with freeze_time("2026-06-02 12:00:00"):
            self._run("close")
        moves = self._lines(plan).move_id
        return moves.autopay_collection_ids.attempt_ids.sorted("id").mapped("amount")


@tagged("post_install", "-at_install")
class TestExtra(ExtraCommon):
    def assertClosedAtZero(self, plan):
        self.assertEqual(plan.state, "completed")
        self.assertEqual(plan.amount_paid, 2000.0)
        self.assertEqual(plan.final_move_id.amount_total, 0.0)
        self.assertEqual(self._lines(plan).mapped("state"), ["paid"] * 4)
        moves = self._lines(plan).move_id
        self.assertEqual(moves.mapped("amount_total"), [500.0] * 4)
        self.assertFalse(plan._get_credit_lines())

    def test_p20_next_payments_become_smaller(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
            self._pay_extra(plan, 600.0, "next")
            self.assertEqual(self._open(plan), [0.0, 0.0, 400.0, 500.0])
            states = self._lines(plan).mapped("state")
            self.assertEqual(states, ["paid", "paid", "scheduled", "scheduled"])
            self.assertEqual((plan.amount_open, plan.next_amount), (900.0, 400.0))
        self.assertEqual(self._finish(plan), [400.0, 500.0])
        self.assertClosedAtZero(plan)

    def test_p20_the_last_payment_becomes_smaller(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
            self._pay_extra(plan, 200.0, "last")
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 300.0])
        self.assertEqual(self._finish(plan), [500.0, 500.0, 300.0])
        self.assertClosedAtZero(plan)

    def test_p20_evenly_over_what_is_open(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 100.0, "even")
            self.assertEqual(self._open(plan), [0.0, 466.67, 466.67, 466.66])
            kept = extra.payment_ids.move_id.line_ids.filtered(
                "payment_plan_installment_id"
            )
            self.assertEqual(kept.mapped("credit"), [33.33, 33.33, 33.34])
            self.assertEqual(extra.payment_ids.amount, 100.0)
        self.assertEqual(self._finish(plan), [466.67, 466.67, 466.66])
        self.assertClosedAtZero(plan)

    def test_p20_an_invoice_that_exists_becomes_smaller_at_once(self):
        """Its part is used on it, and not once more when it is collected."""
        self.company.plan_lead_days = 40
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
            self._run()
            first = self._lines(plan)[1]
            self.assertTrue(first.move_id)
            self._pay_extra(plan, 300.0, "even")
            self.assertEqual(first.move_id.amount_residual, 400.0)
            self.assertEqual(self._open(plan), [0.0, 400.0, 400.0, 400.0])
        self.assertEqual(self._finish(plan), [400.0, 400.0, 400.0])
        self.assertClosedAtZero(plan)

    def test_p20_the_choice_and_what_was_shown_are_kept(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            extra = plan._choose_extra(200.0, "last", EVIDENCE)
            shown = [
                (row["label"], row["old"], row["new"]) for row in extra._get_rows()
            ]
            self.assertEqual(
                shown,
                [
                    ("Installment 1", 500.0, 500.0),
                    ("Installment 2", 500.0, 500.0),
                    ("Installment 3", 500.0, 300.0),
                ],
            )
        self.assertEqual(extra.ip_address, EVIDENCE["ip_address"])
        self.assertFalse(extra.is_paid)
        self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
        with self.assertRefused("is history"):
            extra.spread = "next"
        with self.assertRefused("is history"):
            extra.unlink()

    def test_p20_what_cannot_be_paid_extra_is_refused(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            for amount in (0.0, -5.0, 0.49, 1500.01):
                with self.assertRefused("from .*0.50 to .*1,500.00"):
                    plan._choose_extra(amount, "next")
            with self.assertRefused("Choose how"):
                plan._choose_extra(100.0, "whatever")
            with self.assertRefused("0.20 of Installment 3 would be left"):
                plan._choose_extra(499.80, "last")
            plan.sale_order_id.order_line[0].price_unit = 2500.0
            with self.assertRefused("being changed"):
                plan._choose_extra(100.0, "next")
        self.assertFalse(plan.extra_ids)

    def test_p19_paid_beyond_everything_is_credit(self):
        """Everything was paid meanwhile: nothing is negative, the rest is shown."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            extra = plan._choose_extra(1500.0, "even")
            self._pay_extra(plan, 1400.0, "next")
            self.assertEqual(plan.amount_open, 100.0)
            payment = self.env["account.payment"].create(
                {
                    "amount": 1500.0,
                    "partner_id": self.customer.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    **extra._prepare_payment_vals(),
                }
            )
            payment.sudo().payment_plan_extra_id = extra
            payment.action_post()
            extra._use()
            self.assertIn("1,400.00 were paid beyond", plan.activity_ids.summary)
            self.assertEqual(plan.amount_open, 0.0)
            self.assertEqual(plan.amount_credit, 1400.0)
            self.assertEqual(plan.state, "completed")

    def test_p31_an_extra_payment_taken_back_reopens(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            extra = self._pay_extra(plan, 600.0, "last")
            self.assertEqual(self._open(plan), [0.0, 500.0, 400.0, 0.0])
            self.assertEqual(self._lines(plan)[3].state, "paid")
            extra.payment_ids.action_cancel()
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual(self._lines(plan)[3].state, "scheduled")
            self.assertFalse(extra.is_paid)
            self.assertEqual(plan.amount_paid, 500.0)

    def test_p31_an_extra_payment_that_is_changed_is_kept_for_nothing(self):
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            payment = self._pay_extra(plan, 300.0, "even").payment_ids
            payment.action_draft()
            self.assertEqual(plan.amount_open, 1500.0)
            payment.amount = 200.0
            payment.action_post()
            self.env.invalidate_all()
            self.assertEqual(self._open(plan), [0.0, 300.0, 500.0, 500.0])

    def test_p20_staff_record_cash_and_choose(self):
        """The dialog shows what follows; nothing else can be recorded."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
            before = self.env["mail.mail"].sudo().search([])
            dialog = self.env["payment.plan.extra.pay"].with_context(
                default_plan_id=plan.id
            )
            with Form(dialog) as form:
                form.amount = 300.0
                form.spread = "even"
                self.assertIn("400.00", form.preview_html)
                form.amount = 3000.0
                self.assertIn("from", form.preview_html)
                form.amount = 300.0
                form.journal_id = self.company_data["default_journal_cash"]
            form.record.action_record()
            self.env.invalidate_all()
            self.assertEqual(self._open(plan), [0.0, 400.0, 400.0, 400.0])
            self.assertEqual(plan.extra_ids.user_id, self.env.user)
            receipt = self.env["mail.mail"].sudo().search([]) - before
            receipt = receipt.filtered(lambda m: "received your payment" in m.subject)
            self.assertEqual(receipt.recipient_ids, self.customer)
            self.assertIn("1,200.00", receipt.body_html)
        self.assertEqual(self._finish(plan), [400.0, 400.0, 400.0])
        self.assertClosedAtZero(plan)

    def test_p26_cash_for_the_second_payment(self):
        """The permission stays, the payment is not charged, a receipt is sent."""
        self.company.plan_lead_days = 7
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
        mandate = plan._get_mandate_sudo()
        with freeze_time("2026-03-26 12:00:00"):
            self._run()
            before = self.env["mail.mail"].sudo().search([])
            second = self._lines(plan)[1]
            self._pay(second.move_id)
            receipt = self.env["mail.mail"].sudo().search([]) - before
            receipt = receipt.filtered(lambda m: "received your payment" in m.subject)
            self.assertEqual(receipt.recipient_ids, self.customer)
            self.assertIn("500.00", receipt.body_html)
        self.assertEqual(second.state, "paid")
        self.assertEqual(self._finish(plan), [500.0, 500.0])
        self.assertFalse(second.move_id.transaction_ids)
        self.assertEqual(plan._get_mandate_sudo(), mandate)
        self.assertClosedAtZero(plan)

    def test_p26_no_receipt_where_they_are_switched_off_or_paid_online(self):
        def receipts():
            mails = self.env["mail.mail"].sudo().search([])
            return mails.filtered(
                lambda m: "received your payment" in (m.subject or "")
            )

        self.company.plan_send_receipts = False
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            line = self._lines(plan)[1]
            line.action_make_invoice()
            known = receipts()
            self._pay(line.move_id, 100.0)
            self.company.plan_send_receipts = True
            self._pay_extra(plan, 100.0, "next")
            self.assertEqual(receipts(), known)

    # === PAID EARLY === #

    def _count_bonuses(self):
        """Count how often the hook for the bonus is called."""
        calls = []
        self.patch(
            type(self.env["payment.plan"]),
            "_on_completed_early",
            lambda plan: calls.append(plan.id),
        )
        return calls

    def test_p21_paid_off_early_ends_everything_once(self):
        calls = self._count_bonuses()
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
        with freeze_time("2026-03-10 12:00:00"):
            self.assertEqual(
                str(plan._get_portal_payoff()["valid_until"]), "2026-03-31"
            )
            plan._prepare_payoff_in_portal()
            payoff = plan._get_portal_payoff()
            self.assertEqual(payoff["amount"], 1500.0)
            moves = plan._check_payoff({"amount": 1500.0})
            transaction = (
                self.env["payment.transaction"]
                .sudo()
                .create(
                    {
                        "provider_id": self.provider.id,
                        "payment_method_id": self.method.id,
                        "amount": 1500.0,
                        "currency_id": plan.currency_id.id,
                        "partner_id": self.customer.id,
                        "operation": "online_direct",
                        "invoice_ids": [Command.set(moves.ids)],
                    }
                )
            )
            transaction._set_done()
            transaction._post_process()
            self.env.invalidate_all()
            self.assertEqual(plan.state, "completed")
            self.assertEqual(str(plan.completed_early_on), "2026-03-10")
            self.assertEqual(calls, plan.ids)
            self.assertEqual(self._lines(plan).mapped("invoice_on"), [False] * 4)
            collections = moves.autopay_collection_ids
            self.assertEqual(set(collections.mapped("state")), {"done"})
            self.assertFalse(any(collections.mapped("date")))
            self.assertIsNone(plan._get_portal_payoff())
        self.assertEqual(self._finish(plan), [])
        self.assertEqual(plan.final_move_id.amount_total, 0.0)
        self.assertEqual(transaction.payment_id.amount, 1500.0)

    def test_p21_undone_and_paid_again_earns_the_bonus_once(self):
        calls = self._count_bonuses()
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running()
            self._pay_extra(plan, 1500.0, "next")
            self.assertEqual(str(plan.completed_on), "2026-03-01")
            last = self._lines(plan)[3].move_id
            last.line_ids.remove_move_reconcile()
            self.assertEqual((plan.state, plan.completed_on), ("active", False))
            self._pay(last)
            self.assertEqual(plan.state, "completed")
        self.assertEqual(calls, plan.ids)

    def test_p21_paid_on_its_days_is_not_early(self):
        calls = self._count_bonuses()
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
        self._finish(plan)
        self.assertEqual(str(plan.completed_on), "2026-06-01")
        self.assertFalse(plan.completed_early_on)
        self.assertFalse(calls)

    # === NOTHING TO CHARGE === #

    def test_p35_what_is_covered_is_paid_without_a_charge(self):
        """Money on account covers a payment: no transaction of zero is made."""
        with freeze_time("2026-03-01 12:00:00"):
            plan = self._running(consent=True)
            self._pay_extra(plan, 500.0, "last")
        self.assertEqual(self._finish(plan), [500.0, 500.0])
        last = self._lines(plan)[3].move_id
        self.assertFalse(last.transaction_ids)
        self.assertEqual(last.payment_state, "paid")
        self.assertClosedAtZero(plan)

    def test_p35_a_gift_card_or_wallet_lowers_what_is_divided(self):
        """A line below zero on the order, as those are: 1,500 are divided."""
        order = self._order(lines=[(2000.0, None), (-500.0, None)])
        plan = self._offer(order, deposit_percent=0.0, deposit_kind="none")
        with freeze_time("2026-03-01 12:00:00"):
            self._sign(plan)
        self.assertEqual(self._amounts(plan), [500.0] * 3)
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.transaction_ids)

    def test_p35_nothing_is_left_to_divide(self):
        """A discount of 100 %: the order is signed without a plan, nothing is paid."""
        order = self._order(lines=[(2000.0, None), (-2000.0, None)])
        plan = self._offer(order)
        self.assertTrue(plan._get_problem())
        with self.assertRefused(""):
            order._choose_plan(plan)
        order.require_payment = True
        self.assertFalse(order._has_to_be_paid())
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.transaction_ids)

    def test_p35_what_is_too_small_joins_the_one_before(self):
        """It is shown before the signature, and signed like that."""
        order = self._order(100.30)
        plan = self._offer(
            order,
            structure="custom",
            deposit_kind="fixed",
            deposit_amount=50.0,
            step_ids=[
                Command.create({"kind": "fixed", "amount": 50.0}),
                Command.create({"kind": "remaining"}),
            ],
        )
        self.assertIn("0.30 was joined with the one before", plan.preview_html)
        with freeze_time("2026-03-01 12:00:00"):
            order._choose_plan(plan)
            self.assertIn("0.30 was joined", plan._get_version().contract_html)
            self._sign(plan)
        self.assertEqual(self._amounts(plan), [50.0, 50.30])

    def test_p35_the_smallest_payment_is_a_setting(self):
        self.assertEqual(self.company.plan_smallest_charge, 0.5)
        self.company.plan_smallest_charge = 60.0
        plan = self._offer(self._order(200.0), deposit_kind="none")
        amounts = [line.amount for line in plan._get_schedule().lines]
        self.assertTrue(all(amount >= 6000 for amount in amounts), amounts)
        yen = self.env["res.currency"].new({"rounding": 1.0})
        company = self.env["res.company"].new({"currency_id": yen})
        self.assertEqual(company.plan_smallest_charge, 50.0)


@tagged("post_install", "-at_install")
class TestCreditNotes(CollectingCommon):
    """A plan of 3 x 100 over an invoice, credited by 120 or by all of it."""

    def _divided(self):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": self.company._get_autopay_today(),
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Coaching", "price_unit": 300.0, "tax_ids": []}
                    )
                ],
            }
        )
        invoice.action_post()
        wizard = self.env["payment.plan.lay"].create(
            {
                "move_id": invoice.id,
                "template_id": self._template(deposit_kind="none").id,
                "agreement": "By phone",
            }
        )
        action = wizard.action_apply()
        return invoice, self.env["payment.plan"].browse(action["res_id"])

    def _credit(self, invoice, amount, **vals):
        """Credit a part, as an accountant does: reverse, lower the price, post."""
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        with Form(wizard) as form:
            for name, value in vals.items():
                setattr(form, name, value)
        note = self.env["account.move"].browse(form.record.refund_moves()["res_id"])
        note.invoice_line_ids.price_unit = amount
        note.action_post()
        self.env.invalidate_all()
        return note

    def test_p29_a_credit_note_lowers_the_last_payments(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            self._credit(invoice, 120.0)
            lines = self._lines(plan)
            states = lines.mapped("state")
        self.assertEqual(states, ["scheduled", "scheduled", "credited"])
        self.assertEqual(lines.mapped("amount_open"), [100.0, 80.0, 0.0])
        self.assertEqual(lines.mapped("amount_credited"), [0.0, 20.0, 100.0])
        self.assertEqual(lines.mapped("amount_paid"), [0.0, 0.0, 0.0])
        self.assertEqual((plan.amount_open, plan.next_amount), (180.0, 100.0))
        Installment = self.env["payment.plan.installment"]
        found = Installment.search(
            [("plan_id", "=", plan.id), ("state", "=", "credited")]
        )
        self.assertEqual(found, lines[2])

    def test_p29_or_the_next_ones(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            self._credit(invoice, 120.0, payment_plan_spread="next")
        self.assertEqual(self._lines(plan).mapped("amount_open"), [0.0, 80.0, 100.0])

    def test_p29_or_all_in_proportion(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            self._pay(invoice, 40.0)
            self._credit(invoice, 130.0, payment_plan_spread="prorata")
        self.assertEqual(self._lines(plan).mapped("amount_open"), [30.0, 50.0, 50.0])

    def test_p29_a_credit_note_that_stands_alone(self):
        """Used by the button on the invoice, it lowers the last payments as well."""
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            note = self.env["account.move"].create(
                {
                    "move_type": "out_refund",
                    "partner_id": self.customer.id,
                    "invoice_date": self.company._get_autopay_today(),
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Coaching", "price_unit": 120.0, "tax_ids": []}
                        )
                    ],
                }
            )
            note.action_post()
            item = note.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
            invoice.js_assign_outstanding_line(item.id)
        self.assertEqual(self._lines(plan).mapped("amount_open"), [100.0, 80.0, 0.0])

    def test_p30_a_credit_note_of_the_whole_rest_ends_the_plan(self):
        """It is completed as credited: no charge, no bonus, nothing to invoice."""
        calls = []
        self.patch(
            type(self.env["payment.plan"]),
            "_on_completed_early",
            lambda plan: calls.append(plan.id),
        )
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            self._pay(invoice, 100.0)
            self._credit(invoice, 200.0)
            self.assertEqual((plan.state, plan.is_credited), ("completed", True))
            self.assertEqual((plan.amount_paid, plan.amount_open), (100.0, 0.0))
        states = self._lines(plan).mapped("state")
        self.assertEqual(states, ["paid", "credited", "credited"])
        with freeze_time("2026-06-02 12:00:00"):
            self._run()
            self._collect()
            self._run("close")
        self.assertFalse(calls)
        self.assertFalse(plan.completed_early_on)
        self.assertFalse(invoice.transaction_ids)

    def test_p30_nothing_was_paid(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice, plan = self._divided()
            self._credit(invoice, 300.0)
        self.assertEqual((plan.state, plan.is_credited), ("completed", True))
        self.assertEqual((plan.amount_paid, plan.amount_open), (0.0, 0.0))
