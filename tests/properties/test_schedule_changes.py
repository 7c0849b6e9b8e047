"""What becomes of a running plan, as pure arithmetic (P10, P11, P13, P18-P20, P77)."""

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.payment_plan.schedule import make_schedule
from odoo.addons.payment_plan.tools import messages, terms
from odoo.addons.payment_plan.tools.changes import (
    EVENLY,
    LAST,
    NEXT,
    Installment,
    move_session,
    respread,
    use_extra,
)
from odoo.addons.payment_plan.tools.dates import local_day, milestone_due
from odoo.addons.payment_plan.tools.lines import INSTALLMENT, Line
from odoo.addons.payment_plan.tools.messages import ScheduleError
from odoo.addons.payment_plan.tools.terms import (
    Booking,
    BusinessDays,
    Custom,
    Deposit,
    Due,
    Equal,
    Step,
    Terms,
    Timing,
)

SIGNED = date(2026, 1, 15)
SESSION = date(2026, 6, 15)


@st.composite
def running_plans(draw):
    """Installments, some of them paid in whole or in part, or being charged."""
    equal = draw(st.booleans())
    amount = draw(st.integers(1, 10**5))
    lines = []
    for number in range(draw(st.integers(1, 9))):
        value = amount if equal else draw(st.integers(1, 10**5))
        paid = draw(st.sampled_from([0, 0, value, draw(st.integers(0, value))]))
        lines.append(Installment(number, value, paid, draw(st.integers(0, 5)) == 5))
    return lines


# === Another total === #


@settings(max_examples=1000)
@given(running_plans(), st.integers(0, 10**6), st.integers(0, 1000))
def test_p77_money_is_neither_lost_nor_made(lines, total, minimum):
    try:
        answer = respread(lines, total, minimum)
    except ScheduleError as refused:
        assert refused.code == messages.NO_OPEN_LINE
        assert not any(line.open_amount for line in lines)
        return
    assert sum(answer.amounts.values()) - answer.give_back == total
    assert answer.give_back >= 0
    assert {*answer.amounts, *answer.dropped} == {line.number for line in lines}
    for line in lines:
        amount = answer.amounts.get(line.number, 0)
        assert amount >= line.paid
        if not line.open_amount:
            assert amount == line.amount
    untouched = [
        answer.amounts[line.number]
        for line in lines
        if line.open_amount and not line.paid and line.number in answer.amounts
    ]
    if untouched and len({line.amount for line in lines}) == 1:
        assert max(untouched) - min(untouched) <= 1
        assert untouched == sorted(untouched)


def four_times_500(paid):
    return [Installment(n, 500_00, 500_00 if n < paid else 0) for n in range(4)]


def test_p77_a_higher_total_is_spread_over_what_is_open():
    answer = respread(four_times_500(paid=2), 2500_00)
    assert answer.amounts == {0: 500_00, 1: 500_00, 2: 750_00, 3: 750_00}
    assert (answer.dropped, answer.give_back) == ((), 0)


def test_p77_a_total_below_what_is_paid_is_given_back():
    answer = respread(four_times_500(paid=2), 800_00)
    assert answer.amounts == {0: 500_00, 1: 500_00}
    assert (answer.dropped, answer.give_back) == ((2, 3), 200_00)


def test_p77_nothing_open_cannot_take_more():
    with pytest.raises(ScheduleError) as caught:
        respread(four_times_500(paid=4), 2100_00)
    assert caught.value.code == messages.NO_OPEN_LINE
    assert caught.value.numbers == {"amount": 100_00}
    assert str(caught.value) == "no_open_line (amount=10000)"


def test_p77_a_small_rest_needs_fewer_lines_and_a_charge_under_way_stays():
    assert respread(four_times_500(2), 1060_00, minimum=50_00).amounts[2] == 60_00
    lines = [*four_times_500(2)[:2], Installment(2, 500_00, is_locked=True)]
    answer = respread([*lines, Installment(3, 500_00)], 1700_00)
    assert answer.amounts == {0: 500_00, 1: 500_00, 2: 500_00, 3: 200_00}


def test_p77_unequal_lines_keep_their_proportion():
    lines = [Installment(1, 100_00), Installment(2, 200_00, 20_00)]
    assert respread(lines, 600_00).amounts == {1: 200_00, 2: 400_00}
    assert respread(lines, 24_00).amounts == {1: 4_00, 2: 20_00}


# === Extra money === #


@given(running_plans(), st.integers(0, 10**6), st.sampled_from([NEXT, LAST, EVENLY]))
def test_p19_no_line_takes_more_than_is_open(lines, amount, how):
    extra = use_extra(lines, amount, how)
    still_open = {line.number: line.open_amount for line in lines}
    assert sum(extra.takes.values()) + extra.credit == amount
    assert all(0 < extra.takes[n] <= still_open[n] for n in extra.takes)
    if extra.credit:
        assert sum(extra.takes.values()) == sum(still_open.values())


@given(st.integers(3, 10**6), st.integers(1, 12), st.integers(0, 10**6))
def test_p20_equal_lines_stay_equal_the_larger_ones_last(total, count, amount):
    base, more = divmod(total, count)
    lines = [Installment(n, base + (n >= count - more)) for n in range(count)]
    takes = use_extra(lines, amount, EVENLY).takes
    left = [line.amount - takes.get(line.number, 0) for line in lines]
    assert max(left) - min(left) <= 1
    assert left == sorted(left)


def test_p20_the_customer_chooses():
    lines = [Installment(n, 100_00) for n in (1, 2, 3)]
    assert use_extra(lines, 150_00, NEXT).takes == {1: 100_00, 2: 50_00}
    assert use_extra(lines, 150_00, LAST).takes == {2: 50_00, 3: 100_00}
    assert use_extra(lines, 100_00, EVENLY).takes == {1: 33_34, 2: 33_33, 3: 33_33}


