"""The days of a schedule, as pure arithmetic (P8, P9, P12, P14, PF13-PF15)."""

from datetime import date

import pytest

from odoo.addons.payment_plan.schedule import make_schedule
from odoo.addons.payment_plan.tools import messages, terms
from odoo.addons.payment_plan.tools.dates import dates_back
from odoo.addons.payment_plan.tools.messages import ScheduleError
from odoo.addons.payment_plan.tools.terms import (
    Booking,
    BusinessDays,
    Custom,
    Deposit,
    Due,
    Equal,
    Progressive,
    Step,
    Terms,
    Timing,
)

SIGNED = date(2026, 1, 15)
SESSION = date(2026, 6, 15)
#: The guide's rule for both of its packs: 25 %, at least 500.00.
QUARTER = Deposit(terms.LARGER, percent=25, amount=500_00)


def amounts(schedule):
    return [line.amount for line in schedule.lines]


def dues(schedule):
    return [line.due for line in schedule.installments]


def codes(schedule):
    return [note.code for note in schedule.notes]


def refusal(function, *arguments, **more):
    with pytest.raises(ScheduleError) as caught:
        function(*arguments, **more)
    return caught.value.code, caught.value.numbers


def monthly(start, **more):
    return Timing(terms.FROM_DATE, terms.MONTHS, start_date=start, **more)


def due_dates(timing, count, signed_on=SIGNED, session=None, **more):
    plan = Terms(Deposit(), Equal(count), timing, **more)
    return dues(make_schedule(plan, Booking(1000_00, signed_on, session)))


def test_p8_months_keep_their_day():
    assert due_dates(monthly(date(2026, 1, 31)), 4) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    leap = due_dates(monthly(date(2028, 1, 31)), 2)
    assert leap[1] == date(2028, 2, 29)
    assert due_dates(monthly(date(2026, 1, 30)), 3)[1:] == [
        date(2026, 2, 28),
        date(2026, 3, 30),
    ]


def test_p8_a_day_of_the_month_is_never_sooner_than_the_start():
    first = due_dates(monthly(date(2026, 3, 3), anchor_day=15), 1)
    assert first == [date(2026, 3, 15)]
    first = due_dates(monthly(date(2026, 3, 20), anchor_day=15), 1)
    assert first == [date(2026, 4, 15)]
    back = dates_back(Timing(anchor_day=31), date(2026, 4, 29), 3)
    assert back == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]


def test_p9_the_cutoff_reduces_or_refuses():
    plan = Terms(Deposit(), Equal(6), monthly(date(2026, 3, 1)), cutoff_days=7)
    booking = Booking(1000_00, SIGNED, SESSION)
    schedule = make_schedule(plan, booking)
    assert dues(schedule) == [date(2026, month, 1) for month in (3, 4, 5, 6)]
    assert amounts(schedule) == [250_00] * 4
    numbers = {"count": 6, "to_count": 4, "date_limit": date(2026, 6, 8)}
    (note,) = schedule.notes
    assert (note.code, note.numbers) == (messages.REDUCED_BY_CUTOFF, numbers)
    strict = Terms(
        Deposit(), plan.balance, plan.timing, cutoff_days=7, at_cutoff=terms.REFUSE
    )
    assert refusal(make_schedule, strict, booking) == (messages.CUTOFF_TOO_FEW, numbers)


def test_p9_steps_after_the_cutoff_join_the_last_that_fits():
    timing = monthly(date(2026, 4, 10))
    plan = Terms(Deposit(), Progressive((10, 20, 30, 40)), timing, cutoff_days=7)
    schedule = make_schedule(plan, Booking(1000_00, SIGNED, SESSION))
    assert amounts(schedule) == [100_00, 900_00]
    assert dues(schedule)[-1] == date(2026, 5, 10)


def test_p9_no_date_left_is_refused_but_the_deposit_may_be_all():
    plan = Terms(QUARTER, Equal(3), cutoff_days=7)
    late = date(2026, 6, 10)
    code, numbers = refusal(make_schedule, plan, Booking(2000_00, late, SESSION))
    assert code == messages.CUTOFF_PASSED
    assert numbers == {"date_limit": date(2026, 6, 8), "date_from": late}
    assert amounts(make_schedule(plan, Booking(500_00, late, SESSION))) == [500_00]


