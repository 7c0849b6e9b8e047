"""What becomes of a running plan: a new total, extra money, a moved session."""

from dataclasses import dataclass, replace
from datetime import date

from . import messages
from .amounts import equal_parts, shares
from .dates import interval_dates, shift
from .messages import ScheduleError
from .terms import BACK_FROM_SESSION, IN_TURN

# How money beyond what is due is used
NEXT = "next"  # pays the next installments early
LAST = "last"  # reduces the last ones
EVENLY = "evenly"  # reduces all of them alike


@dataclass(frozen=True)
class Installment:
    """A payment of a running plan; a locked one (a charge is under way) stays."""

    number: int
    amount: int
    paid: int = 0
    is_locked: bool = False

    @property
    def open_amount(self):
        """What is still to be paid and may be changed."""
        return 0 if self.is_locked else max(self.amount - self.paid, 0)


@dataclass(frozen=True)
class Respread:
    """The plan for another total: sum of ``amounts`` - ``give_back`` = total."""

    #: number -> new amount, above zero, for every line that stays
    amounts: dict[int, int]
    #: numbers of the lines that nothing is left for
    dropped: tuple[int, ...] = ()
    #: paid (or on its way) beyond the total: to refund, or to keep as credit
    give_back: int = 0


@dataclass(frozen=True)
class Extra:
    """Where extra money goes: number -> amount; what no line takes is credit."""

    takes: dict[int, int]
    credit: int = 0


@dataclass(frozen=True)
class Move:
    """A due date that follows the session; earlier ones need to be accepted."""

    number: int
    old: date
    new: date
    planned: date

    @property
    def is_earlier(self):
        """Whether it is a burden for the customer."""
        return self.new < self.old


# === Another total === #


def respread(installments, total, minimum=0):
    """Spread another total over what is not paid yet.

    Paid and locked lines keep their amounts, and no line falls below what is paid on
    it. Equal lines stay equal, others keep their proportion; the last ones are dropped
    when the rest is too small for all.

    :param installments: list of :class:`Installment` in order, the deposit included
    :param int total: the new total of the document, not negative
    :param int minimum: smallest amount of a line
    :return: :class:`Respread`
    :raise ScheduleError: when there is more to pay but no open line
    """
    amounts = {line.number: max(line.amount, line.paid) for line in installments}
    lines = [line for line in installments if line.open_amount]
    amounts.update({line.number: line.paid for line in lines})
    rest = total - sum(amounts.values())
    if rest > 0 and not lines:
        raise ScheduleError(messages.NO_OPEN_LINE, amount=rest)
    if rest > 0:
        count = max(min(len(lines), rest // max(minimum, 1)), 1)
        amounts.update(_with_rest(lines[:count], rest))
    return Respread(
        amounts={number: amount for number, amount in amounts.items() if amount},
        dropped=tuple(number for number, amount in amounts.items() if not amount),
        give_back=max(-rest, 0),
    )


def _with_rest(lines, rest):
    """Spread a rest so that whole lines keep their proportion, what is paid counted."""
    amounts = {}
    while lines:
        target = rest + sum(line.paid for line in lines)
        parts = _in_proportion(target, [line.amount for line in lines])
        by_line = list(zip(lines, parts, strict=True))
        above = [line for line, part in by_line if part >= line.paid]
        if len(above) == len(lines):
            return {**amounts, **{line.number: part for line, part in by_line}}
        # These are paid beyond their part, hence complete; the others share the rest.
        amounts.update({ln.number: ln.paid for ln, part in by_line if part < ln.paid})
        lines = above
    return amounts


def _in_proportion(units, old):
    """Parts as the old ones were; those that were equal but for rounding, equal."""
    if max(old) - min(old) <= 1:
        return equal_parts(units, len(old))
    return shares(units, old)


# === Extra money === #


def use_extra(installments, amount, how):
    """Use money beyond what is due as the customer chose.

    :param installments: list of :class:`Installment` in order
    :param int amount: the extra money
    :param str how: NEXT, LAST or EVENLY
    :return: :class:`Extra`; no line takes more than is open on it
    """
    left = {line.number: line.open_amount for line in installments if line.open_amount}
    credit = max(amount - sum(left.values()), 0)
    if how == EVENLY:
        takes = _evenly(left, amount - credit)
    else:
        numbers = list(left) if how == NEXT else list(reversed(left))
        takes = _in_order(left, numbers, amount)
    return Extra({number: takes[number] for number in left if takes[number]}, credit)


def _in_order(left, numbers, amount):
    takes = {}
    for number in numbers:
        takes[number] = min(left[number], amount)
        amount -= takes[number]
    return takes


def _evenly(left, amount):
    """Reduce all lines alike; small ones are paid, the others take what they leave."""
    takes = dict.fromkeys(left, 0)
    while amount:
        still_open = [number for number in left if left[number] > takes[number]]
        # What cannot be divided comes off the largest lines, the earlier of equals, so
        # that equal lines stay equal, the larger ones last.
        still_open.sort(key=lambda number: takes[number] - left[number])
        parts = reversed(equal_parts(amount, len(still_open)))
        for number, part in zip(still_open, parts, strict=True):
            used = min(part, left[number] - takes[number])
            takes[number] += used
            amount -= used
    return takes


# === A moved session === #


def move_session(lines, terms, booking, session_date, today, settled=()):
    """Propose the due dates for a session on another day.

    Dates that count back from the session follow it, the others only when they would
    be after the new cut-off. Paid, processing and overdue lines stay untouched.

    :param lines: list of :class:`~.lines.Line`
    :param Terms terms: the terms signed
    :param Booking booking: with the session as it was
    :param date session_date: the new day
    :param date today: nothing is proposed for the past
    :param settled: numbers of the lines that are paid or processing
    :return: list of :class:`Move`, only for dates that change
    :raise ScheduleError: when the new cut-off has passed already
    """
    moved = replace(booking, session_date=session_date)
    limit = moved.last_allowed(terms)
    planned = _planned_for(lines, terms, booking, moved)
    movable = [
        line
        for line in lines
        if line.number and line.number not in settled and line.due and line.due >= today
    ]
    if movable and limit is not None and limit < today:
        raise ScheduleError(messages.CUTOFF_PASSED, date_limit=limit, date_from=today)
    moves = []
    for line in movable:
        new = line.due
        if line.number in planned or (limit is not None and new > limit):
            day = max(planned.get(line.number, line.planned), today)
            day = day if limit is None else min(day, limit)
            new = shift(terms.business_days, day, not_before=today, not_after=limit)
        if new != line.due:
            day = planned.get(line.number, line.planned)
            moves.append(Move(line.number, line.due, new, day))
    return moves


def _planned_for(lines, terms, booking, moved):
    """Return number -> planned day of the lines that follow the session."""
    kinds, moved_day = {BACK_FROM_SESSION}, {}
    if terms.timing.start == BACK_FROM_SESSION:
        kinds.add(IN_TURN)
        old = interval_dates(terms, booking, terms.balance.count)
        new = interval_dates(terms, moved, terms.balance.count)
        moved_day = dict(zip(old, new, strict=True))
    # A day that somebody negotiated keeps its distance from the session.
    distance = moved.session_date - booking.session_date
    return {
        line.number: moved_day.get(line.planned, line.planned + distance)
        for line in lines
        if line.timed_by in kinds and line.planned
    }
