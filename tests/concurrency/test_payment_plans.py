"""Payment plans signed, paid and invoiced by several people and workers at once."""

import logging
import os
import signal
import time
from base64 import b64encode
from dataclasses import dataclass
from functools import partial
from random import Random

import pytest

import odoo.sql_db
from odoo import Command, api, fields
from odoo.exceptions import UserError
from odoo.tools import config, file_open

from ..support import new_database
from .racing import Processes, Scheduled, conflicts, oks

_logger = logging.getLogger(__name__)

EVIDENCE = {
    "ip_address": "192.0.2.7",
    "user_agent": "Test browser",
    "email": "ada@example.com",
}
#: The rows that all who sign, invoice or choose change first.
PLAN_LOCK = ("payment.plan", "_lock")
ORDER_LOCK = ("sale.order", "_lock_for_signature")

PLANS = 60
CHUNK = 10
KILLS = 20
SEED = 52


def nightly(chunk=CHUNK):
    """Return the job that invoices what is due, as its worker runs it."""
    return Scheduled(
        lambda env: env["payment.plan.installment"].sudo()._cron_invoice(chunk)
    )


job = nightly()


# === THE STUDIO === #


@dataclass(frozen=True)
class Studio:
    """Ids of what all customers share."""

    user: int
    product: int
    provider: int


def set_up(env):
    """Make what all customers share; only the tests that pay have a provider."""
    admin = env.ref("base.user_admin")
    admin.group_ids += env.ref("sales_team.group_sale_manager")
    company = admin.company_id
    company.write(
        {"autopay_notice_days": 0, "plan_lead_days": 0, "plan_most_installments": 12}
    )
    env["payment.provider"].search([]).state = "disabled"
    demo = env["payment.provider"].search(
        [("code", "=", "demo"), ("company_id", "=", company.id)], limit=1
    )
    demo.allow_tokenization = True
    if not demo.journal_id:
        journals = [("type", "=", "bank"), ("company_id", "=", company.id)]
        demo.journal_id = env["account.journal"].search(journals, limit=1)
    product = env["product.product"].create(
        {
            "name": "Wedding session",
            "type": "service",
            "invoice_policy": "order",
            "taxes_id": [Command.set(company.account_sale_tax_id.ids)],
        }
    )
    return Studio(admin.id, product.id, demo.id)


def make_quotation(env, studio, total=2000.0):
    """Return a quotation of a customer of its own, without taxes."""
    partner = env["res.partner"].create({"name": "Ada", "email": "ada@example.com"})
    line = {"product_id": studio.product, "price_unit": total, "tax_ids": []}
    return env["sale.order"].create(
        {
            "partner_id": partner.id,
            "require_signature": True,
            "require_payment": False,
            "order_line": [Command.create({**line, "product_uom_qty": 1})],
        }
    )


def offer(env, order, **vals):
    """Offer a plan of its own kind on a quotation."""
    template = env["payment.plan.template"].create(
        {"name": "3 months", "currency_id": order.currency_id.id, **vals}
    )
    return env["payment.plan"].create(
        {"sale_order_id": order.id, "template_id": template.id}
    )


def open_quotation(env, studio, *rules, payment=False):
    """Return the ids of a quotation, of its plans, and what the page of each shows."""
    order = make_quotation(env, studio)
    plans = [offer(env, order, **rule) for rule in rules]
    digests = []
    for plan in plans:
        order._choose_plan(plan, EVIDENCE)
        digests.append(plan._get_version().digest)
    order._choose_plan(plans[0], EVIDENCE)
    order.require_payment = payment
    return order.id, [plan.id for plan in plans], digests


def run_plans(env, studio, count, **rule):
    """Sign and confirm plans whose payments begin tomorrow; return their ids."""
    today = fields.Date.today()
    rule = {
        "deposit_kind": "none",
        "installment_count": 1,
        "start": "date",
        "start_date": fields.Date.add(today, days=1),
        "interval_unit": "days",
        "autopay": "off",
        **rule,
    }
    plans = env["payment.plan"]
    for _number in range(count):
        order = make_quotation(env, studio, 301.0)
        plan = offer(env, order, **rule)
        order._choose_plan(plan, EVIDENCE)
        plan._sign(plan._get_version().digest, "Ada", EVIDENCE)
        order.action_confirm()
        plans |= plan
    assert set(plans.mapped("state")) == {"active"}
    assert not plans.installment_ids.move_id
    return plans.ids


