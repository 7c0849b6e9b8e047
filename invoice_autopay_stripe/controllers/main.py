import logging

import stripe
from werkzeug.exceptions import Forbidden

from odoo.http import request, route

from odoo.addons.payment_stripe import utils as stripe_utils
from odoo.addons.payment_stripe.controllers.main import StripeController

from ..const import EVENT_ACTION, EVENT_CARD, EVENT_DISPUTES, MORE_EVENTS

_logger = logging.getLogger(__name__)


class AutopayStripeController(StripeController):
    """Webhooks: nothing unsigned is believed, and more kinds of events are."""

    @route()
    def stripe_webhook(self):
        """Take over the events that core does not know."""
        event = request.get_json_data()
        if isinstance(event, dict) and event.get("type") in MORE_EVENTS:
            self._take_over_event(event["type"], event["data"]["object"])
            return request.make_json_response("")
        return super().stripe_webhook()

    def _take_over_event(self, kind, stripe_object):
        """Verify an event, then hand it to the records it is about.

        :param str kind: one of `MORE_EVENTS`
        :param dict stripe_object: what the event is about
        :raise Forbidden: it was not signed by Stripe
        """
        if kind == EVENT_CARD:
            self._take_over_card(stripe_object)
            return
        Transaction = request.env["payment.transaction"].sudo()  # Stripe has no user
        if kind in EVENT_DISPUTES:
            transaction_sudo = Transaction._find_disputed(stripe_object)
        else:
            data = {"reference": stripe_object.get("description"), "event_type": kind}
            transaction_sudo = Transaction._search_by_reference("stripe", data)
        if not transaction_sudo:
            _logger.info("%s is about nothing that is known here", kind)
            return
        self._verify_signature(transaction_sudo)
        if kind == EVENT_ACTION:
            transaction_sudo._process_stripe_intent(stripe_object)
        else:
            transaction_sudo._take_over_dispute(stripe_object)

    def _take_over_card(self, payment_method):
        """Keep what the network changed of a card.

        :param dict payment_method: Stripe's payment method
        :raise Forbidden: it was not signed by Stripe
        """
        tokens_sudo = (
            request.env["payment.token"]
            .sudo()  # Stripe has no user
            .search(
                [
                    ("provider_code", "=", "stripe"),
                    ("stripe_payment_method", "=", payment_method.get("id")),
                ]
            )
        )
        # Companies may share an account; each has a webhook and a secret of its own.
        verified_sudo = tokens_sudo.filtered(self._is_signed_for)
        if tokens_sudo and not verified_sudo:
            raise Forbidden()
        verified_sudo._take_over_stripe_card(payment_method)

    def _is_signed_for(self, token_sudo):
        try:
            self._verify_signature(token_sudo)
        except Forbidden:
            return False
        return True

    @staticmethod
    def _create_refund_tx_from_refund(source_tx_sudo, refund_object):
        """Take the refund of ours whose answer was lost, else a new one."""
        unknown_sudo = source_tx_sudo._find_unknown_refund(refund_object)
        return unknown_sudo or StripeController._create_refund_tx_from_refund(
            source_tx_sudo, refund_object
        )

    def _verify_signature(self, tx_sudo):
        """Refuse what is unsigned, or cannot be verified at all (P59).

        Core lets everything pass while no secret is set, and stumbles over a header
        that is missing or malformed.

        :param tx_sudo: whatever the event is about, with a `provider_id`
        :raise Forbidden: it was not signed by Stripe
        """
        if not stripe_utils.get_webhook_secret(tx_sudo.provider_id):
            _logger.warning("Refused a webhook: %s has no secret", tx_sudo.provider_id)
            raise Forbidden()
        try:
            return super()._verify_signature(tx_sudo)
        except (KeyError, ValueError):
            _logger.warning("Refused a webhook: no signature that can be read")
            raise Forbidden() from None
        except Forbidden:
            if not self._is_signed_twice(tx_sudo.provider_id):
                raise

    def _is_signed_twice(self, provider_sudo):
        """Whether one of several signatures is right.

        While a secret is rolled Stripe signs with the old one and the new one; core
        looks at the last signature only.

        :param provider_sudo: `payment.provider` with the secret
        """
        try:
            return stripe.WebhookSignature.verify_header(
                request.httprequest.get_data(as_text=True),
                request.httprequest.headers["Stripe-Signature"],
                stripe_utils.get_webhook_secret(provider_sudo),
                self.WEBHOOK_AGE_TOLERANCE,
            )
        except stripe.SignatureVerificationError:
            return False
