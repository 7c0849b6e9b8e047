"""The words of prepaid billing, once."""

# Kinds of ledger entries. A kind says why the balance moved.
CREDIT = "credit"
CONSUME = "consume"
RELEASE = "release"
REFUND = "refund"
WITHDRAW = "withdraw"
REINSTATE = "reinstate"

ENTRY_KINDS = [
    (CREDIT, "Top-up"),
    (CONSUME, "Time deducted"),
    (RELEASE, "Time returned"),
    (REFUND, "Credit note"),
    (WITHDRAW, "Payment withdrawn"),
    (REINSTATE, "Payment received again"),
]

#: Kinds that change how much of its invoice a lot has been given.
LOT_KINDS = (CREDIT, REFUND, WITHDRAW, REINSTATE)

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

RATE_SOURCES = [
    (RATE_SALE_LINE, "Sales order item"),
    (RATE_BUDGET, "Rate of the budget"),
    (RATE_PRICELIST, "Price list"),
    (RATE_ZERO, "Not billable"),
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
