"""Payment plans under three charts of accounts: documents and accounts end at zero."""

import json

import pytest

#: Chart and the module that brings it.
CHARTS = {"de_skr03": "l10n_de", "be_comp": "l10n_be", "nl": "l10n_nl"}

INSTALL = """
modules = env["ir.module.module"].search([("name", "in", {modules})])
modules.button_immediate_install()
"""

RUN = """
import json
from freezegun import freeze_time
from odoo import Command
from odoo.fields import Domain

env["payment.provider"].search(Domain.TRUE).state = "disabled"
found = dict()
for chart, country in {charts}.items():
    # With a country Odoo would install all add-ons of that country.
    company = env["res.company"].create(dict(
        name=chart, currency_id=env.ref("base.EUR").id))
    env.ref("base.EUR").active = True
    env.user.company_ids |= company
    charts = env["account.chart.template"]
    charts.try_loading(chart, company=company, install_demo=False)
    own = env(context=dict(env.context, allowed_company_ids=company.ids))
    company = company.with_env(own)
    company.plan_lead_days = 0
    tax = company.account_sale_tax_id
    product = own["product.product"].create(dict(
        name="Wedding", type="service", invoice_policy="order", taxes_id=tax.ids))
    customer = own["res.partner"].create(dict(
        name="Ada", country_id=env.ref("base." + country).id))
    order = own["sale.order"].create(dict(partner_id=customer.id, order_line=[
        Command.create(dict(product_id=product.id, price_unit=price))
        for price in (1234.56, 333.33)]))
    template = own["payment.plan.template"].create(dict(
        name="Plan", currency_id=company.currency_id.id, deposit_percent=33.33))
    plan = own["payment.plan"].create(dict(
        sale_order_id=order.id, template_id=template.id))
    with freeze_time("2026-03-01 12:00:00", ignore=["psycopg2"]):
        order.require_signature, order.require_payment = True, False
        order._choose_plan(plan)
        plan._sign(plan._get_version().digest, "Ada", dict())
        order._validate_order()
    with freeze_time("2026-07-01 12:00:00", ignore=["psycopg2"]):
        env["payment.plan.installment"]._cron_invoice()
        for move in plan.installment_ids.move_id:
            own["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create(dict()).action_create_payments()
        env["payment.plan"]._cron_close()
    down = order.invoice_ids.line_ids.filtered(
        lambda line: line.is_downpayment and line.display_type == "product")
    terms = order.invoice_ids.line_ids.filtered(
        lambda line: line.display_type == "payment_term")
    tax_lines = order.invoice_ids.line_ids.filtered("tax_line_id")
    found[chart] = dict(
        state=plan.state,
        final=plan.final_move_id.amount_total,
        final_state=plan.final_move_id.state,
        invoices=len(order.invoice_ids),
        down_lines=len(down),
        down=round(sum(down.mapped("balance")), 2),
        open=round(sum(terms.mapped("amount_residual")), 2),
        tax=round(-sum(tax_lines.mapped("balance")) - order.amount_tax, 2),
        tax_amount=order.amount_tax,
        paid=round(sum(plan.installment_ids.move_id.mapped("amount_total")), 2),
        total=order.amount_total,
        accounts=sorted(set(down.account_id.mapped("account_type"))))
env.cr.commit()
print("FOUND", json.dumps(found))
"""


@pytest.fixture
def found(new_database, odoo_process):
    """Run one plan from offer to final invoice in a company of each chart."""
    countries = {"de_skr03": "de", "be_comp": "be", "nl": "nl"}
    database = new_database()
    modules = repr(sorted(CHARTS.values()))
    odoo_process(INSTALL.replace("{modules}", modules), database).wait()
    code = RUN.replace("{charts}", repr(countries))
    output = odoo_process(code, database).wait()
    line = next(row for row in output.splitlines() if row.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))


def test_p15_three_charts_end_at_zero(found):
    """Down payments, receivables and taxes are exact in Germany, Belgium, Holland."""
    assert sorted(found) == sorted(CHARTS)
    for chart, ends in found.items():
        assert (ends["state"], ends["final_state"]) == ("completed", "posted"), chart
        assert ends["final"] == 0.0, chart
        assert ends["invoices"] == 5, chart
        assert ends["down_lines"] >= 8, chart
        assert ends["down"] == 0.0, chart
        assert ends["open"] == 0.0, chart
        assert ends["tax"] == 0.0 < ends["tax_amount"], chart
        assert ends["paid"] == ends["total"], chart
