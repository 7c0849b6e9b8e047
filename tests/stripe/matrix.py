"""The fault matrix: what goes wrong, when the worker dies, when webhooks come.

Each cell says beforehand whether Stripe takes the money and where the invoice ends.
"""

from dataclasses import dataclass, field
from itertools import product

from ..support import stripe_account as stand_in

STOLEN = "4000000000009979"

#: Seconds that a worker waits for an answer which comes late; Odoo itself waits 10.
TIMEOUT = 0.7
LATE = 1.1

# When the worker is killed. Commit 1 writes attempt and transaction, then that they are
# sent; commit 2 the answer; commit 3 books it. Between 1 and 2: Stripe has answered.
BEFORE_1 = "kill_before_1"
BEFORE_SENT = "kill_before_sent"
BEFORE_ASKING = "kill_before_asking"
BETWEEN_1_AND_2 = "kill_between_1_and_2"
BETWEEN_2_AND_3 = "kill_between_2_and_3"
NO_KILL = "no_kill"
KILLS = (BEFORE_1, BEFORE_ASKING, BETWEEN_1_AND_2, BETWEEN_2_AND_3, NO_KILL)

# When webhooks come: before the answer reaches the worker, after the worker ended, at
# both times, or never.
FIRST = "webhook_first"
LATER = "webhook_late"
TWICE = "webhook_twice"
NEVER = "webhook_never"
WEBHOOKS = (FIRST, LATER, TWICE, NEVER)


@dataclass(frozen=True)
class End:
    """What Odoo must say when all is over."""

    is_paid: bool
    transaction: str
    attempt: str
    decline_class: str | bool
    collection: str
    message: str
    #: Days until the date on the automatic payment, if there is one.
    days: int | None = None


PAID = End(True, "done", "succeeded", False, "done", "receipt")
DECLINED_SOFT = End(False, "error", "declined", "funds", "scheduled", "retry", days=1)
DECLINED_HARD = End(False, "error", "declined", "hard", "failed", "method")
#: The design: the customer confirms, or the attempt expires days later (P45).
ACTION_NEEDED = End(
    False, "error", "action_needed", False, "in_progress", "confirm", days=0
)


@dataclass(frozen=True)
class Fault:
    """One way in which a charge goes wrong, or not."""

    name: str
    end: End = PAID
    number: str = stand_in.VISA
    #: What the edge does to the first request for a charge.
    strike: dict = field(default_factory=dict, hash=False)
    #: The charge takes its time, and this card decides.
    settled_by: str = ""


FAULTS = (
    Fault("nothing"),
    Fault("lost", strike={"kind": "drop"}),
    Fault("slow", strike={"kind": "delay", "seconds": LATE}),
    Fault("error_500_after_charge", strike={"kind": "fail_after", "status": 500}),
    Fault("error_500_before_charge", strike={"kind": "fail", "status": 500}),
    Fault("error_502", strike={"kind": "fail_after", "status": 502}),
    Fault("decline_soft", DECLINED_SOFT, stand_in.INSUFFICIENT_FUNDS),
    Fault("decline_hard", DECLINED_HARD, STOLEN),
    Fault("authentication", ACTION_NEEDED, stand_in.NEEDS_AUTHENTICATION),
    Fault("processing_then_success", settled_by=stand_in.VISA),
    Fault(
        "processing_then_failure",
        DECLINED_SOFT,
        settled_by=stand_in.INSUFFICIENT_FUNDS,
    ),
)


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix."""

    fault: Fault
    kill: str
    webhook: str

    def __str__(self):
        return f"{self.fault.name}-{self.kill}-{self.webhook}"

    @property
    def states_at_death(self) -> tuple[str | None, ...]:
        """Return what the attempt may say when the worker is dead; None: no attempt.

        It proves that the worker died where it was to die.
        """
        answered = ("processing", "unknown", "action_needed", "succeeded", "declined")
        if self.kill == BEFORE_1:
            return (None,)
        if self.kill == BEFORE_SENT:
            return ("new",)
        if self.kill == BEFORE_ASKING:
            return ("sent",)
        if self.kill == BETWEEN_1_AND_2 and self.webhook in (LATER, NEVER):
            return ("sent",)
        if self.kill == BETWEEN_1_AND_2:
            return ("sent", *answered)
        return answered


#: Beside the matrix: what follows on the next day.
RETRY = Cell(Fault("retry", DECLINED_SOFT, stand_in.INSUFFICIENT_FUNDS), NO_KILL, LATER)
CELLS = (
    *(Cell(*parts) for parts in product(FAULTS, KILLS, WEBHOOKS)),
    # Nothing was asked yet, so that faults and webhooks differ little.
    *(Cell(fault, BEFORE_SENT, LATER) for fault in FAULTS),
)