def test_p9_without_a_session_nothing_is_cut_but_said():
    plan = Terms(Deposit(), Equal(3), cutoff_days=7)
    assert codes(make_schedule(plan, Booking(90_00, SIGNED))) == [
        messages.CUTOFF_UNCHECKED
    ]
    plan = Terms(Deposit(), Equal(6))
    (note,) = make_schedule(plan, Booking(90_00, SIGNED, SESSION)).notes
    assert (note.code, note.numbers["count"]) == (messages.AFTER_SESSION, 1)


def test_pf14_counted_back_from_the_session():
    weekly = Timing(terms.BACK_FROM_SESSION, terms.WEEKS, every=2)
    assert due_dates(weekly, 3, session=SESSION, cutoff_days=7) == [
        date(2026, 5, 11),
        date(2026, 5, 25),
        date(2026, 6, 8),
    ]
    signed = date(2026, 5, 20)
    assert due_dates(weekly, 3, signed, SESSION, cutoff_days=7)[0] == date(2026, 5, 25)
    assert refusal(due_dates, weekly, 3) == (messages.SESSION_MISSING, {})


def test_pf15_a_start_before_the_signature_moves_on():
    plan = Terms(Deposit(), Equal(2), monthly(date(2025, 10, 31)))
    schedule = make_schedule(plan, Booking(100_00, SIGNED))
    assert dues(schedule) == [date(2026, 1, 31), date(2026, 2, 28)]
    assert codes(schedule) == [messages.START_MOVED]


def test_pf13_steps_with_their_own_days():
    steps = Custom(
        (
            Step(terms.REMAINING, due=Due(terms.BACK_FROM_SESSION, days=14)),
            Step(terms.FIXED, amount=10_00, due=Due(terms.FROM_DATE, on=SIGNED)),
            Step(terms.PERCENT, 20, due=Due(terms.FROM_SIGNATURE, days=10)),
            Step(terms.FIXED, amount=5_00, due=Due(terms.FROM_DATE, on=date.min)),
        )
    )
    plan = Terms(Deposit(), steps)
    schedule = make_schedule(plan, Booking(100_00, SIGNED, SESSION))
    assert [(line.amount, line.due) for line in schedule.lines] == [
        (10_00, SIGNED),
        (5_00, SIGNED),
        (20_00, date(2026, 1, 25)),
        (65_00, date(2026, 6, 1)),
    ]
    assert codes(schedule) == [messages.DUE_AT_ONCE]


def test_p12_a_day_off_becomes_the_next_business_day():
    saturday = date(2026, 3, 7)
    weekdays = BusinessDays()
    first = due_dates(monthly(saturday), 1, business_days=weekdays)
    assert first == [date(2026, 3, 9)]
    monday_off = BusinessDays(frozenset({date(2026, 3, 9)}))
    shifted = due_dates(monthly(saturday), 2, business_days=monday_off)
    assert shifted == [date(2026, 3, 10), date(2026, 4, 7)]
    # Monday is after the cut-off: the Friday before.
    limits = {"session": date(2026, 3, 8), "cutoff_days": 0}
    before = due_dates(monthly(saturday), 1, business_days=weekdays, **limits)
    assert before == [date(2026, 3, 6)]
    nobody = BusinessDays(weekdays=frozenset())
    code, _numbers = refusal(due_dates, monthly(saturday), 1, business_days=nobody)
    assert code == messages.NO_BUSINESS_DAY


def test_p14_two_lines_on_one_day_stay_two_lines():
    daily = Timing(terms.FROM_DATE, terms.DAYS, start_date=date(2026, 3, 7))
    shifted = due_dates(daily, 3, business_days=BusinessDays())
    assert shifted == [date(2026, 3, 9)] * 3


@pytest.mark.parametrize(
    ("code", "make"),
    [
        (messages.INVALID_COUNT, lambda: Equal(0)),
        (messages.INVALID_COUNT, lambda: Progressive(())),
        (messages.INVALID_INTERVAL, lambda: Timing(every=0)),
        (messages.INVALID_INTERVAL, lambda: due_dates(Timing(every=10**6), 3)),
        (messages.INVALID_PERCENT, lambda: Deposit(terms.PERCENT, percent=101)),
        (messages.INVALID_AMOUNT, lambda: Deposit(terms.FIXED, amount=-1)),
        (messages.START_MISSING, lambda: due_dates(Timing(terms.FROM_DATE), 1)),
    ],
)
def test_r3_what_makes_no_sense_is_refused(code, make):
    assert refusal(make)[0] == code
