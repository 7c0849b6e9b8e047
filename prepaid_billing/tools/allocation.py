"""Which credit pays for which work.

Pure functions on whole smallest amounts of one currency; the models load the credit and
the work, and store the answer. The order of the credit is the caller's: lots come
sorted.
"""

from dataclasses import dataclass, field
from datetime import date

from .money import coverable

#: What happens when a budget cannot pay for a piece of work.
REFUSE = "refuse"  # the work is paid in whole or not at all
PARTIAL = "partial"  # what is there is used, the rest stays billable
OVERDRAFT = "overdraft"  # the budget goes below zero, up to a limit


@dataclass(frozen=True)
class Credit:
    """A lot: ``remaining`` smallest amounts, for work from one day to another."""

    id: int
    remaining: int
    date_from: date | None = None
    tax_key: frozenset | None = None
    #: last day of work that it pays for
    date_to: date | None = None

    def ends_before(self, work):
        """Whether a piece of work was done after the last day of this lot.

        :param Work work: the piece of work
        """
        return bool(self.date_to and work.work_date and work.work_date > self.date_to)

    def accepts(self, work):
        """Whether this lot may pay for a piece of work.

        :param Work work: the piece of work
        :return: False when the work was done before the lot starts or after it ends,
            or is taxed differently from the lot, whose tax is paid already
        """
        if self.ends_before(work):
            return False
        if self.date_from and work.work_date and work.work_date < self.date_from:
            return False
        taxes_known = self.tax_key is not None and work.tax_key is not None
        return not taxes_known or self.tax_key == work.tax_key


@dataclass(frozen=True)
class Work:
    """A piece of time: ``value`` smallest amounts for ``hours`` at ``rate``."""

    id: int
    value: int
    hours: float
    rate: float
    work_date: date | None = None
    tax_key: frozenset | None = None
    #: smallest number of hours its rest can be billed in, 0 if not billed by hours
    step: float = 0.0


@dataclass
class Cover:
    """The answer for one piece of work."""

    work: Work
    hours: float = 0.0
    value: int = 0
    takes: list[tuple[int, int]] = field(default_factory=list)  # (lot id, amount)
    is_accepted: bool = False
    #: what earlier works leave for this one, with what it may go below zero
    at_hand: int = 0

    @property
    def short(self):
        """Smallest amounts of the work that the budget does not pay for."""
        return self.work.value - self.value

    @property
    def debt(self):
        """Smallest amounts booked without any lot behind them: the overdraft."""
        return self.value - sum(amount for _lot, amount in self.takes)


def take(amount, remaining):
    """Take an amount from lots in their order.

    :param int amount: smallest amounts wanted, not negative
    :param dict remaining: lot id -> smallest amounts left, in the order of use; what is
        taken is subtracted from it
    :return: list of (lot id, amount taken), all amounts above zero, summing up to
        ``amount`` or to all that was there
    """
    takes = []
    for lot_id, left in remaining.items():
        used = min(left, amount)
        if used > 0:
            takes.append((lot_id, used))
            remaining[lot_id] = left - used
            amount -= used
        if not amount:
            break
    return takes


def plan(works, credits, policy, rounding, overdraft=0):
    """Say what each piece of work gets, in the order given.

    :param list works: :class:`Work`, first come first served
    :param list credits: :class:`Credit` in the order of use
    :param str policy: REFUSE, PARTIAL or OVERDRAFT
    :param float rounding: the smallest amount of the currency
    :param int overdraft: smallest amounts that the budget may still go below zero;
        only used by the policy OVERDRAFT
    :return: list of :class:`Cover`, one for each work, in the same order
    """
    remaining = {credit.id: credit.remaining for credit in credits}
    answers = []
    for work in works:
        usable = {c.id: remaining[c.id] for c in credits if c.accepts(work)}
        at_hand = sum(usable.values())
        cover = Cover(work, at_hand=at_hand)
        if at_hand >= work.value:
            cover.hours, cover.value = work.hours, work.value
            cover.is_accepted = True
        elif policy == PARTIAL:
            cover.hours, cover.value = coverable(
                at_hand, work.hours, work.rate, rounding, work.step
            )
            cover.is_accepted = cover.value > 0
        elif policy == OVERDRAFT and at_hand == sum(remaining.values()):
            # A debt begins when the credit ends, never beside credit that is kept for
            # other work: the balance says one thing only.
            debt = work.value - at_hand
            cover.at_hand += overdraft
            if debt <= overdraft:
                cover.hours, cover.value = work.hours, work.value
                cover.is_accepted = True
                overdraft -= debt
        cover.takes = take(cover.value, usable)
        remaining.update(usable)
        answers.append(cover)
    return answers
