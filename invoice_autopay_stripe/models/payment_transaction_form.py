import logging
from datetime import timedelta

import stripe

from odoo import api, fields, models

from odoo.addons.invoice_autopay.models.payment_transaction import FORM_MINUTES

from ..const import CLOSABLE_STATUSES, FORM_DAYS

_logger = logging.getLogger(__name__)


class PaymentTransactionForm(models.Model):
    """Payment forms: closed when nothing shall come of them."""

    _inherit = "payment.transaction"

    # === ANOTHER TAB === #

    def _is_form_open(self):
        """Close a payment form that is open elsewhere, unless money is on its way.

        An intent that was canceled can never be paid: of two tabs only one pays (PF80).
        """
        if self.provider_code != "stripe" or not self.provider_reference:
            return super()._is_form_open()
        try:
            intent = self._close_stripe_intent()
        except stripe.StripeError as error:
            _logger.warning("%s: the form stays open: %s", self.reference, error)
            return True
        self._process_stripe_intent(intent)
        return self.state not in ("cancel", "error")

    def _close_stripe_intent(self):
        """Cancel the intent where nothing was paid yet.

        :return: dict, the intent as it is now
        :raise stripe.StripeError: Stripe cannot be asked now
        """
        provider, intent_id = self.provider_id, self.provider_reference
        intent = provider._fetch_stripe_intent(intent_id)
        if intent["status"] in CLOSABLE_STATUSES:
            try:
                provider._get_stripe_client().v1.payment_intents.cancel(intent_id)
            except stripe.InvalidRequestError as error:
                # The customer was faster; the intent says it.
                _logger.info("%s was not canceled: %s", intent_id, error)
            intent = provider._fetch_stripe_intent(intent_id)
        return intent

    # === LEFT BY THE CUSTOMER === #

    @api.model
    def _cron_close_stripe_forms(self):
        """Close forms that customers left: nothing waits for them, but they could pay.

        Stripe is asked while nothing is locked; what cannot be closed now is tried
        again by the next run.
        """
        now = fields.Datetime.now()
        left = self.search(
            [
                ("provider_code", "=", "stripe"),
                ("state", "=", "draft"),
                ("operation", "in", ("online_direct", "online_redirect")),
                ("provider_reference", "!=", False),
                ("create_date", "<", now - timedelta(minutes=FORM_MINUTES)),
                ("create_date", ">", now - timedelta(days=FORM_DAYS)),
            ]
        )
        for done, form in enumerate(left, 1):
            form._close_left_form()
            remaining = len(left) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _close_left_form(self):
        """Close the form at Stripe, then take over what became of it."""
        self.ensure_one()
        try:
            intent = self._close_stripe_intent()
        except stripe.StripeError as error:
            _logger.warning("%s: the form stays open: %s", self.reference, error)
            return
        self.env["ir.cron"]._commit_progress()  # what was read before is old
        self._try_step(lambda tx: tx._process_stripe_intent(intent))
