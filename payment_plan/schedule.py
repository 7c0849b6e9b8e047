"""The schedule of a payment plan: who pays how much, when.

Pure arithmetic, tested by properties: whole smallest amounts in and out, no Odoo. The
input is in :mod:`.tools.terms`, the output in :mod:`.tools.lines`, what is said about
it in :mod:`.tools.messages`; :mod:`.tools.changes` is for plans that run already.
"""

from dataclasses import replace
from datetime import date, timedelta
from operator import itemgetter

from .tools import messages
from .tools.amounts import (
    count_for_minimum,
    deposit_amount,
    equal_parts,
    percent_of,
    rule_amount,
    step_amounts,
)
from .tools.dates import dates_from, interval_dates, passed_intervals, shift
from .tools.lines import DEPOSIT, FULL, INSTALLMENT, Line, Schedule
from .tools.messages import ScheduleError, note
from .tools.terms import (
    BACK_FROM_SESSION,
    BY_MILESTONE,
    FROM_DATE,
    FROM_SIGNATURE,
    IN_TURN,
    REFUSE,
    Custom,
    Due,
    Equal,
)


def make_schedule(terms, booking):
    """Lay out the deposit and the installments of an order.

    The deposit is due at the signature and is the only payment that neither the cut-off
    nor a day off moves.

    :param Terms terms: the template
    :param Booking booking: total, signature, session
    :return: :class:`~.tools.lines.Schedule`; the sum of its lines is the total
    :raise ScheduleError: when no such schedule can be made
    """
    surcharge = percent_of(terms.surcharge, booking.total)
    booking = replace(booking, total=booking.total + surcharge)
    amount, notes = deposit_amount(terms.deposit, booking.total)
    lines = []
    if amount:
        day = booking.signed_on
        lines = [Line(DEPOSIT, amount, due=day, planned=day, timed_by=FROM_SIGNATURE)]
    if amount < booking.total:
        lay_out = _equal_lines if isinstance(terms.balance, Equal) else _step_lines
        lines += lay_out(terms, booking, booking.total - amount, notes)
        lines = _merge_small(lines, terms.smallest_charge, notes)
        lines = [_on_business_day(line, terms, booking, notes) for line in lines]
        notes += _session_notes(lines, terms, booking)
    return Schedule(booking.total, _numbered(lines), tuple(notes), surcharge=surcharge)


def pay_in_full(booking, discount):
    """One payment at the signature, less a discount.

    :param Booking booking: its total is the price before the discount
    :param Discount discount: a percentage or a fixed amount
    :return: :class:`~.tools.lines.Schedule` of what is left to pay
    :raise ScheduleError: when the discount leaves nothing to pay
    """
    saved = rule_amount(discount, booking.total)
    if saved >= booking.total:
        raise ScheduleError(
            messages.DISCOUNT_TOO_LARGE,
            amount_total=booking.total,
            amount_discount=saved,
        )
    total, day = booking.total - saved, booking.signed_on
    line = Line(FULL, total, due=day, planned=day, timed_by=FROM_SIGNATURE)
    return Schedule(total, (line,), discount=saved)


# === Equal installments === #


def _equal_lines(terms, booking, balance, notes):
    """As many equal installments as fit, by the cut-off and by the minimum."""
    asked = terms.balance.count
    if terms.timing.start == BY_MILESTONE:
        dates = [None] * asked
    else:
        planned = interval_dates(terms, booking, asked)
        limit = booking.last_allowed(terms)
        dates = [day for day in planned if _fits(day, booking, limit)]
        _cut_off(asked, len(dates), terms, booking, notes)
        notes += _start_notes(terms, booking)
    count = count_for_minimum(balance, len(dates), terms.minimum)
    if count < len(dates):
        notes.append(
            note(
                messages.REDUCED_BY_MINIMUM,
                count=len(dates),
                to_count=count,
                amount_minimum=terms.minimum,
            )
        )
    # What counts back from the session ends at the cut-off, however short it is.
    is_back = terms.timing.start == BACK_FROM_SESSION
    dates = dates[-count:] if is_back else dates[:count]
    parts = equal_parts(balance, count)
    return [
        _line(part, Due(), day, booking) for part, day in zip(parts, dates, strict=True)
    ]


def _cut_off(count, fitting, terms, booking, notes):
    """Say that fewer installments fit than asked for, or refuse, by the terms."""
    if fitting == count:
        return
    limit = booking.last_allowed(terms)
    if not fitting:
        day = booking.signed_on
        raise ScheduleError(messages.CUTOFF_PASSED, date_limit=limit, date_from=day)
    numbers = {"count": count, "to_count": fitting, "date_limit": limit}
    if terms.at_cutoff == REFUSE:
        raise ScheduleError(messages.CUTOFF_TOO_FEW, **numbers)
    notes.append(note(messages.REDUCED_BY_CUTOFF, **numbers))


def _fits(day, booking, limit):
    """Whether a day lies between the signature and the cut-off."""
    return booking.signed_on <= day and (limit is None or day <= limit)


# === Unequal steps === #


