"""Odoo's payment form in the browser, with the stub in place of Stripe.js."""

import pytest

from .. import support
from ..support import stripe_account as stand_in

CONNECT = """
from tests.support import stripe_account, stripe_odoo
account = stripe_account.StripeAccount()
env["payment.provider"].search([("code", "!=", "stripe")]).state = "disabled"
stripe_odoo.connect(env, account, env.ref("base.main_company"))
env.cr.commit()
"""


@pytest.fixture(scope="module")
def connected(scratch_db) -> None:
    """Set the main company's Stripe provider to an account."""
    support.odoo_process(CONNECT, scratch_db).wait()


def save_card(page, number: str) -> None:
    """Fill in the form by which a customer saves a card."""
    page.goto("/web/login?redirect=/my/payment_method")
    page.fill("input[name=login]", "portal")
    page.fill("input[name=password]", "portal")
    page.click("form.oe_login_form button[type=submit]")
    form = page.locator("[name=o_stripe_element_container]:visible")
    values = {"number": number, "exp_month": "12", "exp_year": "40", "cvc": "123"}
    for name, value in values.items():
        form.locator(f"input[name={name}]").fill(value)
    page.click("button[name=o_payment_submit_button]")


def test_card_is_saved(connected, page, scratch_db):
    save_card(page, stand_in.VISA)
    page.get_by_text("4242").first.wait_for()
    query = "SELECT payment_details FROM payment_token WHERE provider_ref LIKE 'cus_%'"
    assert support.sql(scratch_db, query) == [("4242",)]


def test_decline_is_shown(connected, page):
    save_card(page, "4000000000000002")
    page.get_by_role("dialog").get_by_text("Your card was declined.").wait_for()
