"""What a schedule consists of: the output of the arithmetic."""

from dataclasses import dataclass
from datetime import date

from .messages import Note
from .terms import IN_TURN

DEPOSIT = "deposit"
INSTALLMENT = "installment"
FULL = "full"


@dataclass(frozen=True)
class Line:
    """One payment: the deposit is number 0, installments count from 1.

    ``planned`` is the day by the rule, ``due`` the day after the shift to a business
    day; both are None until a milestone is confirmed. ``timed_by`` is the kind of the
    step's :class:`~.terms.Due`.
    """

    kind: str
    amount: int
    due: date | None = None
    planned: date | None = None
    timed_by: str = IN_TURN
    milestone: object = None
    number: int = 0

    def is_due(self, today):
        """Whether it may be collected; never before its milestone is confirmed."""
        return self.due is not None and self.due <= today

    def is_overdue(self, today):
        """Whether its day has gone by, grace apart."""
        return self.due is not None and self.due < today


@dataclass(frozen=True)
class Schedule:
    """All payments of an order, and what is to be said about them."""

    total: int
    lines: tuple[Line, ...]
    notes: tuple[Note, ...] = ()
    #: what paying in full saves; the total is what remains to be paid
    discount: int = 0
    #: what paying in parts costs; it is in the total
    surcharge: int = 0

    @property
    def deposit(self):
        """The amount of the deposit, 0 without one."""
        return sum(line.amount for line in self.lines if line.kind == DEPOSIT)

    @property
    def installments(self):
        """The lines after the deposit."""
        return tuple(line for line in self.lines if line.kind == INSTALLMENT)

    @property
    def is_paid_at_once(self):
        """Whether the signature's payment is all there is."""
        return not self.installments

    @property
    def last_due(self):
        """The last known due date."""
        return max((line.due for line in self.lines if line.due), default=None)
