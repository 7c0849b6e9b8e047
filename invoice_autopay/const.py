"""The words of automatic payment, once."""

# States of an attempt. An attempt is open until its answer is final.
NEW = "new"
SENT = "sent"
PROCESSING = "processing"
ACTION_NEEDED = "action_needed"
UNKNOWN = "unknown"
SUCCEEDED = "succeeded"
DECLINED = "declined"
DROPPED = "dropped"

ATTEMPT_STATES = [
    (NEW, "Ready to send"),
    (SENT, "Sent"),
    (PROCESSING, "Processing"),
    (ACTION_NEEDED, "Customer must confirm"),
    (UNKNOWN, "Answer unknown"),
    (SUCCEEDED, "Succeeded"),
    (DECLINED, "Declined"),
    (DROPPED, "Not sent"),
]

#: While an invoice has an attempt in one of these states, no other is made.
OPEN_STATES = (NEW, SENT, PROCESSING, ACTION_NEEDED, UNKNOWN)
#: Open, and no money was taken yet: it can be dropped.
UNPAID_STATES = (NEW, ACTION_NEEDED)
#: Open, and the provider may have taken the money.
ASKED_STATES = (SENT, PROCESSING, UNKNOWN)
ENDED_STATES = (SUCCEEDED, DECLINED, DROPPED)

# Classes of decline: what a retry can hope for.
FUNDS = "funds"
SOFT = "soft"
HARD = "hard"
UNCLEAR = "unclear"
EXPIRED = "expired"

DECLINE_CLASSES = [
    (FUNDS, "Insufficient funds"),
    (SOFT, "Temporary"),
    (HARD, "Final: another method is needed"),
    (UNCLEAR, "Reason not known"),
    (EXPIRED, "Not confirmed by the customer in time"),
]

# What follows when the retries of a class are used up.
THEN_METHOD = "method"
THEN_STAFF = "staff"

THEN_ACTIONS = [
    (THEN_METHOD, "Ask the customer for another method"),
    (THEN_STAFF, "Leave it to the responsible"),
]

# States of the collection of an invoice.
SCHEDULED = "scheduled"
IN_PROGRESS = "in_progress"
HELD = "held"
FAILED = "failed"
DONE = "done"
STOPPED = "stopped"

COLLECTION_STATES = [
    (SCHEDULED, "Scheduled"),
    (IN_PROGRESS, "In progress"),
    (HELD, "On hold"),
    (FAILED, "Failed"),
    (DONE, "Paid"),
    (STOPPED, "Stopped"),
]

# States of a mandate.
MANDATE_ACTIVE = "active"
MANDATE_WITHDRAWN = "withdrawn"

MANDATE_STATES = [
    (MANDATE_ACTIVE, "Active"),
    (MANDATE_WITHDRAWN, "Withdrawn"),
]

# Where a consent or its withdrawal was given.
ORIGIN_PORTAL = "portal"
ORIGIN_CONTRACT = "contract"
ORIGIN_STAFF = "staff"
ORIGIN_SYSTEM = "system"

ORIGINS = [
    (ORIGIN_PORTAL, "Customer, in the portal"),
    (ORIGIN_CONTRACT, "Customer, in a signed contract"),
    (ORIGIN_STAFF, "Back office, on behalf of the customer"),
    (ORIGIN_SYSTEM, "The system"),
]

# What happened to a mandate after it was given.
EVENT_GRANTED = "granted"
EVENT_METHOD = "method"
EVENT_WITHDRAWN = "withdrawn"

MANDATE_EVENTS = [
    (EVENT_GRANTED, "Given"),
    (EVENT_METHOD, "Payment method changed"),
    (EVENT_WITHDRAWN, "Withdrawn"),
]

# Messages to the customer.
TELL_NOTICE = "notice"
TELL_RECEIPT = "receipt"
TELL_RETRY = "retry"
TELL_METHOD = "method"
TELL_CONFIRM = "confirm"
TELL_LIMIT = "limit"
TELL_EXPIRY = "expiry"

MESSAGE_KINDS = [
    (TELL_NOTICE, "Notice before the charge"),
    (TELL_RECEIPT, "Receipt"),
    (TELL_RETRY, "Declined, tried again later"),
    (TELL_METHOD, "Another payment method is needed"),
    (TELL_CONFIRM, "Payment to be confirmed"),
    (TELL_LIMIT, "Amount above what was allowed"),
    (TELL_EXPIRY, "Card about to expire"),
]