def test_p18_p19_oldest_first_and_the_rest_is_credit():
    lines = [Installment(n, 100_00) for n in (1, 2, 3)]
    assert use_extra(lines, 50_00, NEXT).takes == {1: 50_00}
    extra = use_extra(lines, 310_00, NEXT)
    assert (sum(extra.takes.values()), extra.credit) == (300_00, 10_00)
    locked = [Installment(1, 100_00, is_locked=True), Installment(2, 100_00)]
    assert use_extra(locked, 50_00, NEXT).takes == {2: 50_00}


# === Dates === #


def moves_of(plan, session_date, today=SIGNED, settled=()):
    booking = Booking(900_00, SIGNED, SESSION)
    lines = make_schedule(plan, booking).lines
    moves = move_session(lines, plan, booking, session_date, today, settled)
    return {move.number: (move.new, move.is_earlier) for move in moves}


BACKWARD = Timing(terms.BACK_FROM_SESSION, terms.MONTHS)


def test_p10_unpaid_dates_follow_a_later_session():
    plan = Terms(Deposit(), Equal(3), BACKWARD, cutoff_days=7)
    later = date(2026, 7, 20)
    assert moves_of(plan, later, today=date(2026, 5, 1), settled={1}) == {
        2: (date(2026, 6, 13), False),
        3: (date(2026, 7, 13), False),
    }
    assert moves_of(plan, SESSION) == {}


def test_p10_earlier_dates_need_acceptance():
    plan = Terms(Deposit(), Equal(3), BACKWARD, cutoff_days=7)
    earlier = moves_of(plan, date(2026, 6, 1), today=date(2026, 5, 1), settled={1})
    assert earlier == {2: (date(2026, 5, 1), True), 3: (date(2026, 5, 25), True)}
    with pytest.raises(ScheduleError) as caught:
        moves_of(plan, date(2026, 5, 5), today=date(2026, 5, 1))
    assert caught.value.code == messages.CUTOFF_PASSED


def test_p10_other_dates_stay_unless_the_cutoff_passes_them():
    weekdays = BusinessDays()
    plan = Terms(Deposit(), Equal(4), cutoff_days=7, business_days=weekdays)
    assert moves_of(plan, date(2026, 9, 1)) == {}
    # The cut-off is Sunday, 10 May; the business day before it is Friday.
    assert moves_of(plan, date(2026, 5, 17)) == {4: (date(2026, 5, 8), True)}
    negotiated = Step(terms.REMAINING, due=Due(terms.BACK_FROM_SESSION, days=10))
    steps = Custom((Step(terms.PERCENT, 40), negotiated))
    moved = moves_of(Terms(Deposit(), steps), date(2026, 7, 1))
    assert moved == {2: (date(2026, 6, 21), False)}


def test_p11_no_date_until_the_milestone_is_confirmed():
    steps = Custom(
        (
            Step(terms.FIXED, amount=100_00),
            Step(terms.REMAINING, due=Due(terms.BY_MILESTONE, milestone="album")),
        )
    )
    plan = Terms(Deposit(), steps, cutoff_days=7, business_days=BusinessDays())
    dated, line = make_schedule(plan, Booking(900_00, SIGNED, SESSION)).lines
    assert (line.amount, line.due, line.milestone) == (800_00, None, "album")
    assert dated.is_overdue(date(2026, 2, 17))
    assert not line.is_due(date.max)
    assert not line.is_overdue(date.max)
    by_milestone = Terms(Deposit(), Equal(3), Timing(terms.BY_MILESTONE))
    lines = make_schedule(by_milestone, Booking(900_00, SIGNED, SESSION)).lines
    assert [(line.amount, line.due) for line in lines] == [(300_00, None)] * 3


def test_p11_confirming_gives_notice():
    confirmed = date(2026, 3, 2)
    assert milestone_due(confirmed, 7) == date(2026, 3, 9)
    assert milestone_due(confirmed, 5, BusinessDays()) == date(2026, 3, 9)
    # The cut-off shortens the notice; a late confirmation is due at once.
    limit = date(2026, 3, 8)
    assert milestone_due(confirmed, 7, BusinessDays(), limit) == date(2026, 3, 6)
    assert milestone_due(date(2026, 3, 10), 7, None, limit) == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("time_zone", "moment", "is_due", "is_overdue"),
    [
        ("America/Los_Angeles", datetime(2026, 3, 10, 0, 30), False, False),
        ("America/Los_Angeles", datetime(2026, 3, 10, 7, 0), True, False),
        ("America/Los_Angeles", datetime(2026, 3, 11, 6, 59), True, False),
        ("America/Los_Angeles", datetime(2026, 3, 11, 7, 0), True, True),
        ("Pacific/Auckland", datetime(2026, 3, 9, 10, 59), False, False),
        ("Pacific/Auckland", datetime(2026, 3, 9, 11, 0), True, False),
        ("Pacific/Auckland", datetime(2026, 3, 10, 11, 0), True, True),
    ],
)
def test_p13_the_company_decides_what_day_it_is(time_zone, moment, is_due, is_overdue):
    line = Line(INSTALLMENT, 100_00, due=date(2026, 3, 10))
    today = local_day(moment, time_zone)
    assert (line.is_due(today), line.is_overdue(today)) == (is_due, is_overdue)


def test_p13_summer_time_does_not_move_a_date():
    # The clocks go forward on 8 March 2026 in Los Angeles.
    for hour in (8, 9, 10, 11, 23):
        moment = datetime(2026, 3, 8, hour)
        assert local_day(moment, "America/Los_Angeles") == date(2026, 3, 8)
