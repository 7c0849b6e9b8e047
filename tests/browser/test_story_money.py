"""Money in the browser: the customer tops up; the accountant sees what is owed."""

import pytest
from playwright.sync_api import expect

DESKTOP = (1366, 768)
PHONE = (390, 844)
REPORT = "action-prepaid_billing.prepaid_liability_action"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_bf40_customer_tops_up(size, rpc, open_window, screenshot):
    """Another amount, its invoice with tax, and canceled again."""
    suffix = "" if size == DESKTOP else "-phone"
    window = open_window("customer2", *size)
    budget = rpc.ref("prepaid_billing.budget_larkspur_demo")
    window.page.goto(f"/my/prepaid/{budget}")
    window.page.locator("#prepaid_top_up").click()
    window.page.get_by_label("Amount without tax").fill("750")
    window.assert_fits()
    window.shoot(screenshot, f"portal-top-up{suffix}")
    window.page.get_by_role("button", name="Order and go to payment").click()
    expect(window.page.locator("#wrap")).to_contain_text("862.50")
    window.assert_fits()
    [invoice] = rpc.search(
        "account.move",
        ("invoice_line_ids.prepaid_budget_id", "=", budget),
        ("amount_untaxed", "=", 750.0),
        ("state", "=", "posted"),
    )
    window.page.goto(f"/my/prepaid/{budget}/top-up")
    window.button("Cancel this top-up").click()
    expect(window.page.locator("#wrap")).to_be_visible()
    assert rpc.read("account.move", invoice, "state") == "cancel"


def sell_deferred_credit(rpc) -> None:
    """Sell 1,000 as a liability, posted and paid."""
    company = rpc.ref("base.main_company")
    account = rpc.create(
        "account.account",
        name="Prepaid credit",
        code="259900",
        account_type="liability_current",
        company_ids=[(6, 0, [company])],
    )
    values = {"prepaid_liability_account_id": account}
    rpc.call("res.company", "write", [company], values)
    pack = rpc.create(
        "product.product",
        name="Credit, income when used",
        type="service",
        invoice_policy="order",
        prepaid_ok=True,
        prepaid_usable_when="posted",
        prepaid_revenue_policy="when_used",
    )
    for name in ("Willow & Oak", "Northgate Studio"):
        partner = rpc.create("res.partner", name=name, is_company=True)
        budget = rpc.create("prepaid.budget", partner_id=partner, product_id=pack)
        move = rpc.call("prepaid.budget", "top_up", [budget], 1000.0)
        rpc.call("account.move", "action_post", [move])


def test_bf49_what_is_owed(rpc, open_window, screenshot):
    """The report shows both customers and no difference to the general ledger."""
    sell_deferred_credit(rpc)
    window = open_window("mona")
    window.page.goto(f"/odoo/{REPORT}")
    dialog = window.dialog()
    expect(dialog).to_contain_text("What is owed to your customers")
    dialog.get_by_role("button", name="Show").click()
    window.wait_for_view()
    expect(window.rows()).to_have_count(2)
    for row in window.rows().all():
        expect(window.cell(row, "lots")).to_contain_text("1,000.00")
        expect(window.cell(row, "difference")).to_contain_text("0.00")
    window.shoot(screenshot, "liability")
