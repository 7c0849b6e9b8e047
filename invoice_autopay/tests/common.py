"""A customer who allowed automatic payment, and a provider that does as it is told."""

from contextlib import contextmanager

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class AutopayCommon(AccountTestInvoicingCommon):
    """Odoo's demo provider answers what is saved on the payment method."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        # One day for server and company, at whatever hour the tests run.
        cls.company.partner_id.tz = "UTC"
        cls.company.autopay_notice_days = 0
        cls.usd = cls.company.currency_id
        cls.provider = cls._create_provider()
        cls.customer = cls.env["res.partner"].create(
            {"name": "Ada Studio", "is_company": True, "email": "ada@example.com"}
        )
        cls.token = cls._create_token()
        cls.mandate = cls._grant()

    @classmethod
    def _create_provider(cls, **vals):
        demo = (
            cls.env["payment.provider"].sudo().search([("code", "=", "demo")], limit=1)
        )
        provider = demo.copy({"company_id": cls.company.id, "name": "Demo", **vals})
        provider.write(
            {
                "state": "test",
                "allow_tokenization": True,
                "journal_id": cls.company_data["default_journal_bank"].id,
            }
        )
        return provider

    @classmethod
    def _create_token(cls, partner=None, answer="done", details="4242", **vals):
        return (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.env.ref("payment.payment_method_card").id,
                    "partner_id": (partner or cls.customer).id,
                    "payment_details": details,
                    "provider_ref": f"card {details}",
                    "demo_simulated_state": answer,
                    **vals,
                }
            )
        )

    @classmethod
    def _grant(cls, token=None, **vals):
        return (
            cls.env["autopay.mandate"]
            .sudo()
            ._grant(
                token or cls.token,
                {
                    "partner_id": cls.customer.id,
                    "currency_id": cls.usd.id,
                    "max_amount": 1000.0,
                    "consent_text": "I agree.",
                    "consent_version": "1",
                    **vals,
                },
                "portal",
                {"ip_address": "192.0.2.1", "user_agent": "Test"},
            )
        )

    def _create_transaction(self, **vals):
        """Write a transaction of the customer, as the payment form does."""
        return (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.token.payment_method_id.id,
                    "amount": 100.0,
                    "currency_id": self.usd.id,
                    "partner_id": self.customer.id,
                    "operation": "online_direct",
                    **vals,
                }
            )
        )

    def _open_form(self, invoice):
        """Let the customer open the payment form of an invoice."""
        return self._create_transaction(
            amount=invoice.amount_residual, invoice_ids=[Command.set(invoice.ids)]
        )

    def _invoice(self, amount=100.0, post=True, partner=None, **vals):
        """Make an invoice that is due today."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or self.customer).id,
                "invoice_date": fields.Date.today(),
                "invoice_date_due": fields.Date.today(),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Work", "price_unit": amount, "tax_ids": []}
                    )
                ],
                **vals,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    def _invoice_in_parts(self, amount, *parts):
        """Make an invoice that is due in parts.

        :param parts: tuples (`percent` or `fixed`, value, days until it is due)
        """
        lines = [
            Command.create({"value": kind, "value_amount": value, "nb_days": days})
            for kind, value, days in parts
        ]
        term = self.env["account.payment.term"].create(
            {"name": "In parts", "line_ids": lines}
        )
        return self._invoice(
            amount, invoice_payment_term_id=term.id, invoice_date_due=False
        )

    def _invoice_in_three(self):
        return self._invoice_in_parts(
            300.0,
            ("percent", 33.333333, 0),
            ("percent", 33.333333, 30),
            ("percent", 33.333334, 60),
        )

    def _collection(self, invoice):
        return invoice.sudo().autopay_collection_ids

    def _attempts(self, invoice):
        return self._collection(invoice).attempt_ids.sorted("number")

    def _run(self, name="collect", module="invoice_autopay"):
        """Run a scheduled action as the server does."""
        cron = self.env.ref(f"{module}.ir_cron_{name}").sudo()
        self.env.flush_all()
        with (
            self.enter_registry_test_mode(),
            self.assertNoLogs("odoo.addons.base.models.ir_cron", "ERROR"),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(cron.failure_count)

    def _pay_by_bank(self, invoice, amount=None):
        """Record a bank payment as an accountant does."""
        return self._register_payment(invoice, amount=amount or invoice.amount_residual)

    def _messages(self, invoice):
        return (
            self.env["autopay.message"]
            .sudo()
            .search([("collection_id.move_id", "=", invoice.id)])
        )

    def assertPaid(self, invoice):
        """The invoice is settled, and its automatic payment knows."""
        self.assertTrue(self.usd.is_zero(invoice.amount_residual))
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        collection = self._collection(invoice)
        self.assertIn(collection.state, ("done", False))

    @contextmanager
    def assertRefused(self, regex):
        """Expect an error for the user, and that nothing is left of what was tried."""
        with (
            self.assertRaisesRegex(UserError, regex),
            self.env.cr.savepoint(),
        ):
            yield
        self.env.invalidate_all()
