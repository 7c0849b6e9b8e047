"""Invoices paid from credit that is taxed when it is used, by several at once (B76)."""

import pytest

from odoo import Command

from .racing import conflicts, oks
from .world import WORK_DAY, deduct, draft_refund, log_time, open_customer, post, sell


def open_prepaid(env, setup, credit, bills, with_order=False):
    """Sell untaxed credit to a customer, and invoice work of 100 + tax for each bill.

    :return: tuple of the `Customer` and the ids of the invoices
    """
    company = env["res.company"].browse(setup.company)
    if not company.prepaid_liability_account_id:
        company.prepaid_liability_account_id = env["account.account"].create(
            {
                "name": "Prepaid credit",
                "code": "233990",
                "account_type": "liability_current",
                "company_ids": [Command.set(company.ids)],
            }
        )
    pack = env["product.product"].create(
        {
            "name": "Untaxed pack",
            "type": "service",
            "invoice_policy": "order",
            "prepaid_ok": True,
            "prepaid_usable_when": "posted",
            "prepaid_tax_policy": "use",
            "taxes_id": [Command.clear()],
        }
    )
    customer = open_customer(env, setup, with_order, product_id=pack.id)
    sell(env, customer.budget, credit, pay=False)
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.partner,
                "invoice_date": WORK_DAY,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": setup.service,
                            "price_unit": 100.0,
                            "tax_ids": [Command.set([setup.tax])],
                        }
                    )
                ],
            }
            for _bill in range(bills)
        ]
    )
    invoices.action_post()
    return customer, invoices.ids


def pay(move_id, budget_id, key=None):
    """Press *Pay from prepaid budget*."""
    return lambda env: (
        env["account.move"].browse(move_id).pay_from_prepaid(budget_id, key)
    )


def take_back(entry_id):
    """Take a payment back."""
    return lambda env: env["prepaid.entry"].browse(entry_id).action_return_time()


def read_books(env, budget_id):
    """Return what is left of the lots, and what their liability account says."""
    lots = env["prepaid.lot"].search([("budget_id", "=", budget_id)])
    entries = env["prepaid.entry"].search([("budget_id", "=", budget_id)])
    moves = lots.invoice_id | lots.recognition_ids.move_id
    items = moves.line_ids.filtered(
        lambda line: line.account_id in lots.liability_account_id
    )
    unbooked = entries.allocation_ids - lots.recognition_ids.allocation_id
    unbooked = unbooked.filtered(lambda row: row.entry_id.kind != "credit")
    assert not unbooked
    return sum(lots.mapped("remaining")), -sum(items.mapped("balance"))


@pytest.fixture
def total(world):
    """Return the gross amount of work of 100."""
    [(rate,)] = world.read("account.tax", [world.setup.tax], "amount")
    return 100.0 + rate


def test_b01_b76_two_invoices_one_budget(world, total):
    """Credit for one of two invoices and a bit: one is paid, the other in part."""
    customer, bills = world.run(
        open_prepaid, world.setup, total + 30.0, 2, with_order=False
    )
    outcomes = world.race(*(pay(bill, customer.budget) for bill in bills))
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 0.0
    residuals = world.read("account.move", bills, "amount_residual")
    assert sorted(residuals) == [(0.0,), (total - 30.0,)]
    assert world.run(read_books, customer.budget) == (0.0, 0.0)


def test_b02_b76_two_people_pay_the_same_invoice(world, total):
    """One pays; the other is told that nothing is open any more."""
    customer, bills = world.run(open_prepaid, world.setup, 1000.0, 1)
    outcomes = world.race(*[pay(bills[0], customer.budget)] * 2)
    assert sorted(oks(outcomes)) == [False, True]
    [refused] = [outcome for outcome in outcomes if not outcome.ok]
    assert "nothing is open any more" in refused.message
    assert world.balance(customer) == 1000.0 - total
    assert world.run(read_books, customer.budget) == (1000.0 - total,) * 2


def test_b02_b76_one_invoice_two_budgets(world, total):
    """Two budgets of the customer are asked at once: one of them pays."""
    customer, bills = world.run(open_prepaid, world.setup, 1000.0, 1)

    def open_second(env):
        first = env["prepaid.budget"].browse(customer.budget)
        second = first.copy()
        sell(env, second.id, 500.0, pay=False)
        return second.id

    second = world.run(open_second)
    outcomes = world.race(pay(bills[0], customer.budget), pay(bills[0], second))
    assert sorted(oks(outcomes)) == [False, True]
    balances = [
        b for (b,) in world.read("prepaid.budget", [customer.budget, second], "balance")
    ]
    assert sum(balances) == 1500.0 - total
    assert world.read("account.move", bills, "amount_residual") == [(0.0,)]


def test_b03_b76_a_double_click_pays_once(world, total):
    """The same key twice: the same entry, twice."""
    customer, bills = world.run(open_prepaid, world.setup, 1000.0, 1)
    outcomes = world.race(*[pay(bills[0], customer.budget, key="double")] * 2)
    assert oks(outcomes) == [True, True]
    assert outcomes[0].value == outcomes[1].value
    assert world.balance(customer) == 1000.0 - total


def test_b51_b76_a_payment_is_taken_back_once(world):
    """Two people take the same payment back: the balance is the original."""
    customer, bills = world.run(open_prepaid, world.setup, 1000.0, 1)
    [entry] = world.run(pay(bills[0], customer.budget))
    outcomes = world.race(take_back(entry), take_back(entry))
    assert sorted(oks(outcomes)) == [False, True]
    assert world.balance(customer) == 1000.0
    assert world.run(read_books, customer.budget) == (1000.0, 1000.0)


def test_b10_b76_credit_note_beside_taking_back(world, total):
    """A part is credited while the payment is taken back: nothing is returned twice."""
    customer, bills = world.run(open_prepaid, world.setup, 1000.0, 1)
    [entry] = world.run(pay(bills[0], customer.budget))
    refund = world.run(draft_refund, bills[0], 40.0)
    outcomes = world.race(post(refund), take_back(entry))
    assert outcomes[0].ok
    balance = world.balance(customer)
    [(residual,)] = world.read("account.move", bills, "amount_residual")
    gross = total * 0.4
    # Either all is back and the rest is open, or only what was credited is back.
    assert (round(balance, 2), round(residual, 2)) in (
        (1000.0, round(total - gross, 2)),
        (round(1000.0 - total + gross, 2), 0.0),
    )
    assert world.run(read_books, customer.budget) == (balance, balance)


def test_b02_b76_two_people_deduct_the_same_time(world, total):
    """One tax document, paid once."""
    customer, _bills = world.run(open_prepaid, world.setup, 1000.0, 0, with_order=True)
    (timesheet,) = world.run(log_time, world.setup, customer.project, 1.0)
    outcomes = world.race(deduct(timesheet), deduct(timesheet))
    assert sorted(oks(outcomes)) == [False, True]
    assert world.balance(customer) == 1000.0 - total
    assert world.run(read_books, customer.budget) == (1000.0 - total,) * 2
