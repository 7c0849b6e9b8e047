"""Automatic payments in the browser with cards, the stub in place of Stripe.js."""

import pytest
from playwright.sync_api import expect

from .. import support

PREPARE = """
from datetime import timedelta
from odoo import Command, fields
from tests.support import stripe_account, stripe_odoo
account = stripe_account.StripeAccount()
env["payment.provider"].search([("code", "!=", "stripe")]).state = "disabled"
company = env.ref("base.main_company")
stripe_odoo.connect(env, account, company)
company.autopay_notice_days = 0
partner = env.ref("base.partner_demo_portal").commercial_partner_id
moves = env["account.move"].with_company(company).create([{
    "move_type": "out_invoice", "partner_id": partner.id, "company_id": company.id,
    "invoice_date": fields.Date.today(), "invoice_payment_term_id": False,
    "invoice_date_due": fields.Date.today(),
    "invoice_line_ids": [Command.create(
        {"name": "Session", "price_unit": amount, "tax_ids": []})],
} for amount in (120.0, 80.0)])
moves.action_post()
env.cr.commit()
print("URLS", account.url, *[move.get_portal_url() for move in moves])
"""

COLLECT = """
env["autopay.collection"]._cron_collect()
env["payment.transaction"]._cron_post_process()
env.cr.commit()
"""


@pytest.fixture
def world(scratch_db):
    """Return the account at the stand-in and the pages of two invoices."""
    output = support.odoo_process(PREPARE, scratch_db).wait()
    line = next(row for row in output.splitlines() if row.startswith("URLS "))
    return line.split()[1:]


def log_in(page):
    page.goto("/web/login?redirect=/my")
    page.fill("input[name=login]", "portal")
    page.fill("input[name=password]", "portal")
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url("**/my**")


def fill_card(page, number):
    form = page.locator("[name=o_stripe_element_container]:visible")
    values = {"number": number, "exp_month": "12", "exp_year": "40", "cvc": "123"}
    for name, value in values.items():
        form.locator(f"input[name={name}]").fill(value)


def count_charges(db):
    query = (
        "SELECT count(*) FROM payment_transaction WHERE state = 'done' AND amount > 0"
    )
    return support.sql(db, query)[0][0]


def get_residuals(db):
    query = (
        "SELECT amount_residual FROM account_move WHERE move_type = 'out_invoice'"
        " AND amount_total IN (120, 80) ORDER BY id DESC LIMIT 2"
    )
    return [float(row[0]) for row in support.sql(db, query)]


def test_pay_and_save_allow_change_stop(world, page, scratch_db):
    """Pay and save (R24), allow, be charged, change the card (PF33), stop (PF32)."""
    _account, first, _second = world
    log_in(page)
    pay_and_save(page, first)
    assert count_charges(scratch_db) == 1
    allow(page)
    support.odoo_process(COLLECT, scratch_db).wait()
    assert count_charges(scratch_db) == 2
    assert get_residuals(scratch_db) == [0.0, 0.0]
    change_card(page)
    assert count_charges(scratch_db) == 2
    stop(page)
    query = "SELECT state FROM autopay_mandate"
    assert support.sql(scratch_db, query) == [("withdrawn",)]


def pay_and_save(page, url):
    page.goto(url)
    page.get_by_role("link", name="Pay Now").first.click()
    form = page.locator("[name=o_stripe_element_container]:visible")
    form.wait_for()
    fill_card(page, "4242424242424242")
    page.locator("input[name=o_payment_tokenize_checkbox]:visible").check()
    page.locator("button[name=o_payment_submit_button]:visible").click()
    page.wait_for_url("**/my/invoices/**", timeout=60_000)
    expect(page.locator("#wrap")).to_contain_text("Paid", timeout=60_000)


def allow(page):
    page.goto("/my/autopay/new")
    expect(page.locator("#wrap")).to_contain_text("80.00")
    page.get_by_label("I have read this and agree.").check()
    page.get_by_role("button", name="Allow automatic payments").click()
    expect(page.locator("#wrap")).to_contain_text("Automatic payments are on.")


def change_card(page):
    page.goto("/my/autopay")
    page.get_by_text("Change payment method", exact=True).click()
    fill_card(page, "5555555555554444")
    page.locator("button[name=o_payment_submit_button]:visible").click()
    page.wait_for_url("**/my/autopay?done=**", timeout=60_000)
    expect(page.locator(".o_autopay_method")).to_contain_text("4444")


def stop(page):
    page.goto("/my/autopay")
    page.get_by_text("Stop automatic payments", exact=True).click()
    page.wait_for_url("**/stop")
    page.get_by_role("button", name="Stop automatic payments").click()
    expect(page.locator("#wrap")).to_contain_text("Automatic payments are stopped.")
