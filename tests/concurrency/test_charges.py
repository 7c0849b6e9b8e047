"""The customer pays a top-up in the portal while the job charges it (B42)."""

import pytest

from odoo import Command
from odoo.exceptions import UserError

from ..support import autopay
from .racing import Scheduled, conflicts
from .world import LOW

ROUNDS = 20
#: The row that every way to take money for an invoice changes first.
INVOICE_LOCK = ("account.move", "_lock_for_payment")

collect = Scheduled(lambda env: env["autopay.collection"].sudo()._cron_collect())


@pytest.fixture(scope="module")
def provider(world):
    """Switch the demo provider on; every answer is a success."""
    return world.run(enable_provider, world.setup)


def enable_provider(env, setup):
    """Return the id of a demo provider that saves payment methods."""
    company = env["res.company"].browse(setup.company)
    company.autopay_notice_days = 0
    provider = env["payment.provider"].search(
        [("code", "=", "demo"), ("company_id", "=", company.id)], limit=1
    )
    provider.write({"state": "test", "allow_tokenization": True})
    if not provider.journal_id:
        journals = [("type", "=", "bank"), ("company_id", "=", company.id)]
        provider.journal_id = env["account.journal"].search(journals, limit=1)
    return provider.id


def post_top_up(env, customer, provider_id):
    """Allow charges for the budget and replenish it; return the invoice's id."""
    budget = env["prepaid.budget"].browse(customer.budget)
    token = env["payment.token"].create(
        {
            "provider_id": provider_id,
            "payment_method_id": env.ref("payment.payment_method_card").id,
            "partner_id": customer.partner,
            "payment_details": "4242",
            "provider_ref": "card",
            "demo_simulated_state": "done",
        }
    )
    autopay.allow_charges(
        token,
        currency_id=budget.currency_id.id,
        max_amount=10000.0,
        res_model=budget._name,
        res_id=budget.id,
    )
    budget.action_replenish_now()
    return budget.replenishment_ids.invoice_id.id


def start_online(move_id, provider_id):
    """Begin a payment as the portal's form does: lock, check, write the transaction."""

    def request(env):
        invoice = env["account.move"].browse(move_id)
        invoice._lock_for_payment()
        invoice._check_payable_online()
        transaction = env["payment.transaction"].create(
            {
                "provider_id": provider_id,
                "payment_method_id": env.ref("payment.payment_method_card").id,
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "operation": "online_direct",
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )
        return transaction.id

    return request


def finish_online(env, transaction_id):
    """Let the provider's answer arrive and book it, as the landing page does."""
    transaction = env["payment.transaction"].browse(transaction_id)
    transaction._process(
        "demo", {"reference": transaction.reference, "simulated_state": "done"}
    )
    transaction._post_process()


def collect_again(env):
    """Run the job once more, as in the next hour."""
    env["autopay.collection"].sudo()._cron_collect()


def look(env, move_id):
    """Return what an invoice's payments came to, and its automatic payment."""
    invoice = env["account.move"].browse(move_id)
    done = invoice.transaction_ids.filtered(lambda tx: tx.state == "done")
    return {
        "transactions": done.mapped("operation"),
        "payments": len(done.payment_id),
        "received": sum(done.mapped("amount")),
        "total": invoice.amount_total,
        "residual": invoice.amount_residual,
        "collection": invoice.autopay_collection_ids.state,
    }


def race_for_payment(world, provider, leader):
    """Let both pay one invoice; return the race's outcomes and what came of it."""
    customer = world.customer(**{**LOW, "replenish_action": "charge"})
    move_id = world.run(post_top_up, customer, provider)
    outcomes = world.race(
        collect, start_online(move_id, provider), leader=leader, lock=INVOICE_LOCK
    )
    online = outcomes[1]
    if online.ok:
        world.run(finish_online, online.value)
    else:
        assert online.error == UserError.__name__
    world.run(collect_again)
    return outcomes, world.run(look, move_id), world.balance(customer)


def test_b42_checkout_and_charge_race(world, provider):
    """Twenty rounds, each side first in turn: one payment of each invoice."""
    winners, refused_statements = set(), 0
    for number in range(ROUNDS):
        leader = (0, 1, None)[number % 3]
        outcomes, found, balance = race_for_payment(world, provider, leader)
        assert outcomes[0].ok, outcomes[0].message
        assert len(found["transactions"]) == 1, (number, found)
        assert found["payments"] == 1, (number, found)
        assert found["received"] == found["total"], (number, found)
        assert found["residual"] == 0.0, (number, found)
        assert found["collection"] == "done", (number, found)
        assert balance == 500.0
        winners.update(found["transactions"])
        refused_statements += conflicts(outcomes)
        if leader == 1:
            assert found["transactions"] == ["online_direct"]
    assert winners == {"offline", "online_direct"}
    assert refused_statements >= 1
