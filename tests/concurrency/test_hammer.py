"""Thousands of requests on five budgets from four processes."""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from random import Random

import pytest

from odoo.addons.prepaid_billing.const import CREDIT

from .racing import attempt
from .world import (
    INVOICE_DAY,
    Customer,
    deduct,
    give_back,
    log_time,
    open_customer,
    pay,
    post,
)

_logger = logging.getLogger(__name__)

WORKERS = 4
ATTEMPTS = 505
SEED = 19
POLICIES = (
    {"shortage_policy": "refuse"},
    {"shortage_policy": "partial"},
    {"shortage_policy": "partial", "zero_rate_policy": "deduct"},
    {"shortage_policy": "overdraft", "overdraft_limit": 300.0},
    {"shortage_policy": "overdraft", "overdraft_limit": 50.0},
)
TIMESHEETS = 60
OPEN_INVOICES = 8
PAID_INVOICES = 8
CREDIT_NOTES = 4


@dataclass(frozen=True)
class Anvil:
    """A budget with all that can be done to it, made before the clock starts."""

    customer: Customer
    limit: float
    timesheets: list[int]
    invoices: list[int]
    refunds: list[int]


def make_invoices(env, budget_id):
    """Sell lots of 500 in one batch, some of them paid; prepare credit notes.

    :return: (ids of all invoices, ids of credit notes over the lots used last)
    """
    budget = env["prepaid.budget"].browse(budget_id)
    vals = {**budget._prepare_top_up_vals(500.0), "invoice_date": INVOICE_DAY}
    count = PAID_INVOICES + OPEN_INVOICES
    moves = env["account.move"].create([dict(vals) for _number in range(count)])
    moves.action_post()
    paid = moves[:PAID_INVOICES]
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=paid.ids
    ).create({"payment_date": INVOICE_DAY})._create_payments()
    sold = paid[-CREDIT_NOTES:]
    refunds = sold._reverse_moves([{"invoice_date": INVOICE_DAY}] * len(sold))
    for refund in refunds:
        refund.invoice_line_ids.price_unit = 60.0
    return moves.ids, refunds.ids


def make_anvil(env, setup, vals):
    """Make one budget with time, invoices and credit notes."""
    customer = open_customer(env, setup, with_order=False, **vals)
    random = Random(customer.budget)
    hours = [random.randint(1, 8) / 4 for _number in range(TIMESHEETS)]
    invoices, refunds = make_invoices(env, customer.budget)
    return Anvil(
        customer=customer,
        limit=vals.get("overdraft_limit", 0.0),
        timesheets=log_time(env, setup, customer.project, *hours),
        invoices=invoices,
        refunds=refunds,
    )


def draw(random, anvil, mine):
    """Choose what to do next.

    :param mine: set of timesheets that this process deducted last
    :return: (what, ids, request)
    """
    dice = random.random()
    if dice < 0.03:
        return "buy and pay", (), pay(random.choice(anvil.invoices))
    if dice < 0.05:
        return "credit", (), post(random.choice(anvil.refunds))
    if dice < 0.40:
        known = sorted(mine.intersection(anvil.timesheets))
        one = random.choice(known if known and dice < 0.35 else anvil.timesheets)
        return "return", {one}, give_back(one)
    some = random.sample(anvil.timesheets, random.randint(1, 2))
    return "deduct", set(some), deduct(*some)


def judge(outcome):
    """Name what became of a request."""
    if outcome.ok:
        return "done"
    return "refused" if outcome.error != "SerializationFailure" else "gave up"


def swing(registry, uid, anvils, seed):
    """Make all requests of one process; return how often what happened."""
    random = Random(seed)
    tally = Counter()
    mine = set()
    for _number in range(ATTEMPTS):
        name, ids, request = draw(random, random.choice(anvils), mine)
        outcome = attempt(registry, request, uid)
        if name == "return":
            mine -= ids
        elif outcome.ok:
            mine |= set(ids)
        tally[name, judge(outcome)] += 1
        tally["conflicts"] += outcome.conflicts
    return tally


def describe_damage(env, anvil):
    """Say what is wrong with a budget; empty when nothing is."""
    budget = env["prepaid.budget"].browse(anvil.customer.budget)
    damage = list(budget._get_differences().values())
    entries = env["prepaid.entry"].search([("budget_id", "=", budget.id)], order="id")
    balance = 0.0
    for entry in entries:
        balance = round(balance + entry.quantity, 2)
        if balance != entry.balance_after:
            damage.append(f"{entry.id}: {entry.balance_after} instead of {balance}")
        if balance < -anvil.limit:
            damage.append(f"{entry.id}: overdrawn, {balance}")
    for timesheet in env["account.analytic.line"].browse(anvil.timesheets):
        hours = sum(timesheet.prepaid_entry_ids.mapped("hours"))
        if abs(hours - timesheet.prepaid_covered_hours) > 1e-6 or (
            hours > timesheet.unit_amount + 1e-6
        ):
            damage.append(f"{timesheet.id}: {hours} of {timesheet.unit_amount} hours")
    return damage + describe_lost_credit(env, anvil, entries)


def describe_lost_credit(env, anvil, entries):
    """Say which lots do not count once, and exactly when they are paid."""
    counts = Counter(entry.lot_id for entry in entries if entry.kind == CREDIT)
    damage = [f"{lot.name}: counted {n} times" for lot, n in counts.items() if n > 1]
    for move in env["account.move"].browse(anvil.invoices):
        is_paid = move.currency_id.is_zero(move.amount_residual)
        if is_paid != (counts[move.prepaid_lot_ids] == 1):
            damage.append(f"{move.name}: {is_paid=}")
    return damage


@pytest.fixture
def anvils(world):
    """Give the five budgets."""
    return [world.run(make_anvil, world.setup, dict(vals)) for vals in POLICIES]


def test_hammer(world, anvils, record_property):
    """2,020 requests at once: balance = ledger = lots, nowhere overdrawn."""
    start = time.monotonic()
    bodies = [
        partial(swing, uid=world.setup.user, anvils=anvils, seed=SEED + number)
        for number in range(WORKERS)
    ]
    tally = sum(world.processes.gather(bodies, patience=280), Counter())
    seconds = time.monotonic() - start
    conflicts = tally.pop("conflicts")
    report = ", ".join(
        f"{name} {result}: {count}" for (name, result), count in sorted(tally.items())
    )
    _logger.warning(
        "%s requests in %.1f s, %s conflicts; %s",
        tally.total(),
        seconds,
        conflicts,
        report,
    )
    record_property("hammer", f"{report}, conflicts: {conflicts}, {seconds:.1f} s")
    assert tally.total() == WORKERS * ATTEMPTS
    for name in ("deduct", "return", "buy and pay", "credit"):
        assert tally[name, "done"] >= 3, report
    assert tally["deduct", "refused"] > 50, report
    assert conflicts > 50, report
    gave_up = sum(tally[key] for key in tally if key[1] == "gave up")
    assert gave_up < tally.total() * 0.05, report
    for anvil in anvils:
        assert world.run(describe_damage, anvil) == []
