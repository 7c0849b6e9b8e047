"""Two workers and the same 200 invoices; customers who pay meanwhile (P22, P52)."""

from collections import Counter
from functools import partial

from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import retrying

from ..concurrency.racing import Scheduled
from ..support import autopay, stripe_odoo
from ..support.stripe_account import StripeAccount

CUSTOMERS = 20
EACH = 10
BY_HAND = 20
AMOUNT = 25.0
PATIENCE = 400

collect = Scheduled(lambda env: env["autopay.collection"]._cron_collect(chunk=10))


def prepare(account, env):
    """Return the ids of 200 posted invoices of 20 customers who allowed charges."""
    env.company.autopay_notice_days = 0
    provider = stripe_odoo.connect(env, account)
    partners = env["res.partner"].create(
        [{"name": f"Customer {number}"} for number in range(CUSTOMERS)]
    )
    for partner in partners:
        token = stripe_odoo.saved_card(account, provider, partner)
        autopay.allow_charges(token)
    moves = env["account.move"].create(
        [
            autopay.prepare_invoice(partner, AMOUNT)
            for partner in partners
            for _number in range(EACH)
        ]
    )
    moves.action_post()
    return moves.ids


def pay_by_hand(move_ids, env):
    """Pay invoices one after the other as the portal does, with a saved card.

    :return: ids of the invoices whose payment was not refused
    """
    paid = []
    for move_id in move_ids:
        try:
            transaction_id = retrying(partial(begin_payment, move_id, env), env)
        except UserError:
            env.cr.rollback()
            continue
        transaction = env["payment.transaction"].browse(transaction_id)
        transaction._charge_with_token()
        env.cr.commit()
        retrying(transaction._post_process, env)
        paid.append(move_id)
    return paid


def begin_payment(move_id, env):
    """Lock, check and write the transaction, as the portal's route does."""
    move = env["account.move"].browse(move_id)
    move._lock_for_payment()
    move._check_payable_online()
    token = env["payment.token"].search([("partner_id", "=", move.partner_id.id)])
    return (
        env["payment.transaction"]
        .create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "token_id": token.id,
                "amount": move.amount_residual,
                "currency_id": move.currency_id.id,
                "partner_id": move.partner_id.id,
                "operation": "online_token",
                "invoice_ids": [Command.set(move.ids)],
            }
        )
        .id
    )


def get_facts(move_ids, env):
    """Return what the books say: open amounts, payments and attempts."""
    moves = env["account.move"].browse(move_ids)
    attempts = env["autopay.attempt"].search([("move_id", "in", move_ids)])
    payments = env["account.payment"].search([("invoice_ids", "in", move_ids)])
    return {
        "open": sum(moves.mapped("amount_residual")),
        "payments": Counter(payments.invoice_ids.ids),
        "payment_count": len(payments),
        "attempts": Counter(attempts.mapped("state")),
        "surplus": sum(moves.autopay_collection_ids.mapped("surplus")),
        "names": moves.mapped("name"),
    }


def count_charges(account):
    """Return how often Stripe charged each invoice; references are INV/..-1 etc."""
    return Counter(charge["description"].split("-")[0] for charge in account.charges())


def test_p52_two_workers_charge_200_invoices_once(processes, stripe_world):
    account = StripeAccount(stripe_world)
    move_ids = processes.run(partial(prepare, account))
    outcomes = processes.race(collect, collect, patience=PATIENCE)
    assert [outcome.error for outcome in outcomes] == ["", ""]
    facts = processes.run(partial(get_facts, move_ids))
    charges = count_charges(account)
    assert sum(charges.values()) == len(move_ids) == CUSTOMERS * EACH
    assert set(charges) == set(facts["names"])
    assert facts["open"] == 0
    assert facts["payment_count"] == len(move_ids)
    assert facts["attempts"] == {"succeeded": len(move_ids)}


def test_p22_customers_pay_twenty_of_them_at_that_moment(processes, stripe_world):
    account = StripeAccount(stripe_world)
    move_ids = processes.run(partial(prepare, account))
    # From both ends of the job's order, so that the two meet.
    by_hand = move_ids[: BY_HAND // 2] + move_ids[-BY_HAND // 2 :]
    people = Scheduled(partial(pay_by_hand, by_hand))
    outcomes = processes.race(collect, collect, people, patience=PATIENCE)
    assert [outcome.error for outcome in outcomes] == ["", "", ""]
    processes.run(lambda env: env["autopay.collection"]._cron_collect())
    facts = processes.run(partial(get_facts, move_ids))
    charges = count_charges(account)
    assert set(charges.values()) == {1}
    assert len(charges) == len(move_ids)
    assert facts["open"] == 0
    assert facts["surplus"] == 0
    assert facts["payment_count"] == len(move_ids)
    paid_by_hand = outcomes[2].value
    assert facts["attempts"]["succeeded"] == len(move_ids) - len(paid_by_hand)
    assert paid_by_hand  # else nothing was raced
