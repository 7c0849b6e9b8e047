"""How much: deposit, parts, steps. Whole smallest amounts in and out."""

from fractions import Fraction
from math import floor

from . import messages
from .messages import ScheduleError, note
from .terms import (
    FIXED,
    LARGER,
    NONE,
    PERCENT,
    REMAINING,
    Custom,
    Equal,
    Progressive,
    check_percent,
)


def percent_of(percent, units):
    """A percentage of an amount, rounded half-up once.

    :param percent: Decimal or int; a float is refused, it is not what was typed
    :param int units: the amount, not negative
    :return: int, smallest amounts
    """
    check_percent(percent)
    return floor(Fraction(percent) * units / 100 + Fraction(1, 2))


def equal_parts(units, count):
    """Parts that differ by one smallest amount at most, the larger ones last.

    :return: tuple of ``count`` ints, the sum is ``units``
    """
    base, larger = divmod(units, count)
    return (base,) * (count - larger) + (base + 1,) * larger


def shares(units, weights):
    """Parts in proportion to weights, each less than one smallest amount off.

    What rounding down leaves goes to the largest fractions, the later one of equals, so
    that equal weights give equal parts, the larger ones last.

    :param weights: numbers that are not negative, at least one above zero
    :return: tuple of ints, the sum is ``units``
    """
    whole = sum(map(Fraction, weights))
    exact = [Fraction(weight) * units / whole for weight in weights]
    parts = [floor(part) for part in exact]
    by_fraction = sorted(
        range(len(parts)), key=lambda n: (exact[n] - parts[n], n), reverse=True
    )
    for index in by_fraction[: units - sum(parts)]:
        parts[index] += 1
    return tuple(parts)


def rule_amount(rule, total):
    """What a deposit or discount rule comes to, before any limit.

    :param rule: Deposit or Discount
    """
    if rule.kind == NONE:
        return 0
    if rule.kind == FIXED:
        return rule.amount
    part = percent_of(rule.percent, total)
    return max(part, rule.amount) if rule.kind == LARGER else part


def deposit_amount(deposit, total):
    """The deposit, never above the total.

    :return: tuple (smallest amounts, list of notes)
    """
    by_rule = rule_amount(deposit, total)
    amount = min(by_rule, total)
    notes = []
    if by_rule > total:
        notes.append(note(messages.DEPOSIT_CAPPED, amount_rule=by_rule, amount=total))
    if not amount and deposit.kind != NONE and deposit.percent:
        notes.append(note(messages.DEPOSIT_DROPPED, amount_total=total))
    if amount == total:
        notes.append(note(messages.PAID_IN_FULL, amount=total))
    return amount, notes


def count_for_minimum(balance, count, minimum):
    """How many installments reach the minimum.

    :return: int, ``count`` or less
    :raise ScheduleError: when the balance is too small for ``count`` smallest amounts,
        or for a single installment of the minimum
    """
    if minimum <= 1:
        if balance < count:
            raise ScheduleError(messages.TOO_SMALL, amount=balance, count=count)
        return count
    if balance < minimum:
        raise ScheduleError(
            messages.BELOW_MINIMUM, amount=balance, amount_minimum=minimum
        )
    return min(count, balance // minimum)


def step_amounts(rule, deposit, total, balance):
    """The balance by the steps of a rule, in their order.

    :param rule: Equal, Progressive or Custom
    :param Deposit deposit: the rule; its percentage counts toward 100
    :param int balance: what the deposit leaves of the total
    :return: tuple of ints above zero, the sum is ``balance``
    :raise ScheduleError: when the steps do not make the balance
    """
    if isinstance(rule, Equal):
        parts = equal_parts(balance, rule.count)
    elif isinstance(rule, Progressive):
        parts = _progressive_amounts(rule, deposit, balance)
    else:
        parts = _custom_amounts(rule, total, balance)
    if min(parts) < 1:
        raise ScheduleError(messages.TOO_SMALL, amount=balance, count=len(parts))
    return parts


def _progressive_amounts(rule: Progressive, deposit, balance):
    first = deposit.percent if deposit.kind in (PERCENT, LARGER) else 0
    whole = first + sum(rule.percents)
    if whole != 100 or not any(rule.percents):
        raise ScheduleError(messages.PERCENT_NOT_TOTAL, percent=whole)
    return shares(balance, rule.percents)


def _custom_amounts(rule: Custom, total, balance):
    steps = rule.steps
    if not any(step.kind == REMAINING for step in steps):
        return _closed_amounts(steps, total, balance)
    parts = [
        percent_of(step.percent, total) if step.kind == PERCENT else step.amount
        for step in steps
    ]
    open_steps = [n for n, step in enumerate(steps) if step.kind == REMAINING]
    given = sum(part for n, part in enumerate(parts) if n not in open_steps)
    rest = balance - given
    if rest < len(open_steps):
        raise ScheduleError(
            messages.STEPS_NOT_TOTAL, amount=balance, amount_steps=given
        )
    for index, part in zip(open_steps, equal_parts(rest, len(open_steps)), strict=True):
        parts[index] = part
    return tuple(parts)


def _closed_amounts(steps, total, balance):
    """Steps without a remaining one: they must make the balance by themselves."""
    fixed = sum(step.amount for step in steps if step.kind == FIXED)
    percents = [step.percent for step in steps if step.kind == PERCENT]
    exact = Fraction(sum(map(Fraction, percents))) * total / 100
    rest = balance - fixed
    # A rounded deposit may take up to half a smallest amount more or less.
    is_off = abs(exact - rest) >= 1 if any(percents) else rest != 0
    if is_off or rest < 0:
        raise ScheduleError(
            messages.STEPS_NOT_TOTAL,
            amount=balance,
            amount_steps=fixed + floor(exact + Fraction(1, 2)),
        )
    by_percent = iter(shares(rest, percents) if any(percents) else percents)
    return tuple(
        step.amount if step.kind == FIXED else next(by_percent) for step in steps
    )
