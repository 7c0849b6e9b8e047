"""What the customer sees, on a desktop and on a phone."""

import re

import pytest
from playwright.sync_api import expect

DESKTOP = (1366, 768)
PHONE = (390, 844)


def to_amount(text: str) -> float:
    """Return the number of an amount as it is printed."""
    return float(re.sub(r"[^0-9.-]", "", text))


def get_movements(window) -> list[tuple[float, float]]:
    """Return (amount, balance) of each visible movement, newest first."""
    rows = window.page.locator(".o_prepaid_movement")
    expect(rows.first).to_be_visible()
    return [
        (
            to_amount(row.locator("td").nth(2).locator("> span").inner_text()),
            to_amount(row.locator("td").nth(3).text_content()),
        )
        for row in rows.all()
    ]


def assert_running(movements) -> None:
    """Each balance is the earlier one plus the amount."""
    for (amount, balance), (_earlier, before) in zip(
        movements, movements[1:], strict=False
    ):
        assert balance == pytest.approx(before + amount)


def open_budget(window, screenshot, suffix) -> None:
    """From the front page to the customer's only budget."""
    window.page.goto("/my")
    entry = window.page.locator(".o_portal_index_card", has_text="Prepaid")
    expect(entry).to_be_visible()
    window.assert_fits()
    window.shoot(screenshot, f"portal-home{suffix}")
    entry.get_by_role("link").click()


def check_amounts(window, balance, pending) -> None:
    """The page shows what the back office knows."""
    expect(window.page.locator("#prepaid_balance")).to_have_text(f"$ {balance:,.2f}")
    expect(window.page.locator("#prepaid_pending")).to_have_text(f"$ {pending:,.2f}")
    window.assert_fits()


def check_movements(window, balance) -> None:
    """The balance runs on from the first page to the second."""
    newest = get_movements(window)
    assert len(newest) == 20
    assert newest[0][1] == pytest.approx(balance)
    window.page.locator(".o_portal_pager").get_by_role("link", name="2").click()
    window.page.wait_for_url("**/my/prepaid/*/page/2**")
    assert_running([*newest, *get_movements(window)])
    window.assert_fits()


def pay(window) -> None:
    """The button of an open invoice leads to Odoo's own page with its payment form."""
    window.page.get_by_role("button", name="Pay", exact=True).click()
    window.page.wait_for_url("**/my/invoices/**")
    expect(window.page.locator("#pay_with")).to_be_visible()
    window.assert_fits()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_story_in_the_portal(size, rpc, open_window, screenshot):
    """Balance, what is pending, movements, payment."""
    suffix = "" if size == DESKTOP else "-phone"
    budget = rpc.ref("prepaid_billing.budget_driftmoor_demo")
    balance = rpc.read("prepaid.budget", budget, "balance")
    pending = rpc.read("prepaid.budget", budget, "amount_pending")
    window = open_window("customer", *size)
    open_budget(window, screenshot, suffix)
    check_amounts(window, balance, pending)
    window.shoot(screenshot, f"portal-budget{suffix}")
    check_movements(window, balance)
    pay(window)


def test_budgets_of_others_do_not_exist(rpc, open_window):
    """Somebody else's budget and none at all get the same answer."""
    window = open_window("customer")
    budget = rpc.ref("prepaid_billing.budget_larkspur_demo")
    for id_ in (budget, 999_999):
        response = window.page.goto(f"/my/prepaid/{id_}")
        assert response.status == 404
        expect(window.page.locator("body")).not_to_contain_text("Larkspur")
