"""A customer orders credit in two tabs at once, and pays while canceling."""

import pytest

from odoo import Command

from .racing import conflicts, oks
from .world import pay


def open_portal(env, customer, pack_id):
    """Give a customer a login; return the id of the user."""
    env["product.product"].browse(pack_id).list_price = 500.0
    user = env["res.users"].create(
        {
            "name": "Azure",
            "login": f"azure-{customer.partner}",
            "partner_id": customer.partner,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )
    return user.id


def order(customer, user_id, pack_id, key):
    """Send the form of the portal, as the customer."""

    def send(env):
        budget = env["prepaid.budget"].browse(customer.budget).with_user(user_id)
        return budget._top_up_in_portal(str(pack_id), None, key).id

    return send


def cancel(customer, user_id, move_id):
    """Press *Cancel this top-up*, as the customer."""

    def send(env):
        budget = env["prepaid.budget"].browse(customer.budget).with_user(user_id)
        return budget._cancel_in_portal(move_id)

    return send


@pytest.mark.parametrize("keys", [("one", "one"), ("one", "two")])
def test_bf40_double_click_and_two_tabs(world, keys):
    """Two requests at once, with the same form or with two: one invoice."""
    customer = world.customer()
    pack = world.setup.pack
    user = world.run(open_portal, customer, pack)
    outcomes = world.race(*[order(customer, user, pack, key) for key in keys])
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert outcomes[0].value == outcomes[1].value
    assert world.invoices(customer) == ["posted"]


@pytest.mark.parametrize("leader", [0, 1])
def test_bf40_paid_while_it_is_canceled(world, leader):
    """Canceled or paid, never both: no money for an invoice that is gone."""
    customer = world.customer()
    pack = world.setup.pack
    user = world.run(open_portal, customer, pack)
    [move] = world.race(order(customer, user, pack, "one"))
    outcomes = world.race(
        cancel(customer, user, move.value), pay(move.value), leader=leader
    )
    [(state, payment_state)] = world.read(
        "account.move", move.value, "state", "payment_state"
    )
    if outcomes[0].ok:
        assert (state, world.balance(customer)) == ("cancel", 0.0)
        assert not outcomes[1].ok
    else:
        assert (state, payment_state) == ("posted", "paid")
        assert world.balance(customer) == 500.0
