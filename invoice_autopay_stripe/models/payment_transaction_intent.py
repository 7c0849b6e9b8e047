import logging
from functools import partial

import stripe

from odoo import fields, models

from ..const import CLOSABLE_STATUSES, PROCESSING, SUCCEEDED
from ..times import to_stripe_time

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
    """Payment intents: found again, and closed when they were declined."""

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
        if self._may_be_sent_again():
            return super()._ask_autopay_provider(sent_on)
        return True

    def _may_be_sent_again(self):
        """Whether the charge is still wanted now, after Stripe was asked.

        Listing took its time: a withdrawal or a payment in between is only seen by
        another database transaction.
        """
        attempt = self.autopay_attempt_ids.sorted("id")[-1:]
        if not attempt:
            return False
        self.env["ir.cron"]._commit_progress()
        committed, obstacle = attempt._commit_step(
            lambda a: a._get_resending_obstacle()
        )
        return committed and not obstacle

    def _find_stripe_intent(self, sent_on):
        """Return the intent of this transaction, the one that took money if any.

        :param sent_on: when it was first sent, datetime in UTC
        :return: dict, or None
        :raise stripe.StripeError: Stripe cannot be asked now
        """
        since = fields.Datetime.subtract(sent_on, hours=1)  # clocks differ
        filters = {"created": {"gte": to_stripe_time(since)}}
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
        :return: False when it contradicts what is known here: another amount, a
            transaction that was canceled, which core lets nothing follow (P42), or
            that was paid by another intent
        """
        if self.state == "done":
            return self._is_paid_by(intent)
        self._try_step(lambda tx: tx._process_stripe_intent(intent))
        if self.state != "done":
            return False
        self._try_step(lambda tx: tx._book_autopay())
        return True

    def _is_paid_by(self, intent):
        """Whether this is the intent that paid; where none is known, it is.

        :param dict intent: as `_fetch_stripe_intent` returns it
        """
        is_right = self._is_amount_right({"payment_intent": intent})
        if not self.provider_reference and is_right:  # a person said that it was paid
            self._try_step(lambda tx: tx._note_stripe_intent(intent))
        return self.provider_reference == intent["id"]

    def _take_over_end(self):
        """Ask whether a payment that is under way has ended, well or not.

        :raise stripe.StripeError: Stripe cannot be asked now
        """
        intent = self.provider_id._fetch_stripe_intent(self.provider_reference)
        if intent["status"] != PROCESSING:
            self._process_stripe_intent(intent)

    # === CLOSING === #

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
