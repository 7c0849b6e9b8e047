"""Credit is granted, moved, extended and expires while others use it."""

from datetime import timedelta

import pytest

from .racing import Scheduled, conflicts, oks
from .world import deduct

ALLOWED = "prepaid_billing.group_credit"

expire = Scheduled(lambda env: env["prepaid.budget"].sudo()._cron_expire_lots())
warn = Scheduled(lambda env: env["prepaid.lot"].sudo()._cron_warn_expiry())


def by_hand(budget_id, method, *args, **kwargs):
    """Move credit of a budget as a person who may do so."""
    return lambda env: getattr(env["prepaid.budget"].browse(budget_id), method)(
        *args, **kwargs
    )


def of_lot(lot_id, method, *args):
    """Change a lot as a person who may do so."""
    return lambda env: getattr(env["prepaid.lot"].browse(lot_id), method)(*args)


@pytest.fixture
def office(world):
    """Let the back office move credit by hand."""

    def allow(env):
        env["res.users"].browse(world.setup.user).group_ids += env.ref(ALLOWED)

    world.run(allow)
    return world


def open_twin(world, customer):
    """Open a second budget of a customer; return its id."""

    def build(env):
        budget = env["prepaid.budget"].browse(customer.budget)
        return budget.copy({"name": "Twin", "sequence": 99}).id

    return world.run(build)


def open_ending(world, customer, amount, days):
    """Grant credit that ends so many days from today; return the id of its lot."""

    def build(env):
        budget = env["prepaid.budget"].browse(customer.budget)
        today = budget.company_id._get_autopay_today()
        entry = env["prepaid.entry"].browse(
            budget.grant(amount, "Goodwill", today + timedelta(days=30))
        )
        env.flush_all()
        # As if it had been granted long ago.
        env.cr.execute(
            "UPDATE prepaid_lot SET date_from = %s, date_to = %s WHERE id = %s",
            [
                today - timedelta(days=900),
                today + timedelta(days=days),
                entry.lot_id.id,
            ],
        )
        return entry.lot_id.id, today + timedelta(days=60)

    return world.run(build)


def balances(world, *budget_ids):
    """Return balances, each proved by ledger and lots."""

    def read(env):
        budgets = env["prepaid.budget"].sudo().browse(budget_ids)
        assert budgets._get_differences() == {}
        return budgets.mapped("balance")

    return world.run(read)


@pytest.mark.parametrize("leader", [0, 1])
def test_b08_grant_versus_deduction(office, leader):
    """Both count, whoever is first; what was short before the grant stays so."""
    customer = office.customer(credit=100.0, shortage_policy="refuse")
    [timesheet] = office.log(customer, 1.2)
    grant = by_hand(customer.budget, "grant", 50.0, "Goodwill")
    outcomes = office.race(grant, deduct(timesheet), leader=leader)
    assert outcomes[0].ok
    assert outcomes[1].ok == (leader == 0)
    # What was refused is rolled back: nobody is in its way.
    assert bool(conflicts(outcomes)) == (leader == 0)
    assert office.balance(customer) == (30.0 if leader == 0 else 150.0)


@pytest.mark.parametrize("method", ["grant", "adjust"])
def test_b03_same_key_by_hand(office, method):
    """The same request on two connections: one movement, the same id for both."""
    customer = office.customer()
    request = by_hand(customer.budget, method, 40.0, "Goodwill", key=f"one-{method}")
    outcomes = office.race(request, request)
    assert oks(outcomes) == [True, True]
    assert outcomes[0].value == outcomes[1].value
    assert conflicts(outcomes) >= 1
    assert office.balance(customer) == 40.0


