"""Between Odoo's floats and the whole smallest amounts of the arithmetic."""

from decimal import ROUND_HALF_UP, Decimal

#: Digits at which binary noise of a float disappears.
NOISE = Decimal("1e-9")


def exact(number):
    """Return a float as the decimal that was typed.

    :param number: float, int or Decimal
    """
    decimal = Decimal(repr(number) if isinstance(number, float) else number)
    return decimal.quantize(NOISE, rounding=ROUND_HALF_UP)


def to_units(amount, rounding):
    """Round money half-up to whole smallest amounts of its currency.

    :param amount: float or Decimal in the currency's main unit
    :param float rounding: the smallest amount of the currency (0.01, 1, 0.001)
    """
    units = (exact(amount) / exact(rounding)).quantize(
        Decimal("1e-6"), rounding=ROUND_HALF_UP
    )
    return int(units.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_units(units, rounding):
    """Return whole smallest amounts as money: the float nearest to the exact decimal.

    :param int units: whole smallest amounts
    :param float rounding: the smallest amount of the currency
    """
    return float(units * exact(rounding))


def split_balance(balance, parts, currency, company_currency):
    """Divide the balance of an entry as its money is divided; the sum is exact.

    :param float balance: in the currency of the company
    :param parts: list of float, money in the currency of the document
    :param currency: `res.currency` of the document
    :param company_currency: `res.currency` of the balance
    :return: list of float, a part of the balance for each part of the money
    """
    total, left, shares = sum(parts), balance, []
    rest = total
    for part in parts:
        rest = currency.round(rest - part)
        share = company_currency.round(balance * part / total if rest else left)
        left -= share
        shares.append(share)
    return shares


def percent(number):
    """Return a percentage of a form as the arithmetic wants it, noise removed."""
    return exact(number).normalize()
