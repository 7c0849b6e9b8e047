"""Payment plans in the back office: from a quotation to the list of what is due."""

import pytest
from playwright.sync_api import expect

PHONE = (390, 844)
TALL = {"width": 1280, "height": 1250}


@pytest.fixture(scope="module")
def orders(rpc):
    """Give the quotations of the demo studio: without plans, sent, running, overdue."""
    names = ("new", "sent", "running", "overdue", "paid")
    return {
        name: rpc.ref(f"payment_plan.order_{number}_demo")
        for number, name in enumerate(names, 1)
    }


def test_r10_propose_in_two_clicks(orders, open_window, screenshot):
    """The plans that fit are on the quotation, with their days and amounts."""
    window = open_window("ines")
    window.open(f"sales/{orders['new']}")
    window.tab("Payment plans")
    window.button("Propose plans").click()
    expect(window.rows()).to_have_count(3)
    cards = window.page.locator(".o_payment_plan_offers")
    expect(cards).to_contain_text("Installment 3")
    expect(cards).to_contain_text("You save by paying in full")
    window.page.set_viewport_size(TALL)
    window.shoot(screenshot, "plans-quotation")


def test_r3_negotiate(orders, rpc, open_window, screenshot):
    """What is typed into an offered plan is seen in its schedule at once."""
    plans = rpc.search("payment.plan", ("sale_order_id", "=", orders["new"]))
    pack = next(p for p in plans if rpc.read("payment.plan", p, "name") == "Pack B")
    window = open_window("ines")
    window.open(f"payment-plans/{pack}")
    preview = window.field("preview_html")
    expect(preview.locator("tbody tr")).to_have_count(4)
    window.fill("installment_count", "2")
    expect(preview.locator("tbody tr")).to_have_count(3)
    expect(preview).to_contain_text("1,125.00")
    window.fill("installment_count", "5")
    window.save()
    expect(window.page.locator(".alert-warning")).to_contain_text("5 installments")
    window.page.set_viewport_size(TALL)
    window.shoot(screenshot, "plans-negotiate")
    window.button("Approve").click()
    window.dialog().get_by_role("button", name="Ok").click()
    expect(window.page.locator(".alert-info", has_text="Approved by")).to_be_visible()


def test_templates(rpc, open_window, screenshot):
    """A template is configured beside its example; large ones are approved."""
    window = open_window("ines")
    window.open("payment-plan-templates")
    expect(window.rows()).to_have_count(8)
    window.shoot(screenshot, "plans-templates")
    window.open(f"payment-plan-templates/{rpc.ref('payment_plan.template_pack_a')}")
    example = window.field("example_html")
    expect(example.locator("tbody tr")).to_have_count(4)
    window.fill("example_total", "3000")
    expect(example).to_contain_text("750.00")
    window.field("name").locator("input, textarea").first.click()  # not the calendar
    expect(window.page.locator(".o_datetime_picker")).to_have_count(0)
    window.page.set_viewport_size({"width": 1280, "height": 900})
    window.shoot(screenshot, "plans-template")
    window.page.locator(".o_form_button_cancel").click()
    window.open(f"payment-plan-templates/{rpc.ref('payment_plan.template_6_months')}")
    expect(window.page.locator(".alert-warning")).to_contain_text("Not offered yet")
    window.shoot(screenshot, "plans-approval")


def test_r74_tracking(orders, rpc, open_window, screenshot):
    """Who owes what, when: plans by state, one plan, all payments, the forecast."""
    window = open_window("ines")
    window.open("payment-plans")
    expect(window.page.locator(".o_kanban_group")).to_have_count(3)
    window.shoot(screenshot, "plans-kanban")
    plan = rpc.read("sale.order", orders["overdue"], "payment_plan_id")[0]
    window.open(f"payment-plans/{plan}")
    expect(window.field("amount_overdue")).to_contain_text("750.00")
    expect(window.rows()).to_have_count(4)
    window.page.set_viewport_size({"width": 1280, "height": 800})
    window.shoot(screenshot, "plans-plan")
    for tab in ("Contract", "Evidence", "Automatic payment"):
        window.tab(tab)
    window.open("payment-plan-payments")
    expect(window.rows()).to_have_count(4)
    window.shoot(screenshot, "plans-payments")
    window.page.locator(".o_switch_view.o_graph").click()
    expect(window.page.locator(".o_graph_renderer canvas")).to_be_visible()
    window.shoot(screenshot, "plans-forecast")


@pytest.mark.parametrize("size", [(1280, 900), PHONE], ids=["desktop", "phone"])
def test_r60_customer_sees_the_plans(size, orders, rpc, open_window, screenshot):
    """The customer compares what is offered, and follows what is signed."""
    window = open_window("camila", *size)
    suffix = "" if size != PHONE else "-phone"
    plan = rpc.read("sale.order", orders["running"], "payment_plan_id")[0]
    pages = {
        "portal-quotation": f"/my/orders/{orders['sent']}",
        "portal-plan": f"/my/plans/{plan}",
    }
    for name, path in pages.items():
        window.page.goto(path)
        words = "500.00" if "plans" in path else "Pack B"
        expect(window.page.locator("#wrap")).to_contain_text(words)
        window.assert_fits()
        screenshot(window.page, f"plans-{name}{suffix}", full_page=True)
