"""Used credit becomes income once, whoever is at work beside it (BF42)."""

from odoo import Command

from .racing import Scheduled, conflicts, oks
from .world import deduct, give_back, log_time, open_customer, sell

recognize = Scheduled(lambda env: env["prepaid.budget"].sudo()._cron_recognize(chunk=2))


def open_used_budgets(env, setup, count):
    """Sell 500 as a liability to each customer and use 100 of it.

    :return: list of (id of the budget, id of the timesheet)
    """
    company = env["res.company"].browse(setup.company)
    company.prepaid_liability_account_id = env["account.account"].search(
        [
            ("account_type", "=", "liability_current"),
            ("company_ids", "in", company.ids),
        ],
        limit=1,
    )
    pack = env["product.product"].create(
        {
            "name": "Deferred pack",
            "type": "service",
            "invoice_policy": "order",
            "prepaid_ok": True,
            "prepaid_usable_when": "posted",
            "prepaid_revenue_policy": "when_used",
            "taxes_id": [Command.set([setup.tax])],
        }
    )
    pairs = []
    for _position in range(count):
        customer = open_customer(env, setup, with_order=False)
        sell(env, customer.budget, 500.0, pay=False, pack_id=pack.id)
        (timesheet,) = log_time(env, setup, customer.project, 1.0)
        deduct(timesheet)(env)
        pairs.append((customer.budget, timesheet))
    return pairs


def read_books(env, budget_ids):
    """Return (number of rows, what they recognized, what the ledger account says)."""
    rows = env["prepaid.recognition"].search([("lot_id.budget_id", "in", budget_ids)])
    items = env["account.move.line"].search(
        [
            ("move_id", "in", rows.move_id.ids),
            ("account_id", "in", rows.lot_id.liability_account_id.ids),
        ]
    )
    return len(rows), sum(rows.mapped("value")), sum(items.mapped("balance"))


def recognize_now(*budget_ids):
    """Book what is waiting; return how many rows that were."""
    return lambda env: len(env["prepaid.budget"].sudo().browse(budget_ids)._recognize())


def test_bf42_two_workers_recognize_once(world):
    """The job runs in two workers: each use is booked by one of them."""
    pairs = world.run(open_used_budgets, world.setup, 6)
    outcomes = world.race(recognize, recognize)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    budget_ids = [budget for budget, _timesheet in pairs]
    assert world.run(read_books, budget_ids) == (6, 600.0, 600.0)
    assert world.run(recognize_now(*budget_ids)) == 0
    assert world.run(read_books, budget_ids) == (6, 600.0, 600.0)


def test_bf42_return_beside_the_job(world):
    """Time is returned while the job books it: in the end nothing is income."""
    ((budget, timesheet),) = world.run(open_used_budgets, world.setup, 1)
    outcomes = world.race(recognize, give_back(timesheet))
    assert oks(outcomes) == [True, True]
    world.run(recognize_now(budget))
    _count, value, balance = world.run(read_books, [budget])
    assert (value, balance) == (0.0, 0.0)