def let_days_pass(env, days, plan_ids):
    """Make the payments of some plans so many days older."""
    env.flush_all()
    env.cr.execute(
        "UPDATE payment_plan_installment SET date_due = date_due - %s,"
        " invoice_on = invoice_on - %s WHERE plan_id IN %s",
        [days, days, tuple(plan_ids)],
    )


def due_plans(env, studio, count, days=1, **rule):
    """Return the ids of running plans whose first payments are due."""
    plan_ids = run_plans(env, studio, count, **rule)
    let_days_pass(env, days, plan_ids)
    return plan_ids


class World:
    """One database: build, race, and ask what came out."""

    def __init__(self, processes):
        self.processes = processes
        self.studio = processes.run(set_up)

    def run(self, function, *args, **kwargs):
        """Run ``function(env, *args, **kwargs)`` in a process and commit."""

        def quietly(env):
            return function(env(context={"tracking_disable": True}), *args, **kwargs)

        return self.processes.run(quietly)

    def race(self, *units, leader=None, lock=PLAN_LOCK, uid=api.SUPERUSER_ID):
        """Run units at once; see :meth:`Processes.race`."""
        return self.processes.race(*units, leader=leader, lock=lock, uid=uid)


@pytest.fixture(scope="module")
def plans():
    """Give a database of the studio's own; each story has customers of its own."""
    enabled, config["test_enable"] = config["test_enable"], False
    try:
        with new_database() as name, Processes(name) as processes:
            yield World(processes)
    finally:
        config["test_enable"] = enabled


# === WHAT CAME OUT === #


def look(env, plan_ids):
    """Return how many payments are invoiced, and all that must never be seen.

    Order lines, invoices and payments of the plans are compared with each other.
    """
    found = env["payment.plan"].browse(plan_ids)
    orders = found.sale_order_id
    moves = found.installment_ids.move_id
    damage = [text for plan in found for text in look_at_plan(plan)]
    of_customers = env["account.move"].search(
        [("partner_id", "in", orders.partner_id.ids), ("move_type", "=", "out_invoice")]
    )
    if of_customers != of_customers & moves:
        damage.append(f"orphan invoices: {(of_customers - moves).ids}")
    if not all(move.state == "posted" and move.sending_data for move in moves):
        damage.append("an invoice that is not posted or not queued to be sent")
    if len(set(moves.mapped("name"))) != len(moves):
        damage.append("an invoice number was given twice")
    return len(moves), damage


def look_at_plan(plan):
    """Yield what is wrong between one plan, its order and its invoices."""
    order, lines = plan.sale_order_id, plan.installment_ids
    down = order.order_line.filtered("is_downpayment")
    payments = down.filtered(lambda line: not line.display_type)
    invoiced = lines.filtered("move_id")
    if payments.invoice_lines.move_id != lines.move_id or len(payments) != len(
        invoiced
    ):
        yield f"{order.name}: {len(payments)} order lines, {len(invoiced)} invoices"
    if any(len(line.invoice_lines) != 1 for line in payments):
        yield f"{order.name}: an order line without its invoice"
    if len(down - payments) != bool(payments):
        yield f"{order.name}: {len(down - payments)} sections"
    if order.invoice_ids != lines.move_id:
        yield f"{order.name}: an invoice beside the plan"
    for line in invoiced:
        if line.move_id.amount_total != line.amount or line.invoice_on or line.problem:
            yield f"{line.display_name}: {line.move_id.amount_total} {line.invoice_on}"
    for line in lines - invoiced:
        if not line.invoice_on:
            yield f"{line.display_name}: neither invoiced nor planned"


# === P72: SIGNING === #


def accept(order_id, digest, name):
    """Sign as core's page does: contract and signature, then the confirmation."""
    with file_open("web/static/img/logo.png", "rb") as image:
        signature = b64encode(image.read())

    def request(env):
        order = env["sale.order"].browse(order_id)
        order.payment_plan_id._sign(digest, name, {**EVIDENCE, "signature": signature})
        order.write(
            {
                "signed_by": name,
                "signed_on": fields.Datetime.now(),
                "signature": signature,
            }
        )
        env.flush_all()
        if not order._has_to_be_paid():
            order._validate_order()

    return request


def choose(order_id, plan_id):
    """Choose a plan as its card does."""

    def request(env):
        plan = env["payment.plan"].browse(plan_id)
        env["sale.order"].browse(order_id)._choose_plan(plan, EVIDENCE)

    return request


