"""Extra payments that go back: what they had paid is open again, and somebody knows."""

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import EVIDENCE
from .test_extra import ExtraCommon

MARCH = "2026-03-01 12:00:00"


@tagged("post_install", "-at_install")
class TestExtraRefund(ExtraCommon):
    """500 paid today, then 3 x 500 in April, May and June, charged automatically."""

    def _refund(self, extra, amount):
        """Send money back as the provider reports it."""
        [transaction] = extra.transaction_ids
        refund = transaction._create_child_transaction(amount, is_refund=True)
        refund._set_done()
        refund._post_process()
        self.env.invalidate_all()
        return refund

    def _notes(self, plan):
        return {
            act.summary: str(act.note).replace("&nbsp;", " ")
            for act in plan.activity_ids
        }

    def assertLeftOver(self, extra, money):
        """All of an extra payment is used or went back, but for some money."""
        payments = extra.payment_ids | (
            extra.transaction_ids.child_transaction_ids.payment_id
        )
        items = payments.move_id.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )
        self.assertEqual(-sum(items.mapped("amount_residual")), money)

    def test_p32_refunded_extra_reopens_what_was_invoiced_and_what_was_not(self):
        """600 for the last ones: one is invoiced and paid, one is open by 400."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 600.0, "last")
            last = self._lines(plan)[3]
            self.assertEqual(last.move_id.payment_state, "paid")
            refund = self._refund(extra, 600.0)
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual((plan.amount_paid, plan.amount_credit), (500.0, 0.0))
            self.assertEqual(last.move_id.amount_residual, 500.0)
            self.assertEqual(last.state, "scheduled")
            self.assertLeftOver(extra, 0.0)
            [(summary, note)] = self._notes(plan).items()
            self.assertIn("600.00 of an extra payment went back", summary)
            self.assertIn(refund.payment_id.name, summary)
            self.assertIn("Installment 2: $ 100.00", note)
            self.assertIn("Installment 3: $ 500.00", note)
            collection = last.move_id.autopay_collection_ids
            self.assertEqual(collection.state, "held")
            self.assertFalse(extra.is_paid)
            refund._post_process()  # once more: nothing is taken twice
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual(len(plan.activity_ids), 1)
        self.assertEqual(self._finish(plan), [500.0, 500.0])
        self.assertEqual((plan.state, last.amount_open), ("active", 500.0))
        with freeze_time("2026-06-02 12:00:00"):
            collection.action_release()
            self._collect()
            self._run("close")
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 2000.0))
        self.assertEqual(plan.final_move_id.amount_total, 0.0)

    def test_p32_next_payments_reopen_from_the_last_that_was_reached(self):
        """900 for the next ones pay 500 and 400: 600 go back, 300 of the first stay."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            for line in self._lines(plan)[1:3]:
                line.action_make_invoice()
            extra = self._pay_extra(plan, 900.0, "next")
            self.assertEqual(self._open(plan), [0.0, 0.0, 100.0, 500.0])
            self._refund(extra, 600.0)
            self.assertEqual(self._open(plan), [0.0, 200.0, 500.0, 500.0])
            residuals = self._lines(plan).move_id.mapped("amount_residual")
            self.assertEqual(residuals[:3], [0.0, 200.0, 500.0])
            self.assertLeftOver(extra, 0.0)
            collections = self._lines(plan)[1:3].move_id.autopay_collection_ids
            self.assertEqual(collections.mapped("state"), ["held", "held"])
            self._refund(extra, 300.0)
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual(len(plan.activity_ids), 2)
            self.assertLeftOver(extra, 0.0)

    def test_p32_money_that_waits_goes_back_before_invoices_reopen(self):
        """200 of 700 are not used yet: refunded, they open no invoice again."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 700.0, "next")
            first = self._lines(plan)[1].move_id
            self._refund(extra, 200.0)
            self.assertEqual(self._open(plan), [0.0, 0.0, 500.0, 500.0])
            self.assertEqual(first.payment_state, "paid")
            self.assertEqual(first.autopay_collection_ids.state, "done")
            self.assertLeftOver(extra, 0.0)
        self.assertEqual(self._finish(plan), [500.0, 500.0])
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 2000.0))

    def test_p32_last_payments_reopen_where_the_choice_had_ended(self):
        """600 for the last ones had reached the second: that is open first."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 600.0, "last")
            self._refund(extra, 100.0)
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 0.0])
            self.assertEqual(self._lines(plan)[3].state, "paid")
            self._refund(extra, 50.0)
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 50.0])
            self.assertLeftOver(extra, 0.0)

    def test_p32_even_parts_reopen_the_last_first(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 300.0, "even")
            self._refund(extra, 150.0)
            self.assertTrue(extra.is_paid)
            self.assertEqual(self._open(plan), [0.0, 400.0, 450.0, 500.0])
            self.assertLeftOver(extra, 150.0)
        self.assertEqual(self._finish(plan), [400.0, 450.0, 500.0])
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 2000.0))

    def test_p32_refund_of_everything_reopens_a_completed_plan(self):
        """Paid off and closed: open again, and nothing is charged by itself."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 1500.0, "next")
            self._run("close")
            self.assertEqual(plan.state, "completed")
            self._refund(extra, 1500.0)
            self.assertEqual((plan.state, plan.completed_on), ("active", False))
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
        self.assertEqual(self._finish(plan), [])
        self.assertEqual(plan.amount_paid, 500.0)
        self.assertEqual(plan.amount_overdue, 1500.0)

    def test_p32_refund_of_a_plan_over_an_invoice(self):
        """Three parts of 100 on one invoice: 150 paid extra, 100 go back."""
        with freeze_time(MARCH):
            invoice = self.init_invoice(
                "out_invoice", partner=self.customer, amounts=[300.0], post=True
            )
            wizard = self.env["payment.plan.lay"].create(
                {
                    "move_id": invoice.id,
                    "template_id": self._template(deposit_kind="none").id,
                    "agreement": "By phone",
                }
            )
            plan = self.env["payment.plan"].browse(wizard.action_apply()["res_id"])
            extra = self._pay_extra(plan, 150.0, "last")
            self.assertEqual(self._open(plan), [100.0, 50.0, 0.0])
            self._refund(extra, 100.0)
            self.assertEqual(self._open(plan), [100.0, 100.0, 50.0])
            self.assertEqual(invoice.amount_residual, 250.0)
            self.assertLeftOver(extra, 0.0)

    def test_p32_refund_of_money_that_was_used_elsewhere(self):
        """An accountant used it for another invoice: nothing of that is undone."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 300.0, "next")
            other = self.init_invoice(
                "out_invoice", partner=self.customer, amounts=[200.0], post=True
            )
            item = extra.payment_ids.move_id.line_ids.filtered(lambda ln: ln.credit)
            other.js_assign_outstanding_line(item.id)
            self.env.invalidate_all()
            self.assertEqual(self._open(plan), [0.0, 400.0, 500.0, 500.0])
            refund = self._refund(extra, 300.0)
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual(other.payment_state, "paid")
            [note] = self._notes(plan).values()
            self.assertIn("200.00 of it had been used for something else", note)
            self.assertIn(refund.payment_id.name, note)

    def test_p32_refund_after_the_plan_ended(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 100.0, "next")
            plan.action_cancel()
            self._refund(extra, 100.0)
            self.assertEqual((plan.state, plan.amount_credit), ("canceled", 0.0))
            self.assertLeftOver(extra, 0.0)
            [note] = self._notes(plan).values()
            self.assertIn("Nothing of the plan is open again", note)

    def test_p32_extra_is_booked_before_its_refund_whatever_is_told_first(self):
        """Refunded at the provider at once: core would book the refund alone."""
        for is_first in (True, False):
            with self.subTest(refund_first=is_first), freeze_time(MARCH):
                plan = self._running(consent=True)
                extra = plan._choose_extra(600.0, "last", EVIDENCE)
                paid = self._sent(plan, 600.0, payment_plan_extra_id=extra.id)
                refund = paid._create_child_transaction(200.0, is_refund=True)
                refund._set_done()
                told = [refund, paid] if is_first else [paid, refund]
                for transaction in told:
                    transaction._post_process()
                self.env.invalidate_all()
                self.assertEqual(extra.payment_ids.amount, 600.0)
                self.assertEqual(sum(self._open(plan)), 1100.0)
                self.assertTrue(extra.is_paid)
                self.assertLeftOver(extra, 0.0)

    def test_p32_payment_of_an_invoice_is_booked_before_its_refund(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            line = self._lines(plan)[1]
            line.action_make_invoice()
            move = line.move_id
            paid = self._sent(plan, 500.0, invoice_ids=[Command.set(move.ids)])
            refund = paid._create_child_transaction(200.0, is_refund=True)
            refund._set_done()
            (paid | refund)._post_process()
            self.env.invalidate_all()
            self.assertEqual(paid.payment_id.amount, 500.0)
            self.assertEqual(move.amount_residual, 0.0)
            self.assertIn("200.00 of", move.activity_ids.summary)

    def test_p26_extra_payments_have_an_entry_with_an_accounting_app(self):
        """Core leaves it to the bank's statement: all would be charged once more."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            self.patch(
                type(self.env["account.move"]),
                "_get_invoice_in_payment_state",
                lambda move: "in_payment",
            )
            journal = self.provider.journal_id
            methods = journal.inbound_payment_method_line_ids
            methods |= journal.outbound_payment_method_line_ids
            methods.payment_account_id = False
            other = self.env["account.payment"].create(
                {"amount": 5.0, "journal_id": journal.id}
            )
            other.action_post()
            self.assertFalse(other.move_id)  # nothing changes for other payments
            extra = self._pay_extra(plan, 200.0, "next")
            self.assertEqual(self._open(plan)[1:], [300.0, 500.0, 500.0])
            self._refund(extra, 200.0)
            self.assertEqual(self._open(plan)[1:], [500.0, 500.0, 500.0])
            self.assertLeftOver(extra, 0.0)
            wizard = self.env["payment.plan.extra.pay"].create(
                {"plan_id": plan.id, "amount": 100.0, "journal_id": journal.id}
            )
            wizard.action_record()
            self.assertEqual(self._open(plan)[1:], [400.0, 500.0, 500.0])

    # === DISPUTES === #

    def test_p34_disputed_extra_stops_charges_and_reopens_when_lost(self):
        """Nothing is charged while the bank asks; when it is lost, all is open."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 600.0, "last")
            transaction, mandate = extra.transaction_ids, plan._get_mandate_sudo()
            transaction._after_autopay_dispute(600.0)
            self.assertTrue(mandate.is_disputed)
            [(summary, note)] = self._notes(plan).items()
            self.assertIn(transaction.reference, summary)
            self.assertIn("600.00", note)
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            self._collect()
            self.assertEqual(self._open(plan), [0.0, 500.0, 400.0, 0.0])
            transaction._after_autopay_dispute_closed(False, 600.0)
            self.env.invalidate_all()
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual(plan.amount_paid, 500.0)
            self.assertLeftOver(extra, 0.0)
            self.assertEqual(len(plan.activity_ids), 2)
            self._collect()
        self.assertTrue(mandate.is_disputed)
        self.assertEqual(self._finish(plan), [])
        self.assertEqual(plan.amount_paid, 500.0)

    def test_p34_won_dispute_of_an_extra_goes_on_as_before(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 600.0, "last")
            extra.transaction_ids._after_autopay_dispute(600.0)
            extra.transaction_ids._after_autopay_dispute_closed(True)
            self.assertFalse(plan._get_mandate_sudo().is_disputed)
            self.assertEqual(self._open(plan), [0.0, 500.0, 400.0, 0.0])
        self.assertEqual(self._finish(plan), [500.0, 400.0])
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 2000.0))

    def test_p34_one_of_two_disputed_extras_is_won(self):
        """No invoice is paid by either: the mandate waits for the other one, too."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            first = self._pay_extra(plan, 100.0, "next").transaction_ids
            second = self._pay_extra(plan, 50.0, "next").transaction_ids
            mandate = plan._get_mandate_sudo()
            first._after_autopay_dispute(100.0)
            second._after_autopay_dispute(50.0)
            first._after_autopay_dispute_closed(True)
            self.assertTrue(mandate.is_disputed)
            second._after_autopay_dispute_closed(True)
            self.assertFalse(mandate.is_disputed)

    def test_p34_a_won_dispute_of_an_invoice_waits_for_that_of_an_extra(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 100.0, "last").transaction_ids
            mandate = plan._get_mandate_sudo()
            extra._after_autopay_dispute(100.0)
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
            invoice = self._lines(plan)[1].move_id
            paid = extra.copy(
                {
                    "reference": "By hand",
                    "payment_plan_extra_id": False,
                    "amount": 500.0,
                    "invoice_ids": [Command.set(invoice.ids)],
                }
            )
            paid._set_done()
            paid._post_process()
            paid._after_autopay_dispute(500.0)
            paid._after_autopay_dispute_closed(True)
            self.assertTrue(mandate.is_disputed)
            extra._after_autopay_dispute_closed(True)
            self.assertFalse(mandate.is_disputed)

    def test_p34_an_invoice_that_the_disputed_money_does_not_pay_any_more(self):
        """Undone by an accountant meanwhile: it is not disputed for ever."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 500.0, "next").transaction_ids
            move = self._lines(plan)[1].move_id
            extra._after_autopay_dispute(500.0)
            self.assertTrue(move.autopay_collection_ids.is_disputed)
            move.line_ids.remove_move_reconcile()
            self.assertEqual(self._lines(plan)[1].state, "disputed")
            extra._after_autopay_dispute_closed(True)
            self.assertFalse(move.autopay_collection_ids.is_disputed)
            self.assertEqual(self._lines(plan)[1].state, "scheduled")

    def test_p34_a_new_permission_does_not_end_a_dispute(self):
        """Withdrawn and given again while the bank asks: it waits, too."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 100.0, "last").transaction_ids
            old = plan._get_mandate_sudo()
            extra._after_autopay_dispute(100.0)
            vals = {
                "partner_id": old.partner_id.id,
                "currency_id": old.currency_id.id,
                "max_amount": old.max_amount,
                "consent_text": old.consent_text,
                "consent_version": old.consent_version,
                "res_model": old.res_model,
                "res_id": old.res_id,
            }
            old._withdraw("portal")
            new = old._grant(self._token(), vals, "portal")
            self.assertTrue(new.is_disputed)
            extra._after_autopay_dispute_closed(True)
            self.assertFalse(new.is_disputed)
            self.assertFalse(
                self._running(consent=True)._get_mandate_sudo().is_disputed
            )

    def test_p34_disputed_without_automatic_payment(self):
        """No permission to stop: the salesperson is told all the same."""
        with freeze_time(MARCH):
            plan = self._running()
            extra = self._pay_extra(plan, 500.0, "next")
            extra.transaction_ids._after_autopay_dispute(500.0)
            self.assertIn("disputes", plan.activity_ids.summary)
            extra.transaction_ids._after_autopay_dispute_closed(False, 500.0)
            self.env.invalidate_all()
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])

    def test_pf35_extra_payments_online_are_on_by_default(self):
        company = self.env["res.company"].sudo().create({"name": "New studio"})
        self.assertTrue(company.plan_extra_online)
