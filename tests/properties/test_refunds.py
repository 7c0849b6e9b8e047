"""Refunds of credit at any price: the whole rest always fits (BF47, B37, B58)."""

from hypothesis import assume, given
from hypothesis import strategies as st

from odoo.addons.prepaid_billing.tools.money import (
    from_units,
    refundable_value,
    refunded_quantity,
    share_of,
    to_units,
)

#: Smallest amounts of yen, dollar, dinar; credit is counted in them or in 0.01 hours.
roundings = st.sampled_from([1.0, 0.01, 0.001])
amounts = st.integers(min_value=1, max_value=10**8)
shares = st.integers(min_value=0, max_value=10**6)


def part(total, share):
    """Return so many millionths of whole smallest amounts, rounded down."""
    return total * share // 10**6


@given(amounts, amounts, shares, st.lists(shares, max_size=4), roundings, roundings)
def test_b37_the_whole_rest_fits_after_any_use_and_any_refunds(
    paid, face, used, refunds, rounding, unit
):
    """Use some, refund some, then all that is quoted: no side keeps anything."""
    value, quantity = from_units(paid, rounding), from_units(face, unit)
    unused = face - part(face, used)
    refunded = 0

    def quote():
        return to_units(
            refundable_value(
                value,
                quantity,
                from_units(unused, unit),
                from_units(refunded, rounding),
                rounding,
            ),
            rounding,
        )

    def refund(wanted):
        return refunded_quantity(
            from_units(wanted, rounding),
            value,
            quantity,
            from_units(unused, unit),
            from_units(refunded, rounding),
            (rounding, unit),
        )

    for share in refunds:
        wanted = part(quote(), share)
        taken = to_units(refund(wanted), unit)
        assert 0 <= taken <= unused
        unused -= taken
        refunded += wanted
    most = quote()
    assert refund(most + 1) is None
    if most:
        assert to_units(refund(most), unit) == unused
    assert refunded + most <= paid


@given(amounts, amounts, shares, roundings, roundings)
def test_bf47_what_was_used_is_not_refundable(paid, face, used, rounding, unit):
    """Quote and value of the use differ from the price by a smallest amount at most."""
    value, quantity = from_units(paid, rounding), from_units(face, unit)
    gone = part(face, used)
    assume(gone < face)
    rest = from_units(face - gone, unit)
    most = to_units(refundable_value(value, quantity, rest, 0.0, rounding), rounding)
    worth = share_of(value, from_units(gone, unit), quantity, rounding)
    assert abs(paid - most - to_units(worth, rounding)) <= 1


@given(amounts, amounts, roundings, roundings)
def test_b36_an_unused_lot_gives_back_all_it_cost(paid, face, rounding, unit):
    value, quantity = from_units(paid, rounding), from_units(face, unit)
    assert refundable_value(value, quantity, quantity, 0.0, rounding) == value
    taken = refunded_quantity(value, value, quantity, quantity, 0.0, (rounding, unit))
    assert taken == quantity


@given(amounts, amounts, st.integers(max_value=0), roundings, roundings)
def test_b34_a_debt_gives_nothing_back(paid, face, unused, rounding, unit):
    value, quantity = from_units(paid, rounding), from_units(face, unit)
    unused = from_units(unused, unit)
    assert refundable_value(value, quantity, unused, 0.0, rounding) == 0.0
    wanted = from_units(1, rounding)
    roundings_ = (rounding, unit)
    assert refunded_quantity(wanted, value, quantity, unused, 0.0, roundings_) is None