def look_at_order(env, order_id):
    """Return what signing left on an order."""
    order = env["sale.order"].browse(order_id)
    plan = order.payment_plan_id
    signed = order.payment_plan_ids.event_ids.filtered(lambda e: e.kind == "signed")
    return {
        "state": order.state,
        "plan": plan.id,
        "plan state": plan.state,
        "signatures": signed.mapped("name"),
        "signed plans": signed.plan_id.ids,
        "signed by": order.signed_by,
        "amounts": order.payment_plan_ids.installment_ids.sorted("number").mapped(
            "amount"
        ),
        "invoices": order.invoice_ids.mapped("amount_total"),
        "total": order.amount_total,
        "discounts": order.order_line.filtered("is_plan_price").mapped("name"),
    }


@pytest.mark.parametrize("leader", [0, 1, None])
def test_p72_two_devices_sign_at_once(plans, leader):
    """One signature, one set of payments; the other device reads why."""
    order_id, [plan_id], [digest] = plans.run(
        open_quotation, plans.studio, {"deposit_percent": 25.0, "autopay": "off"}
    )
    names = ["Ada", "Bob"]
    outcomes = plans.race(*(accept(order_id, digest, n) for n in names), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    winner = oks(outcomes).index(True)
    assert leader in (winner, None)
    assert outcomes[1 - winner].error == UserError.__name__
    assert "signed already" in outcomes[1 - winner].message
    assert plans.run(look_at_order, order_id) == {
        "state": "sale",
        "plan": plan_id,
        "plan state": "active",
        "signatures": [names[winner]],
        "signed plans": [plan_id],
        "signed by": names[winner],
        "amounts": [500.0] * 4,
        "invoices": [500.0],
        "total": 2000.0,
        "discounts": [],
    }


FULL = {
    "name": "Pay in full",
    "structure": "full",
    "discount_kind": "percent",
    "discount_percent": 5.0,
}
OTHER = {"name": "Six months", "installment_count": 6}


@pytest.mark.parametrize("leader", [0, 1, None])
@pytest.mark.parametrize("second", [FULL, OTHER], ids=["full", "other"])
def test_p72_two_people_choose_at_once(plans, second, leader):
    """The discount on the order is that of the plan which is chosen in the end."""
    order_id, plan_ids, _digests = plans.run(open_quotation, plans.studio, {}, second)
    units = [choose(order_id, plan_id) for plan_id in plan_ids]
    outcomes = plans.race(*units, leader=leader, lock=ORDER_LOCK)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    found = plans.run(look_at_order, order_id)
    if leader is not None:  # whoever comes later decides
        assert found["plan"] == plan_ids[1 - leader]
    is_full = second is FULL and found["plan"] == plan_ids[1]
    assert found["discounts"] == (["Pay in full"] if is_full else [])
    assert found["total"] == (1900.0 if is_full else 2000.0)


def test_p72_two_people_choose_the_discount_at_once(plans):
    """Both take the plan that saves five percent: the order saves it once."""
    order_id, plan_ids, _digests = plans.run(open_quotation, plans.studio, {}, FULL)
    unit = choose(order_id, plan_ids[1])
    outcomes = plans.race(unit, unit, lock=ORDER_LOCK)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    found = plans.run(look_at_order, order_id)
    assert (found["total"], found["discounts"]) == (1900.0, ["Pay in full"])


@pytest.mark.parametrize("leader", [0, 1, None])
@pytest.mark.parametrize("second", [FULL, OTHER], ids=["full", "other"])
def test_p72_one_signs_while_another_chooses(plans, second, leader):
    """Either the plan is signed, or another one is chosen and nothing is signed."""
    order_id, plan_ids, digests = plans.run(open_quotation, plans.studio, {}, second)
    outcomes = plans.race(
        accept(order_id, digests[0], "Ada"),
        choose(order_id, plan_ids[1]),
        leader=leader,
        lock=ORDER_LOCK,
    )
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    found = plans.run(look_at_order, order_id)
    if outcomes[0].ok:
        assert (found["plan"], found["signed plans"]) == (plan_ids[0], [plan_ids[0]])
        assert (found["state"], found["total"]) == ("sale", 2000.0)
        assert "is signed or confirmed" in outcomes[1].message
    else:
        assert (found["plan"], found["signed plans"]) == (plan_ids[1], [])
        assert (found["state"], found["amounts"]) == ("draft", [])
        assert "has changed since you opened" in outcomes[0].message
    if leader is not None:
        assert outcomes[leader].ok


# === P52, P53, P54: THE JOB === #


def test_p52_two_workers_make_no_invoice_twice(plans):
    """60 payments of 60 plans in two workers: 60 invoices, all posted and right."""
    plan_ids = plans.run(due_plans, plans.studio, PLANS)
    outcomes = plans.race(job, job)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert plans.run(look, plan_ids) == (PLANS, [])
    sums = plans.run(
        lambda env: sum(
            env["payment.plan"].browse(plan_ids).sale_order_id.mapped("amount_invoiced")
        )
    )
    assert sums == 301.0 * PLANS


def run_job(registry, die_after=None, ready=None):
    """Run the job; return how many statements it took.

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
        env["payment.plan.installment"]._cron_invoice(5)
    return count


def measure_job(world):
    """Return how many statements and seconds the job takes for ten payments."""
    world.run(due_plans, world.studio, 10)
    start = time.monotonic()
    [statements] = world.processes.gather([run_job])
    return statements, time.monotonic() - start


def kill_by_statement(world, random, statements):
    """Let the job die at a random statement; return how it ended."""
    run = partial(run_job, die_after=random.randrange(statements))
    process = world.processes.start(run).process
    process.join(120)
    return process.exitcode


def kill_by_clock(world, random, seconds):
    """Kill the job from outside after a random time; return how it ended."""
    ready = world.processes.event()
    killed = world.processes.start(partial(run_job, ready=ready))
    assert ready.wait(60)
    killed.process.join(random.uniform(0, seconds))
    killed.kill()
    return killed.process.exitcode


def test_p52_killed_twenty_times(plans):
    """Killed at any moment, then run to the end: each payment has one invoice."""
    statements, seconds = measure_job(plans)
    random, before, progress = Random(SEED), 0, []
    plan_ids = plans.run(due_plans, plans.studio, PLANS)
    for number in range(KILLS):
        if len(plan_ids) - before < PLANS // 4:
            plan_ids += plans.run(due_plans, plans.studio, PLANS // 4)
        if number % 2:
            code = kill_by_clock(plans, random, seconds)
        else:
            code = kill_by_statement(plans, random, statements)
        done, damage = plans.run(look, plan_ids)
        assert damage == [], f"after kill {number}"
        progress.append((code, done - before))
        before = done
    _logger.warning("invoiced by killed runs: %s", progress)
    killed = [done for code, done in progress if code == -signal.SIGKILL]
    # A test that kills before anything is done, or after all of it, shows nothing.
    assert len(killed) >= KILLS - 2
    assert sum(1 for done in killed if done) >= 2
    assert sum(1 for done in killed if not done) >= 2
    for _night in range(2):  # the second night finds nothing to do
        plans.processes.gather([run_job])
        assert plans.run(look, plan_ids) == (len(plan_ids), [])


def poison(env, plan_id):
    """Let the invoices of a plan fail when they are posted: its journal is closed."""
    order = env["payment.plan"].browse(plan_id).sale_order_id
    domain = [("type", "=", "sale"), ("company_id", "=", order.company_id.id)]
    journal = env["account.journal"].search(domain, limit=1)
    order.journal_id = journal.copy({"code": f"P{plan_id}", "active": False})


def look_at_problem(env, plan_id):
    """Return what the back office sees of a plan that cannot be invoiced."""
    plan = env["payment.plan"].browse(plan_id)
    line = plan.installment_ids
    return {
        "problem": line.problem,
        "activities": len(plan.activity_ids),
        "about": plan.activity_ids[:1].note and line.problem in plan.activity_ids.note,
        "next": str(line.invoice_on),
    }


@pytest.mark.parametrize(("count", "position"), [(PLANS, 17), (4, 0), (4, 3)])
def test_p54_one_bad_plan_stops_no_other(plans, count, position):
    """59 of 60 are invoiced; the bad one says why, once, and is tried every day."""
    plan_ids = plans.run(due_plans, plans.studio, count)
    bad = plan_ids[position]
    plans.run(poison, bad)
    tomorrow = str(fields.Date.add(fields.Date.today(), days=1))
    for night in range(2):
        [outcome] = plans.race(nightly(100))
        assert outcome.ok, outcome.message
        assert plans.run(look, [i for i in plan_ids if i != bad]) == (count - 1, [])
        found = plans.run(look_at_problem, bad)
        assert found["problem"], night
        assert (found["activities"], found["next"]) == (1, tomorrow)
        assert "archived journal" in found["problem"]
        done, damage = plans.run(look, [bad])
        assert (done, damage) == (0, []), night
        plans.run(let_days_pass, 1, [bad])
    plans.run(
        lambda env: (
            env["payment.plan"].browse(bad).sale_order_id.write({"journal_id": False})
        )
    )
    plans.race(job)
    assert plans.run(look, plan_ids) == (count, [])


def test_p53_five_missed_days_are_caught_up(plans):
    """The job did not run for five days: one run invoices all that was due, once.

    In chunks that are smaller than what one day has.
    """
    plan_ids = plans.run(
        due_plans, plans.studio, 4, days=5, installment_count=7, interval_count=1
    )
    for _night in range(2):
        [outcome] = plans.race(nightly(3))
        assert outcome.ok, outcome.message
        assert plans.run(look, plan_ids) == (4 * 5, [])


# === P22: STAFF AND JOB === #


def invoice_early(line_id):
    """Invoice one payment by its button."""

    def request(env):
        action = env["payment.plan.installment"].browse(line_id).action_make_invoice()
        return action["res_id"]

    return request


@pytest.mark.parametrize("leader", [0, 1, None])
def test_p22_staff_invoices_while_the_job_runs(plans, leader):
    """One invoice, which is what the button opens, too."""
    plan_ids = plans.run(due_plans, plans.studio, 3)
    line_id = plans.run(
        lambda env: env["payment.plan"].browse(plan_ids[1]).installment_ids.id
    )
    outcomes = plans.race(
        job, invoice_early(line_id), leader=leader, uid=plans.studio.user
    )
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    assert plans.run(look, plan_ids) == (3, [])
    move_id = plans.run(
        lambda env: env["payment.plan.installment"].browse(line_id).move_id.id
    )
    assert outcomes[1].value == move_id


def test_p22_two_people_invoice_the_same_payment_early(plans):
    """A payment that is not due yet: one invoice, with its own due date."""
    plan_ids = plans.run(run_plans, plans.studio, 1)
    line_id = plans.run(
        lambda env: env["payment.plan"].browse(plan_ids).installment_ids.id
    )
    unit = invoice_early(line_id)
    outcomes = plans.race(unit, unit, uid=plans.studio.user)
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    assert plans.run(look, plan_ids) == (1, [])
    tomorrow = fields.Date.add(fields.Date.today(), days=1)
    due = plans.run(
        lambda env: (
            env["payment.plan.installment"].browse(line_id).move_id.invoice_date_due
        )
    )
    assert due == tomorrow


# === THE DEPOSIT === #


def pay_deposit(env, studio):
    """Sign with consent, pay the deposit; return (order, plan, transaction)."""
    provider = env["payment.provider"].browse(studio.provider)
    provider.state = "test"
    order = make_quotation(env, studio)
    plan = offer(env, order, autopay="optional")
    order._choose_plan(plan, EVIDENCE)
    order.write({"require_payment": True, "prepayment_percent": 1.0})
    digest = plan._get_version().digest
    plan._consent(digest, EVIDENCE)
    plan._sign(digest, "Ada", EVIDENCE)
    method = env.ref("payment.payment_method_card")
    token = env["payment.token"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": method.id,
            "partner_id": order.partner_id.id,
            "payment_details": "4242",
            "provider_ref": "card",
            "demo_simulated_state": "done",
        }
    )
    transaction = env["payment.transaction"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": method.id,
            "amount": order._get_prepayment_required_amount(),
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_id.id,
            "operation": "online_direct",
            "token_id": token.id,
            "sale_order_ids": [Command.set(order.ids)],
        }
    )
    transaction._set_done()
    return order.id, plan.id, transaction.id


def book(transaction_id):
    """Book a payment as the page that waits for it does, and the job."""

    def request(env):
        transaction = env["payment.transaction"].browse(transaction_id)
        if not transaction.is_post_processed:
            transaction._post_process()

    return request


def look_at_deposit(env, order_id, plan_id, transaction_id):
    """Return what booking the deposit left."""
    order = env["sale.order"].browse(order_id)
    plan = env["payment.plan"].browse(plan_id)
    transaction = env["payment.transaction"].browse(transaction_id)
    confirmed = order.message_ids.filtered(
        lambda m: m.subtype_id == env.ref("sale.mt_order_confirmed")
    )
    payments = env["account.payment"].search([("partner_id", "=", order.partner_id.id)])
    deposit = plan.installment_ids.sorted("number")[:1]
    return {
        "states": (order.state, plan.state, transaction.is_post_processed),
        "confirmations": len(confirmed),
        "invoices": order.invoice_ids.mapped("amount_total"),
        "down payments": len(
            order.order_line.filtered(lambda ln: ln.is_downpayment and ln.price_unit)
        ),
        "deposit": (deposit.kind, deposit.state, deposit.amount_open),
        "payments": payments.mapped("amount"),
        "payment of the transaction": transaction.payment_id == payments,
        "paid": plan.amount_paid,
        "permissions": env["autopay.mandate"].search_count(
            [("res_model", "=", plan._name), ("res_id", "=", plan.id)]
        ),
    }


@pytest.mark.parametrize("leader", [0, None])
def test_pf22_the_deposit_is_booked_by_two_at_once(plans, leader):
    """One confirmation, one deposit invoice, one payment, one permission."""
    ids = plans.run(pay_deposit, plans.studio)
    unit = book(ids[-1])
    # The order's confirmation is where both meet.
    outcomes = plans.race(unit, unit, leader=leader, lock=("payment.plan", "_start"))
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    assert plans.run(look_at_deposit, *ids) == {
        "states": ("sale", "active", True),
        "confirmations": 1,
        "invoices": [500.0],
        "down payments": 1,
        "deposit": ("deposit", "paid", 0.0),
        "payments": [500.0],
        "payment of the transaction": True,
        "paid": 500.0,
        "permissions": 1,
    }


# === EXTRA PAYMENTS === #

#: 500 were paid, 3 x 500 are open.
OPEN = 1500.0


def make_transaction(extra, studio):
    """Return the transaction by which a choice is paid."""
    method = extra.env.ref("payment.payment_method_card")
    return extra.env["payment.transaction"].create(
        {
            "provider_id": studio.provider,
            "payment_method_id": method.id,
            "amount": extra.amount,
            "currency_id": extra.currency_id.id,
            "partner_id": extra.plan_id.partner_id.id,
            "operation": "online_direct",
            "payment_plan_extra_id": extra.id,
        }
    )


def begin(studio, plan_id, extra_id, amount):
    """Begin to pay a choice as the route of its page does."""

    def request(env):
        plan = env["payment.plan"].browse(plan_id)
        extra = plan._check_extra_payment(extra_id, {"amount": amount})
        return make_transaction(extra, studio).id

    return request


def choose_extras(env, studio, *choices):
    """Run a plan, pay its deposit, and choose what to pay extra: (amount, how).

    :return: tuple (id of the plan, ids of the choices)
    """
    _order_id, plan_id, transaction_id = pay_deposit(env, studio)
    env["payment.transaction"].browse(transaction_id)._post_process()
    plan = env["payment.plan"].browse(plan_id)
    extras = [plan._choose_extra(amount, how, EVIDENCE) for amount, how in choices]
    return plan_id, [extra.id for extra in extras]


def pay_extras(env, studio, *choices):
    """Let several extra payments be paid that are not booked yet.

    :return: tuple (id of the plan, ids of the transactions)
    """
    plan_id, extra_ids = choose_extras(env, studio, *choices)
    extras = env["payment.plan.extra"].browse(extra_ids)
    paid = [make_transaction(extra, studio) for extra in extras]
    for transaction in paid:
        transaction._set_done()
    return plan_id, [transaction.id for transaction in paid]


def look_at_extras(env, plan_id):
    """Return what extra payments left on a plan, and in the books of its customer."""
    plan = env["payment.plan"].browse(plan_id)
    lines = plan.installment_ids.sorted("number")
    items = env["account.move.line"].search(
        [
            ("partner_id", "=", plan.partner_id.id),
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
        ]
    )
    moves = lines.move_id
    return {
        "state": plan.state,
        "open": lines.mapped("amount_open"),
        "sums": (plan.amount_paid, plan.amount_open, plan.amount_credit),
        "payments": sorted(plan.extra_ids.payment_ids.mapped("amount")),
        "invoiced": sum(moves.mapped("amount_total")),
        "customer": env.company.currency_id.round(sum(items.mapped("balance"))),
    }


@pytest.mark.parametrize("leader", [0, 1, None])
def test_p22_two_tabs_pay_the_same_extra_at_once(plans, leader):
    """One payment begins; the other tab reads why it does not."""
    plan_id, [extra_id] = plans.run(choose_extras, plans.studio, (OPEN, "next"))
    tab = begin(plans.studio, plan_id, extra_id, OPEN)
    outcomes = plans.race(tab, tab, leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    winner = oks(outcomes).index(True)
    assert leader in (winner, None)
    assert "a payment is in progress" in outcomes[1 - winner].message
    found = plans.run(
        lambda env: (
            env["payment.plan"]
            .browse(plan_id)
            .extra_ids.transaction_ids.mapped("amount")
        )
    )
    assert found == [OPEN]


@pytest.mark.parametrize("leader", [0, 1, None])
def test_p22_two_tabs_pay_two_extras_at_once(plans, leader):
    """Two choices of one plan: the same money is not taken by both."""
    choices = [(OPEN, "next"), (600.0, "last")]
    plan_id, extra_ids = plans.run(choose_extras, plans.studio, *choices)
    tabs = [
        begin(plans.studio, plan_id, extra_id, amount)
        for extra_id, (amount, _how) in zip(extra_ids, choices, strict=True)
    ]
    outcomes = plans.race(*tabs, leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    assert leader in (oks(outcomes).index(True), None)


@pytest.mark.parametrize("leader", [0, 1, None])
def test_p20_two_extras_are_booked_at_once(plans, leader):
    """Both were paid: both count, no cent is lost or doubled."""
    choices = [(700.0, "next"), (333.33, "even")]
    plan_id, paid = plans.run(pay_extras, plans.studio, *choices)
    outcomes = plans.race(*(book(tx) for tx in paid), leader=leader)
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    found = plans.run(look_at_extras, plan_id)
    assert found["payments"] == [333.33, 700.0]
    paid_sum, open_sum, credit = found["sums"]
    assert round(sum(found["open"]), 2) == round(open_sum, 2) == 466.67
    assert (round(paid_sum, 2), credit) == (1533.33, 0.0)
    # What is invoiced and not paid, less what is kept for what is not invoiced.
    assert found["customer"] == round(found["invoiced"] - 1533.33, 2)


@pytest.mark.parametrize("leader", [0, 1, None])
def test_p23_more_than_everything_is_booked_at_once(plans, leader):
    """Two pay all that is open: it is paid once, the rest is the customer's credit."""
    plan_id, paid = plans.run(pay_extras, plans.studio, (OPEN, "next"), (OPEN, "last"))
    outcomes = plans.race(*(book(tx) for tx in paid), leader=leader)
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    assert plans.run(look_at_extras, plan_id) == {
        "state": "completed",
        "open": [0.0] * 4,
        "sums": (2000.0, 0.0, OPEN),
        "payments": [OPEN, OPEN],
        "invoiced": 2000.0,
        "customer": -OPEN,
    }


@pytest.mark.parametrize("leader", [0, None])
def test_p20_one_extra_is_booked_by_two_at_once(plans, leader):
    """The page that waits for it, and the job: one payment."""
    plan_id, [paid] = plans.run(pay_extras, plans.studio, (600.0, "last"))
    outcomes = plans.race(book(paid), book(paid), leader=leader)
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    found = plans.run(look_at_extras, plan_id)
    assert found["payments"] == [600.0]
    assert found["open"] == [0.0, 500.0, 400.0, 0.0]


@pytest.mark.parametrize("leader", [0, None])
def test_p32_a_refund_of_an_extra_is_booked_by_two_at_once(plans, leader):
    """What it had paid is open again, once."""
    plan_id, [paid] = plans.run(pay_extras, plans.studio, (600.0, "last"))
    plans.run(lambda env: book(paid)(env))

    def refund(env):
        transaction = env["payment.transaction"].browse(paid)
        child = transaction._create_child_transaction(600.0, is_refund=True)
        child._set_done()
        return child.id

    refunded = plans.run(refund)
    outcomes = plans.race(book(refunded), book(refunded), leader=leader)
    assert oks(outcomes) == [True, True], outcomes
    assert conflicts(outcomes) >= 1
    found = plans.run(look_at_extras, plan_id)
    assert found["open"] == [0.0, 500.0, 500.0, 500.0]
    assert found["sums"] == (500.0, OPEN, 0.0)
    assert found["customer"] == found["invoiced"] - 500.0
