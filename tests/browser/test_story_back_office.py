"""The main job in the back office, from the first budget to the returned hour."""

import re
from xmlrpc.client import Fault

import pytest
from playwright.sync_api import expect

CUSTOMER = "Fernhollow Garden Center"
BUDGET = f"Prepaid {CUSTOMER}"
PLANS = "Plans for Fernhollow"
SITE_VISIT = "Visit at Fernhollow"


class World:
    """A customer without budget, with a sales order, a project and a task."""

    def __init__(self, rpc):
        self.rpc = rpc
        employee = rpc.ref("prepaid_billing.user_employee_demo")
        self.customer = rpc.create(
            "res.partner",
            name=CUSTOMER,
            is_company=True,
            customer_rank=1,  # the list of customers shows those only
            email="office@fernhollow.example.com",
        )
        self.order = self._create_order()
        project = rpc.create(
            "project.project",
            name="Fernhollow: show garden",
            partner_id=self.customer,
            allow_billable=True,
            allow_timesheets=True,
            sale_line_id=rpc.read("sale.order", self.order, "order_line")[0],
        )
        self.task = rpc.create(
            "project.task",
            name="Design of the show garden",
            project_id=project,
            partner_id=self.customer,
            user_ids=[(6, 0, [employee])],
        )

    def _create_order(self):
        service = self.rpc.create(
            "product.product",
            name="Garden consulting",
            type="service",
            service_policy="delivered_timesheet",
            service_tracking="no",
            uom_id=self.rpc.ref("uom.product_uom_hour"),
            list_price=100.0,
        )
        line = {"product_id": service, "product_uom_qty": 20, "price_unit": 100.0}
        order = self.rpc.create(
            "sale.order", partner_id=self.customer, order_line=[(0, 0, line)]
        )
        self.rpc.call("sale.order", "action_confirm", [order])
        return order


@pytest.fixture(scope="module")
def world(rpc):
    """Give the records that the story needs before it begins."""
    return World(rpc)


def open_customer(window):
    window.open("customers")
    window.search(CUSTOMER)
    window.cell(window.rows().filter(has_text=CUSTOMER), "complete_name").click()
    name = window.field("name").locator("input, textarea").first
    expect(name).to_have_value(CUSTOMER)


def open_budget(window):
    open_customer(window)
    window.stat_button("Prepaid").click()
    expect(window.field("balance")).to_be_visible()


def new_budget(window):
    """Money, a threshold, and what to do when it is low."""
    open_customer(window)
    window.stat_button("New prepaid").click()
    owner = window.field("partner_id").locator("input")
    expect(owner).to_have_value(CUSTOMER)
    window.fill("threshold", "100")
    window.choose("replenish_policy", "Replenish below the threshold")
    window.choose("replenish_action", "Post and send the invoice")
    window.choose("replenish_method", "A fixed amount")
    window.fill("replenish_amount", "500")
    window.save()
    expect(window.page.get_by_text("No credit yet.")).to_be_visible()


def top_up(window, screenshot):
    """Sell 500 of credit: invoice, confirm, pay; back on the budget it is there."""
    window.button("Top up").click()
    window.fill("amount", "500")
    window.shoot(screenshot, "top-up")
    window.button("Make invoice").click()
    window.button("Confirm").click()
    expect(window.page.locator(".o_arrow_button_current")).to_have_text("Posted")
    window.button("Pay").click()
    window.dialog().get_by_role("button", name="Create Payment").click()
    expect(window.page.locator(".ribbon")).to_have_text(re.compile("In Payment|Paid"))
    window.breadcrumb(BUDGET)
    expect(window.field("balance")).to_have_text("$ 500.00")
    window.shoot(screenshot, "budget-form")


def log_time(window, task, screenshot):
    """As always in Odoo: lines on the task; the balance is in sight."""
    window.open(f"project.task/{task}")
    window.tab("Timesheets")
    for count, (name, hours) in enumerate(((PLANS, "3:00"), (SITE_VISIT, "2:30")), 1):
        window.page.get_by_text("Add a line").click()
        window.fill_cell("name", name)
        window.fill_cell("unit_amount", hours)
        window.save()
        expect(window.rows()).to_have_count(count)
    expect(window.field("prepaid_balance")).to_have_text("$ 500.00")
    window.shoot(screenshot, "task-balance")


def assert_sees_nothing_more(window, rpc):
    """Who logs time has no menu, no button and no right on budgets."""
    window.page.locator(".o_navbar_apps_menu button").click()
    apps = window.page.locator(".o-dropdown--menu .o_app")
    expect(apps.filter(has_text="Timesheets")).to_be_visible()
    expect(apps.filter(has_text="Prepaid")).to_have_count(0)
    for model in ("prepaid.budget", "prepaid.lot", "prepaid.entry"):
        with pytest.raises(Fault, match="not allowed"):
            rpc.as_user("theo").search(model)


