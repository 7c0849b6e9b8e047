"""The words of Stripe that automatic payment needs, once."""

from odoo.addons.payment_stripe.const import API_VERSION

#: Objects that core processes must look as in its version of the API.
CORE_VERSION = {"stripe_version": API_VERSION}
#: How long Stripe remembers an idempotency key is at least 24 hours; one is for safety.
#: Source: https://docs.stripe.com/api/idempotent_requests
RESEND_HOURS = 23
#: Seconds to wait for an answer to a question of ours.
TIMEOUT = 20
RETRIES = 2

# Statuses of a payment intent.
# Source: https://docs.stripe.com/payments/paymentintents/lifecycle
PROCESSING = "processing"
REQUIRES_ACTION = "requires_action"
SUCCEEDED = "succeeded"
#: Nothing was taken, and nothing will be unless somebody goes on with the form.
CLOSABLE_STATUSES = (
    "requires_payment_method",
    "requires_confirmation",
    REQUIRES_ACTION,
)

#: Operations of transactions that are not about a payment intent of their own.
WITHOUT_INTENT = ("refund", "validation")

AUTHENTICATION_REQUIRED = "authentication_required"

#: Listed at night: it tells when an intent succeeded.
EVENT_SUCCEEDED = "payment_intent.succeeded"
#: Events that core does not handle.
EVENT_ACTION = "payment_intent.requires_action"
EVENT_CARD = "payment_method.automatically_updated"
EVENT_DISPUTES = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
)
MORE_EVENTS = (EVENT_ACTION, EVENT_CARD, *EVENT_DISPUTES)

# States of a dispute.
DISPUTE_INQUIRY = "inquiry"
DISPUTE_OPEN = "needs_response"
DISPUTE_REVIEW = "under_review"
DISPUTE_WON = "won"
DISPUTE_LOST = "lost"
DISPUTE_INQUIRY_CLOSED = "inquiry_closed"

DISPUTE_STATES = [
    (DISPUTE_INQUIRY, "Inquiry"),
    (DISPUTE_OPEN, "Needs a response"),
    (DISPUTE_REVIEW, "Under review"),
    (DISPUTE_WON, "Won"),
    (DISPUTE_LOST, "Lost"),
    (DISPUTE_INQUIRY_CLOSED, "Inquiry closed"),
]
#: Money was taken back, for now.
DISPUTE_OPEN_STATES = (DISPUTE_OPEN, DISPUTE_REVIEW)
DISPUTE_DECIDED_STATES = (DISPUTE_WON, DISPUTE_LOST)
#: Stripe's statuses. Source: https://docs.stripe.com/api/disputes/object
DISPUTE_STATUSES = {
    "warning_needs_response": DISPUTE_INQUIRY,
    "warning_under_review": DISPUTE_INQUIRY,
    "warning_closed": DISPUTE_INQUIRY_CLOSED,
    "needs_response": DISPUTE_OPEN,
    "under_review": DISPUTE_REVIEW,
    "won": DISPUTE_WON,
    "prevented": DISPUTE_WON,
    "lost": DISPUTE_LOST,
}

#: Names of card brands. Source: https://docs.stripe.com/api/payment_methods/object
CARD_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
#: Days before its expiry on which a customer is told about a card (P50).
EXPIRY_DAYS = (30, 7)
#: How many days the nightly comparison looks back.
RECONCILE_DAYS = 3
#: How many days a form that a customer left is tried to be closed.
FORM_DAYS = 3
#: A refund of which Stripe knows nothing after this time was not made.
REFUND_HOURS = 24
