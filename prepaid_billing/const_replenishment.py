"""The words of replenishment, once: budgets and their types share them."""

from .tools.replenishment import FIXED, MONTHS, TARGET, WEEKS

# What happens when a balance is low.
POLICY_ONE_OFF = "one_off"
POLICY_THRESHOLD = "threshold"
POLICY_CALENDAR = "calendar"

POLICIES = [
    (POLICY_ONE_OFF, "One-off: only tell the responsible"),
    (POLICY_THRESHOLD, "Replenish below the threshold"),
    (POLICY_CALENDAR, "Replenish by calendar only; tell when low"),
]

# How far a replenishment goes by itself.
ACTION_NOTIFY = "notify"
ACTION_DRAFT = "draft"
ACTION_POST = "post"
ACTION_CHARGE = "charge"

ACTIONS = [
    (ACTION_NOTIFY, "Tell the responsible"),
    (ACTION_DRAFT, "Prepare a draft invoice"),
    (ACTION_POST, "Post and send the invoice"),
    (ACTION_CHARGE, "Post, send and charge automatically"),
]

# How much is asked for.
METHODS = [(FIXED, "A fixed amount"), (TARGET, "Up to a target")]

# What the calendar is counted in.
CALENDAR_UNITS = [(WEEKS, "Weeks"), (MONTHS, "Months")]
