"""The scheduled deduction: in two workers, killed half-way, with a poisoned entry."""

import os
import signal
from functools import partial
from random import Random

import odoo.sql_db
from odoo import api

from .racing import Scheduled, conflicts, oks
from .world import log_time, open_customer, sell

#: Time entries that one step looks at; each customer has some more than that.
CHUNK = 5
HOURS = (0.5, 1.0, 1.5, 0.25, 0.75, 2.0, 1.0)
CREDIT = 1000.0
VALUE = 100.0 * sum(HOURS)
KILLS = 12
SEED = 14


def open_due_customers(env, setup, count):
    """Open customers with time that is due; return (budget ids, time ids)."""
    budget_ids, timesheet_ids = [], []
    for _number in range(count):
        customer = open_customer(
            env,
            setup,
            with_order=True,
            consumption_mode="schedule",
            consume_rule="age",
            consume_days=0,
        )
        sell(env, customer.budget, CREDIT, pay=False, pack_id=setup.quick_pack)
        budget_ids.append(customer.budget)
        timesheet_ids += log_time(env, setup, customer.project, *HOURS)
    return budget_ids, timesheet_ids


def retire(env):
    """What other stories left is none of the job's business here."""
    env["prepaid.budget"].search([]).consumption_mode = "manual"


def consume(env):
    """Run the scheduled action, as a worker does."""
    env(su=True)["prepaid.budget"]._cron_consume(chunk=CHUNK)


def look(env, budget_ids, timesheet_ids):
    """Return how many entries are deducted, and all that must never be seen."""
    budgets = env["prepaid.budget"].browse(budget_ids)
    timesheets = env["account.analytic.line"].browse(timesheet_ids)
    damage = list(budgets.sudo()._get_differences().values())
    rows_of = (
        env["prepaid.entry"]
        .search([("timesheet_id", "in", timesheet_ids)])
        .grouped("timesheet_id")
    )
    for timesheet in timesheets:
        rows = rows_of.get(timesheet, env["prepaid.entry"])
        taken = -sum(rows.mapped("quantity"))
        if len(rows) > 1 or taken != (100.0 * timesheet.unit_amount if rows else 0.0):
            damage.append(f"{timesheet.id}: {rows.mapped('quantity')}")
        if bool(rows) != (timesheet.prepaid_state == "covered"):
            damage.append(f"{timesheet.id}: ledger and state disagree")
    for line in timesheets.so_line:
        own = timesheets.filtered(lambda t, line=line: t.so_line == line)
        waiting = sum(t.unit_amount for t in own if t not in rows_of)
        if line.qty_to_invoice != waiting:
            damage.append(f"{line.id}: {line.qty_to_invoice} h to invoice")
    return len(rows_of), damage


def run_job(registry, die_after=None):
    """Run the scheduled action; return how many statements it took.

    :param int die_after: the process kills itself before the statement after that many
    """
    count = 0
    original = odoo.sql_db.Cursor.execute

    def execute(cursor, *args, **kwargs):
        nonlocal count
        if count == die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        return original(cursor, *args, **kwargs)

    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        odoo.sql_db.Cursor.execute = execute
        consume(env)
    return count


def run_until_commit(registry, number):
    """Run the scheduled action; the process dies right after that many commits."""
    left = number
    original = odoo.sql_db.Cursor.commit

    def commit(cursor):
        nonlocal left
        original(cursor)
        left -= 1
        if not left:
            os._exit(9)

    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        odoo.sql_db.Cursor.commit = commit
        consume(env)


def run_poisoned(registry, timesheet_id):
    """Run the scheduled action; the database refuses one piece of time."""
    Line = registry["account.analytic.line"]
    original = Line._prepare_prepaid_movement

    def prepare(timesheet, *args):
        if timesheet.id == timesheet_id:
            timesheet.env.cr.execute("SELECT 1 / 0 AS poison")
        return original(timesheet, *args)

    Line._prepare_prepaid_movement = prepare
    with registry.cursor() as cr:
        consume(api.Environment(cr, api.SUPERUSER_ID, {}))


def test_bf14_two_workers_and_many_steps(world):
    """Several customers and steps: each piece of time is deducted by one of them."""
    world.run(retire)
    due = world.run(open_due_customers, world.setup, 3)
    outcomes = world.race(Scheduled(consume), Scheduled(consume))
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    world.run(consume)  # what one of them gave up waiting for
    assert world.run(look, *due) == (3 * len(HOURS), [])
    balances = world.read("prepaid.budget", due[0], "balance", "consume_note")
    assert balances == [(CREDIT - VALUE, False)] * 3


def test_bf14_killed_after_the_first_step(world):
    """What was committed stays, the rest is deducted by the next run."""
    world.run(retire)
    due = world.run(open_due_customers, world.setup, 2)
    job = world.processes.start(partial(run_until_commit, number=1))
    job.process.join(120)
    assert job.process.exitcode == 9
    assert world.run(look, *due) == (CHUNK, [])
    for _hour in range(2):  # the second run finds nothing to do
        world.run(consume)
        assert world.run(look, *due) == (2 * len(HOURS), [])


def test_bf14_killed_anywhere(world):
    """Killed at any statement of any step: nothing is lost, nothing is doubled."""
    world.run(retire)
    due = world.run(open_due_customers, world.setup, 2)
    [statements] = world.processes.gather([run_job])
    assert world.run(look, *due) == (2 * len(HOURS), [])
    random = Random(SEED)
    progress = []
    for number in range(KILLS):
        more = world.run(open_due_customers, world.setup, 1)
        for ids, new_ids in zip(due, more, strict=True):
            ids.extend(new_ids)
        before, _damage = world.run(look, *due)
        job = world.processes.start(
            partial(run_job, die_after=random.randrange(statements * 2 // 3))
        )
        job.process.join(120)
        done, damage = world.run(look, *due)
        assert damage == [], f"after kill {number}"
        if job.process.exitcode == -signal.SIGKILL:
            progress.append(done - before)
    # A test that kills before anything is done, or after all of it, shows nothing.
    assert len(progress) >= KILLS - 2
    assert any(progress)
    assert not all(progress)
    world.run(consume)
    assert world.run(look, *due) == (len(due[1]), [])


def test_bf14_b07_poisoned_entry_is_its_own(world):
    """The database refuses one entry: all others are deducted, and it is named."""
    world.run(retire)
    budget_ids, timesheet_ids = world.run(open_due_customers, world.setup, 2)
    bad = timesheet_ids[2]
    for _hour in range(2):
        world.processes.gather([partial(run_poisoned, timesheet_id=bad)])
        done, damage = world.run(look, budget_ids, timesheet_ids)
        assert (done, damage) == (len(timesheet_ids) - 1, [])
        [(note,)] = world.read("account.analytic.line", bad, "prepaid_note")
        assert "DivisionByZero" in note
        notes = world.read("prepaid.budget", budget_ids, "consume_note", "activity_ids")
        assert "Work" in notes[0][0]
        assert "2026-06-15" in notes[0][0]
        assert "DivisionByZero" in notes[0][0]
        # Told once, however often the job runs.
        assert [len(activities) for _note, activities in notes] == [1, 0]
        assert not notes[1][0]
    world.run(consume)
    assert world.run(look, budget_ids, timesheet_ids) == (len(timesheet_ids), [])
    [(note,)] = world.read("prepaid.budget", budget_ids[0], "consume_note")
    assert not note
