"""Who pays how much, when, as pure arithmetic (P1-P9, P35, R1-R6)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.payment_plan.schedule import make_schedule, pay_in_full
from odoo.addons.payment_plan.tools import messages, terms
from odoo.addons.payment_plan.tools.amounts import equal_parts, percent_of, shares
from odoo.addons.payment_plan.tools.dates import add_months
from odoo.addons.payment_plan.tools.messages import ScheduleError
from odoo.addons.payment_plan.tools.terms import (
    Booking,
    BusinessDays,
    Custom,
    Deposit,
    Discount,
    Equal,
    Progressive,
    Step,
    Terms,
    Timing,
)

SIGNED = date(2026, 1, 15)
NO_DEPOSIT = Deposit()
#: The guide's rule for both of its packs: 25 %, at least 500.00.
QUARTER = Deposit(terms.LARGER, percent=25, amount=500_00)
THIRTY = Deposit(terms.PERCENT, percent=30)

# Amounts that look like money in yen, cents and thousandths of a dinar.
totals = st.builds(
    lambda main, minor, decimals: main * 10**decimals + minor % 10**decimals,
    st.integers(1, 10**6),
    st.integers(0, 999),
    st.sampled_from([0, 2, 3]),
)
percents = st.decimals(0, 100, places=2)
days = st.dates(date(2024, 1, 1), date(2032, 12, 31))
deposits = st.one_of(
    st.just(NO_DEPOSIT),
    st.builds(Deposit, st.just(terms.PERCENT), percents),
    st.builds(Deposit, st.just(terms.FIXED), amount=st.integers(0, 10**8)),
    st.builds(Deposit, st.just(terms.LARGER), percents, st.integers(0, 10**6)),
)
holidays = st.sets(st.integers(0, 400), max_size=5)


def amounts(schedule):
    return [line.amount for line in schedule.lines]


def dues(schedule):
    return [line.due for line in schedule.installments]


def codes(schedule):
    return [note.code for note in schedule.notes]


def on_total(total, balance, deposit=NO_DEPOSIT, **more):
    return make_schedule(Terms(deposit, balance, **more), Booking(total, SIGNED))


def refusal(function, *arguments, **more):
    with pytest.raises(ScheduleError) as caught:
        function(*arguments, **more)
    return caught.value.code, caught.value.numbers


# === Properties: 10,000 cases === #


@settings(max_examples=3000)
@given(totals, deposits, st.integers(1, 36))
def test_p2_sum_is_exact_and_equal_parts_are_equal(total, deposit, count):
    try:
        schedule = on_total(total, Equal(count), deposit)
    except ScheduleError as refused:
        assert refused.code == messages.TOO_SMALL
        assert 0 < refused.numbers["amount"] < count
        return
    parts = [line.amount for line in schedule.installments]
    assert sum(amounts(schedule)) == schedule.total == total
    assert min(amounts(schedule)) >= 1
    assert len(parts) in (0, count)
    if parts:
        assert max(parts) - min(parts) <= 1
        assert parts == sorted(parts)


@st.composite
def plans(draw):
    """Terms and a booking of any kind, with dates and limits."""
    count = draw(st.integers(1, 12))
    percent = draw(st.sampled_from([0, 20, 30]))
    weights = range(1, count + 1)
    signed_on = draw(days)
    off = frozenset(signed_on + timedelta(days=n) for n in draw(holidays))
    plan = Terms(
        Deposit(terms.PERCENT, percent),
        draw(
            st.sampled_from([Equal(count), Progressive(shares(100 - percent, weights))])
        ),
        Timing(
            draw(
                st.sampled_from(
                    [terms.FROM_SIGNATURE, terms.FROM_DATE, terms.BACK_FROM_SESSION]
                )
            ),
            draw(st.sampled_from([terms.DAYS, terms.WEEKS, terms.MONTHS])),
            draw(st.integers(1, 3)),
            signed_on + timedelta(days=draw(st.integers(-100, 100))),
            draw(st.integers(0, 31)),
        ),
        cutoff_days=draw(st.sampled_from([0, 7, 14])),
        at_cutoff=draw(st.sampled_from([terms.REDUCE, terms.REFUSE])),
        minimum=draw(st.sampled_from([0, 0, 100, 5000])),
        smallest_charge=draw(st.sampled_from([0, 50, 500])),
        business_days=draw(st.none() | st.just(BusinessDays(off))),
    )
    session = signed_on + timedelta(days=draw(st.sampled_from([9, 40, 100, 200, 400])))
    return plan, Booking(draw(totals), signed_on, session)


@settings(max_examples=4000)
@given(plans())
def test_p9_dates_never_decrease_and_keep_the_limits(problem):
    plan, booking = problem
    try:
        schedule = make_schedule(plan, booking)
    except ScheduleError as refused:
        assert refused.code in {
            messages.TOO_SMALL,
            messages.BELOW_MINIMUM,
            messages.CUTOFF_TOO_FEW,
            messages.CUTOFF_PASSED,
            messages.PERCENT_NOT_TOTAL,
        }
        return
    limit = booking.last_allowed(plan)
    assert sum(amounts(schedule)) == booking.total
    assert min(amounts(schedule)) >= 1
    assert all(a <= b for a, b in pairwise([line.due for line in schedule.lines]))
    assert [line.number for line in schedule.lines] == sorted(
        {line.number for line in schedule.lines}
    )
    for line in schedule.installments:
        assert booking.signed_on <= line.planned <= limit
        assert booking.signed_on <= line.due <= limit
        assert line.amount >= plan.minimum
        if plan.business_days and line.due not in plan.business_days:
            assert messages.DAY_OFF_KEPT in codes(schedule)
    if plan.at_cutoff == terms.REFUSE:
        assert messages.REDUCED_BY_CUTOFF not in codes(schedule)


@settings(max_examples=2000)
@given(days, st.integers(1, 36), st.integers(0, 31), st.integers(1, 3))
def test_p8_the_anchor_is_kept(start, count, anchor, every):
    timing = Timing(terms.FROM_DATE, terms.MONTHS, every, start, anchor)
    plan = Terms(NO_DEPOSIT, Equal(count), timing)
    schedule = make_schedule(plan, Booking(10**6, start))
    wanted = anchor or start.day
    for day in dues(schedule):
        is_last_of_month = (day + timedelta(days=1)).day == 1
        assert day.day == wanted or (day.day < wanted and is_last_of_month)
    months = [day.year * 12 + day.month for day in dues(schedule)]
    assert {b - a for a, b in pairwise(months)} <= {every}
    assert start <= dues(schedule)[0] <= add_months(start, 1, 31)


@settings(max_examples=1000)
@given(totals, st.lists(st.integers(0, 100), min_size=1, max_size=9).filter(any))
def test_p7_shares_are_less_than_one_unit_off(total, weights):
    parts = shares(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)
    for weight in set(weights):
        same = [p for p, w in zip(parts, weights, strict=True) if w == weight]
        assert same == sorted(same)
        assert same[-1] - same[0] <= 1


@given(totals, percents)
def test_p4_a_percentage_is_rounded_half_up_once(total, percent):
    exact = percent * total / 100
    assert percent_of(percent, total) == exact.quantize(Decimal(1), ROUND_HALF_UP)


# === Named cases: amounts === #


def test_p1_equal_parts_of_100_and_1000():
    assert amounts(on_total(100_00, Equal(3))) == [33_33, 33_33, 33_34]
    assert amounts(on_total(1000_00, Equal(3))) == [333_33, 333_33, 333_34]


def test_p2_seven_parts_of_100():
    assert amounts(on_total(100_00, Equal(7))) == [14_28] * 3 + [14_29] * 4
    assert equal_parts(0, 2) == (0, 0)


def test_p3_too_small_is_refused_with_numbers():
    expected = messages.TOO_SMALL, {"amount": 2, "count": 3}
    assert refusal(on_total, 2, Equal(3)) == expected
    code, numbers = refusal(on_total, 2, Equal(3), minimum=50)
    assert (code, numbers["amount_minimum"]) == (messages.BELOW_MINIMUM, 50)
    # Yen have no decimals, dinars three.
    assert amounts(on_total(1000, Equal(3))) == [333, 333, 334]
    assert amounts(on_total(10_000, Equal(3))) == [3333, 3333, 3334]


def test_p3_nothing_and_less_are_no_total():
    assert refusal(Booking, 0, SIGNED)[0] == messages.TOTAL_NOT_POSITIVE
    assert refusal(Booking, -5, SIGNED)[0] == messages.TOTAL_NOT_POSITIVE


@pytest.mark.parametrize(
    ("total", "deposit"),
    [(2000_00, 500_00), (3000_00, 750_00), (1600_00, 500_00), (2000_02, 500_01)],
)
def test_p4_larger_of_percentage_and_minimum(total, deposit):
    assert on_total(total, Equal(3), QUARTER).deposit == deposit


def test_p5_a_minimum_above_the_total_is_the_total():
    schedule = on_total(300_00, Equal(3), QUARTER)
    assert amounts(schedule) == [300_00]
    assert schedule.is_paid_at_once
    assert codes(schedule) == [messages.DEPOSIT_CAPPED, messages.PAID_IN_FULL]


def test_p5_a_deposit_that_rounds_to_nothing_is_no_line():
    schedule = on_total(10, Equal(2), Deposit(terms.PERCENT, percent=4))
    assert (amounts(schedule), codes(schedule)) == ([5, 5], [messages.DEPOSIT_DROPPED])
    assert codes(on_total(10, Equal(2), Deposit(terms.PERCENT, percent=0))) == []


def test_p6_a_minimum_installment_reduces_the_number():
    schedule = on_total(600_00, Equal(3), QUARTER, minimum=50_00)
    assert amounts(schedule) == [500_00, 50_00, 50_00]
    (note,) = schedule.notes
    assert note.code == messages.REDUCED_BY_MINIMUM
    assert note.numbers == {"count": 3, "to_count": 2, "amount_minimum": 50_00}


def test_p7_thirty_percent_then_two():
    expected = [30_00, 35_00, 35_01]
    assert amounts(on_total(100_01, Equal(2), THIRTY)) == expected
    assert amounts(on_total(100_01, Progressive((35, 35)), THIRTY)) == expected
    assert amounts(on_total(100_01, Progressive((30, 35, 35)))) == expected
    code, numbers = refusal(on_total, 100_01, Progressive((35, 30)), THIRTY)
    assert (code, numbers) == (messages.PERCENT_NOT_TOTAL, {"percent": 95})


def test_p35_a_line_below_the_gateway_joins_the_previous_one():
    steps = Custom((Step(terms.FIXED, amount=99_70), Step(terms.REMAINING)))
    schedule = on_total(200_00, steps, Deposit(terms.PERCENT, 50), smallest_charge=50)
    assert amounts(schedule) == [100_00, 100_00]
    (note,) = schedule.notes
    assert note.code == messages.MERGED
    assert note.numbers == {"amount": 30, "amount_smallest": 50}


def test_p35_a_first_line_has_no_previous_one():
    steps = Custom((Step(terms.FIXED, amount=30), Step(terms.REMAINING)))
    schedule = on_total(100_00, steps, smallest_charge=50)
    assert amounts(schedule) == [100_00]
    assert dues(schedule) == [date(2026, 3, 15)]
    assert codes(on_total(40, Equal(1), smallest_charge=50)) == [messages.BELOW_CHARGE]


def test_r1_r2_the_guides_packs():
    pack_a = on_total(2000_00, Equal(3), QUARTER)
    pack_b = on_total(3000_00, Equal(3), QUARTER)
    assert amounts(pack_a) == [500_00] * 4
    assert amounts(pack_b) == [750_00] * 4
    assert dues(pack_a) == [date(2026, 2, 15), date(2026, 3, 15), date(2026, 4, 15)]


def test_r3_pf13_fixed_percentage_and_the_rest():
    steps = Custom(
        (
            Step(terms.FIXED, amount=300_00),
            Step(terms.PERCENT, percent=Decimal("12.5")),
            Step(terms.REMAINING),
            Step(terms.REMAINING),
        )
    )
    schedule = on_total(2000_01, steps, QUARTER)
    assert amounts(schedule) == [500_00, 300_00, 250_00, 475_00, 475_01]
    code, numbers = refusal(on_total, 600_00, steps, QUARTER)
    assert code == messages.STEPS_NOT_TOTAL
    assert numbers == {"amount": 100_00, "amount_steps": 375_00}


def test_r3_steps_without_a_rest_must_make_the_balance():
    half = Step(terms.PERCENT, percent=50)
    steps = Custom((Step(terms.FIXED, amount=500_00), half))
    assert amounts(on_total(1000_00, steps)) == [500_00, 500_00]
    assert refusal(on_total, 1000_02, steps) == (
        messages.STEPS_NOT_TOTAL,
        {"amount": 1000_02, "amount_steps": 1000_01},
    )
    assert amounts(on_total(100_01, Custom((half, half)))) == [50_00, 50_01]


def test_r4_pay_in_full_with_a_discount():
    booking = Booking(1999_99, SIGNED)
    schedule = pay_in_full(booking, Discount(terms.PERCENT, percent=5))
    assert (schedule.total, schedule.discount) == (1899_99, 100_00)
    assert amounts(schedule) == [1899_99]
    assert schedule.is_paid_at_once
    assert amounts(pay_in_full(booking, Discount(terms.FIXED, amount=99))) == [1999_00]
    assert amounts(pay_in_full(booking, Discount())) == [1999_99]
    code, _numbers = refusal(pay_in_full, booking, Discount(terms.PERCENT, percent=100))
    assert code == messages.DISCOUNT_TOO_LARGE


def test_r6_thirty_percent_then_two_or_three():
    assert amounts(on_total(2000_00, Equal(2), THIRTY)) == [600_00, 700_00, 700_00]
    three = amounts(on_total(2000_00, Equal(3), THIRTY))
    assert three == [600_00, 466_66, 466_67, 466_67]


def test_r59_no_float_comes_in():
    with pytest.raises(TypeError):
        Deposit(terms.PERCENT, percent=33.3)
    with pytest.raises(TypeError):
        Booking(100.0, SIGNED)


@settings(max_examples=500)
@given(totals, percents, deposits, st.integers(1, 12))
def test_surcharge_is_part_of_the_total(total, percent, deposit, count):
    """The price and the surcharge are paid, to the smallest amount."""
    rule = Terms(deposit, Equal(count), surcharge=percent)
    booking = Booking(total, SIGNED)
    try:
        schedule = make_schedule(rule, booking)
    except ScheduleError:
        return
    assert schedule.surcharge == percent_of(percent, total)
    assert schedule.total == total + schedule.surcharge == sum(amounts(schedule))
    free = make_schedule(replace(rule, surcharge=0), Booking(schedule.total, SIGNED))
    assert amounts(free) == amounts(schedule)
