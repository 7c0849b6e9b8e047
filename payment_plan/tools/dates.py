"""When: intervals that keep their day, business days, the cut-off."""

from calendar import monthrange
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from . import messages
from .messages import ScheduleError
from .terms import (
    BACK_FROM_SESSION,
    FROM_DATE,
    FROM_SIGNATURE,
    MONTHS,
    WEEKS,
)

#: No calendar is closed for longer.
LONGEST_CLOSURE = 366


def add_months(day, months, anchor_day=0):
    """A day some months on, or back, with its day of the month kept.

    :param int anchor_day: the day meant, 0 for that of ``day``; a shorter month gives
        its last day, and the anchor comes back in the next one
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor_day or day.day, last))


def add_intervals(timing, day, number):
    """The day ``number`` intervals after a day, or before it when negative."""
    number *= timing.every
    if timing.unit == MONTHS:
        return add_months(day, number)
    return day + timedelta(days=number * (7 if timing.unit == WEEKS else 1))


def dates_from(timing, start, count):
    """``count`` dates from a start on, in order.

    With an anchor day the first one is the first such day that is not sooner.
    """
    first = timing.intervals_to_first
    if timing.unit != MONTHS or not timing.anchor_day:
        return [add_intervals(timing, start, first + n) for n in range(count)]
    soonest = add_intervals(timing, start, first)
    base = first * timing.every
    if add_months(start, base, timing.anchor_day) < soonest:
        base += 1
    return [
        add_months(start, base + n * timing.every, timing.anchor_day)
        for n in range(count)
    ]


def dates_back(timing, last, count):
    """``count`` dates of which the last one is not after ``last``, in order."""
    if timing.unit != MONTHS or not timing.anchor_day:
        return [add_intervals(timing, last, -n) for n in reversed(range(count))]
    late = add_months(last, 0, timing.anchor_day) > last
    return [
        add_months(last, -n * timing.every - late, timing.anchor_day)
        for n in reversed(range(count))
    ]


def interval_dates(terms, booking, count):
    """The dates of ``count`` installments before any limit, in order.

    A given start before the signature moves on by whole intervals. Dates that count
    back from the session may lie before the signature, or after a cut-off: the caller
    judges them.

    :return: list of dates
    :raise ScheduleError: when the day to count from is unknown, or the dates lie
        outside the calendar
    """
    try:
        return _interval_dates(terms, booking, count)
    except (OverflowError, ValueError) as error:
        every = terms.timing.every
        raise ScheduleError(messages.INVALID_INTERVAL, every=every) from error


def _interval_dates(terms, booking, count):
    timing = terms.timing
    if timing.start == BACK_FROM_SESSION:
        if booking.session_date is None:
            raise ScheduleError(messages.SESSION_MISSING)
        return dates_back(timing, booking.last_allowed(terms), count)
    if timing.start == FROM_SIGNATURE:
        return dates_from(timing, booking.signed_on, count)
    if timing.start != FROM_DATE or timing.start_date is None:
        raise ScheduleError(messages.START_MISSING)
    passed = passed_intervals(timing, booking.signed_on)
    return dates_from(timing, timing.start_date, passed + count)[passed:]


def passed_intervals(timing, day):
    """How many dates from the given start lie before a day."""
    days = (day - timing.start_date).days
    if days <= 0:
        return 0
    # No interval is shorter than a day, a week or 28 days.
    shortest = {MONTHS: 28, WEEKS: 7}.get(timing.unit, 1) * timing.every
    most = days // shortest + 1
    return sum(planned < day for planned in dates_from(timing, timing.start_date, most))


def shift(calendar, day, not_before=None, not_after=None):
    """Move a day off to the next business day, never past the limit.

    Where the next business day is past the limit, it is the last one before.

    :param calendar: BusinessDays, or None to leave the day
    :param not_before: a shift back stops here
    :param not_after: the cut-off
    :return: date; the day itself where no business day lies between the limits
    """
    if calendar is None or day in calendar:
        return day
    moved = _walk(calendar, day, 1)
    if not_after is None or moved <= not_after:
        return moved
    moved = _walk(calendar, day, -1)
    return moved if not_before is None or moved >= not_before else day


def _walk(calendar, day, direction):
    for distance in range(1, LONGEST_CLOSURE + 1):
        moved = day + timedelta(days=direction * distance)
        if moved in calendar:
            return moved
    raise ScheduleError(messages.NO_BUSINESS_DAY, date=day)


def milestone_due(confirmed_on, notice_days, calendar=None, not_after=None):
    """When the installment of a confirmed milestone is due.

    :param int notice_days: days that the customer is told in advance
    :param calendar: BusinessDays or None
    :param not_after: the cut-off shortens the notice, but not below the confirmation
    """
    due = confirmed_on + timedelta(days=notice_days)
    if not_after is not None:
        not_after = max(not_after, confirmed_on)
        due = min(due, not_after)
    return shift(calendar, due, not_before=confirmed_on, not_after=not_after)


def local_day(moment, time_zone):
    """The day on the wall calendar of a time zone.

    :param datetime moment: aware, or naive UTC as Odoo stores it
    :param str time_zone: a name such as "America/Los_Angeles"
    """
    utc = ZoneInfo("UTC")
    aware = moment if moment.tzinfo else moment.replace(tzinfo=utc)
    return aware.astimezone(ZoneInfo(time_zone)).date()
