import logging
from datetime import timezone
from functools import partial

import stripe

from odoo import fields, models

from odoo.addons.invoice_autopay.const import ENDED_STATES

from ..const import CLOSABLE_STATUSES, PROCESSING, SUCCEEDED

_logger = logging.getLogger(__name__)


def close_quietly(client, intent_id):
    """Cancel an intent; a failure is logged only.

    :param client: `stripe.StripeClient`
    :param str intent_id: Stripe's id
    """
    try:
        client.v1.payment_intents.cancel(intent_id)
    except stripe.StripeError as error:
        _logger.info("%s was not canceled: %s", intent_id, error)


class PaymentTransactionIntent(models.Model):
    """Payment intents: found again, and closed when nothing shall come of them."""

    _inherit = "payment.transaction"

    # === LOST ANSWERS === #

    def _ask_autopay_provider(self, sent_on):
        """Look for the intent; where there is none, send the same request again (P37).

        Looking comes first: it takes no money, and finds what a stored failure hides.
        The request is only repeated while the charge is still wanted. After the life
        of its key nothing is sent any more, and a person decides.

        :param sent_on: when it was first sent, datetime in UTC
        :return: False when Stripe knows nothing and it cannot be sent again
        :raise stripe.StripeError: Stripe cannot be asked now
        """
        if self.provider_code != "stripe":
            return super()._ask_autopay_provider(sent_on)
        if intent := self._find_stripe_intent(sent_on):
            self._process_stripe_intent(intent)
            return not self.autopay_is_unknown  # unless its amount is another one
        hours = self.provider_id._get_autopay_resend_hours()
        limit = fields.Datetime.subtract(fields.Datetime.now(), hours=hours)
        if sent_on < limit:
            return False
        if not self._get_resending_obstacle():
            return super()._ask_autopay_provider(sent_on)
        return True

    def _get_resending_obstacle(self):
        """Say why the request must not be repeated: it could be the first charge."""
        attempt = self.autopay_attempt_ids.sorted("id")[-1:]
        if not attempt or attempt.state in ENDED_STATES:
            return self.env._("No longer wanted")
        return attempt._get_sending_obstacle()

    def _find_stripe_intent(self, sent_on):
        """Return the intent of this transaction, the one that took money if any.

        :param sent_on: when it was first sent, datetime in UTC
        :return: dict, or None
        :raise stripe.StripeError: Stripe cannot be asked now
        """
        since = fields.Datetime.subtract(sent_on, hours=1)  # clocks differ
        filters = {"created": {"gte": _to_timestamp(since)}}
        if customer := self.token_id.provider_ref:
            filters["customer"] = customer
        found = [
            intent
            for intent in self.provider_id._list_stripe_intents(**filters)
            if intent.get("description") == self.reference
        ]
        found.sort(key=lambda intent: intent["status"] != SUCCEEDED)
        return found[0] if found else None

    def _process_stripe_intent(self, intent):
        """Take over what Stripe says about the intent of this transaction.

        :param dict intent: as `_fetch_stripe_intent` returns it
        """
        self._process(
            "stripe",
            {
                "reference": self.reference,
                "payment_intent": intent,
                "payment_method": intent.get("payment_method"),
            },
        )

    def _take_over_success(self, intent):
        """Take over a success that nobody told us of: commit it, then book it.

        :param dict intent: as `_fetch_stripe_intent` returns it
        :return: False when it contradicts what is known here: another amount, or a
            transaction that was canceled, which core lets nothing follow (P42)
        """
        if self.state == "done":
            return True
        self._try_step(lambda tx: tx._process_stripe_intent(intent))
        if self.state != "done":
            return False
        self._try_step(lambda tx: tx._book_autopay())
        return True

    def _take_over_end(self):
        """Ask whether a payment that is under way has ended, well or not.

        :raise stripe.StripeError: Stripe cannot be asked now
        """
        intent = self.provider_id._fetch_stripe_intent(self.provider_reference)
        if intent["status"] != PROCESSING:
            self._process_stripe_intent(intent)

    # === CLOSING === #

    def _get_in_progress(self):
        """Close forms that were left long ago as well: they could still be paid."""
        recent = super()._get_in_progress()
        left = (self._get_open_forms() - recent).filtered("provider_reference")
        return recent | left.filtered(
            lambda tx: tx.provider_code == "stripe" and tx._is_form_open()
        )

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

    def _after_autopay_declined(self):
        """Cancel the intent: what was declined must not succeed later.

        It is done after the commit: the answer is safe first.
        """
        result = super()._after_autopay_declined()
        if (
            self.provider_code == "stripe"
            and self.provider_reference
            and self.stripe_status in CLOSABLE_STATUSES
        ):
            client = self.provider_id._get_stripe_client()
            self.env.cr.postcommit.add(
                partial(close_quietly, client, self.provider_reference)
            )
        return result


def _to_timestamp(moment):
    return int(moment.replace(tzinfo=timezone.utc).timestamp())
