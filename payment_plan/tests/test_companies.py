"""One run of the job for companies of different currencies, on their own days."""

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from .common import PlanCommon


@tagged("post_install", "-at_install")
class TestCompanies(PlanCommon):
    """At one moment it is 1 April in Auckland and still 31 March in Los Angeles."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dollars = cls.company
        euro = cls.env.ref("base.EUR")
        euro.active = True
        cls.other = cls.setup_other_company(name="Atelier", currency_id=euro.id)
        cls.euros = cls.other["company"]
        cls.dollars.partner_id.tz = "America/Los_Angeles"
        cls.euros.partner_id.tz = "Pacific/Auckland"
        cls.euros.write({"autopay_notice_days": 0, "plan_lead_days": 0})
        cls.env.user.company_ids |= cls.euros

    def _start(self, company, start_date):
        """Run a plan of 3 x 100 in the currency of a company."""
        self.env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": company.ids,
            }
        )
        currency = company.currency_id
        template = self.env["payment.plan.template"].create(
            {
                "name": f"Three in {currency.name}",
                "currency_id": currency.id,
                "company_id": company.id,
                "deposit_kind": "none",
                "installment_count": 3,
                "start": "date",
                "start_date": start_date,
            }
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": company.id,
                "require_payment": False,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.session_product.id,
                            "price_unit": 300.0,
                            "tax_ids": [],
                        }
                    )
                ],
            }
        )
        self.assertEqual(order.currency_id, currency)
        plan = self.env["payment.plan"].create(
            {"sale_order_id": order.id, "template_id": template.id}
        )
        return self._sign(plan)

    def test_p13_one_run_for_two_companies_on_their_own_days(self):
        with freeze_time("2026-03-20 20:00:00"):
            in_dollars = self._start(self.dollars, "2026-03-31")
            late = self._start(self.dollars, "2026-04-01")
            in_euros = self._start(self.euros, "2026-04-01")
        self.env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": (self.dollars | self.euros).ids,
            }
        )
        plans = (in_dollars | late | in_euros).with_env(self.env)
        in_dollars, late, in_euros = plans
        with freeze_time("2026-03-31 20:00:00"):  # 13:00 there, 09:00 the next day here
            self._run()
            self._run()
        for plan, journals, day in (
            (in_dollars, self.company_data, "2026-03-31"),
            (in_euros, self.other, "2026-04-01"),
        ):
            [move] = plan.installment_ids.move_id
            company = plan.company_id
            self.assertEqual(move.company_id, company)
            self.assertEqual(move.journal_id, journals["default_journal_sale"])
            self.assertEqual(move.currency_id, company.currency_id)
            self.assertEqual(move.line_ids.company_id, company)
            accounts = move.line_ids.account_id.company_ids
            self.assertEqual(accounts, company)
            self.assertEqual((str(move.invoice_date), str(move.date)), (day, day))
            self.assertEqual(str(move.invoice_date_due), day)
            self.assertEqual((move.amount_total, move.state), (100.0, "posted"))
        self.assertNotEqual(
            in_dollars.installment_ids.move_id.currency_id,
            in_euros.installment_ids.move_id.currency_id,
        )
        self.assertFalse(late.installment_ids.move_id)
        self.assertFalse(any(plans.installment_ids.mapped("problem")))
        with freeze_time("2026-04-01 12:00:00"):
            self._run()
        self.assertEqual(late.installment_ids.move_id.company_id, self.dollars)
        self.assertEqual(str(late.installment_ids.move_id.invoice_date), "2026-04-01")
        self.assertEqual(len(plans.installment_ids.move_id), 3)
