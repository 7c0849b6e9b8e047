"""B09: the lock is a change of a fixed row. Any other lock lets credit be lost.

The races of this folder would prove nothing if they passed without the lock. Here the
same race runs against a ledger without stored sums, which is how most ledgers begin,
with one lock after the other in place of ours, inside the racing processes only.
"""

import pytest

from .racing import conflicts, oks
from .world import deduct, top_up

LATEST_ROW = """
    SELECT id FROM prepaid_entry WHERE budget_id IN %s
     ORDER BY id DESC LIMIT 1 FOR UPDATE
"""
BUDGET_ROW = "SELECT id FROM prepaid_budget WHERE id IN %s ORDER BY id FOR UPDATE"
ADVISORY = "SELECT pg_advisory_xact_lock(id) FROM prepaid_budget WHERE id IN %s"


def weak_lock(statement):
    """Return a lock that waits for others, and changes nothing."""

    def _lock_for_ledger(budgets):
        budgets.env.flush_all()
        if budgets.ids:
            budgets.env.cr.execute(statement, [tuple(budgets.ids)])
            budgets.env.invalidate_all(flush=False)

    return _lock_for_ledger


def without_stored_sums(registry, lock):
    """Make the budgets of this process sum their ledger and store no balance.

    :param lock: the lock after which the ledger is summed; None for the real one
    """
    Budget = registry["prepaid.budget"]
    lock = lock or Budget._lock_for_ledger

    def _lock_for_ledger(budgets):
        lock(budgets)
        for budget in budgets:
            budget.env.cr.execute(
                "SELECT COALESCE(SUM(quantity), 0) FROM prepaid_entry"
                " WHERE budget_id = %s",
                [budget.id],
            )
            [ledger] = budget.env.cr.fetchone()
            budget._fields["balance"]._update_cache(budget, float(ledger))

    Budget._lock_for_ledger = _lock_for_ledger
    Budget._write_multi = lambda budgets, vals_list: None


def race_for_overdraft(world, lock):
    """Two users deduct 80 of an overdraft of 100, no lot in sight."""
    customer = world.customer(shortage_policy="overdraft", overdraft_limit=100.0)

    def patched(request):
        def run(env):
            if not hasattr(env.registry, "is_patched"):
                env.registry.is_patched = True
                without_stored_sums(env.registry, lock)
            return request(env)

        return run

    timesheets = world.log(customer, 0.8, 0.8)
    outcomes = world.race(*(patched(deduct(timesheet)) for timesheet in timesheets))
    return outcomes, sum(amount for _kind, amount in world.entries(customer))


@pytest.mark.parametrize(
    "statement",
    [LATEST_ROW, BUDGET_ROW, ADVISORY],
    ids=["latest ledger row", "select for update", "advisory lock"],
)
def test_b09_other_locks_overdraw(world, statement):
    """Both are accepted on the snapshot they took before: 160 used of 100."""
    outcomes, ledger = race_for_overdraft(world, weak_lock(statement))
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) == 0
    assert ledger == -160.0


def test_b09_lock_is_on_a_fixed_row(world):
    """With our lock alone in its place, one is accepted and the other refused."""
    outcomes, ledger = race_for_overdraft(world, lock=None)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) == 1
    assert ledger == -80.0


def test_b09_same_key_needs_the_change(world):
    """A draft moves no balance: without our change nobody notices the first request."""
    customer = world.customer()

    def request(env):
        env.registry["prepaid.budget"]._lock_for_ledger = weak_lock(BUDGET_ROW)
        return top_up(customer.budget, 500.0, key="request-b09")(env)

    outcomes = world.race(request, request)
    # The unique key in the database still refuses the second invoice, but the customer
    # gets an error instead of the invoice: see test_b03_same_key_top_up.
    assert sorted(oks(outcomes)) == [False, True]
    assert world.invoices(customer) == ["draft"]
