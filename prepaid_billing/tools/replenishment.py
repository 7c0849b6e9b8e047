"""How much a replenishment asks for, and when. Pure functions.

Amounts are whole smallest amounts.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

FIXED = "fixed"
TARGET = "target"

WEEKS = "weeks"
MONTHS = "months"


@dataclass(frozen=True)
class Refill:
    """The amount to invoice, and whether the largest allowed amount cut it down."""

    amount: int
    is_cut: bool = False
    is_capped: bool = False


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


def calendar_refill(balance, unit=0, target=0, smallest=0, largest=0):
    """Return what a top-up by the calendar asks for, however much is left.

    :param int balance: what is left, may be below zero
    :param int unit: the fixed amount; 0 to fill up to the target
    :param int target: what the balance is to be afterwards
    :param int smallest: the smallest amount worth an invoice, 0 for no limit
    :param int largest: the largest amount of one invoice, 0 for no limit
    :return: :class:`Refill`; amount 0 when the target is reached already
    """
    amount = unit or target - balance
    if amount <= 0:
        return Refill(0)
    amount = max(amount, smallest)
    if largest and amount > largest:
        return Refill(largest, is_cut=True)
    return Refill(amount)


def cap_refill(refill, cap, done, unit=0, smallest=0):
    """Keep a top-up within the cap of its period.

    Of several fixed amounts, as many as fit are left. One that does not fit is not cut
    to odd money: it waits. Only the first of a period that is more than the whole cap
    is cut to it, or it would never be made.

    :param Refill refill: what is asked for
    :param int cap: the most of one period, 0 for no limit
    :param int done: what the period has had already
    :param int unit: the fixed amount; 0 where a target is filled
    :param int smallest: the smallest amount worth an invoice, 0 for no limit
    :return: :class:`Refill`; amount 0 when nothing fits any more
    """
    if not cap or done + refill.amount <= cap:
        return refill
    fitting = 0 if done else cap
    if unit:
        fitting = max(cap - done, 0) // unit * unit
    if fitting < smallest:
        fitting = 0
    return Refill(fitting, is_cut=True, is_capped=True)


@dataclass(frozen=True)
class Calendar:
    """Every so many weeks or months, from a day on.

    Weeks keep the weekday of the start. Months keep their day: 31 means the last day
    of a shorter month, and the 31st again afterwards.
    """

    start: date
    unit: str
    every: int = 1
    #: Day of the month; 0 for that of the start.
    day: int = 0

    def get_date(self, number):
        """Return the date with a number, counted from 0; none is before the start."""
        if self.unit == WEEKS:
            return self.start + timedelta(weeks=number * self.every)
        first = 0 if self._on_day(0) >= self.start else 1
        return self._on_day(first + number * self.every)

    def get_next(self, day):
        """Return the first date of this calendar on a day or after it."""
        number = self._estimate(day)
        while self.get_date(number) < day:
            number += 1
        return self.get_date(number)

    def _estimate(self, day):
        """Return a number whose date is close to the day, and not after it."""
        if self.unit == WEEKS:
            passed = (day - self.start).days // 7
        else:
            passed = 12 * (day.year - self.start.year) + day.month - self.start.month
        return max(passed // self.every - 1, 0)

    def _on_day(self, months):
        """Return the day of the month, so many months after that of the start."""
        years, month = divmod(self.start.month - 1 + months, 12)
        year, month = self.start.year + years, month + 1
        last = monthrange(year, month)[1]
        return date(year, month, min(self.day or self.start.day, last))
