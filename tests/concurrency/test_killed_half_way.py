"""The nightly job dies half-way, as when the machine runs out of memory."""

import logging
import os
import signal
import time
from functools import partial
from random import Random

import odoo.sql_db
from odoo import api

from .world import open_low_budgets

_logger = logging.getLogger(__name__)

BUDGETS = 60
CHUNK = 5
KILLS = 20
SEED = 38


def run_job(registry, die_after=None, ready=None):
    """Run the nightly job; return how many statements it took.

    :param int die_after: the process kills itself before the statement after that many
    :param ready: event to set when the job begins
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
        env.user.name  # noqa: B018 - what every request reads is no part of the job
        odoo.sql_db.Cursor.execute = execute
        if ready:
            ready.set()
        env["prepaid.budget"]._cron_replenish(chunk=CHUNK)
    return count


def look(env, budget_ids):
    """Return the number of episodes, and all that must never be seen."""
    budgets = env["prepaid.budget"].browse(budget_ids)
    lines = env["account.move.line"].search([("prepaid_budget_id", "in", budget_ids)])
    lines_of = lines.grouped("prepaid_budget_id")
    lots = env["prepaid.lot"].search([("budget_id", "in", budget_ids)])
    lots_of = lots.grouped("budget_id")
    damage = []
    for budget in budgets:
        moves = lines_of.get(budget, lines.browse()).move_id
        if len(moves) > 1 or moves != budget.replenishment_ids.invoice_id:
            damage.append(f"{budget.id}: invoices {moves.ids} and another episode")
        if len(budget.replenishment_ids) != len(moves):
            damage.append(f"{budget.id}: an episode without its invoice")
        if len(lots_of.get(budget, ())) != len(moves):
            damage.append(f"{budget.id}: an invoice without its lot")
    if not all(move.state == "posted" and move.sending_data for move in lines.move_id):
        damage.append("an invoice that is not posted or not sent")
    if len(set(lines.move_id.mapped("name"))) != len(lines):
        damage.append("an invoice number was given twice")
    return len(budgets.replenishment_ids), damage


def differences(env, budget_ids):
    """Return what ledger, balance and lots do not agree on."""
    return list(env["prepaid.budget"].browse(budget_ids)._get_differences().values())


def measure_chunk(world):
    """Return how many statements and seconds the job takes for one chunk."""
    # What other stories left below its threshold is none of our business.
    world.run(lambda env: env["prepaid.budget"].search([]).write({"active": False}))
    world.run(open_low_budgets, world.setup, CHUNK)
    start = time.monotonic()
    [statements] = world.processes.gather([run_job])
    return statements, time.monotonic() - start


def episodes_of(world, budget_ids):
    """Return the ids of all episodes of the budgets."""
    return world.run(
        lambda env: (
            env["prepaid.replenishment"].search([("budget_id", "in", budget_ids)]).ids
        )
    )


def kill_by_statement(world, random, statements):
    """Let the job die at a random statement; return how it ended."""
    die_after = random.randrange(statements)
    job = world.processes.start(partial(run_job, die_after=die_after))
    job.process.join(120)
    return job.process.exitcode


def kill_by_clock(world, random, seconds):
    """Kill the job from outside after a random time; return how it ended."""
    ready = world.processes.event()
    job = world.processes.start(partial(run_job, ready=ready))
    assert ready.wait(60)
    job.process.join(random.uniform(0, seconds))
    job.kill()
    return job.process.exitcode


def kill_many_times(world, budget_ids, statements, seconds):
    """Kill the job twenty times; return (how it ended, what it got done) of each.

    :param list budget_ids: budgets that are low; more are added when few are left
    """
    random = Random(SEED)
    progress = []
    before = 0
    for number in range(KILLS):
        if len(budget_ids) - before < BUDGETS // 2:
            budget_ids += world.run(open_low_budgets, world.setup, BUDGETS)
        if number % 2:
            code = kill_by_clock(world, random, seconds)
        else:
            code = kill_by_statement(world, random, statements)
        done, damage = world.run(look, budget_ids)
        assert damage == [], f"after kill {number}"
        progress.append((code, done - before))
        before = done
    return progress


def test_killed_half_way(world):
    """Killed 20 times, then a clean run: one invoice and one episode per budget."""
    statements, seconds = measure_chunk(world)
    budget_ids = world.run(open_low_budgets, world.setup, BUDGETS)
    progress = kill_many_times(world, budget_ids, 2 * statements, 2 * seconds)
    _logger.warning("done by killed runs: %s", progress)
    killed = [done for code, done in progress if code == -signal.SIGKILL]
    # A test that kills before anything is done, or after all of it, shows nothing.
    assert len(killed) >= KILLS - 2
    assert sum(1 for done in killed if done) >= 2
    assert sum(1 for done in killed if not done) >= 2

    for _night in range(2):  # the second night finds nothing to do
        world.processes.gather([run_job])
        assert world.run(look, budget_ids) == (len(budget_ids), [])
        states = world.read(
            "prepaid.replenishment", episodes_of(world, budget_ids), "state"
        )
        assert {state for (state,) in states} == {"open"}
    assert world.run(differences, budget_ids) == []
