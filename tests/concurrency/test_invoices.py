"""Money comes and goes while credit is used."""

import pytest

from odoo.addons.prepaid_billing.const import CREDIT, REFUND, WITHDRAW

from .racing import Scheduled, conflicts, oks
from .world import (
    deduct,
    draft_refund,
    give_back,
    log_time,
    open_customer,
    pay,
    post,
    register_payment,
    sell,
)

ROUNDS = 6


def receive(env, move_id):
    """Post a payment that is not reconciled with its invoice yet; return its id."""
    move = env["account.move"].browse(move_id)
    payment = env["account.payment"].create(
        {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": move.partner_id.id,
            "amount": move.amount_total,
            "date": move.invoice_date,
        }
    )
    payment.action_post()
    return payment.id


def reconcile(move_id, payment_id):
    """Bring payment and invoice together, whoever notices first."""

    def request(env):
        moves = env["account.move"].browse(move_id)
        moves += env["account.payment"].browse(payment_id).move_id
        lines = moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        if len(lines) > 1:
            lines.reconcile()
        return len(lines)

    return request


def sync(move_id):
    """Compare the lots of an invoice with its money, as every hook does."""
    return lambda env: env["account.move"].browse(move_id)._sync_prepaid_lots()


sync_all = Scheduled(lambda env: env["prepaid.lot"].sudo()._cron_sync_lots())


def test_b05_payment_seen_twice(world):
    """Webhook, accountant and nightly job see one payment: the lot counts once."""
    customer = world.customer()
    move = world.sell(customer, 500.0, pay=False)
    payment = world.run(receive, move)
    request = reconcile(move, payment)
    outcomes = world.race(request, request, sync(move), sync_all)
    assert all(oks(outcomes))
    assert conflicts(outcomes) >= 1
    assert world.entries(customer) == [(CREDIT, 500.0)]
    assert world.balance(customer) == 500.0


def test_b05_paid_twice(world):
    """Two people register the same payment: the lot counts once."""
    customer = world.customer()
    move = world.sell(customer, 500.0, pay=False)
    outcomes = world.race(pay(move), pay(move))
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    assert world.entries(customer) == [(CREDIT, 500.0)]
    assert world.balance(customer) == 500.0


def test_b05_paid_and_synced(world):
    """The nightly job looks at an invoice while it is paid."""
    customer = world.customer()
    move = world.sell(customer, 500.0, pay=False)
    outcomes = world.race(pay(move), sync(move), sync(move), leader=1)
    assert all(oks(outcomes))
    assert conflicts(outcomes) >= 1
    assert world.entries(customer) == [(CREDIT, 500.0)]


def open_rounds(env, setup, amount):
    """Prepare customers with one lot, one credit note over it and 0.8 hours each."""
    rounds = []
    for _round in range(ROUNDS):
        customer = open_customer(env, setup, with_order=False)
        move = sell(env, customer.budget, 100.0)
        refund = draft_refund(env, move, amount)
        [timesheet] = log_time(env, setup, customer.project, 0.8)
        rounds.append((customer, refund, timesheet))
    return rounds


def test_b10_credit_note_versus_deduction(world):
    """Many rounds, each side first in turn: one of both wins, nothing is stuck."""
    seen = 0
    rounds = world.run(open_rounds, world.setup, 60.0)
    for number, (customer, refund, timesheet) in enumerate(rounds):
        leader = number % 3 if number % 3 < 2 else None
        outcomes = world.race(post(refund), deduct(timesheet), leader=leader)
        seen += conflicts(outcomes)
        refunded, deducted = oks(outcomes)
        if refunded:
            # 40 are left for the work: it is covered in part.
            assert deducted
            assert world.entries(customer)[1:] == [(REFUND, -60.0), ("consume", -40.0)]
        else:
            assert "refundable" in outcomes[0].message
            assert world.entries(customer)[1:] == [("consume", -80.0)]
        assert leader is None or leader == (0 if refunded else 1)
        assert world.balance(customer) == (0.0 if refunded else 20.0)
    assert seen >= ROUNDS


@pytest.mark.parametrize("leader", [0, 1])
def test_b10_credit_note_versus_return(world, leader):
    """Time is returned while its lot is credited: only what is unused goes back."""
    customer = world.customer()
    move = world.sell(customer, 100.0)
    [timesheet] = world.log(customer, 0.8)
    world.run(lambda env: deduct(timesheet)(env))
    refund = world.run(draft_refund, move, 100.0)
    outcomes = world.race(post(refund), give_back(timesheet), leader=leader)
    assert oks(outcomes) == [leader == 1, True]
    # A credit note that comes first is refused and leaves nothing to conflict with.
    assert conflicts(outcomes) >= leader
    assert world.balance(customer) == (0.0 if leader else 100.0)


@pytest.mark.parametrize("leader", [0, 1])
def test_b10_credit_note_of_unpaid_credit(world, leader):
    """Credit that counted before it was paid is credited while it is used."""
    customer = world.customer(credit=100.0)
    [timesheet] = world.log(customer, 0.8)
    move = world.run(
        lambda env: env["prepaid.budget"].browse(customer.budget).lot_ids.invoice_id.id
    )
    refund = world.run(draft_refund, move, 60.0)
    outcomes = world.race(post(refund), deduct(timesheet), leader=leader)
    assert oks(outcomes) == [leader == 0, True]
    assert conflicts(outcomes) >= 1
    rows = [("consume", -80.0)] if leader else [(REFUND, -60.0), ("consume", -40.0)]
    assert world.entries(customer)[1:] == rows
    assert world.balance(customer) == (20.0 if leader else 0.0)


@pytest.mark.parametrize("is_paid", [True, False], ids=["paid", "waiting for payment"])
@pytest.mark.parametrize("leader", [0, None])
def test_b38_two_refunds_of_one_lot(world, is_paid, leader):
    """Two credit notes over 600 on a lot of 1,000: the second is refused."""
    customer = world.customer()
    move = world.sell(customer, 1000.0, pay=is_paid)
    refunds = [world.run(draft_refund, move, 600.0) for _time in range(2)]
    outcomes = world.race(*map(post, refunds), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    refused = next(outcome for outcome in outcomes if not outcome.ok)
    assert "400.00 refundable" in refused.message
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == (400.0 if is_paid else 0.0)
    assert len(world.entries(customer, REFUND)) == is_paid


def test_two_nightly_comparisons(world):
    """A payment vanished behind our back: two workers withdraw its credit once."""
    customer = world.customer()
    move = world.sell(customer, 500.0, pay=False)
    payment = world.run(register_payment, move)
    world.run(
        lambda env: env.cr.execute(
            "UPDATE account_payment SET state = 'draft' WHERE id = %s", [payment]
        )
    )
    outcomes = world.race(sync_all, sync_all)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.entries(customer, WITHDRAW) == [(WITHDRAW, -500.0)]
    assert world.balance(customer) == 0.0


def test_two_first_sales_open_one_budget(world):
    """A new customer buys two packs at once: both fill the same budget."""

    def draft_pack(env):
        partner = env["res.partner"].create({"name": "Brand New"})
        line = {"product_id": world.setup.pack, "price_unit": 100.0}
        vals = {"move_type": "out_invoice", "partner_id": partner.id}
        vals["invoice_line_ids"] = [(0, 0, line)]
        return partner.id, env["account.move"].create([vals, vals]).ids

    partner, moves = world.run(draft_pack)
    outcomes = world.race(*map(post, moves))
    assert oks(outcomes) == [True, True]
    budgets = world.run(
        lambda env: env["prepaid.budget"].search_count([("partner_id", "=", partner)])
    )
    assert budgets == 1
