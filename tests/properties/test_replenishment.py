"""How much a replenishment asks for (B11, B15, B16, B19)."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.prepaid_billing.tools.replenishment import (
    fixed_refill,
    target_refill,
)

balances = st.integers(-(10**8), 10**8)
thresholds = st.integers(0, 10**7)
amounts = st.integers(1, 10**7)


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
