"""The nightly job, twice at once, disturbed, and beside people."""

import pytest

from odoo.exceptions import UserError

from .racing import Scheduled, conflicts, oks
from .world import open_low_budgets, pay, post, replenish, sell, top_up

nightly = Scheduled(lambda env: env["prepaid.budget"].sudo()._cron_replenish(chunk=4))


def test_b04_two_replenishment_workers(world):
    """The job runs in two workers: one invoice and one episode for each budget."""
    budget_ids = world.run(open_low_budgets, world.setup, 12)
    outcomes = world.race(nightly, nightly)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    for model, field in (
        ("account.move.line", "prepaid_budget_id"),
        ("prepaid.replenishment", "budget_id"),
    ):
        found = world.run(
            lambda env, model=model, field=field: [
                records[field].id
                for records in env[model].search([(field, "in", budget_ids)])
            ]
        )
        assert sorted(found) == sorted(budget_ids)


@pytest.mark.parametrize("other", ["nightly", "button"])
def test_b04_job_and_button(world, other):
    """Somebody presses the button while the job runs: still one invoice."""
    customer = world.low_customer()
    unit = nightly if other == "nightly" else replenish(customer.budget)
    outcomes = world.race(unit, replenish(customer.budget))
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.invoices(customer) == ["posted"]


@pytest.mark.parametrize("leader", [0, 1])
def test_replenish_versus_payment(world, leader):
    """The open top-up is paid while the job looks: no second invoice (B12)."""
    customer = world.low_customer()
    move = world.sell(customer, 500.0, pay=False)
    outcomes = world.race(replenish(customer.budget), pay(move), leader=leader)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.invoices(customer) == ["posted"]
    assert world.balance(customer) == 500.0


def test_replenish_versus_top_up(world):
    """Somebody drafts a top-up while the job looks: the job waits for it (B12)."""
    customer = world.low_customer()
    outcomes = world.race(
        replenish(customer.budget), top_up(customer.budget, 300.0), leader=1
    )
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.invoices(customer) == ["draft"]


# === B06 === #


def disturb(env, times=1):
    """Let another connection get in the way after posting and queueing the mail.

    It changes the customer's project after our snapshot, and so do we at the very end:
    PostgreSQL refuses that with a serialization error.
    """
    Move = env.registry["account.move"]
    original = Move._send_prepaid_later
    left = [times]

    def _send_prepaid_later(moves):
        original(moves)
        moves.env.flush_all()
        statement = (
            "UPDATE project_project SET write_date = now() WHERE partner_id IN %s"
        )
        partners = tuple(moves.partner_id.ids)
        if left[0]:
            left[0] -= 1
            with env.registry.cursor() as other:
                other.execute(statement, [partners])
        moves.env.cr.execute(statement, [partners])

    Move._send_prepaid_later = _send_prepaid_later


def disturbed(request, times=1):
    """Return the request, disturbed at its end so many times."""
    armed = []

    def run(env):
        if not armed:
            armed.append(True)
            disturb(env, times)
        return request(env)

    return run


def sell_and_send(customer, pack_id):
    """Top up with credit that counts at once, post and send: all in one request."""

    def request(env):
        move = env["account.move"].browse(
            sell(env, customer.budget, 500.0, pay=False, pack_id=pack_id)
        )
        move._send_prepaid_later()
        return move.id

    return request


def count_numbers(env):
    """Return the highest invoice numbers of all series, added up: gaps show."""
    series = env["account.move"]._read_group(
        [("move_type", "=", "out_invoice"), ("state", "=", "posted")],
        ["sequence_prefix"],
        ["sequence_number:max"],
    )
    return sum(highest for _prefix, highest in series)


def count_traces(env, customer):
    """Count all that a replenishment leaves in the database."""
    send = env.ref("account.ir_cron_account_move_send").sudo()
    budget = env["prepaid.budget"].browse(customer.budget)
    moves = env["account.move"].search([("partner_id", "=", customer.partner)])
    return {
        "moves of the customer": len(moves),
        "moves": env["account.move"].search_count([]),
        "queued to send": len(moves.filtered("sending_data")),
        "triggers": env["ir.cron.trigger"].search_count([("cron_id", "=", send.id)]),
        "lots": env["prepaid.lot"].sudo().search_count([]),
        "entries": env["prepaid.entry"].search_count([]),
        "episodes": len(budget.replenishment_ids),
        "mails": env["mail.mail"].sudo().search_count([]),
        "messages": env["mail.message"].sudo().search_count([]),
        "activities": env["mail.activity"].sudo().search_count([]),
        "numbers": count_numbers(env),
    }


def traces_of(world, customer, request):
    """Run a request and return its outcome and what it left in the database."""
    before = world.run(count_traces, customer)
    [outcome] = world.race(request)
    after = world.run(count_traces, customer)
    return outcome, {name: after[name] - before[name] for name in after}