@pytest.mark.parametrize("leader", [0, 1])
@pytest.mark.parametrize("method", ["adjust", "transfer", "revoke", "close"])
def test_bf65_taken_by_hand_versus_deduction(office, method, leader):
    """100 left: one takes them away, one works for 80. Nobody gets what is gone."""
    customer = office.customer(shortage_policy="refuse")
    lot, _later = open_ending(office, customer, 100.0, 30)
    twin = open_twin(office, customer)
    take = {
        "adjust": by_hand(customer.budget, "adjust", -100.0, "Counted again"),
        "transfer": by_hand(customer.budget, "transfer", twin, 100.0, "Moved"),
        "revoke": of_lot(lot, "revoke", "Abused"),
        "close": by_hand(customer.budget, "close", "forfeit", "The end"),
    }[method]
    [timesheet] = office.log(customer, 0.8)
    outcomes = office.race(take, deduct(timesheet), leader=leader)
    assert outcomes[leader].ok
    assert conflicts(outcomes) >= 1
    gone = 100.0 if leader == 0 else 0.0
    if method in ("revoke", "close") and leader == 1:
        gone = 20.0  # what is left, whatever it is
        assert outcomes[0].ok
    else:
        assert not outcomes[1 - leader].ok
    used = 80.0 if outcomes[1].ok else 0.0
    moved = 100.0 if method == "transfer" and leader == 0 else 0.0
    # Where the first budget is closed or empty, no time is deducted from the twin.
    assert balances(office, customer.budget, twin) == [100.0 - gone - used, moved]


@pytest.mark.parametrize("leader", [0, 1, None])
def test_bf65_transfers_cross(office, leader):
    """A to B and B to A at once: no deadlock, nothing lost or made."""
    customer = office.customer(credit=100.0)
    twin = open_twin(office, customer)
    office.run(by_hand(twin, "grant", 100.0, "Goodwill"))
    outcomes = office.race(
        by_hand(customer.budget, "transfer", twin, 70.0, "There"),
        by_hand(twin, "transfer", customer.budget, 50.0, "Back"),
        leader=leader,
    )
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert balances(office, customer.budget, twin) == [80.0, 120.0]


def test_b70_two_workers_expire_once(office):
    """The job runs in two workers: one row per lot."""
    customers = [office.customer() for _number in range(3)]
    for customer in customers:
        open_ending(office, customer, 60.0, -1)
    outcomes = office.race(expire, expire)
    assert any(oks(outcomes))
    assert conflicts(outcomes) >= 1
    office.run(expire)
    for customer in customers:
        assert office.entries(customer, "expire") == [("expire", -60.0)]
        assert office.balance(customer) == 0.0


@pytest.mark.parametrize("leader", [0, 1])
def test_b70_expiry_beside_a_deduction(office, leader):
    """The job and a late deduction meet: what has ended pays for nothing new."""
    customer = office.customer(shortage_policy="refuse")
    open_ending(office, customer, 60.0, -1)
    [timesheet] = office.log(customer, 0.5)
    outcomes = office.race(expire, deduct(timesheet), leader=leader)
    office.run(expire)
    assert not outcomes[1].ok
    assert office.entries(customer, "expire", "consume") == [("expire", -60.0)]
    assert office.balance(customer) == 0.0


@pytest.mark.parametrize("leader", [0, 1])
def test_b71_reinstated_twice(office, leader):
    """Two people give back one expired lot: it comes back once."""
    customer = office.customer()
    lot, later = open_ending(office, customer, 60.0, -1)
    request = of_lot(lot, "reinstate", later, "Was ill")
    outcomes = office.race(request, request, leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    assert office.balance(customer) == 60.0
    assert office.entries(customer, "expire", "unexpire") == [
        ("expire", -60.0),
        ("unexpire", 60.0),
    ]


def test_b72_two_workers_warn_once(office):
    """The job runs in two workers: one warning of each lot."""
    customer = office.customer()
    open_ending(office, customer, 60.0, 5)
    outcomes = office.race(warn, warn)
    assert any(oks(outcomes))
    office.run(warn)

    def count(env):
        return env["prepaid.alert.notice"].search_count(
            [("budget_id", "=", customer.budget), ("kind", "=", "expiry")]
        )

    assert office.run(count) == 1


def test_bf60_one_alert_of_two_deductions(office):
    """Two people cross one threshold at once: it is told once."""
    customer = office.customer(credit=200.0)

    def watch(env):
        env["prepaid.alert"].create(
            {"budget_id": customer.budget, "amount": 150.0, "tell_user": True}
        )

    office.run(watch)
    first, second = office.log(customer, 0.6, 0.7)
    outcomes = office.race(deduct(first), deduct(second))
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1

    def count(env):
        return env["prepaid.alert.notice"].search_count(
            [("budget_id", "=", customer.budget), ("kind", "=", "low")]
        )

    assert office.run(count) == 1
    assert office.balance(customer) == 70.0
