"""A studio that offers plans, and a customer who signs one."""

from base64 import b64encode
from contextlib import contextmanager

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import file_open

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

EVIDENCE = {
    "ip_address": "192.0.2.7",
    "user_agent": "Test browser",
    "email": "ada@example.com",
}


@tagged("post_install", "-at_install")
class PlanCommon(AccountTestInvoicingCommon):
    """Orders, templates and signatures; money moves by Odoo's demo provider."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        # One day for server and company, at whatever hour the tests run.
        cls.company.partner_id.tz = "UTC"
        cls.company.write({"autopay_notice_days": 0, "plan_lead_days": 0})
        cls.currency = cls.company.currency_id
        cls.env.user.group_ids |= cls.env.ref("sales_team.group_sale_manager")
        # Only the tests that pay online have a provider.
        providers = cls.env["payment.provider"].sudo().search([])
        providers.state = "disabled"
        cls.customer = cls.env["res.partner"].create(
            {"name": "Ada Muster", "email": "ada@example.com", "lang": "en_US"}
        )
        cls.session_product = cls.env["product.product"].create(
            {
                "name": "Wedding session",
                "type": "service",
                "invoice_policy": "order",
                "taxes_id": [],
            }
        )

    @property
    def today(self):
        """The day where the company is, also when midnight passes meanwhile."""
        return self.company._get_autopay_today()

    # === MAKING === #

    @classmethod
    def _template(cls, **vals):
        template = cls.env["payment.plan.template"].create(
            {"name": "3 months", "currency_id": cls.currency.id, **vals}
        )
        if template.approval_reason:
            template.action_approve()
        return template

    @classmethod
    def _order(cls, total=2000.0, lines=(), **vals):
        """Make a quotation of one untaxed line, or of ``lines``: (price, taxes)."""
        return cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "require_payment": False,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.session_product.id,
                            "product_uom_qty": 1,
                            "price_unit": price,
                            "tax_ids": [Command.set(taxes.ids if taxes else [])],
                        }
                    )
                    for price, taxes in lines or [(total, None)]
                ],
                **vals,
            }
        )

    def _offer(self, order, template=None, **vals):
        plan = self.env["payment.plan"].create(
            {
                "sale_order_id": order.id,
                "template_id": (template or self._template(**vals)).id,
            }
        )
        order.require_signature = True
        return plan

    def _sign(self, plan, consent=False):
        """Choose, read and sign as the customer does in the portal."""
        order = plan.sale_order_id
        if order.payment_plan_id != plan:
            order._choose_plan(plan, EVIDENCE)
        digest = plan._get_version().digest
        if consent:
            plan._consent(digest, EVIDENCE)
        plan._sign(digest, "Ada Muster", {**EVIDENCE, "signature": self._signature()})
        order.write({"signed_by": "Ada Muster", "signed_on": fields.Datetime.now()})
        if not order._has_to_be_paid():
            order._validate_order()
        return plan

    @classmethod
    def _signature(cls):
        """Return an image as the signature field sends it."""
        with file_open("web/static/img/logo.png", "rb") as image:
            return b64encode(image.read())

    def _run_plan(self, total=2000.0, **vals):
        """Make a running plan: offered, signed, confirmed, without any provider."""
        order = self._order(total)
        return self._sign(self._offer(order, **vals))

    # === TIME AND MONEY === #

    def _run(self, name="invoice"):
        """Run a scheduled action as the server does."""
        cron = self.env.ref(f"payment_plan.ir_cron_{name}").sudo()
        self._run_cron(cron)

    def _collect(self):
        """Run the scheduled action that charges."""
        self._run_cron(self.env.ref("invoice_autopay.ir_cron_collect").sudo())

    def _run_cron(self, cron):
        self.env.flush_all()
        with (
            self.enter_registry_test_mode(),
            self.assertNoLogs("odoo.addons.base.models.ir_cron", "ERROR"),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(cron.failure_count)

    def _pay(self, invoice, amount=None):
        """Record a bank payment as an accountant does."""
        return self._register_payment(invoice, amount=amount or invoice.amount_residual)

    def _lines(self, plan):
        return plan.installment_ids.sorted("number")

    def _amounts(self, plan):
        return self._lines(plan).mapped("amount")

    def _days(self, plan):
        return [str(day) for day in self._lines(plan).mapped("date_due")]

    @contextmanager
    def assertRefused(self, regex):
        """Expect an error for the user, and that nothing is left of what was tried."""
        with (
            self.assertRaisesRegex(UserError, regex),
            self.env.cr.savepoint(),
        ):
            yield
        self.env.invalidate_all()


class CollectingCommon(PlanCommon):
    """Payments online, by Odoo's demo provider: it answers what its token says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        demo = cls.env["payment.provider"].sudo().search([("code", "=", "demo")])[:1]
        cls.provider = demo.copy({"company_id": cls.company.id, "name": "Demo"})
        cls.provider.write(
            {
                "state": "test",
                "is_published": True,
                "allow_tokenization": True,
                "journal_id": cls.company_data["default_journal_bank"].id,
            }
        )
        cls.method = cls.env.ref("payment.payment_method_card")

    def _token(self, answer="done", partner=None):
        return (
            self.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "partner_id": (partner or self.customer).id,
                    "payment_details": "4242",
                    "provider_ref": "card 4242",
                    "demo_simulated_state": answer,
                }
            )
        )

    def _pay_deposit(self, plan, token=None, amount=None, payer=None, meanwhile=None):
        """Pay as core's route does: a transaction of the order, then its booking."""
        order = plan.sale_order_id
        transaction = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.method.id,
                    "amount": amount or order._get_prepayment_required_amount(),
                    "currency_id": order.currency_id.id,
                    "partner_id": (payer or self.customer).id,
                    "operation": "online_direct",
                    "token_id": token.id if token else False,
                    "sale_order_ids": [Command.set(order.ids)],
                }
            )
        )
        transaction._set_done()
        if meanwhile:
            meanwhile()
        transaction._post_process()
        return transaction

    def _signed(self, consent=True, **vals):
        order = self._order(2000.0, require_payment=True, prepayment_percent=1.0)
        plan = self._offer(order, deposit_kind="larger", deposit_amount=500.0, **vals)
        order.require_payment = True
        return self._sign(plan, consent=consent)
