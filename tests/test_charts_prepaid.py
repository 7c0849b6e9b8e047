"""Prepaid credit as a liability under three charts of accounts (BF41, BF46, BF49)."""

import json

import pytest

#: Chart, the module that brings it, and its currency.
CHARTS = {
    "generic_coa": ("account", "USD"),
    "be_comp": ("l10n_be", "EUR"),
    "de_skr03": ("l10n_de", "EUR"),
}

INSTALL = """
modules = env["ir.module.module"].search([("name", "in", {modules})])
modules.button_immediate_install()
"""

RUN = """
import json
from freezegun import freeze_time
from odoo import Command

def balance(account, date=None):
    lines = own["account.move.line"].search([
        ("account_id", "=", account.id), ("parent_state", "=", "posted"),
        *([("date", "<=", date)] if date else [])])
    return round(-sum(lines.mapped("balance")), 2)

def report(date):
    rows = own["prepaid.liability"].create(dict(date=date))._compute_rows()
    return [round(sum(row[name] for row in rows), 2)
            for name in ("lots", "waiting", "ledger", "difference")]

def spend(hours, day):
    lines = own["account.analytic.line"].create(dict(
        name="Work", project_id=project.id, employee_id=employee.id,
        unit_amount=hours, date=day))
    return own["prepaid.entry"].browse(lines.prepaid_deduct(lines.ids))

found = dict()
env.user.group_ids += env.ref("account.group_account_manager")
for chart, (module, currency) in {charts}.items():
    # With a country Odoo would install all add-ons of that country.
    money = env.ref("base." + currency)
    money.active = True
    company = env["res.company"].create(dict(name=chart, currency_id=money.id))
    env.user.company_ids |= company
    charts = env["account.chart.template"].with_company(company)
    charts.try_loading(chart, company=company, install_demo=False)
    # Odoo sets the chart's account of down payments when Sales is installed later.
    down = charts._get_chart_template_data(chart)["template_data"]
    if down.get("downpayment_account_id"):
        company.downpayment_account_id = charts.ref(down["downpayment_account_id"])
    own = env(context=dict(env.context, allowed_company_ids=company.ids))
    company = company.with_env(own)
    company.partner_id.tz = "UTC"
    default = company.downpayment_account_id
    if not default:
        company.prepaid_liability_account_id = own["account.account"].search(
            [("account_type", "=", "liability_current"),
             ("company_ids", "in", company.ids)], limit=1)
    liability = company._get_prepaid_liability_account()
    tax = company.account_sale_tax_id
    pack = own["product.product"].create(dict(
        name="Pack", type="service", invoice_policy="order", prepaid_ok=True,
        prepaid_revenue_policy="when_used", prepaid_validity=60, taxes_id=tax.ids))
    income = pack.product_tmpl_id._get_prepaid_income_account()
    breakage = own["account.account"].create(dict(
        name="Breakage", code="889900", account_type="income_other",
        company_ids=company.ids))
    company.prepaid_breakage_account_id = breakage
    customer = own["res.partner"].create(dict(name="Ada"))
    employee = own["hr.employee"].create(dict(name="Ann", company_id=company.id))
    project = own["project.project"].create(dict(
        name="Work", partner_id=customer.id, company_id=company.id,
        allow_billable=True, allow_timesheets=True))
    budget = own["prepaid.budget"].create(dict(
        partner_id=customer.id, company_id=company.id, product_id=pack.id,
        hourly_rate=33.33))
    with freeze_time("2026-01-10 12:00:00", ignore=["psycopg2"]):
        move = own["account.move"].browse(budget.top_up(1234.56))
        move.action_post()
        own["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create(dict()).action_create_payments()
        spend(10.0, "2026-01-10")
    with freeze_time("2026-02-05 12:00:00", ignore=["psycopg2"]):
        entry = spend(5.0, "2026-02-05")
        own["prepaid.budget"].sudo()._cron_recognize()
        entry.action_return_time()
        refund = move._reverse_moves([dict(invoice_date="2026-02-05")])
        refund.invoice_line_ids.price_unit = 200.0
        refund.action_post()
    with freeze_time("2026-04-01 12:00:00", ignore=["psycopg2"]):
        own["prepaid.budget"].sudo()._cron_expire_lots()
        own["prepaid.budget"].sudo()._cron_recognize()
    tax_lines = (move | refund).line_ids.filtered("tax_line_id")
    untaxed = own["product.product"].create(dict(
        name="Untaxed", type="service", invoice_policy="order", prepaid_ok=True,
        prepaid_tax_policy="use", taxes_id=tax.ids))
    second = own["prepaid.budget"].create(dict(
        partner_id=customer.id, company_id=company.id, product_id=untaxed.id))
    with freeze_time("2026-05-10 12:00:00", ignore=["psycopg2"]):
        receipt = own["account.move"].browse(second.top_up(1000.0))
        receipt.action_post()
        own["account.payment.register"].with_context(
            active_model="account.move", active_ids=receipt.ids
        ).create(dict()).action_create_payments()
        bill = own["account.move"].create(dict(
            move_type="out_invoice", partner_id=customer.id,
            invoice_line_ids=[Command.create(dict(
                name="Work", price_unit=100.0, tax_ids=tax.ids))]))
        bill.action_post()
        bill.pay_from_prepaid(second)
        own["prepaid.budget"].sudo()._cron_recognize()
    at_use = dict(
        receipt_tax=receipt.amount_tax, gross=bill.amount_total, tax=bill.amount_tax,
        residual=bill.amount_residual, state=bill.payment_state,
        left=second.balance, liability=balance(liability), report=report("2026-05-31"))
    found[chart] = dict(
        at_use=at_use,
        account_type=liability.account_type, has_default=bool(default),
        code=liability.code,
        sold_on=move.invoice_line_ids.account_id.code,
        ends=[balance(account, "2026-04-30")
              for account in (liability, income, breakage)],
        tax=round(-sum(tax_lines.mapped("balance")), 2),
        expected_tax=round(move.amount_tax - refund.amount_tax, 2),
        taxed=bool(budget.lot_ids.recognition_ids.move_id.line_ids.filtered(
            lambda line: line.tax_ids or line.tax_line_id)),
        months=dict((day, report(day)) for day in (
            "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30")))
env.cr.commit()
print("FOUND", json.dumps(found))
"""


