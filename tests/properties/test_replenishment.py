"""How much a replenishment asks for, and when (B11, B15, B16, B19, B21, B25, B26)."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.prepaid_billing.tools.replenishment import (
    MONTHS,
    WEEKS,
    Calendar,
    Refill,
    calendar_refill,
    cap_refill,
    fixed_refill,
    target_refill,
)

balances = st.integers(-(10**8), 10**8)
thresholds = st.integers(0, 10**7)
amounts = st.integers(1, 10**7)
days = st.dates(date(1990, 1, 1), date(2100, 12, 31))
calendars = st.builds(
    Calendar,
    start=days,
    unit=st.sampled_from([WEEKS, MONTHS]),
    every=st.integers(1, 120),
    day=st.integers(0, 31),
)


@given(balances, thresholds, amounts)
def test_b15_whole_units_close_the_gap_and_no_more(balance, threshold, unit):
    amount = fixed_refill(balance, threshold, unit).amount
    assert amount % unit == 0
    if balance >= threshold:
        assert amount == 0
    else:
        assert balance + amount >= threshold > balance + amount - unit


@given(balances, thresholds, amounts, amounts)
def test_b16_never_more_than_the_largest_never_silent(balance, threshold, unit, more):
    largest = unit + more
    refill = fixed_refill(balance, threshold, unit, largest)
    assert refill.amount <= largest
    if balance < threshold:
        assert refill.amount > 0
        assert refill.is_cut == (balance + refill.amount < threshold)


@given(balances, thresholds, amounts, amounts, amounts)
def test_b16_up_to_the_target_within_limits(balance, threshold, over, low, high):
    target, smallest, largest = threshold + over, min(low, high), max(low, high)
    refill = target_refill(balance, threshold, target, smallest, largest)
    if balance >= threshold:
        assert refill.amount == 0
        return
    assert smallest <= refill.amount <= largest
    if smallest < target - balance <= largest:
        assert balance + refill.amount == target
    assert refill.is_cut == (max(target - balance, smallest) > largest)


def test_b11_b19_strictly_below():
    assert fixed_refill(10000, 10000, 5000).amount == 0
    assert fixed_refill(9999, 10000, 5000).amount == 5000
    assert fixed_refill(0, 0, 5000).amount == 0
    assert fixed_refill(-1, 0, 5000).amount == 5000
    assert fixed_refill(-13000, 10000, 5000).amount == 25000


@given(amounts, amounts, st.integers(0, 10**7), amounts, st.integers(0, 10**7))
def test_bf33_b21_never_more_than_the_cap(amount, cap, done, unit, smallest):
    for step in (0, unit):
        refill = cap_refill(Refill(amount), cap, done, step, smallest)
        assert refill.amount <= amount
        assert not refill.amount or done + refill.amount <= cap
        assert refill.is_capped == (done + amount > cap)
        if refill.is_capped and refill.amount:
            assert refill.amount >= smallest
            assert refill.amount % step == 0 if step else not done


def test_bf33_b21_a_third_of_400_waits():
    assert cap_refill(Refill(400), 1000, 400, 400).amount == 400
    for unit in (400, 0):
        assert cap_refill(Refill(400), 1000, 800, unit).amount == 0
    assert cap_refill(Refill(1200), 1000, 0, 400).amount == 800
    assert cap_refill(Refill(1200), 1000, 0).amount == 1000
    assert cap_refill(Refill(1200), 0, 5000).amount == 1200


@given(balances, amounts, amounts, amounts)
def test_bf30_a_calendar_asks_for_its_amount_or_the_target(balance, unit, low, high):
    smallest, largest = min(low, high), max(low, high)
    fixed = calendar_refill(balance, unit, smallest=smallest, largest=largest)
    assert fixed.amount == min(max(unit, smallest), largest)
    to_target = calendar_refill(balance, target=unit, smallest=smallest)
    assert (to_target.amount == 0) == (balance >= unit)
    if to_target.amount:
        assert balance + to_target.amount >= unit
        assert to_target.amount >= smallest


@given(calendars, st.integers(0, 60))
def test_bf30_dates_only_rise(calendar, number):
    assert calendar.get_date(number) < calendar.get_date(number + 1)


@given(calendars, days)
def test_b26_next_is_the_first_not_before_the_start_nor_the_day(calendar, day):
    following = calendar.get_next(day)
    assert following >= max(calendar.start, day)
    if following > calendar.get_date(0):
        dates = [calendar.get_date(n) for n in range(calendar._estimate(day) + 4)]
        before = dates[dates.index(following) - 1]
        assert before < day
    # Asked on the day itself, or after what was missed, none is left out or repeated.
    assert calendar.get_next(following) == following
    assert calendar.get_next(following + timedelta(days=1)) > following


@given(calendars, st.integers(0, 60))
def test_b25_anchor_is_kept(calendar, number):
    found = calendar.get_date(number)
    if calendar.unit == WEEKS:
        assert (found - calendar.start).days == 7 * calendar.every * number
        return
    anchor = calendar.day or calendar.start.day
    assert found.day == min(anchor, monthrange(found.year, found.month)[1])
    first = calendar.get_date(0)
    months = 12 * (found.year - first.year) + found.month - first.month
    assert months == number * calendar.every


@pytest.mark.parametrize(("year", "february"), [(2027, 28), (2028, 29)])
def test_bf30_b25_the_31st(year, february):
    calendar = Calendar(date(year, 1, 31), MONTHS)
    assert [calendar.get_date(n) for n in range(4)] == [
        date(year, 1, 31),
        date(year, 2, february),
        date(year, 3, 31),
        date(year, 4, 30),
    ]


def test_b26_from_26_march():
    calendar = Calendar(date(2026, 3, 26), MONTHS)
    assert calendar.get_next(date(2026, 2, 26)) == date(2026, 3, 26)
    assert Calendar(date(2026, 3, 20), MONTHS, day=15).get_date(0) == date(2026, 4, 15)
