import requests

from odoo import fields, models
from odoo.exceptions import ValidationError

from odoo.addons.invoice_autopay.const import ACTION_NEEDED
from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment_stripe.const import CURRENCY_DECIMALS

from ..const import AUTHENTICATION_REQUIRED, REQUIRES_ACTION, SUCCEEDED
from ..declines import classify, get_advice, get_code

#: Stripe has seen the key before, with other parameters: the first request counts.
IDEMPOTENCY_ERROR = "idempotency_error"


def get_stripe_error(error):
    """Return what Stripe said when it refused a request.

    :param error: the `ValidationError` that core made of the refusal
    :return: dict as in https://docs.stripe.com/api/errors, empty when the answer was
        none of Stripe's
    """
    cause = error.__context__
    while cause is not None:
        response = getattr(cause, "response", None)
        if response is not None:
            try:
                body = response.json()
            except requests.exceptions.JSONDecodeError:
                return {}
            known = body.get("error") if isinstance(body, dict) else None
            return known if isinstance(known, dict) else {}
        cause = cause.__context__
    return {}


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    stripe_status = fields.Char("Status at Stripe", readonly=True, copy=False)
    stripe_advice = fields.Char(
        "Advice of the bank",
        readonly=True,
        copy=False,
        help="What the card's issuer or network says about another attempt.",
    )

    def _to_stripe_major(self, amount):
        """Return an amount of Stripe, which counts in cents, as we write it.

        :param int amount: in the currency of this transaction
        """
        return payment_utils.to_major_currency_units(
            amount,
            self.currency_id,
            arbitrary_decimal_number=CURRENCY_DECIMALS.get(self.currency_id.name),
        )

    # === REFUSALS === #

    def _send_api_request(self, method, endpoint, **kwargs):
        """Keep what core throws away of a refusal: codes, advice, intent."""
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            if self.provider_code == "stripe" and endpoint == "payment_intents":
                self._note_stripe_error(get_stripe_error(error))
            raise

    def _is_answer_lost(self, error):
        """An answer that is not Stripe's own says nothing, nor does a used key."""
        if super()._is_answer_lost(error):
            return True
        if self.provider_code != "stripe":
            return False
        cause = error.__context__
        is_refusal = getattr(cause, "response", None) is not None
        known = get_stripe_error(error)
        return is_refusal and (not known or known.get("type") == IDEMPOTENCY_ERROR)

    def _note_stripe_error(self, error):
        """Keep the facts of a refusal.

        :param dict error: Stripe's error; empty when it said nothing
        """
        if not error or self.autopay_is_unknown:
            return
        self._note_stripe_decline(error)
        if intent := error.get("payment_intent"):
            self._note_stripe_intent(intent)

    def _note_stripe_decline(self, error):
        """Keep the codes of a decline.

        :param dict error: Stripe's error, or an intent's `last_payment_error`
        """
        self.write(
            {
                "autopay_code": get_code(error),
                "autopay_class": classify(error),
                "stripe_advice": get_advice(error),
            }
        )

    def _note_stripe_intent(self, intent):
        """Keep id and status of an intent, whatever becomes of it.

        :param dict intent: Stripe's payment intent
        """
        self.write(
            {"provider_reference": intent["id"], "stripe_status": intent.get("status")}
        )

    # === ANSWERS === #

    def _stripe_create_intent(self):
        """Keep the intent of a payment that was only begun: it can still be closed."""
        intent = super()._stripe_create_intent()
        if intent:
            self._note_stripe_intent(intent)
        return intent

    def _apply_updates(self, payment_data):
        """Keep status and codes before the state follows them."""
        intent = self.provider_code == "stripe" and payment_data.get("payment_intent")
        if intent:
            self._note_stripe_intent(intent)
            if error := intent.get("last_payment_error"):
                self._note_stripe_decline(error)
            if intent.get("status") == SUCCEEDED:
                self.autopay_code = self.autopay_class = self.stripe_advice = False
        result = super()._apply_updates(payment_data)
        if intent and intent.get("status") == REQUIRES_ACTION:
            # Core keeps the state as it is, so nothing else tells the attempt.
            self._follow_autopay()
        return result

    def _extract_token_values(self, payment_data):
        """Keep what may be known of the card."""
        values = super()._extract_token_values(payment_data)
        method = payment_data.get("payment_method")
        if (
            self.provider_code == "stripe"
            and isinstance(method, dict)
            and values.get("stripe_payment_method") == method.get("id")
        ):
            values.update(self.env["payment.token"]._prepare_stripe_card_vals(method))
        return values

    def _get_autopay_outcome(self):
        """The customer can confirm what the bank does not take without them (P45)."""
        if self.provider_code == "stripe" and self._needs_authentication():
            return ACTION_NEEDED, False
        return super()._get_autopay_outcome()

    def _needs_authentication(self):
        """Whether the bank wants the customer to be there."""
        self.ensure_one()
        if self.autopay_is_unknown:
            return False
        if self.state in ("draft", "pending"):
            return self.stripe_status == REQUIRES_ACTION
        return self.state == "error" and self.autopay_code == AUTHENTICATION_REQUIRED
