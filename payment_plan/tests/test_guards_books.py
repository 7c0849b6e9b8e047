"""What accountants do beside a plan, and who is told: the plan's figures follow."""

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import EVIDENCE
from .test_extra import ExtraCommon

MARCH = "2026-03-01 12:00:00"


@tagged("post_install", "-at_install")
class TestGuardsBooks(ExtraCommon):
    # === MONEY THAT IS MOVED BY HAND === #

    def _invoice(self, amount=300.0):
        return self.init_invoice(
            "out_invoice", partner=self.customer, amounts=[amount], post=True
        )

    def _credit_item(self, extra):
        return extra.payment_ids.move_id.line_ids.filtered("credit")

    def test_p31_an_extra_payments_entry_is_reset_by_hand(self):
        """Reset, posted and canceled on the journal entry, not on the payment."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            entry = self._pay_extra(plan, 200.0, "next").payment_ids.move_id
            self.assertEqual(self._open(plan), [0.0, 300.0, 500.0, 500.0])
            entry.button_draft()
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
            self.assertEqual(plan._get_extra_limits()[1], 1500.0)
            entry.action_post()
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 300.0, 500.0, 500.0])
            entry._reverse_moves([{"date": entry.date}], cancel=True)
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 500.0, 500.0, 500.0])
        self.assertEqual(self._finish(plan), [500.0, 500.0, 500.0])

    def test_p31_an_entry_reset_by_hand_freezes_what_it_had_paid(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            entry = self._pay_extra(plan, 500.0, "next").payment_ids.move_id
            collection = self._lines(plan)[1].move_id.autopay_collection_ids
            self.assertEqual(collection.state, "done")
            entry.button_draft()
            self.assertEqual(collection.state, "held")

    def test_p19_an_extra_payment_is_used_for_another_invoice_and_back(self):
        """What an accountant uses elsewhere is open on the plan, and again is not."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            extra = self._pay_extra(plan, 200.0, "next")
            other = self._invoice(150.0)
            other.js_assign_outstanding_line(self._credit_item(extra).id)
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 450.0, 500.0, 500.0])
            self.assertEqual(plan._get_extra_limits()[1], 1450.0)
            other.line_ids.remove_move_reconcile()
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 300.0, 500.0, 500.0])
        self.assertEqual(self._finish(plan), [300.0, 500.0, 500.0])
        self.assertEqual((plan.state, plan.amount_paid), ("completed", 2000.0))

    def test_p19_money_beyond_an_invoice_is_used_for_another_one_and_back(self):
        """No extra payment: an accountant recorded more than was open."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            line = self._lines(plan)[1]
            line.action_make_invoice()
            payment = self._pay(line.move_id, 700.0)
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 0.0, 300.0, 500.0])
            other = self._invoice(150.0)
            [item] = payment.move_id.line_ids.filtered("credit")
            other.js_assign_outstanding_line(item.id)
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 0.0, 450.0, 500.0])
            other.line_ids.remove_move_reconcile()
            self.env.flush_all()
            self.assertEqual(self._open(plan), [0.0, 0.0, 300.0, 500.0])
        self.assertEqual(self._finish(plan), [300.0, 500.0])

    def test_p83_extra_payment_that_arrives_after_the_plan_ended(self):
        """It stays the customer's credit, and the salesperson is told."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            self._lines(plan)[1].action_make_invoice()
            extra = plan._choose_extra(700.0, "last", EVIDENCE)
            plan.action_cancel()
            transaction = self._sent(plan, 700.0, payment_plan_extra_id=extra.id)
            transaction._post_process()
            self.env.invalidate_all()
            self.assertIn("700.00 were paid after", plan.activity_ids.summary)
            [item] = self._credit_item(extra)
            self.assertEqual(item.amount_residual, -700.0)
            self.assertEqual(self._lines(plan)[1].move_id.amount_residual, 500.0)
            self.assertEqual((plan.state, plan.amount_credit), ("canceled", 700.0))

    def test_p31_an_invoice_posted_again_takes_what_was_paid_meanwhile(self):
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            line = self._lines(plan)[1]
            line.action_make_invoice()
            line.move_id.button_draft()
            self._pay_extra(plan, 500.0, "next")
            self.assertEqual(plan.amount_open, 1000.0)
            line.move_id.action_post()
            self.env.invalidate_all()
            self.assertEqual((line.state, line.amount_open), ("paid", 0.0))
            self.assertEqual((plan.amount_open, plan.amount_credit), (1000.0, 0.0))
            self.assertEqual(line.move_id.payment_state, "paid")
            self.assertEqual(line.move_id.autopay_collection_ids.state, "done")
        self.assertEqual(self._finish(plan), [500.0, 500.0])

    # === WHO IS TOLD === #

    def _plan_with_problem(self, user):
        """Return a running plan of a salesperson, whose next invoice cannot be made."""
        plan = self._running(consent=False)
        plan.sale_order_id.sudo().user_id = user
        self.assertEqual(plan.user_id, user)
        line = self._lines(plan)[1]
        line.sudo()._note_problem("The journal is closed")
        return plan

    def test_activities_go_to_a_salesperson_who_can_see_the_plan(self):
        sam = new_test_user(
            self.env,
            "sam",
            "sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        plan = self._plan_with_problem(sam)
        self.assertEqual(plan.activity_ids.user_id, sam)

    def test_activities_of_people_without_rights_go_to_an_accountant(self):
        someone = new_test_user(
            self.env,
            "someone",
            "base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        plan = self._plan_with_problem(someone)
        responsible = self.company._get_autopay_responsible()
        self.assertEqual(plan.activity_ids.user_id, responsible)

    def test_activities_of_people_who_left_go_to_an_accountant(self):
        sam = new_test_user(
            self.env,
            "sam",
            "sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        plan = self._running(consent=True)
        plan.sale_order_id.sudo().user_id = sam
        line = self._lines(plan)[1]
        line.action_make_invoice()
        line.move_id.invoice_user_id = sam
        sam.sudo().active = False
        responsible = self.company._get_autopay_responsible()
        line.sudo()._note_problem("The journal is closed")
        self.assertEqual(plan.activity_ids.user_id, responsible)
        line.move_id.button_draft()
        self.assertEqual(line.move_id.activity_ids.user_id, responsible)

    def test_activities_of_people_of_another_company_go_to_an_accountant(self):
        other = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        sam = new_test_user(
            self.env,
            "sam",
            "sales_team.group_sale_salesman_all_leads",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        plan = self._running(consent=False)
        plan.sudo().user_id = sam
        self._lines(plan)[1].sudo()._note_problem("The journal is closed")
        responsible = self.company._get_autopay_responsible()
        self.assertEqual(plan.activity_ids.user_id, responsible)

    # === OVER AN INVOICE === #

    def _lay(self, invoice, **vals):
        wizard = self.env["payment.plan.lay"].create(
            {
                "move_id": invoice.id,
                "template_id": self._template(deposit_kind="none", **vals).id,
                "agreement": "By phone",
            }
        )
        return self.env["payment.plan"].browse(wizard.action_apply()["res_id"])

    def test_pf20_another_plan_over_an_invoice_whose_plan_ended(self):
        """The new due dates count; the ended plan knows nothing of what is paid."""
        with freeze_time(MARCH):
            invoice = self._invoice()
            first = self._lay(invoice)
            with self.assertRefused("belongs to a payment plan already"):
                self._lay(invoice)
            first.action_cancel()
            second = self._lay(invoice, installment_count=2)
            self.assertEqual(invoice.payment_plan_id, second)
            terms = invoice.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            )
            self.assertEqual(terms.mapped("amount_currency"), [150.0, 150.0])
            self._pay(invoice, 150.0)
            self.assertEqual(self._open(second), [0.0, 150.0])
            self.assertEqual(self._lines(second).mapped("state")[0], "paid")
            self.assertEqual(first.amount_paid, 0.0)
            self.assertEqual(self._lines(first).mapped("state"), ["canceled"] * 3)
            self._pay(invoice)
        self.assertEqual((second.state, first.state), ("completed", "canceled"))

    def test_p29_credit_notes_of_several_invoices_posted_together(self):
        """Each lowers the last payments of its own invoice, two of one included."""
        with freeze_time(MARCH):
            one, two = self._invoice(), self._invoice(600.0)
            plan, other = self._lay(one), self._lay(two)
            notes = self.env["account.move"]
            for invoice, amount in ((two, 60.0), (one, 20.0), (one, 120.0)):
                note = invoice._reverse_moves(
                    [{"invoice_date": one.invoice_date, "payment_plan_spread": "last"}]
                )
                note.invoice_line_ids.price_unit = amount
                notes |= note
            notes.action_post()
            self.env.invalidate_all()
            self.assertEqual(self._open(plan), [100.0, 60.0, 0.0])
            self.assertEqual(self._open(other), [200.0, 200.0, 140.0])
            self.assertEqual(notes.mapped("amount_residual"), [0.0] * 3)

    # === CHANGED AFTER THE SIGNATURE === #

    def test_p74_other_lines_of_the_same_total_stop_everything(self):
        """Quantity, price, discount and taxes count; texts do not."""
        tax = self.env["account.tax"].create({"name": "None", "amount": 0.0})
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            [line] = plan.sale_order_id._get_plan_contract_lines()
            changes = [
                {"product_uom_qty": 2.0, "price_unit": 1000.0},
                {"price_unit": 4000.0, "discount": 50.0},
                {"tax_ids": [Command.set(tax.ids)]},
            ]
            for vals in changes:
                line.write({"price_unit": 2000.0, **vals})
                with self.subTest(vals=vals):
                    self.assertEqual(plan.sale_order_id.amount_total, 2000.0)
                    self.assertTrue(plan.is_out_of_sync)
                    self.assertIn("its total is the same", plan._get_obstacle())
                    with self.assertRefused("being changed"):
                        plan._choose_extra(100.0, "next")
                line.write(
                    {
                        "product_uom_qty": 1.0,
                        "price_unit": 2000.0,
                        "discount": 0.0,
                        "tax_ids": [Command.clear()],
                    }
                )
                self.assertFalse(plan.is_out_of_sync)
            line.name = "Wedding session, in the garden"
            self.assertFalse(plan.is_out_of_sync)
        self.assertEqual(self._finish(plan), [500.0, 500.0, 500.0])
        self.assertEqual(plan.state, "completed")

    def test_p74_another_product_of_the_same_price(self):
        """Exchanged between signature and deposit: the deposit is refused."""
        other = self.session_product.copy({"name": "Portrait session"})
        with freeze_time(MARCH):
            plan = self._signed()
            order = plan.sale_order_id
            order.order_line.write({"product_id": other.id, "price_unit": 2000.0})
            order.order_line.tax_ids = [Command.clear()]
            self.assertEqual(order.amount_total, 2000.0)
            self.assertTrue(plan.is_out_of_sync)
            with self.assertRefused("changed after you signed"):
                order._check_plan_payment({"amount": 500.0})

    def test_p74_a_line_that_is_split(self):
        with freeze_time(MARCH):
            plan = self._running()
            order = plan.sale_order_id
            [line] = order._get_plan_contract_lines()
            line.price_unit = 1500.0
            order.write(
                {
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.session_product.id,
                                "price_unit": 500.0,
                                "tax_ids": [],
                            }
                        )
                    ]
                }
            )
            self.assertEqual(order.amount_total, 2000.0)
            self.assertTrue(plan.is_out_of_sync)

    def test_p74_a_contract_that_does_not_know_its_lines(self):
        """Signed before contracts knew them: customer and total are compared."""
        Plan = type(self.env["payment.plan"])
        serialize = Plan._serialize_terms

        def without_lines(plan):
            terms = serialize(plan)
            terms.pop("lines")
            return terms

        self.patch(Plan, "_serialize_terms", without_lines)
        with freeze_time(MARCH):
            plan = self._running()
            [line] = plan.sale_order_id._get_plan_contract_lines()
            line.write({"product_uom_qty": 2.0, "price_unit": 1000.0})
            self.assertFalse(plan.is_out_of_sync)
            line.price_unit = 900.0
            self.assertTrue(plan.is_out_of_sync)

    # === WHAT PEOPLE MAY NOT WRITE === #

    def test_r_nobody_makes_documents_those_of_a_plan(self):
        with freeze_time(MARCH):
            plan = self._running()
            extra = plan._choose_extra(100.0, "next", EVIDENCE)
            invoice = self._invoice()
        payment_vals = {
            "amount": 100.0,
            "partner_id": self.customer.id,
            "journal_id": self.company_data["default_journal_bank"].id,
        }
        Payment, Move = self.env["account.payment"], self.env["account.move"]
        payment = Payment.create(payment_vals)
        move_vals = {"move_type": "out_invoice", "partner_id": self.customer.id}
        attempts = [
            lambda: invoice.write({"payment_plan_id": plan.id}),
            lambda: invoice.write({"payment_plan_released_line_id": False}),
            lambda: invoice.copy({"payment_plan_id": plan.id}),
            lambda: Move.create([{**move_vals, "payment_plan_id": plan.id}]),
            lambda: Move.with_context(default_payment_plan_id=plan.id).create(
                [move_vals]
            ),
            lambda: payment.write({"payment_plan_extra_id": extra.id}),
            lambda: Payment.create({**payment_vals, "payment_plan_extra_id": extra.id}),
            lambda: Payment.with_context(default_payment_plan_extra_id=extra.id).create(
                payment_vals
            ),
        ]
        # Core lets accountants write transactions.
        Transaction = self.env["payment.transaction"]
        transaction = plan.sale_order_id.transaction_ids.sudo(False)
        attempts += [
            lambda: transaction.write({"payment_plan_extra_id": extra.id}),
            lambda: Transaction.create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "amount": 100.0,
                    "currency_id": plan.currency_id.id,
                    "partner_id": self.customer.id,
                    "payment_plan_extra_id": extra.id,
                }
            ),
        ]
        self.assertFalse(self.env.su)
        for number, attempt in enumerate(attempts):
            with (
                self.subTest(number=number),
                self.assertRaisesRegex(AccessError, "use the buttons"),
                self.env.cr.savepoint(),
            ):
                attempt()
        self.assertFalse(extra.payment_ids)
        self.assertFalse(invoice.payment_plan_id)

    def test_r_nobody_says_that_a_changed_order_is_what_was_signed(self):
        """Who may write plans cannot release charges that way."""
        with freeze_time(MARCH):
            plan = self._running(consent=True)
            [line] = plan.sale_order_id._get_plan_contract_lines()
            line.write({"product_uom_qty": 2.0, "price_unit": 1000.0})
            self.assertTrue(plan.is_out_of_sync)
            with (
                self.assertRaisesRegex(AccessError, "use the buttons"),
                self.env.cr.savepoint(),
            ):
                plan.is_out_of_sync = False
            self.env.invalidate_all()
            self.assertTrue(plan.is_out_of_sync)

    def test_r_a_signed_plan_keeps_its_name(self):
        with freeze_time(MARCH):
            plan = self._offer(self._order())
            plan.name = "Four payments"
            self._sign(plan)
            with self.assertRefused("signed by the customer"):
                plan.name = "Five payments"
        self.assertEqual(plan.name, "Four payments")
