"""The words of the accounting of prepaid credit."""

from .const import ADJUST, CREDIT, EXPIRE, GRANT, REFUND, REINSTATE, UNEXPIRE, WITHDRAW

# When sold credit becomes income.
INCOME_AT_ONCE = "at_once"
INCOME_WHEN_USED = "when_used"

REVENUE_POLICIES = [
    (INCOME_AT_ONCE, "When it is sold: income at once"),
    (INCOME_WHEN_USED, "When it is used: a liability until then"),
]

# How far apart the journal entries are that turn used credit into income.
PERIOD_DAY = "day"
PERIOD_MONTH = "month"

RECOGNITION_PERIODS = [
    (PERIOD_DAY, "One journal entry a day"),
    (PERIOD_MONTH, "One journal entry a month, when it is over"),
]

# Why the liability for a lot becomes more or less.
PART_USED = "used"
PART_LAPSED = "lapsed"
PART_MOVED = "moved"
PART_CREDITED = "credited"
PART_PAID = "paid"

RECOGNITION_PARTS = [
    (PART_USED, "Used: income"),
    (PART_LAPSED, "Lapsed: breakage"),
    (PART_MOVED, "Moved to another lot"),
    (PART_CREDITED, "Difference of a credit note"),
    (PART_PAID, "Paid an invoice"),
]

#: Kinds of ledger entries by which credit lapses: nobody gets anything for it.
LAPSE_KINDS = (EXPIRE, UNEXPIRE, ADJUST)
#: Kinds by which a lot follows its invoice: the invoice itself is booked.
INVOICE_KINDS = (CREDIT, GRANT, REFUND, WITHDRAW, REINSTATE)

#: Types of accounts that can hold what is owed to customers.
LIABILITY_TYPES = ("liability_current", "liability_non_current")
#: Types of accounts that income from credit can be booked on.
INCOME_TYPES = ("income", "income_other")

#: Age of credit in days, upper limits of the columns of the report.
AGE_LIMITS = (30, 90, 180, 365)
