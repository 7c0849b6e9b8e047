"""Rounding as pure arithmetic (B58, B59)."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.prepaid_billing.tools.money import (
    counted_hours,
    coverable,
    from_units,
    share_of,
    to_units,
    value_of,
)

#: Smallest amounts of the currencies: US dollar, Japanese yen, Kuwaiti dinar.
ROUNDINGS = {"USD": 0.01, "JPY": 1.0, "KWD": 0.001}

roundings = st.sampled_from(sorted(ROUNDINGS.values()))
units = st.integers(min_value=-(10**11), max_value=10**11)
minutes = st.integers(min_value=0, max_value=24 * 60)
cents = st.integers(min_value=0, max_value=100_000_00)


@given(units, roundings)
def test_b58_money_survives_the_way_to_units_and_back(amount, rounding):
    assert to_units(from_units(amount, rounding), rounding) == amount


@given(st.decimals(-(10**8), 10**8, places=6), roundings)
def test_b58_half_is_rounded_away_from_zero(amount, rounding):
    exact = amount / Decimal(str(rounding))
    expected = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    assert to_units(amount, rounding) == expected


@given(minutes, cents, roundings)
def test_b58_a_row_is_rounded_once(minute, cent, rounding):
    """Hours as a float give what exact fractions would: no 0.005 residue."""
    rate = Decimal(cent) / 100
    exact = rate * minute / 60 / Decimal(str(rounding))
    expected = int(exact.quantize(Decimal("1e-6")).quantize(Decimal(1), ROUND_HALF_UP))
    assert value_of(minute / 60, float(rate), rounding) == expected


@pytest.mark.parametrize(
    ("currency", "third", "hour"),
    [("USD", 3333, 10000), ("JPY", 33, 100), ("KWD", 33333, 100000)],
)
def test_b58_twenty_minutes_at_100(currency, third, hour):
    """Three times twenty minutes is 99.99, an hour is 100.00."""
    assert value_of(1 / 3, 100.0, ROUNDINGS[currency]) == third
    assert value_of(1.0, 100.0, ROUNDINGS[currency]) == hour


@given(units.map(abs), minutes, cents, roundings, st.sampled_from([0.0, 0.01, 0.08]))
def test_b44_part_never_costs_more_than_what_is_there(at_hand, minute, cent, r, step):
    hours, rate = minute / 60, cent / 100
    covered_hours, covered = coverable(at_hand, hours, rate, r, step)
    assert 0 <= covered <= at_hand or covered == 0
    assert covered <= value_of(hours, rate, r)
    assert 0 <= covered_hours <= hours


@given(
    st.integers(0, 10**7),
    st.integers(1, 2400),
    st.integers(1, 500_00),
    roundings,
)
def test_b44_covered_part_and_invoiced_rest_make_the_value(
    at_hand, hundredths, cent, r
):
    """Hours in two decimals: what is deducted plus what is invoiced is the value.

    Each of the two amounts is rounded once, so the sum is exact to one smallest amount
    where the rate itself is finer than the currency, and exact otherwise.
    """
    hours, rate = hundredths / 100, cent / 100
    covered_hours, covered = coverable(at_hand, hours, rate, r, 0.01)
    rest = value_of(round(hours - covered_hours, 2), rate, r)
    difference = abs(covered + rest - value_of(hours, rate, r))
    assert difference <= 1
    if Decimal(cent) / 100 % 1 == 0 and r <= 0.01:
        assert difference == 0


@given(st.integers(0, 24 * 60), st.integers(0, 120), st.sampled_from([0.5, 1.0, 2.0]))
def test_b60_time_counts_in_whole_steps_rounded_up(minute, increment, weight):
    counted = counted_hours(minute / 60, increment, weight)
    steps = -(-minute // increment) * increment if increment else minute
    assert abs(counted - steps / 60 * weight) < 1e-6
    if increment:
        assert counted >= minute / 60 * weight - 1e-6


@given(units.map(abs), st.integers(1, 10**6), st.integers(0, 10**6), roundings)
def test_bf10_shares_are_rounded_once_and_whole_is_whole(total, whole, part, r):
    """No share is more than the whole; all of the credit costs all of the money."""
    amount = from_units(total, r)
    share = share_of(amount, part / 100, whole / 100, r)
    assert 0 <= share <= amount
    if part >= whole:
        assert share == amount
    else:
        assert abs(share - amount * part / whole) <= r * 0.5 + 1e-6 * max(amount, 1)
