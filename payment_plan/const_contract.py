"""The words of contracts: terms, clauses and the placeholders of their texts."""

from .tools.terms import FIXED, NONE, PERCENT

CALENDAR_DAYS = "calendar"
BUSINESS_DAYS = "business"

GRACE_UNITS = [(CALENDAR_DAYS, "Calendar days"), (BUSINESS_DAYS, "Business days")]

FEE_KINDS = [
    (NONE, "No fee"),
    (FIXED, "Fixed amount"),
    (PERCENT, "Percentage"),
]

# What may follow when payments stay away.
HOLD = "hold"
RELEASE = "release"
ALL_DUE = "all_due"

MISSED_ACTIONS = [
    (NONE, "Nothing is agreed on"),
    (HOLD, "Session and delivery wait until what is due is paid"),
    (RELEASE, "The date is released, as if the customer had canceled"),
    (ALL_DUE, "Everything that is open becomes due"),
]

# What is kept of the price when the customer cancels.
KEEP_DEPOSIT = "deposit"
KEEP_PERCENT = "percent"

KEEP_KINDS = [(KEEP_DEPOSIT, "The deposit"), (KEEP_PERCENT, "A share of the total")]

REFUND = "refund"
REFUND_OR_DATE = "refund_or_date"

PROVIDER_CANCELS = [
    (NONE, "Nothing is agreed on"),
    (REFUND, "Everything paid is refunded, the deposit included"),
    (REFUND_OR_DATE, "Full refund or another date, as the customer chooses"),
]

# The consumer's right to withdraw from a contract at a distance (EU).
WITHDRAW_14 = "days_14"
WITHDRAW_EXEMPT = "exempt"

WITHDRAWALS = [
    (NONE, "Nothing is stated"),
    (WITHDRAW_14, "Within 14 days, without reasons"),
    (WITHDRAW_EXEMPT, "None: leisure on an agreed day"),
]

# What a clause is about: each kind is in the contract when its setting is on.
DEPOSIT = "deposit"
SCHEDULE = "schedule"
AUTOPAY = "autopay"
LATE_FEE = "late_fee"
GRACE = "grace"
MISSED_PAYMENT = "missed_payment"
CANCELLATION = "cancellation"
RESCHEDULING = "rescheduling"
DELIVERY = "delivery"
PROVIDER = "provider_cancels"
WITHDRAWAL = "withdrawal"
GOVERNING_LAW = "governing_law"
FREE = "free"

CLAUSE_KINDS = [
    (DEPOSIT, "Deposit"),
    (SCHEDULE, "Schedule and obligation"),
    (AUTOPAY, "Automatic payment"),
    (GRACE, "Grace"),
    (LATE_FEE, "Late fee"),
    (MISSED_PAYMENT, "Missed payments"),
    (CANCELLATION, "Cancellation"),
    (RESCHEDULING, "Rescheduling"),
    (DELIVERY, "Delivery on full payment"),
    (PROVIDER, "Provider cancels"),
    (WITHDRAWAL, "Right of withdrawal"),
    (GOVERNING_LAW, "Governing law"),
    (FREE, "Anything else"),
]

#: Kinds whose setting is on the plan itself, not in its terms.
PLAN_KINDS = (DEPOSIT, SCHEDULE, AUTOPAY)

#: What a text of a kind must state, so that it cannot differ from the setting.
REQUIRED_PLACEHOLDERS = {
    DEPOSIT: "deposit",
    SCHEDULE: "installments",
    AUTOPAY: "autopay",
    LATE_FEE: "late_fee",
    GRACE: "grace",
    MISSED_PAYMENT: "missed_payment",
    CANCELLATION: "cancellation",
    RESCHEDULING: "rescheduling",
    PROVIDER: "provider_cancels",
    WITHDRAWAL: "withdrawal",
    GOVERNING_LAW: "law",
}

#: Placeholders of any text.
GENERAL_PLACEHOLDERS = (
    "company",
    "customer",
    "order",
    "plan",
    "total",
    "session",
    "last_due",
    "schedule",
)

#: Placeholders of one kind: elsewhere they would state what may not be agreed on.
KIND_PLACEHOLDERS = {
    **{kind: (name,) for kind, name in REQUIRED_PLACEHOLDERS.items()},
    SCHEDULE: ("installments", "interest", "obligation"),
}

#: A file to be verified that is larger is no contract of ours.
MOST_VERIFIED_BYTES = 20 * 1024 * 1024
