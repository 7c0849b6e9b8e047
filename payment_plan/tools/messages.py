"""What the arithmetic has to say: refusals and notes, as codes with numbers.

The models turn a code into a translated sentence. In ``numbers`` a key that starts
with ``amount`` is money in smallest amounts, one that starts with ``date`` a date; all
others are plain counts.
"""

from dataclasses import dataclass, field

# === Refusals === #
TOTAL_NOT_POSITIVE = "total_not_positive"  # amount_total
TOO_SMALL = "too_small"  # amount, count: less than one smallest amount per line
BELOW_MINIMUM = "below_minimum"  # amount, amount_minimum
STEPS_NOT_TOTAL = "steps_not_total"  # amount, amount_steps: steps miss the balance
PERCENT_NOT_TOTAL = "percent_not_total"  # percent: all percentages, not 100
DISCOUNT_TOO_LARGE = "discount_too_large"  # amount_total, amount_discount
INVALID_COUNT = "invalid_count"  # count, limit
INVALID_INTERVAL = "invalid_interval"  # every
INVALID_PERCENT = "invalid_percent"  # percent
INVALID_AMOUNT = "invalid_amount"  # amount
START_MISSING = "start_missing"  # no date to start from
SESSION_MISSING = "session_missing"  # dates count back from an unknown session
CUTOFF_TOO_FEW = "cutoff_too_few"  # count, to_count, date_limit
CUTOFF_PASSED = "cutoff_passed"  # date_limit, date_from: no date is left at all
NO_BUSINESS_DAY = "no_business_day"  # date: nothing but days off after it
NO_OPEN_LINE = "no_open_line"  # amount: nothing is left that could take it

# === Notes === #
DEPOSIT_CAPPED = "deposit_capped"  # amount_rule, amount: the deposit is the total
DEPOSIT_DROPPED = "deposit_dropped"  # amount_total: it rounds to nothing
PAID_IN_FULL = "paid_in_full"  # amount: nothing is left for installments
REDUCED_BY_MINIMUM = "reduced_by_minimum"  # count, to_count, amount_minimum
REDUCED_BY_CUTOFF = "reduced_by_cutoff"  # count, to_count, date_limit
MERGED = "merged"  # amount, amount_smallest: a line too small to be charged
BELOW_CHARGE = "below_charge"  # amount, amount_smallest: can only be paid by hand
START_MOVED = "start_moved"  # date_from, date_to: the start was before the signature
DUE_AT_ONCE = "due_at_once"  # date_planned, date: planned before the signature
DAY_OFF_KEPT = "day_off_kept"  # date: no business day up to the cut-off
AFTER_SESSION = "after_session"  # count, date_session, date_last
CUTOFF_UNCHECKED = "cutoff_unchecked"  # the session has no date yet


@dataclass(frozen=True)
class Note:
    """Something the customer must see before signing: a code with numbers."""

    code: str
    numbers: dict = field(default_factory=dict, hash=False)


def note(code, **numbers):
    """Make a note: ``note(MERGED, amount=30, amount_smallest=50)``."""
    return Note(code, numbers)


class ScheduleError(Exception):
    """A schedule that cannot be made, as a code with numbers."""

    def __init__(self, code, **numbers):
        super().__init__(code, numbers)
        self.code = code
        self.numbers = numbers

    def __str__(self):
        numbers = ", ".join(f"{key}={value}" for key, value in self.numbers.items())
        return f"{self.code} ({numbers})" if numbers else self.code