def deduct(window, screenshot):
    """The list says value and why, the preview what is short; confirm books it."""
    open_customer(window)
    window.shoot(screenshot, "customer-smart-buttons")
    window.stat_button("To deduct").click()
    expect(window.rows()).to_have_count(2)
    plans = window.rows().filter(has_text=PLANS)
    expect(window.cell(plans, "prepaid_value")).to_have_text("$ 300.00")
    expect(window.cell(plans, "prepaid_rate_reason")).to_contain_text("consulting")
    window.shoot(screenshot, "time-to-deduct")
    window.page.locator(".o_list_record_selector input").first.click()
    window.button("Deduct").click()
    visit = window.dialog().locator(".o_data_row", has_text=SITE_VISIT)
    expect(window.cell(visit, "covered")).to_have_text("$ 200.00")
    expect(window.cell(visit, "short")).to_have_text("$ 50.00")
    window.shoot(screenshot, "deduct-preview")
    window.dialog().get_by_role("button", name="Deduct", exact=True).click()
    expect(window.rows()).to_have_count(1)
    rest = window.rows().filter(has_text=SITE_VISIT)
    expect(window.cell(rest, "prepaid_covered_hours")).to_have_text("02:00")
    expect(window.cell(rest, "prepaid_value")).to_have_text("$ 50.00")


def check_timesheets(window, screenshot):
    """The entry shows as partly deducted."""
    window.open("timesheets")
    window.open_menu("Timesheets", "All Timesheets")
    window.search("Fernhollow")
    visit = window.rows().filter(has_text=SITE_VISIT)
    expect(window.cell(visit, "prepaid_state")).to_have_text("Partly deducted")
    plans = window.rows().filter(has_text=PLANS)
    expect(window.cell(plans, "prepaid_state")).to_have_text("Deducted")
    window.shoot(screenshot, "timesheets-deducted")


def check_order(window, order):
    """Only the rest counts as delivered, and will be invoiced."""
    window.open(f"sale.order/{order}")
    row = window.rows().filter(has_text="consulting")
    expect(window.cell(row, "qty_delivered")).to_have_text("0.50")


def replenish(window, screenshot):
    """One invoice; while it is open, none is offered."""
    open_budget(window)
    expect(window.field("balance")).to_have_text("$ 0.00")
    window.button("Replenish now").click()
    notification = window.page.locator(".o_notification").last
    expect(notification).to_contain_text("over $ 500.00")
    expect(window.field("amount_pending")).to_have_text("$ 500.00")
    window.tab("Replenishments")
    expect(window.rows()).to_have_count(1)
    window.shoot(screenshot, "replenishment")
    expect(window.button("Replenish now")).to_have_count(0)


def return_time(window, screenshot):
    """Returned time leaves both rows in sight."""
    window.stat_button("Movements").click()
    visit = window.rows().filter(has_text=SITE_VISIT)
    expect(visit).to_have_count(1)
    visit.locator(".o_list_record_selector input").click()
    window.button("Return time").click()
    window.dialog().get_by_role("button", name="Ok").click()
    expect(visit).to_have_count(2)
    expect(visit.filter(has_text="Returned")).to_contain_text("$ 200.00")
    expect(visit.filter(has_text="Deducted")).to_contain_text("$ -200.00")
    window.shoot(screenshot, "movements")


def test_story_in_the_back_office(world, rpc, open_window, screenshot):
    """Sell, log, deduct, run low, return: each step by clicking."""
    manager = open_window("mona")
    new_budget(manager)
    top_up(manager, screenshot)
    employee = open_window("theo")
    log_time(employee, world.task, screenshot)
    assert_sees_nothing_more(employee, rpc)
    deduct(manager, screenshot)
    check_timesheets(manager, screenshot)
    check_order(manager, world.order)
    replenish(manager, screenshot)
    return_time(manager, screenshot)
    invoices = rpc.search(
        "account.move.line", ("prepaid_budget_id.partner_id", "=", world.customer)
    )
    assert len(invoices) == 2


def test_overview_of_the_budgets(rpc, open_window, screenshot):
    """Cards and list tell which budgets are low, and what is under way."""
    manager = open_window("mona")
    manager.open("prepaid-budgets")
    low = manager.page.locator(".o_kanban_record", has_text="Driftmoor")
    expect(low).to_contain_text("Below $ 800.00")
    expect(low).to_contain_text("waiting for payment")
    manager.shoot(screenshot, "budget-kanban")
    manager.page.locator(".o_switch_view.o_list").click()
    row = manager.rows().filter(has_text="Driftmoor")
    expect(manager.cell(row, "threshold")).to_have_text("$ 800.00")
    manager.shoot(screenshot, "budget-list")


def test_back_office_on_a_phone(rpc, open_window, screenshot):
    """No page is wider than a phone; the form shows balance and rule in one column."""
    manager = open_window("mona", 390, 844)
    for path in ("budgets", "ledger", "lots", "replenishments"):
        manager.open(f"prepaid-{path}")
        manager.assert_fits()
    budget = rpc.ref("prepaid_billing.budget_driftmoor_demo")
    manager.open(f"prepaid-budgets/{budget}")
    expect(manager.field("balance")).to_contain_text("$")
    manager.assert_fits()
    manager.shoot(screenshot, "budget-form-phone")
