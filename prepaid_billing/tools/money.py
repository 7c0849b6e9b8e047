"""Rounding, decided once.

Every amount that is stored passes through :func:`to_units` exactly once: half-up, at
the smallest amount of its currency (0.01 dollar, 1 yen, 0.001 dinar). Budgets in hours
count hundredths of an hour, the precision in which Odoo invoices time: 20 minutes are
0.33, one hour is 1.00. Inside the arithmetic amounts are whole numbers of that smallest
amount, so that sums are exact.

Nothing here knows of Odoo: the functions are tested by properties.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from math import isfinite

#: Binary noise of a float (a third of an hour, 0.1 + 0.2) disappears at this many
#: digits after the decimal point; no duration or price is entered more precisely.
NOISE = Decimal("1e-9")

#: Amounts of this size and more are typing errors; floats no longer hold their cents.
TOO_LARGE = 1e13


def is_usable(number):
    """Whether a value from outside is a number that can be an amount.

    :param number: anything
    :return: bool; False for text, infinity, "not a number" and absurdly large numbers
    """
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    # Compared first: a very large int has no float that could be asked for finiteness.
    return is_number and abs(number) < TOO_LARGE and isfinite(number)


def exact(number):
    """Return a float as the decimal a person meant.

    :param number: a float, int or Decimal
    :return: Decimal, exact up to 9 digits after the decimal point
    """
    return Decimal(repr(number) if isinstance(number, float) else number).quantize(
        NOISE, rounding=ROUND_HALF_UP
    )


def to_units(amount, rounding):
    """Round an amount half-up to whole smallest amounts of its currency.

    :param amount: money as a float or Decimal, in the currency's main unit
    :param float rounding: the smallest amount of the currency (0.01, 1, 0.001)
    :return: int, number of smallest amounts; half is rounded away from zero
    """
    units = exact(amount) / exact(rounding)
    # Half a cent that binary noise turned into 0.4999999999 still is half a cent.
    units = units.quantize(Decimal("1e-6"), rounding=ROUND_HALF_UP)
    return int(units.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_units(units, rounding):
    """Turn whole smallest amounts back into money.

    :param int units: number of smallest amounts
    :param float rounding: the smallest amount of the currency
    :return: float, the amount that is nearest to the exact decimal
    """
    return float(units * exact(rounding))


def value_of(hours, rate, rounding):
    """Value time: hours times rate, rounded once.

    :param float hours: duration in hours
    :param float rate: money per hour, in the currency's main unit
    :param float rounding: the smallest amount of the currency
    :return: int, number of smallest amounts
    """
    # A third of an hour is meant, not 0.333333333: multiply before cutting digits.
    product = Decimal(repr(float(hours))) * Decimal(repr(float(rate)))
    return to_units(product.quantize(NOISE, rounding=ROUND_HALF_UP), rounding)


def coverable(units, hours, rate, rounding, step):
    """How much of a piece of work an amount can pay for, never more than the amount.

    The rest of the work is invoiced by its hours, which a sales order counts in steps
    (two decimals as a rule). The covered part is therefore cut down to whole steps:
    covered value + invoiced value = value of the work, to the cent.

    :param int units: amount at hand, in smallest amounts
    :param float hours: duration of the work, in hours
    :param float rate: money per hour
    :param float rounding: the smallest amount of the currency
    :param float step: smallest number of hours the rest can be billed in; 0 when the
        rest is not billed by hours, so that the amount is used to its last cent
    :return: tuple (hours covered as float, value covered in smallest amounts)
    """
    total = value_of(hours, rate, rounding)
    if units >= total:
        return hours, total
    if units <= 0 or total <= 0:
        return 0.0, 0
    if not step:
        return float(exact(hours) * units / total), units
    step_exact = exact(step)
    steps = (units * exact(rounding) / exact(rate) / step_exact).quantize(
        Decimal(1), rounding=ROUND_FLOOR
    )
    while steps > 0 and value_of(float(steps * step_exact), rate, rounding) > units:
        steps -= 1
    covered = float(steps * step_exact)
    return covered, value_of(covered, rate, rounding)


def share_of(total, part, whole, rounding):
    """Return the share of an amount, rounded once; the whole of it for the whole.

    :param float total: the amount to share
    :param float part: how much of the whole, not negative
    :param float whole: above zero
    :param float rounding: the smallest amount of ``total``
    :return: float, half rounded up; ``total`` itself from ``part >= whole`` on
    """
    if exact(part) >= exact(whole):
        return total
    units = exact(total) * exact(part) / exact(whole) / exact(rounding)
    return from_units(int(units.quantize(Decimal(1), rounding=ROUND_HALF_UP)), rounding)


def refundable_value(value, quantity, unused, refunded, rounding):
    """Return the money that the unused part of a lot may still give back.

    :param float value: money that was paid for the whole lot, without tax
    :param float quantity: credit of the whole lot, above zero
    :param float unused: credit that is neither used nor given back; below zero for debt
    :param float refunded: money that was given back so far
    :param float rounding: the smallest amount of the money
    :return: float, never more than what is left of the money
    """
    units = to_units(value, rounding) - to_units(refunded, rounding)
    if exact(unused) <= 0 or units <= 0:
        return 0.0
    share = share_of(value, unused, quantity, rounding)
    return from_units(min(to_units(share, rounding), units), rounding)


def refunded_quantity(wanted, value, quantity, unused, refunded, roundings):
    """Return the credit that a refund takes off a lot.

    Who gives back all the money that is refundable takes all the credit that is unused,
    to its last unit: neither side keeps a rest that the rounding of prices left.

    :param float wanted: money to give back, not negative
    :param float value: money that was paid for the whole lot, without tax
    :param float quantity: credit of the whole lot, above zero
    :param float unused: credit that is neither used nor given back
    :param float refunded: money that was given back so far
    :param tuple roundings: the smallest amounts of the money and of the credit
    :return: float, or None when more is wanted than is refundable
    """
    rounding, unit = roundings
    most = refundable_value(value, quantity, unused, refunded, rounding)
    missing = to_units(most, rounding) - to_units(wanted, rounding)
    if missing < 0:
        return None
    if not missing:
        return max(unused, 0.0)
    return min(share_of(quantity, wanted, value, unit), unused)


def counted_hours(hours, increment=0, weight=1.0):
    """Return the hours that a piece of time counts for.

    Time is rounded up to whole increments first, then weighted: seven minutes in steps
    of 15 at double weight count for half an hour.

    :param float hours: duration as it was logged
    :param int increment: minutes, 0 to take the time as it is
    :param float weight: 1 for ordinary time
    :return: float, hours; at a tenth of a second, as durations are compared
    """
    counted = exact(hours)
    if increment:
        step = Decimal(increment) / 60
        # Binary noise and seconds that a timer adds are no reason for another step.
        steps = (counted / step).quantize(Decimal("1e-4"), rounding=ROUND_HALF_UP)
        counted = steps.to_integral_value(rounding=ROUND_CEILING) * step
    return float((counted * exact(weight)).quantize(NOISE, rounding=ROUND_HALF_UP))
