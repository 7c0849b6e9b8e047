"""The fault matrix: whatever fails, dies or is late, money and books agree.

Each cell is one invoice, charged by a real process that is killed as the cell says,
against an account of its own at the Stripe stand-in, which calls a real server. After
that runs what Odoo runs by itself; nobody decides anything.
"""

from collections.abc import Iterator

import pytest

from ..concurrency.racing import open_processes
from . import matrix
from .matrix_world import AMOUNT, World


@pytest.fixture(scope="module")
def world(request, live_server) -> Iterator[World]:
    """Prepare the cells that were asked for, together."""
    cells = [
        item.callspec.params["cell"]
        for item in request.session.items
        if item.path == request.path and "cell" in item.callspec.params
    ]
    with open_processes(live_server.db) as processes:
        yield World(processes, live_server, cells)


@pytest.fixture
def cell(request, world) -> Iterator[matrix.Cell]:
    """Give a cell; what it leaves is no later cell's business."""
    yield request.param
    world.close(request.param)


def expected(cell):
    """Return what Odoo must say in the end; a part of what it does say."""
    end = cell.fault.end
    return {
        "is_paid": end.is_paid,
        "total": AMOUNT,
        "residual": 0.0 if end.is_paid else AMOUNT,
        "payments": [(AMOUNT, "paid", True)] if end.is_paid else [],
        "transactions": [(end.transaction, True, AMOUNT)],
        "attempts": [(end.attempt, end.decline_class)],
        "collection": end.collection,
        "days": end.days,
        "messages": [end.message],
        "surplus": 0.0,
        "alerts": [],
    }


def get_keys(account):
    """Return the idempotency keys of all requests for a charge."""
    calls = account.calls("payment_intents", "POST")
    return {c["idempotency_key"] for c in calls if c["path"].endswith("intents")}


@pytest.mark.parametrize("cell", matrix.CELLS, ids=str, indirect=True)
def test_cell(world, cell):
    """Stripe has one charge or none, as the card demands, and Odoo says the same."""
    said = world.play(cell)
    account = world.accounts[cell]

    charges = account.charges()
    assert [charge["amount"] for charge in charges] == (
        [round(AMOUNT * 100)] if cell.fault.end.is_paid else []
    )
    # One intent, by one key: no request could have become a second charge.
    intents = account.intents()
    assert (len(intents), len(get_keys(account))) == (1, 1)
    assert said.pop("intents") == [intents[0]["id"]]
    assert said == expected(cell)


@pytest.mark.parametrize("cell", [matrix.RETRY], ids=str, indirect=True)
def test_retry_of_the_next_day(world, cell):
    """After a soft decline the next day charges once, by a new reference and key."""
    said = world.play(cell)
    account = world.accounts[cell]
    assert said["attempts"] == [("declined", "funds")]
    assert (account.charges(), said["days"]) == ([], 1)

    world.pass_day(cell)
    said = world.recover(cell)
    assert [charge["amount"] for charge in account.charges()] == [round(AMOUNT * 100)]
    assert len({intent["description"] for intent in account.intents()}) == 2
    assert len(get_keys(account)) == 2
    assert said["attempts"] == [("succeeded", False), ("declined", "funds")]
    assert said["payments"] == [(AMOUNT, "paid", True)]
    assert (said["is_paid"], said["collection"]) == (True, "done")
