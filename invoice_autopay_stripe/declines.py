"""What Stripe's codes say about another attempt. Data and one function, no ORM.

Sources: https://docs.stripe.com/declines/codes (decline codes and what to do next),
https://docs.stripe.com/error-codes (codes), https://docs.stripe.com/declines/card
(advice of the issuer and of the network).
"""

from odoo.addons.invoice_autopay.const import FUNDS, HARD, SOFT, UNCLEAR

from .const import AUTHENTICATION_REQUIRED

_FUNDS = (
    "card_velocity_exceeded",
    "insufficient_funds",
    "withdrawal_count_limit_exceeded",
)
_SOFT = (
    "approve_with_id",
    "issuer_not_available",
    "processing_error",
    "reenter_transaction",
    "try_again_later",
    # Codes of errors, not of declines.
    "api_connection_error",
    "lock_timeout",
    "rate_limit",
)
#: The issuer will never approve, or only other data of the card can help.
_HARD = (
    "bank_account_closed",
    "card_not_supported",
    "currency_not_supported",
    "do_not_try_again",
    "expired_card",
    "fraudulent",
    "highest_risk_level",
    "incorrect_address",
    "incorrect_cvc",
    "incorrect_number",
    "incorrect_pin",
    "incorrect_zip",
    "invalid_account",
    "invalid_cvc",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "invalid_pin",
    "lost_card",
    "merchant_blacklist",
    "mobile_device_authentication_required",
    "new_account_information_available",
    "not_permitted",
    "offline_pin_required",
    "online_or_offline_pin_required",
    "payment_method_not_available",
    "pickup_card",
    "pin_try_exceeded",
    "restricted_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "security_violation",
    "stolen_card",
    "stop_payment_order",
    "testmode_decline",
    "transaction_not_allowed",
    # Codes of errors: the method is gone at Stripe.
    "payment_method_unactivated",
    "resource_missing",
)
_UNCLEAR = (
    "call_issuer",
    "card_declined",
    "do_not_honor",
    "duplicate_transaction",
    "generic_decline",
    "invalid_amount",
    "no_action_taken",
    "service_not_allowed",
)

#: Class of decline by Stripe's decline code or error code.
CLASSES = {
    **dict.fromkeys(_FUNDS, FUNDS),
    **dict.fromkeys(_SOFT, SOFT),
    **dict.fromkeys(_HARD, HARD),
    **dict.fromkeys(_UNCLEAR, UNCLEAR),
}

#: Advice of the issuer that outweighs the code. "Try again later" does not make a code
#: that is known softer than it is.
ADVICE_HARD = ("do_not_try_again", "confirm_card_data")
ADVICE_SOFT = ("try_again_later",)
#: Advice of the network, two digits: other data of the card, never again, all stopped.
NETWORK_HARD = ("01", "03", "21")
#: Later: at once, after one hour, and up to ten days.
NETWORK_SOFT = ("02", "24", "25", "26", "27", "28", "29", "30")


def classify(error):
    """Return the class of a decline.

    :param dict error: Stripe's error, or an intent's `last_payment_error`
    :return: one of the classes of `invoice_autopay`; what is not known is unclear
    """
    advice = error.get("advice_code")
    network = error.get("network_advice_code")
    if advice in ADVICE_HARD or network in NETWORK_HARD:
        return HARD
    for name in ("decline_code", "code"):
        if known := CLASSES.get(error.get(name)):
            if known != UNCLEAR:
                return known
    if advice in ADVICE_SOFT or network in NETWORK_SOFT:
        return SOFT
    return UNCLEAR


def get_code(error):
    """Return the most telling code of an error.

    :param dict error: Stripe's error, or an intent's `last_payment_error`
    :return: str, possibly empty
    """
    codes = [code for code in (error.get("decline_code"), error.get("code")) if code]
    # Issuers name other reasons beside it; but this one tells what to do.
    if AUTHENTICATION_REQUIRED in codes:
        return AUTHENTICATION_REQUIRED
    return codes[0] if codes else ""


def get_advice(error):
    """Return the advice of issuer and network in one line.

    :param dict error: Stripe's error, or an intent's `last_payment_error`
    :return: str, possibly empty
    """
    advice = error.get("advice_code"), error.get("network_advice_code")
    return ", ".join(part for part in advice if part)