def _step_lines(terms, booking, balance, notes):
    """The steps of the terms; those that do not fit join the nearest one that does."""
    parts = step_amounts(terms.balance, terms.deposit, booking.total, balance)
    is_custom = isinstance(terms.balance, Custom)
    dues = [s.due for s in terms.balance.steps] if is_custom else [Due()] * len(parts)
    days = _planned_days(dues, terms, booking)
    lines = [
        _line(part, due, day, booking)
        for part, due, day in zip(parts, dues, days, strict=True)
    ]
    notes += [
        note(messages.DUE_AT_ONCE, date_planned=line.planned, date=line.due)
        for line in lines
        if line.due != line.planned
    ]
    if any(line.timed_by == IN_TURN and line.planned for line in lines):
        notes += _start_notes(terms, booking)
    lines = _fold_into_fitting(_in_date_order(lines), terms, booking, notes)
    smallest = min(line.amount for line in lines)
    if smallest < terms.minimum:
        raise ScheduleError(
            messages.BELOW_MINIMUM, amount=smallest, amount_minimum=terms.minimum
        )
    return lines


def _planned_days(dues, terms, booking):
    """The day of each step by its own rule; None by milestone."""
    count = sum(due.kind == IN_TURN for due in dues)
    if terms.timing.start == BY_MILESTONE:
        in_turn = iter([None] * count)
    else:
        in_turn = iter(interval_dates(terms, booking, count) if count else ())
    return [
        next(in_turn) if due.kind == IN_TURN else _own_day(due, booking) for due in dues
    ]


def _own_day(due, booking):
    if due.kind == BY_MILESTONE:
        return None
    if due.kind == FROM_SIGNATURE:
        return booking.signed_on + timedelta(days=due.days)
    if due.kind == BACK_FROM_SESSION:
        if booking.session_date is None:
            raise ScheduleError(messages.SESSION_MISSING)
        return booking.session_date - timedelta(days=due.days)
    if due.kind != FROM_DATE or due.on is None:
        raise ScheduleError(messages.START_MISSING)
    return due.on


def _line(amount, due, planned, booking):
    """An installment; a negotiated day that has passed is due at the signature."""
    day = planned
    if planned and due.kind != IN_TURN:
        day = max(planned, booking.signed_on)
    return Line(
        INSTALLMENT,
        amount,
        due=day,
        planned=planned,
        timed_by=due.kind,
        milestone=due.milestone,
    )


def _in_date_order(lines):
    """Sort by date; a milestone stays behind the step that it follows."""
    keyed, day = [], date.min
    for line in lines:
        day = line.due or day
        keyed.append((day, line))
    return [line for _day, line in sorted(keyed, key=itemgetter(0))]


def _fold_into_fitting(lines, terms, booking, notes):
    limit = booking.last_allowed(terms)
    fitting = [
        n for n, ln in enumerate(lines) if ln.due and _fits(ln.due, booking, limit)
    ]
    kept = [n for n, line in enumerate(lines) if not line.due or n in fitting]
    if len(kept) == len(lines):
        return lines
    _cut_off(len(lines), len(kept) if fitting else 0, terms, booking, notes)
    amounts = {n: lines[n].amount for n in kept}
    for index, line in enumerate(lines):
        if index not in amounts:
            is_early = line.due < booking.signed_on
            amounts[fitting[0] if is_early else fitting[-1]] += line.amount
    return [replace(lines[n], amount=amounts[n]) for n in kept]


# === Limits for all lines === #


def _merge_small(lines, smallest, notes):
    """Join a line that the gateway would not take with the previous one.

    A first installment has no previous line: it joins the next, later one. A deposit
    stays what it is.
    """
    kept = list(lines)
    for index in range(len(kept) - 1, 0, -1):
        if kept[index].amount < smallest:
            kept[index - 1 : index + 1] = [
                _joined(kept[index - 1], kept[index], smallest, notes)
            ]
    first = kept[0]
    if first.amount < smallest and first.kind == INSTALLMENT and len(kept) > 1:
        kept[:2] = [_joined(kept[1], first, smallest, notes)]
    elif first.amount < smallest:
        notes.append(
            note(messages.BELOW_CHARGE, amount=first.amount, amount_smallest=smallest)
        )
    return kept


def _joined(line, small, smallest, notes):
    notes.append(note(messages.MERGED, amount=small.amount, amount_smallest=smallest))
    return replace(line, amount=line.amount + small.amount)


def _on_business_day(line, terms, booking, notes):
    """Shift an installment off a day on which no money moves."""
    calendar = terms.business_days
    if line.kind != INSTALLMENT or not line.due or calendar is None:
        return line
    limit = booking.last_allowed(terms)
    due = shift(calendar, line.due, not_before=booking.signed_on, not_after=limit)
    if due not in calendar:
        notes.append(note(messages.DAY_OFF_KEPT, date=due))
    return replace(line, due=due)


def _start_notes(terms, booking):
    """Say that a given start lies before the signature."""
    timing = terms.timing
    if timing.start != FROM_DATE or not passed_intervals(timing, booking.signed_on):
        return []
    planned = dates_from(timing, timing.start_date, 1)[0]
    first = interval_dates(terms, booking, 1)[0]
    return [note(messages.START_MOVED, date_from=planned, date_to=first)]


def _session_notes(lines, terms, booking):
    """Say what is due after the session, or cannot be judged without one."""
    session = booking.session_date
    if session is None:
        unchecked = terms.cutoff_days is not None
        return [note(messages.CUTOFF_UNCHECKED)] if unchecked else []
    late = [line.due for line in lines if line.due and line.due > session]
    if not late:
        return []
    return [
        note(
            messages.AFTER_SESSION,
            count=len(late),
            date_session=session,
            date_last=max(late),
        )
    ]


def _numbered(lines):
    """Number the lines: a deposit is 0, installments count from 1."""
    first = 0 if lines[0].kind == DEPOSIT else 1
    return tuple(replace(line, number=n) for n, line in enumerate(lines, start=first))
