"""What is committed while Stripe is asked is seen before anything is sent again."""

from functools import partial
from unittest.mock import patch

import pytest

from odoo import api

from ..support import autopay, stripe_odoo
from ..support.stripe_account import StripeAccount


def prepare(account, env):
    """Return the id of an invoice whose charge never reached Stripe."""
    env.company.autopay_notice_days = 0
    provider = stripe_odoo.connect(env, account)
    partner = env["res.partner"].create({"name": "Customer"})
    token = stripe_odoo.saved_card(account, provider, partner)
    autopay.allow_charges(token)
    move = env["account.move"].create(autopay.prepare_invoice(partner, 25.0))
    move.action_post()
    env.cr.commit()
    account.fault("refuse")
    env["autopay.collection"]._cron_collect()
    assert get_state(move) == "unknown"
    return move.id


def get_state(move):
    attempts = move.env["autopay.attempt"].search([("move_id", "=", move.id)])
    return attempts.sorted("id")[-1:].state


def withdraw(move):
    """Let the customer withdraw the consent."""
    move.env["autopay.mandate"].search(
        [("partner_id", "=", move.partner_id.id)]
    )._withdraw("portal")


def pay_by_bank(move):
    """Let an accountant find the payment on the bank statement."""
    context = {"active_model": "account.move", "active_ids": move.ids}
    wizard = move.env["account.payment.register"].with_context(**context).create({})
    wizard._create_payments()


def nothing(_move):
    """Let nothing happen."""


def resend(move_id, happens, env):
    """Let the job ask Stripe, and something happen while Stripe answers."""
    Provider = env.registry["payment.provider"]
    original = Provider._list_stripe_intents

    def list_intents(provider, **filters):
        found = list(original(provider, **filters))
        with provider.env.registry.cursor() as cr:
            other = api.Environment(cr, api.SUPERUSER_ID, {})
            happens(other["account.move"].browse(move_id))
        return iter(found)

    with patch.object(Provider, "_list_stripe_intents", list_intents):
        env["autopay.collection"]._cron_collect()
    return get_state(env["account.move"].browse(move_id))


@pytest.mark.parametrize(
    ("happens", "state", "charges"),
    [(nothing, "succeeded", 1), (withdraw, "unknown", 0), (pay_by_bank, "unknown", 0)],
)
def test_p55_what_happens_while_stripe_is_asked(
    processes, stripe_world, happens, state, charges
):
    account = StripeAccount(stripe_world)
    move_id = processes.run(partial(prepare, account))
    assert processes.run(partial(resend, move_id, happens)) == state
    assert len(account.charges()) == charges
