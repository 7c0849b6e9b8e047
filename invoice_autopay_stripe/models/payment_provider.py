import stripe

from odoo import models

from odoo.addons.payment_stripe import utils as stripe_utils

from ..const import (
    CORE_VERSION,
    EVENT_SUCCEEDED,
    MORE_EVENTS,
    RESEND_HOURS,
    RETRIES,
    TIMEOUT,
)


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    # === HOOKS OF AUTOMATIC PAYMENT === #

    def _get_autopay_obstacle(self, currency):
        """Charge nothing while webhooks cannot be verified (P59)."""
        if reason := super()._get_autopay_obstacle(currency):
            return reason
        provider_sudo = self.sudo()  # the secret is for administrators; it stays here
        if self.code == "stripe" and not stripe_utils.get_webhook_secret(provider_sudo):
            return self.env._(
                "%s has no webhook signing secret: answers of Stripe could be forged. "
                "Generate the webhook on the provider's form.",
                self.name,
            )
        return False

    def _get_autopay_resend_hours(self):
        """A request of the same transaction has the same key: one charge for a day."""
        if self.code == "stripe":
            return RESEND_HOURS
        return super()._get_autopay_resend_hours()

    # === ASKING STRIPE === #

    def _get_stripe_api_base(self):
        """Return the address of Stripe's API; hook.

        :return: str, or False for Stripe's own address
        """
        return False

    def _get_stripe_client(self):
        """Return Stripe's own client for this account, with time-outs and retries."""
        self.ensure_one()
        provider_sudo = self.sudo()  # the key is for administrators; it stays here
        base = self._get_stripe_api_base()
        headers = self._get_stripe_extra_request_headers()
        return stripe.StripeClient(
            stripe_utils.get_secret_key(provider_sudo),
            stripe_account=headers.get("Stripe-Account"),
            base_addresses={"api": base} if base else {},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )

    def _fetch_stripe_intent(self, intent_id):
        """Fetch a payment intent as core wants to see it.

        :param str intent_id: Stripe's id
        :return: dict
        :raise stripe.StripeError: it cannot be fetched
        """
        intent = self._get_stripe_client().v1.payment_intents.retrieve(
            intent_id, {"expand": ["payment_method"]}, CORE_VERSION
        )
        return intent.to_dict()

    def _list_stripe_intents(self, **filters):
        """Fetch payment intents as core wants to see them, newest first.

        :param filters: parameters of Stripe's list
        :return: iterator of dicts
        :raise stripe.StripeError: they cannot be listed
        """
        page = self._get_stripe_client().v1.payment_intents.list(
            {"limit": 100, "expand": ["data.payment_method"], **filters}, CORE_VERSION
        )
        for intent in page.auto_paging_iter():
            yield intent.to_dict()

    def _list_stripe_refunds(self, intent_id):
        """Fetch the refunds of a payment as core wants to see them, oldest first.

        :param str intent_id: Stripe's id of the payment
        :return: list of dicts
        :raise stripe.StripeError: they cannot be listed
        """
        page = self._get_stripe_client().v1.refunds.list(
            {"limit": 100, "payment_intent": intent_id}, CORE_VERSION
        )
        refunds = [refund.to_dict() for refund in page.auto_paging_iter()]
        return refunds[::-1]

    def _list_stripe_successes(self, since):
        """Return ids of intents that succeeded lately, however old they are.

        :param int since: Stripe's time
        :return: list of str
        :raise stripe.StripeError: they cannot be listed
        """
        page = self._get_stripe_client().v1.events.list(
            {"limit": 100, "type": EVENT_SUCCEEDED, "created": {"gte": since}}
        )
        events = [event.to_dict() for event in page.auto_paging_iter()]
        return list({event["data"]["object"]["id"] for event in events})

    # === SETTING UP === #

    def _send_api_request(self, method, endpoint, *, data=None, **kwargs):
        """Have the events that core does not know sent to a new webhook as well."""
        is_webhook = endpoint == "webhook_endpoints" and method == "POST"
        if self.code == "stripe" and is_webhook:
            known = data["enabled_events[]"]
            more = [event for event in MORE_EVENTS if event not in known]
            data = {**data, "enabled_events[]": [*known, *more]}
        return super()._send_api_request(method, endpoint, data=data, **kwargs)
