"""A customer whose saved card at the Stripe stand-in is charged automatically."""

import hashlib
import hmac
import json
import time

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.invoice_autopay.tests.common import AutopayCommon

from ..support import stripe_account as stand_in
from ..support import stripe_odoo

#: Failures are what these tests are about; these loggers tell of them.
FAILURE_LOGS = (
    "odoo.addons.payment.models.payment_provider",
    "odoo.addons.payment.models.payment_transaction",
    "odoo.addons.payment_stripe.controllers.main",
    "odoo.addons.payment_stripe.models.payment_transaction",
    "odoo.addons.invoice_autopay.models.payment_transaction",
    "odoo.addons.invoice_autopay.models.autopay_attempt_send",
    "odoo.addons.invoice_autopay.models.autopay_attempt_resolve",
    "odoo.addons.invoice_autopay_stripe.controllers.main",
    "odoo.addons.invoice_autopay_stripe.models.payment_provider_reconcile",
    "odoo.addons.invoice_autopay_stripe.models.payment_transaction_form",
    "odoo.addons.invoice_autopay_stripe.models.payment_transaction_guard",
    "odoo.addons.invoice_autopay_stripe.models.payment_transaction_intent",
    "odoo.http",
)


@tagged("standard", "post_install")
class StripeAutopayCommon(AutopayCommon, HttpCase):
    """Each test has an account of its own; whatever is charged is counted there.

    Tests roll back, so that each of them uses the same references, thus keys.
    """

    @classmethod
    def setUpClass(cls):
        cls.account = stand_in.StripeAccount()
        cls.addClassCleanup(cls.account.remove)
        super().setUpClass()

    @classmethod
    def _create_provider(cls, **vals):
        provider = stripe_odoo.connect(cls.env, cls.account, cls.company).sudo()
        journal = cls.company_data["default_journal_bank"]
        provider.write({"journal_id": journal.id, **vals})
        return provider

    @classmethod
    def _create_token(cls, partner=None, number=stand_in.VISA, **vals):
        token = stripe_odoo.saved_card(
            cls.account, cls.provider, partner or cls.customer, number
        )
        token.write(vals)
        return token

    def _use_card(self, number):
        """Let the mandate charge another test card from now on."""
        token = self._create_token(number=number)
        self.mandate._change_method(token, "portal")
        return token

    def setUp(self):
        super().setUp()
        cls = type(self)
        cls.account = stand_in.StripeAccount()
        self.addCleanup(cls.account.remove)
        self._create_provider()
        self.token = self._use_card(stand_in.VISA)
        self.enterContext(mute_logger(*FAILURE_LOGS))

    # === PAYING BY HAND === #

    def _open_form(self, invoice):
        """Let the customer open the payment form, which begins an intent."""
        transaction = super()._open_form(invoice)
        values = transaction._get_specific_processing_values({})
        self.assertTrue(values["client_secret"])
        self.assertTrue(transaction.provider_reference.startswith("pi_"))
        self.assertEqual(transaction.state, "draft")
        return transaction

    def _submit(self, transaction):
        """Pay in the form, as the browser does; Odoo is not told."""
        return self.account.call(
            "POST",
            f"payment_intents/{transaction.provider_reference}/confirm",
            payment_method=self.account.card(),
        )

    # === WHAT IS KNOWN WHERE === #

    def _transaction(self, invoice):
        return self._attempts(invoice)[-1:].transaction_id.sudo()

    def _charges(self, invoice):
        """Return what Stripe charged for an invoice, under whatever reference."""
        return [
            charge
            for charge in self.account.charges()
            if (charge["description"] or "").startswith(invoice.name)
        ]

    def assertCharged(self, invoice, times=1):
        """Stripe took the money so many times, and Odoo agrees."""
        charges = self._charges(invoice)
        self.assertEqual(len(charges), times, charges)
        done = self._attempts(invoice).filtered(lambda a: a.state == "succeeded")
        self.assertEqual(len(done), times)
        if times:
            self.assertEqual(charges[0]["amount"], round(invoice.amount_total * 100))
            self.assertPaid(invoice)

    # === WEBHOOKS === #

    def _connect_webhook(self):
        """Have Stripe send its events, but only when told to."""
        self.account.hold_webhooks()
        stripe_odoo.webhook(self.account, self.base_url())

    def _deliver(self, *events, **options):
        """Let Stripe deliver what waits; return the statuses that Odoo answered."""
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            rows = self.account.deliver(*events, **options)
        self.env.invalidate_all()
        return [row["status"] for row in rows]

    def _post_event(
        self,
        kind,
        value,
        secret=stand_in.WEBHOOK_SECRET,
        age=0,
        header=None,
        suffix="",
    ):
        """Send an event as Stripe would, or as somebody else; return the status.

        :param secret: what it is signed with; None: not signed at all
        :param age: seconds since it was signed
        :param header: sent in place of the signature
        :param suffix: sent after the signature
        """
        body = json.dumps({"id": "evt_1", "type": kind, "data": {"object": value}})
        headers = {"Content-Type": "application/json"}
        if secret:
            moment = int(time.time()) - age
            signed = f"{moment}.{body}".encode()
            digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
            headers["Stripe-Signature"] = f"t={moment},v1={digest}{suffix}"
        if header is not None:
            headers["Stripe-Signature"] = header
        self.env.flush_all()
        response = self.url_open(stripe_odoo.WEBHOOK_PATH, data=body, headers=headers)
        self.env.invalidate_all()
        return response.status_code

    # === TIME === #

    def _run_stripe(self, name):
        """Run a scheduled action of the add-on as the server does."""
        self._run(name, "invoice_autopay_stripe")

    def _find_out(self, invoice):
        """Let the job look for the answer that was lost."""
        self.assertEqual(self._attempts(invoice)[-1:].state, "unknown")
        self._run()
