"""Products of an order are deducted while somebody else deducts or invoices them."""

import pytest

from odoo import Command

from .racing import conflicts, oks


def deliver(env, setup, partner_id):
    """Sell three routers at 40 that are delivered; return the id of the item."""
    product = env["product.product"].create(
        {
            "name": "Router",
            "type": "consu",
            "invoice_policy": "delivery",
            "taxes_id": [Command.set([setup.tax])],
        }
    )
    item = {"product_id": product.id, "product_uom_qty": 3, "price_unit": 40.0}
    order = env["sale.order"].create(
        {
            "partner_id": partner_id,
            "company_id": setup.company,
            "order_line": [Command.create(item)],
        }
    )
    order.action_confirm()
    order.order_line.qty_delivered = 3.0
    return order.order_line.id


def deduct_products(item_id):
    """Do what the order's button and its preview do."""

    def request(env):
        order = env["sale.order.line"].browse(item_id).order_id
        action = order.action_prepaid_deduct_products()
        env["prepaid.deduct"].browse(action["res_id"]).action_confirm()

    return request


def invoice(item_id):
    """Invoice the order, where something is to be invoiced."""

    def request(env):
        order = env["sale.order.line"].browse(item_id).order_id
        return sum(order._create_invoices().mapped("amount_untaxed"))

    return request


@pytest.fixture
def sold(world):
    """A customer with 500 of credit, and three routers that are delivered."""
    customer = world.customer(credit=500.0, pays_for_materials=True)
    return customer, world.run(deliver, world.setup, customer.partner)


@pytest.mark.parametrize("leader", [0, 1, None])
def test_bf25_b02_products_are_deducted_once(world, sold, leader):
    customer, item = sold
    outcomes = world.race(deduct_products(item), deduct_products(item), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    assert world.entries(customer, "consume") == [("consume", -120.0)]
    assert world.balance(customer) == 380.0


@pytest.mark.parametrize("leader", [0, None])
def test_bf25_products_are_deducted_or_invoiced(world, sold, leader):
    """Whoever comes first: what the customer owes is asked for once."""
    customer, item = sold
    outcomes = world.race(deduct_products(item), invoice(item), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert leader is None or outcomes[leader].ok
    assert conflicts(outcomes) >= 1
    invoiced = outcomes[1].value if outcomes[1].ok else 0.0
    assert invoiced + 500.0 - world.balance(customer) == 120.0
    assert world.read("sale.order.line", item, "qty_to_invoice") == [(0.0,)]
