"""The words of how budgets are drawn down."""

# When time is deducted.
MODE_MANUAL = "manual"
MODE_SAVE = "save"
MODE_SCHEDULE = "schedule"

CONSUMPTION_MODES = [
    (MODE_MANUAL, "By hand"),
    (MODE_SAVE, "As soon as time is saved"),
    (MODE_SCHEDULE, "By schedule"),
]
#: Modes in which nobody has to choose the time.
AUTOMATIC_MODES = (MODE_SAVE, MODE_SCHEDULE)

# What the schedule waits for.
DUE_APPROVED = "approved"
DUE_AGE = "age"
DUE_BOTH = "both"
DUE_EITHER = "either"

DUE_RULES = [
    (DUE_APPROVED, "Approval"),
    (DUE_AGE, "Some days after the work"),
    (DUE_BOTH, "Approval, and some days after the work"),
    (DUE_EITHER, "Approval, or some days after the work at the latest"),
]

# What somebody decided about a piece of time.
APPROVED = "approved"
REJECTED = "rejected"

APPROVALS = [(APPROVED, "Approved"), (REJECTED, "Rejected")]

# What the part of time is billed at that the credit does not cover.
OVERFLOW_SAME = "same"
OVERFLOW_OWN = "own"

OVERFLOW_POLICIES = [
    (OVERFLOW_SAME, "The rate of the sales order"),
    (OVERFLOW_OWN, "A rate of its own"),
]
