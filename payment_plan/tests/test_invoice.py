"""A plan over an invoice that exists: one document, own due dates."""

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestInvoice(PlanCommon):
    def _invoice(self, amount=1000.0, **vals):
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Coaching",
                            "price_unit": amount,
                            "tax_ids": [Command.set(vals.pop("taxes", []))],
                        }
                    )
                ],
                **vals,
            }
        )
        invoice.action_post()
        return invoice

    def _divide(self, invoice, **vals):
        wizard = self.env["payment.plan.lay"].create(
            {
                "move_id": invoice.id,
                "template_id": self._template(**vals).id,
                "agreement": "By phone with Ada, 1 March",
            }
        )
        action = wizard.action_apply()
        return self.env["payment.plan"].browse(action["res_id"])

    def _terms(self, invoice):
        lines = invoice.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        return [
            (str(line.date_maturity), line.amount_currency)
            for line in lines.sorted("date_maturity")
        ]

    def test_pf20_the_invoice_keeps_number_date_and_total(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice = self._invoice(1000.0, taxes=self.percent_tax(15).ids)
            before = (invoice.name, invoice.invoice_date, invoice.amount_total)
            plan = self._divide(invoice, deposit_kind="none")
        after = (invoice.name, invoice.invoice_date, invoice.amount_total)
        self.assertEqual(after, before)
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(
            self._terms(invoice),
            [
                ("2026-04-01", 383.33),
                ("2026-05-01", 383.33),
                ("2026-06-01", 383.34),
            ],
        )
        self.assertEqual(plan.state, "active")
        self.assertEqual(plan.event_ids.text, "By phone with Ada, 1 March")
        self.assertFalse(plan.installment_ids.filtered("invoice_on"))

    def test_p18_money_pays_the_oldest_part_first(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice = self._invoice(300.0)
            plan = self._divide(invoice, deposit_kind="none")
            self._pay(invoice, 150.0)
            lines = self._lines(plan)
            self.assertEqual(lines.mapped("amount_open"), [0.0, 50.0, 100.0])
            self.assertEqual(lines.mapped("state"), ["paid", "scheduled", "scheduled"])
            found = self.env["payment.plan.installment"].search(
                [("plan_id", "=", plan.id), ("state", "=", "paid")]
            )
            self.assertEqual(found, lines[0])
            self._pay(invoice)
        self.assertEqual(plan.state, "completed")

    def test_p14_two_parts_on_one_day_stay_two(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice = self._invoice(300.0)
            plan = self._divide(
                invoice,
                deposit_kind="fixed",
                deposit_amount=100.0,
                start="date",
                start_date="2026-03-01",
                installment_count=2,
            )
            self.assertEqual(
                self._terms(invoice), [("2026-03-01", 200.0), ("2026-04-01", 100.0)]
            )
            self._pay(invoice, 150.0)
        self.assertEqual(self._lines(plan).mapped("amount_open"), [0.0, 50.0, 100.0])

    def test_a_locked_invoice_is_refused(self):
        with freeze_time("2026-03-01 12:00:00"):
            invoice = self._invoice(300.0)
        self.company.sale_lock_date = "2026-03-31"
        with self.assertRefused("locked until 03/31/2026"):
            invoice.action_divide()
        with self.assertRefused("Credit it and sell the service again"):
            self._divide(invoice)
        self.assertEqual(invoice.state, "posted")
        self.assertFalse(invoice.payment_plan_id)

    def test_a_partly_paid_invoice_is_refused(self):
        invoice = self._invoice(300.0)
        self._pay(invoice, 10.0)
        with self.assertRefused("290.00 of"):
            invoice.action_divide()

    def test_an_invoice_is_divided_once(self):
        invoice = self._invoice(300.0)
        self._divide(invoice)
        with self.assertRefused("belongs to a payment plan already"):
            invoice.action_divide()

    def test_a_foreign_currency_is_exact_in_both(self):
        """Parts are exact in the invoice's currency and in the company's."""
        other = self.setup_other_currency("EUR")
        with freeze_time("2026-03-01 12:00:00"):
            invoice = self._invoice(1000.0, currency_id=other.id)
            self._divide(invoice, deposit_kind="none", currency_id=other.id)
        terms = invoice.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        self.assertEqual(
            terms.sorted("date_maturity").mapped("amount_currency"),
            [333.33, 333.33, 333.34],
        )
        total = self.currency.round(sum(terms.mapped("balance")))
        self.assertEqual(total, invoice.amount_total_signed)
