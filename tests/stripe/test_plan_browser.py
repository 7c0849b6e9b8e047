"""A payment plan as its customer lives it: choose, allow, sign, pay, be charged.

In the browser, with the stub in place of Stripe.js and the stand-in behind it; the days
of the installments come by moving the clock of the scheduled actions.
"""

from datetime import date

import pytest
from playwright.sync_api import expect

from .. import support
from .test_autopay_browser import fill_card

DESKTOP = (1366, 900)
PHONE = (390, 844)

PREPARE = """
from types import SimpleNamespace
from odoo import Command
from tests.support import stripe_odoo
account = SimpleNamespace(url="{url}")
env["payment.provider"].search([("code", "!=", "stripe")]).state = "disabled"
company = env.ref("base.main_company")
provider = stripe_odoo.connect(env, account, company)
company.autopay_notice_days = company.plan_lead_days = 0
# The browser and the scheduled actions agree on the day.
company.partner_id.tz = "UTC"
customer = env["res.partner"].create(dict(name="Ada Bride", email="a@example.com"))
product = env["product.product"].create(dict(
    name="Wedding", type="service", invoice_policy="order", taxes_id=[]))
order = env["sale.order"].with_company(company).create(dict(
    partner_id=customer.id, company_id=company.id,
    order_line=[Command.create(dict(
        product_id=product.id, price_unit=2000, tax_ids=[]))]))
Template = env["payment.plan.template"]
pack = Template.create(dict(
    name="Three payments", deposit_kind="larger", deposit_percent=25,
    deposit_amount=500, installment_count=3, company_id=company.id))
full = Template.create(dict(
    name="All at once", structure="full", company_id=company.id,
    discount_kind="percent", discount_percent=5))
for template in pack + full:
    env["payment.plan"].create(dict(sale_order_id=order.id, template_id=template.id))
order._require_plan_signature()
order.action_quotation_sent()
print("ORDER", order.id, order.get_portal_url())
env.cr.commit()
"""

#: A day later: invoices are made, charged and booked; then the order is closed.
MOVE_CLOCK = """
from freezegun import freeze_time
with freeze_time("{day} 12:00:00", ignore=["psycopg2"]):
    env["payment.plan.installment"]._cron_invoice()
    env["autopay.collection"]._cron_collect()
    env["payment.transaction"]._cron_post_process()
    env["payment.plan"]._cron_close()
    env.cr.commit()
"""

PLAN = "SELECT state FROM payment_plan WHERE sale_order_id = %s AND state <> 'canceled'"
PAID = (
    "SELECT i.date_due, m.amount_total, m.amount_residual"
    " FROM payment_plan_installment i JOIN payment_plan p ON p.id = i.plan_id"
    " LEFT JOIN account_move m ON m.id = i.move_id"
    " WHERE p.sale_order_id = %s ORDER BY i.number"
)
OPEN = (
    "SELECT i.amount_open FROM payment_plan_installment i"
    " JOIN payment_plan p ON p.id = i.plan_id"
    " WHERE p.sale_order_id = %s ORDER BY i.number"
)
COLLECTED = (
    "SELECT c.state, c.reason, c.date, a.state, a.message"
    " FROM payment_plan_installment i JOIN payment_plan p ON p.id = i.plan_id"
    " JOIN autopay_collection c ON c.move_id = i.move_id"
    " LEFT JOIN autopay_attempt a ON a.collection_id = c.id"
    " WHERE p.sale_order_id = %s ORDER BY i.number"
)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def world(request, new_database, stripe_account, browser):
    """Give a database, a page on its server, the order's id and address, a suffix."""
    db = new_database()
    code = PREPARE.format(url=stripe_account.url)
    output = support.odoo_process(code, db).wait()
    line = next(row for row in output.splitlines() if row.startswith("ORDER "))
    _word, order, url = line.split()
    width, height = request.param
    with support.live_server(db) as server:
        context = browser.new_context(
            base_url=server.url, viewport={"width": width, "height": height}
        )
        context.set_default_timeout(30_000)
        suffix = "-phone" if request.param == PHONE else ""
        yield db, context.new_page(), int(order), url, suffix
        context.close()


