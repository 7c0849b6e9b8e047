"""Which lot pays for which work, as pure arithmetic (B44, B45, B58, B65, B66, B77)."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.prepaid_billing.tools.allocation import (
    OVERDRAFT,
    PARTIAL,
    REFUSE,
    Credit,
    Work,
    plan,
    take,
)
from odoo.addons.prepaid_billing.tools.money import value_of

DAY = date(2026, 6, 15)

days = st.integers(-30, 30).map(lambda offset: DAY + timedelta(days=offset))
taxes = st.sampled_from([None, frozenset(), frozenset({1}), frozenset({2})])
policies = st.sampled_from([REFUSE, PARTIAL, OVERDRAFT])
roundings = st.sampled_from([0.01, 1.0, 0.001])


@st.composite
def problems(draw):
    """Some lots, some work, a policy and a currency."""
    rounding = draw(roundings)
    credits = [
        Credit(
            id=number,
            remaining=draw(st.integers(1, 100_000)),
            date_from=draw(st.none() | days),
            date_to=draw(st.none() | days),
            tax_key=draw(taxes),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    works = []
    for number in range(draw(st.integers(0, 8))):
        hours, rate = draw(st.integers(0, 1000)) / 60, draw(st.integers(0, 300))
        works.append(
            Work(
                id=number,
                value=value_of(hours, rate, rounding),
                hours=hours,
                rate=float(rate),
                work_date=draw(days),
                tax_key=draw(taxes),
                step=draw(st.sampled_from([0.0, 0.01])),
            )
        )
    overdraft = draw(st.integers(0, 50_000))
    return works, credits, draw(policies), rounding, overdraft


@given(problems())
def test_b58_lots_and_rows_add_up(problem):
    """No lot gives more than it has, and every amount has its source."""
    works, credits, policy, rounding, overdraft = problem
    covers = plan(works, credits, policy, rounding, overdraft)
    left = {credit.id: credit.remaining for credit in credits}
    for cover in covers:
        for lot_id, amount in cover.takes:
            assert amount > 0
            left[lot_id] -= amount
        assert cover.debt >= 0
        assert 0 <= cover.value <= cover.work.value
        assert cover.value + cover.short == cover.work.value
    assert all(amount >= 0 for amount in left.values())


@given(problems())
def test_b66_debt_only_within_the_overdraft_and_after_the_credit(problem):
    works, credits, policy, rounding, overdraft = problem
    covers = plan(works, credits, policy, rounding, overdraft)
    debt = sum(cover.debt for cover in covers)
    if policy != OVERDRAFT:
        assert debt == 0
    assert debt <= overdraft
    if debt:
        used = sum(amount for cover in covers for _lot, amount in cover.takes)
        assert used == sum(credit.remaining for credit in credits)


@given(problems())
def test_b65_b77_no_lot_pays_for_work_it_does_not_accept(problem):
    works, credits, policy, rounding, overdraft = problem
    by_id = {credit.id: credit for credit in credits}
    for cover in plan(works, credits, policy, rounding, overdraft):
        assert all(by_id[lot_id].accepts(cover.work) for lot_id, _amount in cover.takes)


@given(problems())
def test_b47_no_lot_pays_for_work_after_its_last_day(problem):
    works, credits, policy, rounding, overdraft = problem
    last_days = {credit.id: credit.date_to for credit in credits}
    for cover in plan(works, credits, policy, rounding, overdraft):
        for lot_id, _amount in cover.takes:
            assert not last_days[lot_id] or cover.work.work_date <= last_days[lot_id]


@given(problems())
def test_b01_refused_work_costs_nothing(problem):
    works, credits, policy, rounding, overdraft = problem
    for cover in plan(works, credits, policy, rounding, overdraft):
        if not cover.is_accepted:
            assert (cover.value, cover.hours, cover.takes) == (0, 0.0, [])
        elif policy == REFUSE:
            assert cover.value == cover.work.value


@given(problems())
def test_b45_lots_are_used_in_their_order(problem):
    """A later lot is touched only when the earlier usable ones are empty."""
    works, credits, policy, rounding, overdraft = problem
    left = {credit.id: credit.remaining for credit in credits}
    for cover in plan(works, credits, policy, rounding, overdraft):
        taken = dict(cover.takes)
        usable = [credit.id for credit in credits if credit.accepts(cover.work)]
        for earlier, later in zip(usable, usable[1:], strict=False):
            if taken.get(later):
                assert left[earlier] == taken.get(earlier, 0)
        for lot_id, amount in cover.takes:
            left[lot_id] -= amount


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**5), max_size=8))
def test_b45_take_gives_all_or_what_there_is(amount, amounts):
    remaining = dict(enumerate(amounts))
    takes = take(amount, remaining)
    assert sum(used for _lot, used in takes) == min(amount, sum(amounts))
    assert [lot for lot, _used in takes] == sorted(lot for lot, _used in takes)
    assert sum(remaining.values()) == sum(amounts) - sum(used for _, used in takes)
