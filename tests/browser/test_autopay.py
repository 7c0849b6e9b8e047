"""Automatic payments as the customer sets them up, on a desktop and on a phone."""

import pytest
from playwright.sync_api import expect

from .autopay_world import AutopayWorld

DESKTOP = (1366, 768)
PHONE = (390, 844)


class Customer:
    """One customer's window, and the pictures taken from it."""

    def __init__(self, window, screenshot, suffix):
        self.window, self.page = window, window.page
        self._screenshot, self._suffix = screenshot, suffix

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page; it must not be wider than the window."""
        self.window.assert_fits()
        self.page.mouse.move(0, 0)
        name = f"autopay-{name}{self._suffix}"
        self._screenshot(self.page, name, full_page=True)

    def click(self, label: str) -> None:
        """Click the only link or button with this label."""
        label = self.page.get_by_role("link", name=label, exact=True).or_(
            self.page.get_by_role("button", name=label, exact=True)
        )
        label.click()

    def see(self, words: str) -> None:
        """Wait until these words are on the page."""
        expect(self.page.locator("#wrap")).to_contain_text(words)

    def fill_card(self, digits: str, answer: str = "done") -> None:
        """Fill in the demo provider's form and save."""
        form = self.page.locator("#o_payment_form")
        radio = form.locator("input[name=o_payment_radio]").first
        if not radio.is_checked():
            radio.check()
        form.locator("#customer_input").fill(digits)
        form.locator("#simulated_payment_state").select_option(answer)
        form.get_by_role("button", name="Save", exact=True).click()


def allow(customer, world, invoices):
    """From the front page: save a card, read, allow."""
    customer.page.goto("/my")
    entry = customer.page.locator(".o_portal_index_card", has_text="Automatic payments")
    expect(entry).to_be_visible()
    entry.get_by_role("link").click()
    customer.see("Let us charge your saved payment method")
    customer.shoot("none")
    customer.click("Set up automatic payments")
    customer.shoot("no-method")
    customer.click("Save a payment method")
    customer.fill_card("4242")
    customer.page.wait_for_url("**/my/autopay/new**")
    for invoice in invoices:
        customer.see(world.name(invoice))
    expect(
        customer.page.get_by_label("I have read this and agree.")
    ).not_to_be_checked()
    customer.shoot("allow")
    customer.page.get_by_label("I have read this and agree.").check()
    customer.click("Allow automatic payments")
    customer.see("Automatic payments are on.")
    customer.shoot("overview")


def change(customer, digits, answer, shot=None):
    """Save another card for automatic payments; nothing is charged."""
    customer.page.goto("/my/autopay")
    customer.click("Change payment method")
    customer.see("Nothing is charged for the change.")
    if shot:
        customer.shoot(shot)
    customer.fill_card(digits, answer)
    customer.page.wait_for_url("**/my/autopay?done=**")


def fail_and_mend(customer, world):
    """A card that is declined; another one pays at once."""
    invoice = world.invoice("Retainer", 75.0)
    # The demo provider keeps a method as such that fails when it is charged.
    token = world.rpc.search(
        "payment.token", ("partner_id", "=", world.customer), ("active", "=", True)
    )
    world.rpc.call("payment.token", "write", token, {"demo_simulated_state": "error"})
    world.collect()
    assert not world.is_paid(invoice)
    customer.page.goto("/my/autopay")
    customer.see("The payment was declined. We try again on")
    customer.shoot("problem")
    change(customer, "5454", "done", "method")
    customer.see("The payment method was changed.")
    expect(customer.page.locator(".o_autopay_method")).to_contain_text("5454")
    customer.shoot("changed")
    customer.click("Try again now")
    customer.see("We are charging it now.")
    world.collect()
    assert world.is_paid(invoice)
    assert world.transactions(invoice) == 2


def stop(customer, world, invoice):
    """The page asks first; then nothing is charged any more."""
    customer.page.goto("/my/autopay")
    customer.click("Stop automatic payments")
    customer.see(world.name(invoice))
    customer.shoot("stop")
    customer.click("Stop automatic payments")
    customer.see("Automatic payments are stopped.")
    customer.page.locator("summary").click()
    customer.shoot("ended")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_story_of_automatic_payments(size, rpc, open_window, screenshot):
    """Save a card, allow, be charged, change the card, stop."""
    login = f"wren{size[0]}"
    world = AutopayWorld(rpc, login, "Wrenfield Bakery")
    due = world.invoice("Workshop", 120.0)
    later = world.invoice("Photo session", 80.0, days=20)
    suffix = "" if size == DESKTOP else "-phone"
    customer = Customer(open_window(login, *size), screenshot, suffix)
    allow(customer, world, (due, later))
    url = customer.page.get_by_role("link", name=world.name(later)).get_attribute(
        "href"
    )
    customer.page.goto(url)
    customer.see("Paid automatically on")
    customer.shoot("invoice")
    world.collect()
    assert world.is_paid(due)
    assert not world.is_paid(later)
    fail_and_mend(customer, world)
    stop(customer, world, later)
    world.collect()
    assert world.transactions(later) == 0


def test_pf80_two_tabs(rpc, open_window, screenshot):
    """The same invoice, paid in two tabs: the second one is told to wait."""
    world = AutopayWorld(rpc, "rook", "Rookwell Press")
    invoice = world.invoice("Print run", 60.0)
    window = open_window("rook", *DESKTOP)
    window.page.goto("/my/invoices")
    url = window.page.locator("a[title='Pay Now']").get_attribute("href")
    tabs = [window.page, window.page.context.new_page()]
    for tab in tabs:
        tab.goto(url)
        expect(tab.locator("#pay_with #customer_input")).to_be_visible()
        tab.locator("#customer_input").fill("4242")
    # The first one is sent, and its answer takes a while.
    tabs[0].locator("#simulated_payment_state").select_option("pending")
    pay = "#pay_with button[name=o_payment_submit_button]"
    with tabs[0].expect_response("**/payment/demo/simulate_payment"):
        tabs[0].locator(pay).click()
    tabs[1].locator(pay).click()
    dialog = tabs[1].locator(".modal-content", has_text="a payment is in progress")
    expect(dialog).to_be_visible()
    screenshot(tabs[1], "autopay-two-tabs")
    assert world.transactions(invoice) == 1
