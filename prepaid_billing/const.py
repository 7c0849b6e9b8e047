"""The words of prepaid billing, once."""

# Kinds of ledger entries. A kind says why the balance moved.
CREDIT = "credit"
CONSUME = "consume"
RELEASE = "release"
REFUND = "refund"
WITHDRAW = "withdraw"
REINSTATE = "reinstate"
GRANT = "grant"
ADJUST = "adjust"
TRANSFER = "transfer"
EXPIRE = "expire"
UNEXPIRE = "unexpire"
EXTEND = "extend"

#: Work, and what is given back of it.
USE_KINDS = (CONSUME, RELEASE)

ENTRY_KINDS = [
    (CREDIT, "Top-up"),
    (CONSUME, "Deducted"),
    (RELEASE, "Returned"),
    (REFUND, "Credit note"),
    (WITHDRAW, "Payment withdrawn"),
    (REINSTATE, "Payment received again"),
    (GRANT, "Free credit"),
    (ADJUST, "Adjustment"),
    (TRANSFER, "Transfer"),
    (EXPIRE, "Expired"),
    (UNEXPIRE, "Expiry undone"),
    (EXTEND, "Validity extended"),
]

#: Kinds that change how much of its invoice a lot has been given.
LOT_KINDS = (CREDIT, GRANT, REFUND, WITHDRAW, REINSTATE)
#: Kinds that take credit off a lot for good although its invoice still gives it.
WITHHOLDING_KINDS = (EXPIRE, UNEXPIRE, ADJUST)

# States of a lot.
LOT_PENDING = "pending"
LOT_ACTIVE = "active"
LOT_CLOSED = "closed"
# Only shown: an active lot of which nothing is left.
LOT_USED = "used"

LOT_STATES = [
    (LOT_PENDING, "Waiting for payment"),
    (LOT_ACTIVE, "Usable"),
    (LOT_CLOSED, "Closed"),
]

# Shown and stored: the validity of the lot has passed, grace days included.
LOT_EXPIRED = "expired"

# Where the credit of a lot comes from.
LOT_PURCHASED = "purchased"
LOT_GRANTED = "granted"

LOT_ORIGINS = [(LOT_PURCHASED, "Bought"), (LOT_GRANTED, "Free")]

# Units that a budget is kept in.
UNIT_MONEY = "money"
UNIT_HOURS = "hours"

UNITS = [(UNIT_MONEY, "Money"), (UNIT_HOURS, "Hours")]

# What the validity of a pack is counted in.
VALIDITY_DAYS = "days"
VALIDITY_MONTHS = "months"

VALIDITY_UNITS = [(VALIDITY_DAYS, "Days"), (VALIDITY_MONTHS, "Months")]

# In which order lots are used. Priority always decides first.
ORDER_EXPIRY = "expiry"
ORDER_FREE_FIRST = "free_first"
ORDER_PAID_FIRST = "paid_first"

CONSUMPTION_ORDERS = [
    (ORDER_EXPIRY, "Earliest expiry first"),
    (ORDER_FREE_FIRST, "Free credit first"),
    (ORDER_PAID_FIRST, "Paid credit first"),
]

# By which rule work found its lots, where one of them can expire.
MATCH_VALID = "valid"
MATCH_GRACE = "grace"
MATCH_NEXT = "next"

MATCH_RULES = [
    (MATCH_VALID, "Within validity"),
    (MATCH_GRACE, "Within the grace days"),
    (MATCH_NEXT, "Too late for the credit of that day: the next was used"),
]

# Life of a budget.
BUDGET_OPEN = "open"
BUDGET_CLOSING = "closing"
BUDGET_CLOSED = "closed"

BUDGET_STATES = [
    (BUDGET_OPEN, "Open"),
    (BUDGET_CLOSING, "Being closed"),
    (BUDGET_CLOSED, "Closed"),
]

# What happens to the rest when a budget is closed.
CLOSE_REFUND = "refund"
CLOSE_TRANSFER = "transfer"
CLOSE_FORFEIT = "forfeit"

CLOSE_CHOICES = [
    (CLOSE_REFUND, "Give it back: credit notes"),
    (CLOSE_TRANSFER, "Move it to another budget"),
    (CLOSE_FORFEIT, "Let it lapse"),
]

# When the credit of a pack counts.
USABLE_PAID = "paid"
USABLE_POSTED = "posted"

USABLE_WHEN = [
    (USABLE_PAID, "The invoice is paid"),
    (USABLE_POSTED, "The invoice is posted"),
]

