"""How much a replenishment asks for. Pure functions on whole smallest amounts."""

from dataclasses import dataclass

FIXED = "fixed"
TARGET = "target"


@dataclass(frozen=True)
class Refill:
    """The amount to invoice, and whether the largest allowed amount cut it down."""

    amount: int
    is_cut: bool = False


def fixed_refill(balance, threshold, unit, largest=0):
    """Close the gap by whole units in one go, up to the threshold at least.

    :param int balance: what is left, may be below zero
    :param int threshold: the budget is low strictly below it
    :param int unit: the fixed amount, above zero
    :param int largest: the largest amount of one invoice, 0 for no limit
    :return: :class:`Refill`; amount 0 when the balance is not below the threshold
    """
    gap = threshold - balance
    if gap <= 0:
        return Refill(0)
    count = -(-gap // unit)
    if largest and count * unit > largest:
        return Refill(max(largest // unit, 1) * unit, is_cut=True)
    return Refill(count * unit)


def target_refill(balance, threshold, target, smallest=0, largest=0):
    """Fill up to a target, within a smallest and a largest amount.

    :param int balance: what is left, may be below zero
    :param int threshold: the budget is low strictly below it
    :param int target: what the balance is to be afterwards
    :param int smallest: the smallest amount worth an invoice, 0 for no limit
    :param int largest: the largest amount of one invoice, 0 for no limit
    :return: :class:`Refill`; amount 0 when the balance is not below the threshold
    """
    if balance >= threshold:
        return Refill(0)
    amount = max(target - balance, smallest)
    if largest and amount > largest:
        return Refill(largest, is_cut=True)
    return Refill(amount)
