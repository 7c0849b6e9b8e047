"""Events of budgets reach automation rules and webhooks: real ones, by HTTP (BF69)."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

#: What a business user would click together in Odoo's automation rules.
RULES = """
assert env["ir.module.module"].search([
    ("name", "=", "base_automation"), ("state", "=", "installed")])
model = env.ref("prepaid_billing.model_prepaid_event")
field = env["ir.model.fields"]._get("prepaid.event", "state")
published = field.selection_ids.filtered(lambda s: s.value == "published")
names = ("kind", "name", "budget_id", "partner_id", "amount", "balance", "expires_on")
columns = [env["ir.model.fields"]._get("prepaid.event", n).id for n in names]

def rule(name, domain, **action):
    automation = env["base.automation"].create(dict(
        name=name, model_id=model.id, trigger="on_state_set",
        trigger_field_ids=[(6, 0, field.ids)], trg_selection_field_id=published.id))
    automation.filter_domain = repr([("state", "=", "published")] + domain)
    automation.action_server_ids = [(0, 0, dict(
        name=name, model_id=model.id, usage="base_automation", **action))]

rule("Tell the shop", [("kind", "in", ("low", "replenished"))], state="webhook",
     webhook_url={url!r}, webhook_field_ids=[(6, 0, columns)])
rule("Fails", [("kind", "=", "low")], state="code", code="raise UserError('no phone')"
     if {fails!r} else "pass")
env.cr.commit()
"""

STORY = """
company = env.company
pack = env["product.product"].create(dict(
    name="Pack", type="service", invoice_policy="order", prepaid_ok=True))
customer = env["res.partner"].create(dict(name="Azure", is_company=True))
budget = env["prepaid.budget"].create(dict(
    partner_id=customer.id, product_id=pack.id, threshold=100.0, hourly_rate=100.0))
project = env["project.project"].create(dict(
    name="Work", partner_id=customer.id, allow_billable=True, allow_timesheets=True))
employee = env["hr.employee"].create(dict(name="Ann"))
invoice = env["account.move"].browse(budget.top_up(150.0))
invoice.action_post()
env["account.payment.register"].with_context(
    active_model="account.move", active_ids=invoice.ids).create({})._create_payments()
env.cr.commit()
time = env["account.analytic.line"].create(dict(
    name="Work", project_id=project.id, employee_id=employee.id, unit_amount=1.0))
time.prepaid_deduct(time.ids)
env.cr.commit()
assert budget.balance == 50.0
env["prepaid.event"].sudo()._cron_publish()
env.cr.commit()
print("BUDGET", budget.id, customer.id, budget.balance)
print("STATES", dict((e.kind, (e.state, e.error)) for e in budget.event_ids))
"""


class Receiver(ThreadingHTTPServer):
    """Another program that keeps what it is told."""

    def __init__(self):
        self.told: list[dict] = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the address of the webhook."""
        return f"http://127.0.0.1:{self.server_port}/prepaid"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        """Keep the message."""
        length = int(self.headers["Content-Length"])
        self.server.told.append(json.loads(self.rfile.read(length)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def receiver():
    """Return a program that waits for webhooks."""
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("fails", [False, True])
def test_bf69_webhook_of_an_automation_rule(
    new_database, odoo_process, receiver, fails
):
    """Each event is told once; a rule that fails holds up neither money nor others."""
    db = new_database()
    odoo_process(RULES.format(url=receiver.url, fails=fails), db).wait()
    output = odoo_process(STORY, db).wait()
    [line] = [row for row in output.splitlines() if row.startswith("BUDGET")]
    _word, budget, customer, balance = line.split()
    assert balance == "50.0", "the deduction stands"
    # The demo data has events of its own.
    messages = [m for m in receiver.told if m["budget_id"] == int(budget)]
    told = [message["kind"] for message in messages]
    if fails:
        assert told == ["replenished"], "the failing rule undid the whole event"
        assert "no phone" in output
        return
    assert told == ["replenished", "low"]
    low = messages[1]
    assert low["_model"] == "prepaid.event"
    assert low["budget_id"] == int(budget)
    assert low["partner_id"] == int(customer)
    assert (low["amount"], low["balance"]) == (100.0, 50.0)
    assert "below the threshold" in low["name"]