REQUESTS = {
    "button": lambda world, customer: replenish(customer.budget),
    "job": lambda world, customer: nightly,
    "top-up": lambda world, customer: sell_and_send(customer, world.setup.quick_pack),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_b06_retry_after_serialization_failure(world, kind):
    """A conflict after posting and queueing leaves what an undisturbed run leaves."""
    world.race(nightly)
    traces = {}
    for times in (0, 1, 3):
        customer = world.low_customer()
        request = REQUESTS[kind](world, customer)
        unit = disturbed(request, times)
        if kind == "job":
            unit = Scheduled(unit)
        outcome, traces[times] = traces_of(world, customer, unit)
        assert outcome.ok, outcome.message
        assert outcome.conflicts == times
        assert world.invoices(customer) == ["posted"]
    assert traces[0]["moves of the customer"] == 1
    assert traces[0]["queued to send"] == 1
    assert traces[0]["numbers"] == 1
    assert traces[1] == traces[0]
    assert traces[3] == traces[0]


def let_a_day_pass(env):
    """Make all budgets due for the job again."""
    env.cr.execute(
        "UPDATE prepaid_budget SET replenish_checked_on = replenish_checked_on - 1"
    )


def test_b06_job_that_never_gets_through(world):
    """A budget that is always in use waits for the next night, nothing half-made."""
    world.race(nightly)
    customer = world.low_customer()
    unit = Scheduled(disturbed(nightly, times=100))
    outcome, traces = traces_of(world, customer, unit)
    assert outcome.ok
    assert outcome.conflicts == 5
    assert not any(traces.values())
    world.run(let_a_day_pass)
    world.race(nightly)
    assert world.invoices(customer) == ["posted"]


def in_permanent_use(request, budget_id):
    """Return the request while every write of one budget meets somebody else's."""

    def run(env):
        Budget = env.registry["prepaid.budget"]
        lock, write = Budget._lock_for_ledger, Budget._write_multi

        def _lock_for_ledger(budgets):
            use(budgets, budget_id)
            lock(budgets)

        def _write_multi(budgets, vals_list):
            use(budgets, budget_id)
            return write(budgets, vals_list)

        Budget._lock_for_ledger, Budget._write_multi = _lock_for_ledger, _write_multi
        return request(env)

    return run


def broken_and_in_use(request, budget_id):
    """Return the request while one budget fails, and its note meets others."""

    def run(env):
        Budget = env.registry["prepaid.budget"]
        replenish_, write = Budget._replenish, Budget._write_multi

        def _replenish(budgets):
            if budget_id in budgets.ids:
                raise UserError("Broken")
            replenish_(budgets)

        def _write_multi(budgets, vals_list):
            if any("replenish_note" in vals for vals in vals_list):
                use(budgets, budget_id)
            return write(budgets, vals_list)

        Budget._replenish, Budget._write_multi = _replenish, _write_multi
        return request(env)

    return run


def use(budgets, budget_id):
    """Change a budget on another connection, after our snapshot."""
    if budget_id in budgets.ids:
        budgets.env.cr.execute("SELECT 1")
        with budgets.env.registry.cursor() as other:
            other.execute(
                "UPDATE prepaid_budget SET lock_seq = lock_seq + 1 WHERE id = %s",
                [budget_id],
            )


@pytest.mark.parametrize("position", [0, 5], ids=["first", "last"])
@pytest.mark.parametrize("trouble", [in_permanent_use, broken_and_in_use])
def test_budget_in_permanent_use_stops_no_other(world, trouble, position):
    """One budget can be neither locked nor written: the others get their invoices."""
    world.race(nightly)
    others = world.run(open_low_budgets, world.setup, 6)
    busy = others.pop(position)
    [outcome] = world.race(Scheduled(trouble(nightly, busy)))
    assert outcome.ok, outcome.message
    invoiced = world.run(
        lambda env: (
            env["prepaid.replenishment"]
            .search([("budget_id", "in", [busy, *others])])
            .budget_id.ids
        )
    )
    assert sorted(invoiced) == others
    world.run(let_a_day_pass)
    world.race(nightly)
    count = world.run(
        lambda env: env["prepaid.replenishment"].search_count(
            [("budget_id", "in", [busy, *others])]
        )
    )
    assert count == 6


def test_b06_post_disturbed(world):
    """Posting credit that counts at once is tried again: one lot, one entry."""
    customer = world.low_customer()
    move = world.run(lambda env: top_up(customer.budget, 500.0)(env))

    def post_and_send(env):
        post(move)(env)
        env["account.move"].browse(move)._send_prepaid_later()

    [outcome] = world.race(disturbed(post_and_send))
    assert outcome.ok
    assert outcome.conflicts == 1
    lots = world.run(
        lambda env: env["prepaid.lot"].search_count([("invoice_id", "=", move)])
    )
    assert lots == 1