def check_tax_at_use(ends, chart):
    """A receipt without tax pays taxed work, tax included; the books agree (B76)."""
    assert ends["receipt_tax"] == 0.0, chart
    assert ends["tax"] > 0, chart
    assert ends["gross"] == 100.0 + ends["tax"], chart
    assert (ends["residual"], ends["state"]) == (0.0, "paid"), chart
    left = round(1000.0 - ends["gross"], 2)
    assert (ends["left"], ends["liability"]) == (left, left), chart
    assert ends["report"] == [left, 0.0, left, 0.0], chart


@pytest.fixture
def found(new_database, odoo_process):
    """Sell, use, return, credit and expire credit in a company of each chart."""
    database = new_database()
    modules = repr(sorted({module for module, _currency in CHARTS.values()}))
    odoo_process(INSTALL.replace("{modules}", modules), database).wait()
    output = odoo_process(RUN.replace("{charts}", repr(CHARTS)), database).wait()
    line = next(row for row in output.splitlines() if row.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))


def test_bf41_bf44_bf46_bf49_b76_three_charts_agree(found):
    """Liability, income and breakage in the United States, Belgium and Germany."""
    assert sorted(found) == sorted(CHARTS)
    # Belgium's chart brings an account for down payments; it is the default.
    assert found["be_comp"]["has_default"]
    for chart, ends in found.items():
        assert ends["account_type"] == "liability_current", chart
        assert ends["sold_on"] == ends["code"], chart
        # 1,234.56 - 333.30 used - 200 credited = 701.26 expired.
        assert ends["ends"] == [0.0, 333.3, 701.26], chart
        assert ends["tax"] == ends["expected_tax"] > 0, chart
        assert not ends["taxed"], chart
        assert ends["months"] == {
            "2026-01-31": [901.26, 0.0, 901.26, 0.0],
            "2026-02-28": [701.26, 0.0, 701.26, 0.0],
            "2026-03-31": [701.26, 0.0, 701.26, 0.0],
            "2026-04-30": [0.0, 0.0, 0.0, 0.0],
        }, chart
        check_tax_at_use(ends["at_use"], chart)