# What a partial payment gives.
PART_NOTHING = "nothing"
PART_PROPORTION = "proportion"

PART_PAYMENTS = [
    (PART_NOTHING, "Nothing until the invoice is settled"),
    (PART_PROPORTION, "The part that is paid"),
]

#: Automatic payments that fail in a row until nothing is charged any more (B20).
MAX_CHARGE_FAILURES = 3
#: Version of what customers agree to who allow automatic top-ups of one budget.
CHARGE_CONSENT_VERSION = "top-up 1"

# Where the rate of a piece of time comes from.
RATE_SALE_LINE = "sale_line"
RATE_BUDGET = "budget"
RATE_PRICELIST = "pricelist"
RATE_ZERO = "zero"
RATE_HOURS = "hours"

RATE_SOURCES = [
    (RATE_SALE_LINE, "Sales order item"),
    (RATE_BUDGET, "Rate of the budget"),
    (RATE_PRICELIST, "Price list"),
    (RATE_ZERO, "Not billable"),
    (RATE_HOURS, "Counted in hours"),
]

# States of an episode below the threshold.
EPISODE_OPEN = "open"
EPISODE_SUPPRESSED = "suppressed"
EPISODE_DONE = "done"

EPISODE_STATES = [
    (EPISODE_OPEN, "Open"),
    (EPISODE_SUPPRESSED, "Suppressed"),
    (EPISODE_DONE, "Done"),
]

# What asks for a top-up.
TRIGGER_LOW = "low"
TRIGGER_CALENDAR = "calendar"

TRIGGERS = [(TRIGGER_LOW, "Low balance"), (TRIGGER_CALENDAR, "Calendar")]

#: Days before the end of a contract from which on nothing is invoiced any more.
ENDING_DAYS = 14

# What people are told by mail.
NOTICE_LOW = "low"
NOTICE_EXPIRY = "expiry"

NOTICE_KINDS = [
    (NOTICE_LOW, "Low balance"),
    (NOTICE_EXPIRY, "Credit expires"),
]

#: What is told after the commit: a notice, an event.
PENDING = "pending"
NOTICE_PENDING = PENDING
NOTICE_SENT = "sent"
NOTICE_FAILED = "failed"

NOTICE_STATES = [
    (NOTICE_PENDING, "To send"),
    (NOTICE_SENT, "Sent"),
    (NOTICE_FAILED, "Not sent"),
]

#: Times that a notice is tried to be mailed.
MAX_MAIL_TRIES = 5
#: Days before its last day on which a lot is warned of.
WARNING_DAYS = (30, 7, 1)

# What customers may order by themselves in the portal.
PORTAL_NONE = "none"
PORTAL_PACKS = "packs"
PORTAL_AMOUNT = "amount"

PORTAL_TOP_UPS = [
    (PORTAL_NONE, "Not possible"),
    (PORTAL_PACKS, "Offered packs"),
    (PORTAL_AMOUNT, "Offered packs, or any amount within limits"),
]

# What happens to budgets, told to other programs.
EVENT_LOW = "low"
EVENT_ALERT = "alert"
EVENT_INVOICED = "invoiced"
EVENT_REPLENISHED = "replenished"
EVENT_SUSPENDED = "suspended"
EVENT_EXPIRING = "expiring"

EVENT_KINDS = [
    (EVENT_LOW, "Balance below the threshold"),
    (EVENT_ALERT, "Balance below the amount of an alert"),
    (EVENT_INVOICED, "Top-up invoice made by itself"),
    (EVENT_REPLENISHED, "Replenished: bought credit arrived"),
    (EVENT_SUSPENDED, "Automatic charging suspended"),
    (EVENT_EXPIRING, "Credit about to expire"),
]

EVENT_PENDING = PENDING
EVENT_PUBLISHED = "published"
EVENT_FAILED = "failed"

EVENT_STATES = [
    (EVENT_PENDING, "To publish"),
    (EVENT_PUBLISHED, "Published"),
    (EVENT_FAILED, "Failed"),
]

#: Times that an event is tried to be published.
MAX_EVENT_TRIES = 5

#: Written by the ledger and the nightly job, never by a person or over RPC.
LEDGER_FIELDS = frozenset(
    {
        "balance",
        "state",
        "close_reason",
        "lock_seq",
        "consume_note",
        "replenish_note",
        "is_replenish_failed",
        "replenish_checked_on",
        "calendar_next",
        "shortage_invoice_id",
        "charge_failures",
        "charge_mark",
        "is_charge_suspended",
        "is_low_told",
    }
)
