"""A small agency: one customer, one employee, one project with a sales order."""

from contextlib import contextmanager
from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

WORK_DAY = date(2026, 6, 15)


@tagged("post_install", "-at_install")
class PrepaidCommon(AccountTestInvoicingCommon):
    """Budgets are filled by real invoices that are really paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_manager")
        cls.company = cls.company_data["company"]
        # One day for server and company, at whatever hour the tests run.
        cls.company.partner_id.tz = "UTC"
        cls.usd = cls.company.currency_id
        cls.tax = cls.company_data["default_tax_sale"]
        cls.pack = cls._create_pack()
        cls.service = cls._create_service()
        cls.customer = cls.env["res.partner"].create(
            {"name": "Azure", "is_company": True, "email": "azure@example.com"}
        )
        cls.employee = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Ann", "company_id": cls.company.id, "hourly_cost": 40.0})
        )
        cls.order = cls._create_order(cls.customer)
        cls.project = cls._create_project(cls.customer, cls.order)

    @classmethod
    def _create_pack(cls, **vals):
        return cls.env["product.product"].create(
            {
                "name": "Prepaid pack",
                "type": "service",
                "invoice_policy": "order",
                "prepaid_ok": True,
                "taxes_id": [Command.set(cls.tax.ids)],
                "property_account_income_id": cls.company_data[
                    "default_account_revenue"
                ].id,
                **vals,
            }
        )

    @classmethod
    def _create_service(cls, **vals):
        return cls.env["product.product"].create(
            {
                "name": "Consulting",
                "type": "service",
                "service_policy": "delivered_timesheet",
                "service_tracking": "no",
                "uom_id": cls.env.ref("uom.product_uom_hour").id,
                "list_price": 100.0,
                "taxes_id": [Command.set(cls.tax.ids)],
                **vals,
            }
        )

    @classmethod
    def _create_order(cls, partner, price=100.0, product=None, **line_vals):
        order = (
            cls.env["sale.order"]
            .sudo()
            .create(
                {
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": (product or cls.service).id,
                                "product_uom_qty": 10,
                                "price_unit": price,
                                **line_vals,
                            }
                        )
                    ],
                }
            )
        )
        order.action_confirm()
        return order

    @classmethod
    def _create_project(cls, partner, order=None, **vals):
        return (
            cls.env["project.project"]
            .sudo()
            .create(
                {
                    "name": f"Project {partner.name}",
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "allow_billable": True,
                    "allow_timesheets": True,
                    "sale_line_id": order.order_line[:1].id if order else False,
                    **vals,
                }
            )
        )

    @classmethod
    def _log_time(cls, hours, project=None, day=WORK_DAY, **vals):
        return (
            cls.env["account.analytic.line"]
            .sudo()
            .create(
                {
                    "name": "Work",
                    "project_id": (project or cls.project).id,
                    "employee_id": cls.employee.id,
                    "unit_amount": hours,
                    "date": day,
                    **vals,
                }
            )
            .sudo(False)
        )

    @classmethod
    def _create_budget(cls, credit=0.0, partner=None, **vals):
        """Open a budget; `credit` is really bought and paid."""
        budget = cls.env["prepaid.budget"].create(
            {
                "partner_id": (partner or cls.customer).id,
                "company_id": cls.company.id,
                "product_id": cls.pack.id,
                **vals,
            }
        )
        if credit:
            cls._buy(budget, credit)
        return budget

    @classmethod
    def _create_rule(cls, credit=0.0, **vals):
        """Open a budget that is topped up by 200 when it is below 100."""
        return cls._create_budget(
            credit,
            **{
                "threshold": 100.0,
                "replenish_policy": "threshold",
                "replenish_amount": 200.0,
                **vals,
            },
        )

    @classmethod
    def _buy(cls, budget, amount, pay=True, day="2026-06-01"):
        """Sell credit; return the posted invoice."""
        move = cls.env["account.move"].browse(budget.top_up(amount))
        move.invoice_date = day
        move.action_post()
        if pay:
            cls._pay(move)
        return move

    @classmethod
    def _pay(cls, move, amount=None):
        """Receive money for an invoice; return the payment."""
        vals = {"payment_date": move.invoice_date}
        if amount is not None:
            vals["amount"] = amount
        wizard = (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(vals)
        )
        return wizard._create_payments()

    @classmethod
    def _deduct(cls, timesheets, key=None):
        ids = cls.env["account.analytic.line"].prepaid_deduct(timesheets.ids, key)
        return cls.env["prepaid.entry"].browse(ids)

    @classmethod
    def _spend(cls, amount, **vals):
        """Deduct time worth an amount at 100 an hour; return the entries."""
        return cls._deduct(cls._log_time(amount / 100.0, **vals))

    @contextmanager
    def assertRefused(self, regex):
        """The user is refused with a sentence, and nothing is half-written."""
        with self.assertRaises(UserError) as caught:
            yield
        self.assertRegex(str(caught.exception), regex)

    def assertBalance(self, budget, expected):
        """The balance is as expected, and ledger, lots and debt prove it."""
        self.assertEqual(
            budget.currency_id.compare_amounts(budget.balance, expected),
            0,
            f"balance is {budget.balance}, expected {expected}",
        )
        self.assertFalse(budget.sudo()._get_differences())

    def assertLot(self, lot, remaining, state):
        """A lot has so much left and is in that state."""
        self.assertRecordValues(lot, [{"remaining": remaining, "state": state}])
