"""The words of payment plans, once."""

from .tools.spread import EVEN, LAST, NEXT, PRO_RATA
from .tools.terms import (
    BACK_FROM_SESSION,
    BY_MILESTONE,
    DAYS,
    FIXED,
    FROM_DATE,
    FROM_SIGNATURE,
    IN_TURN,
    LARGER,
    MONTHS,
    NONE,
    PERCENT,
    REDUCE,
    REFUSE,
    REMAINING,
    WEEKS,
)

# How a plan is built.
FULL = "full"
INSTALLMENTS = "installments"
PROGRESSIVE = "progressive"
CUSTOM = "custom"
FINANCED = "financed"

STRUCTURES = [
    (FULL, "Paid in full"),
    (INSTALLMENTS, "Deposit and equal installments"),
    (PROGRESSIVE, "Deposit and percentages"),
    (CUSTOM, "Deposit and single steps"),
    (FINANCED, "Financed by a partner"),
]

#: Paid in parts.
SPLIT_STRUCTURES = (INSTALLMENTS, PROGRESSIVE, CUSTOM)

DEPOSIT_KINDS = [
    (NONE, "No deposit"),
    (PERCENT, "Percentage of the total"),
    (FIXED, "Fixed amount"),
    (LARGER, "Percentage, but at least an amount"),
]

DISCOUNT_KINDS = [
    (NONE, "No discount"),
    (PERCENT, "Percentage of the total"),
    (FIXED, "Fixed amount"),
]

STEP_KINDS = [
    (PERCENT, "Percentage of the total"),
    (FIXED, "Fixed amount"),
    (REMAINING, "What remains"),
]

STEP_DUES = [
    (IN_TURN, "Next interval"),
    (FROM_SIGNATURE, "Days after the signature"),
    (BACK_FROM_SESSION, "Days before the session"),
    (FROM_DATE, "On a date"),
    (BY_MILESTONE, "At a milestone"),
]

STARTS = [
    (FROM_SIGNATURE, "From the signature on"),
    (FROM_DATE, "From a date on"),
    (BACK_FROM_SESSION, "Back from the session"),
    (BY_MILESTONE, "By milestones"),
]

UNITS = [(DAYS, "Days"), (WEEKS, "Weeks"), (MONTHS, "Months")]

CUTOFF_RULES = [
    (REDUCE, "Offer fewer installments"),
    (REFUSE, "Do not offer the plan"),
]

# Whether the customer allows automatic payments when signing.
AUTOPAY_OFF = "off"
AUTOPAY_OPTIONAL = "optional"
AUTOPAY_REQUIRED = "required"

AUTOPAY_MODES = [
    (AUTOPAY_OFF, "Not offered"),
    (AUTOPAY_OPTIONAL, "Offered"),
    (AUTOPAY_REQUIRED, "Required"),
]

# Whether the customer may stop, losing the deposit, or owes everything.
MAY_STOP = "may_stop"
MUST_PAY = "must_pay"

OBLIGATIONS = [
    (MAY_STOP, "The customer may stop; the cancellation terms say what it costs"),
    (MUST_PAY, "The customer owes the whole amount"),
]

# States of a plan.
OFFERED = "offered"
SIGNED = "signed"
ACTIVE = "active"
COMPLETED = "completed"
CANCELED = "canceled"

PLAN_STATES = [
    (OFFERED, "Offered"),
    (SIGNED, "Signed"),
    (ACTIVE, "Running"),
    (COMPLETED, "Paid in full"),
    (CANCELED, "Canceled"),
]

#: The customer is bound by a signature.
BOUND_STATES = (SIGNED, ACTIVE, COMPLETED)

# Kinds of payment in a plan: `tools.lines` names them.
LINE_KINDS = [
    ("deposit", "Deposit"),
    ("installment", "Installment"),
    ("full", "Whole amount"),
]

# States of an installment; all but a few are read from its invoice.
WAITING = "waiting"
SCHEDULED = "scheduled"
DUE = "due"
OVERDUE = "overdue"
PROCESSING = "processing"
PAID = "paid"
DISPUTED = "disputed"
CREDITED = "credited"
LINE_CANCELED = "canceled"

LINE_STATES = [
    (WAITING, "Waits for its milestone"),
    (SCHEDULED, "Scheduled"),
    (DUE, "Due today"),
    (OVERDUE, "Overdue"),
    (PROCESSING, "Payment in progress"),
    (PAID, "Paid"),
    (CREDITED, "Credited"),
    (DISPUTED, "Disputed"),
    (LINE_CANCELED, "Canceled"),
]

#: A payment that money can still be used for.
OPEN_LINES = (WAITING, SCHEDULED, DUE, OVERDUE)

# On which payments money is used that is paid beyond what is due.
SPREADS = [
    (NEXT, "The next payments"),
    (LAST, "The last payments"),
    (EVEN, "All open payments, evenly"),
]

# On which payments of a divided invoice a credit note is used.
CREDIT_SPREADS = [
    (LAST, "The last payments first"),
    (NEXT, "The next payments first"),
    (PRO_RATA, "All open payments, in proportion"),
]

#: Payment providers refuse less than about fifty of the smallest units of money.
SMALLEST_CHARGE_UNITS = 50

# What happened to a plan; evidence of the signature.
EVENT_SENT = "sent"
EVENT_OPENED = "opened"
EVENT_CHOSEN = "chosen"
EVENT_CONSENTED = "consented"
EVENT_WITHDRAWN = "withdrawn"
EVENT_SIGNED = "signed"
EVENT_COUNTERSIGNED = "countersigned"
EVENT_FILED = "filed"
EVENT_CANCELED = "canceled"

EVENT_KINDS = [
    (EVENT_SENT, "Contract sent"),
    (EVENT_OPENED, "Page opened"),
    (EVENT_CHOSEN, "Plan chosen"),
    (EVENT_CONSENTED, "Automatic payment allowed"),
    (EVENT_WITHDRAWN, "Automatic payment withdrawn"),
    (EVENT_SIGNED, "Signed by the customer"),
    (EVENT_COUNTERSIGNED, "Countersigned"),
    (EVENT_FILED, "Contract filed"),
    (EVENT_CANCELED, "Canceled"),
]

#: More installments than these in a written agreement can be consumer credit in the US
#: (Regulation Z, 12 CFR 1026.2(a)(17)); the deposit is not counted.
MOST_WITHOUT_APPROVAL = 4

#: Providers by which the customer only promises to pay, with no answer to wait for.
MANUAL_PROVIDERS = ("none", "custom")