def test_pf22_from_the_quotation_to_the_last_installment(
    world, stripe_account, screenshot
):
    """Choose, allow, sign, pay 500 by card; three months later all is paid."""
    db, page, order, url, suffix = world
    choose(page, url)
    screenshot(page, f"plans-contract{suffix}")
    allow(page)
    sign(page)
    pay(page)
    assert support.sql(db, PLAN, [order]) == [("active",)]
    rows = support.sql(db, PAID, [order])
    assert len(rows) == 4
    assert (float(rows[0][1]), float(rows[0][2])) == (500.0, 0.0)
    assert_no_scrolling(page)
    for number in (1, 2, 3):
        run_on(db, rows[number][0])
        paid = support.sql(db, PAID, [order])[number]
        state = support.sql(db, COLLECTED, [order])
        assert (float(paid[1]), float(paid[2])) == (500.0, 0.0), state
    assert support.sql(db, PLAN, [order]) == [("completed",)]
    charges = stripe_account.listing("charges")
    assert [charge["amount"] for charge in charges if charge["paid"]] == [50000] * 4
    page.goto(url)
    page.get_by_role("link", name="See its payments and pay").click()
    expect(page.locator("#wrap")).to_contain_text("2,000.00")
    expect(page.locator("#wrap")).to_contain_text("Paid in full")
    assert_no_scrolling(page)
    screenshot(page, f"plans-paid{suffix}")


def test_pf35_p20_pay_more_by_card(world, stripe_account, screenshot):
    """After the deposit the customer pays 200 more: the last payment is smaller."""
    db, page, order, url, suffix = world
    choose(page, url)
    sign(page)
    pay(page)
    page.goto(url)
    page.get_by_role("link", name="See its payments and pay").click()
    page.get_by_role("button", name="Pay more", exact=True).click()
    page.get_by_label("Amount").fill("200")
    page.get_by_label("The last payments").check()
    assert_no_scrolling(page)
    screenshot(page, f"plans-extra-choice{suffix}")
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator(".o_payment_plan_extra")).to_contain_text("300.00")
    assert_no_scrolling(page)
    screenshot(page, f"plans-extra{suffix}", full_page=True)
    page.locator("[name=o_stripe_element_container]:visible").wait_for()
    fill_card(page, "4242424242424242")
    page.locator("button[name=o_payment_submit_button]:visible").click()
    expect(page.locator("#wrap")).to_contain_text("1,300.00", timeout=60_000)
    open_ = [float(amount) for (amount,) in support.sql(db, OPEN, [order])]
    assert open_ == [0.0, 500.0, 500.0, 300.0]
    charges = stripe_account.listing("charges")
    paid = sorted(charge["amount"] for charge in charges if charge["paid"])
    assert paid == [20000, 50000]


def choose(page, url):
    page.goto(url)
    card = page.locator(".o_payment_plan_card", has_text="Three payments")
    expect(card).to_contain_text("500.00")
    assert_no_scrolling(page)
    card.get_by_role("button", name="Choose this plan").click()
    expect(page.locator("#payment_plan")).to_contain_text("Your payment plan")


def allow(page):
    box = page.get_by_label("I have read this and agree.")
    expect(box).not_to_be_checked()
    box.check()
    page.locator("#payment_plan_autopay button[type=submit]").first.click()
    expect(page.locator("#payment_plan_autopay")).to_contain_text("You allow it.")


def sign(page):
    page.locator("#payment_plan a[data-bs-target='#modalaccept']").click()
    modal = page.locator("#modalaccept")
    modal.locator("input[name=signer]").fill("Ada Bride")
    modal.locator(".o_web_sign_auto_button").click()
    submit = modal.locator(".o_portal_sign_submit")
    expect(submit).to_be_enabled()
    submit.click()
    expect(page.locator("#payment_plan")).to_contain_text(
        "The contract is signed", timeout=60_000
    )


def pay(page):
    # After the signature the form opens by itself.
    page.locator("[name=o_stripe_element_container]:visible").wait_for()
    fill_card(page, "4242424242424242")
    page.locator("button[name=o_payment_submit_button]:visible").click()
    page.wait_for_url("**/my/orders/**", timeout=60_000)
    expect(page.locator("#payment_plan")).to_contain_text(
        "signed and running", timeout=60_000
    )


def run_on(db, day: date):
    support.odoo_process(MOVE_CLOCK.format(day=day), db).wait()


def assert_no_scrolling(page):
    """Nothing is wider than the screen."""
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
