"""What a template says and what a booking adds: the input of the arithmetic.

Money is a whole number of the currency's smallest amount, a percentage a Decimal or an
int, a day a ``datetime.date``.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from . import messages
from .messages import ScheduleError

# How much a deposit, a step or a discount is
NONE = "none"
PERCENT = "percent"
FIXED = "fixed"
LARGER = "larger"  # of a percentage and a minimum; deposits only
REMAINING = "remaining"  # what the others leave, shared equally; steps only

# What installments are counted in
DAYS = "days"
WEEKS = "weeks"
MONTHS = "months"

# Where installments start
FROM_SIGNATURE = "signature"
FROM_DATE = "date"
BACK_FROM_SESSION = "session"  # the last one is due on the cut-off
BY_MILESTONE = "milestone"  # no date until the milestone is confirmed
IN_TURN = "in_turn"  # the next date of the interval; steps only

# What happens when not all installments fit before the cut-off
REDUCE = "reduce"
REFUSE = "refuse"

#: Ten years of weeks; more is a slip of the pen.
MOST_INSTALLMENTS = 520
MONDAY_TO_FRIDAY = frozenset(range(5))


def check_percent(percent):
    """Refuse a percentage outside 0 to 100, and floats altogether."""
    if not isinstance(percent, int | Decimal):
        raise TypeError(f"a percentage is a Decimal or an int, not {percent!r}")
    if not 0 <= percent <= 100:
        raise ScheduleError(messages.INVALID_PERCENT, percent=percent)


def check_amount(amount):
    """Refuse a negative amount, and anything but whole smallest amounts."""
    if not isinstance(amount, int):
        raise TypeError(f"money is a whole number of smallest amounts, not {amount!r}")
    if amount < 0:
        raise ScheduleError(messages.INVALID_AMOUNT, amount=amount)


def check_count(count):
    """Refuse no installments at all, and too many to be meant."""
    if not 1 <= count <= MOST_INSTALLMENTS:
        raise ScheduleError(
            messages.INVALID_COUNT, count=count, limit=MOST_INSTALLMENTS
        )


@dataclass(frozen=True)
class Deposit:
    """The first payment: ``amount`` is the fixed amount, or the minimum."""

    kind: str = NONE
    percent: Decimal | int = 0
    amount: int = 0

    def __post_init__(self):
        check_percent(self.percent)
        check_amount(self.amount)


@dataclass(frozen=True)
class Discount:
    """What paying in full saves: a percentage of the total, or a fixed amount."""

    kind: str = NONE
    percent: Decimal | int = 0
    amount: int = 0

    def __post_init__(self):
        check_percent(self.percent)
        check_amount(self.amount)


@dataclass(frozen=True)
class Equal:
    """The balance in ``count`` parts that differ by one smallest amount at most."""

    count: int

    def __post_init__(self):
        check_count(self.count)


@dataclass(frozen=True)
class Progressive:
    """The balance in percentages of the total; with the deposit's they make 100.

    After a fixed deposit they are percentages of the balance.
    """

    percents: tuple[Decimal | int, ...]

    def __post_init__(self):
        check_count(self.count)
        for percent in self.percents:
            check_percent(percent)

    @property
    def count(self):
        """The number of installments."""
        return len(self.percents)


@dataclass(frozen=True)
class Due:
    """When one step is due.

    ``IN_TURN`` takes the next date of the interval, ``FROM_SIGNATURE`` counts ``days``
    after it, ``BACK_FROM_SESSION`` ``days`` before it; ``FROM_DATE`` is the day ``on``,
    ``BY_MILESTONE`` waits for ``milestone``, any key of the caller's.
    """

    kind: str = IN_TURN
    days: int = 0
    on: date | None = None
    milestone: object = None


@dataclass(frozen=True)
class Step:
    """A negotiated part of the balance: fixed, a percentage of the total, the rest."""

    kind: str
    percent: Decimal | int = 0
    amount: int = 0
    due: Due = field(default_factory=Due)

    def __post_init__(self):
        check_percent(self.percent)
        check_amount(self.amount)


@dataclass(frozen=True)
class Custom:
    """The balance in steps of any kind."""

    steps: tuple[Step, ...]

    def __post_init__(self):
        check_count(self.count)

    @property
    def count(self):
        """The number of installments."""
        return len(self.steps)


@dataclass(frozen=True)
class Timing:
    """When installments are due: every so many days, weeks or months from a start.

    ``anchor_day`` is the day of the month; 0 keeps the day of the start.
    ``first_after`` is the number of intervals from the start to the first installment:
    by default one after the signature, where the deposit is paid, none after a given
    date.
    """

    start: str = FROM_SIGNATURE
    unit: str = MONTHS
    every: int = 1
    start_date: date | None = None
    anchor_day: int = 0
    first_after: int | None = None

    def __post_init__(self):
        if self.every < 1:
            raise ScheduleError(messages.INVALID_INTERVAL, every=self.every)

    @property
    def intervals_to_first(self):
        """Number of intervals between the start and the first installment."""
        if self.first_after is not None:
            return self.first_after
        return int(self.start == FROM_SIGNATURE)


@dataclass(frozen=True)
class BusinessDays:
    """The days on which money moves: weekdays (Monday is 0) without the holidays."""

    holidays: frozenset[date] = frozenset()
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY

    def __contains__(self, day):
        return day.weekday() in self.weekdays and day not in self.holidays


@dataclass(frozen=True)
class Terms:
    """A template: deposit, balance, dates and limits."""

    deposit: Deposit
    balance: Equal | Progressive | Custom
    timing: Timing = field(default_factory=Timing)
    #: days before the session after which nothing may be due; None for no limit
    cutoff_days: int | None = None
    at_cutoff: str = REDUCE
    #: smallest installment; the deposit is not one
    minimum: int = 0
    #: smallest amount that the gateway takes
    smallest_charge: int = 0
    #: None leaves the dates where they are
    business_days: BusinessDays | None = None
    #: percentage of the total that paying in parts costs
    surcharge: Decimal | int = 0

    def __post_init__(self):
        check_percent(self.surcharge)


@dataclass(frozen=True)
class Booking:
    """An order: total, day of the signature (today in a preview), session."""

    total: int
    signed_on: date
    session_date: date | None = None

    def __post_init__(self):
        check_amount(abs(self.total))
        if self.total <= 0:
            raise ScheduleError(messages.TOTAL_NOT_POSITIVE, amount_total=self.total)

    def last_allowed(self, terms):
        """The last day on which an installment may be due; None without a limit."""
        days = terms.cutoff_days
        if days is None and terms.timing.start == BACK_FROM_SESSION:
            days = 0
        if self.session_date is None or days is None:
            return None
        return self.session_date - timedelta(days=days)
