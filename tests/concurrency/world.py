"""The agency of the races: customers, budgets, invoices and time, all committed."""

from dataclasses import dataclass
from datetime import date

from odoo import Command

from .racing import LEDGER_LOCK, Processes

WORK_DAY = date(2026, 6, 15)
INVOICE_DAY = date(2026, 6, 1)


#: A rule that replenishes by 500 as soon as the balance is below 100.
LOW = {
    "threshold": 100.0,
    "replenish_policy": "threshold",
    "replenish_amount": 500.0,
}


@dataclass(frozen=True)
class Customer:
    """Ids of one customer with a budget, a project and a sales order item."""

    partner: int
    budget: int
    project: int
    line: int


@dataclass(frozen=True)
class Setup:
    """Ids of what all customers share."""

    user: int
    company: int
    tax: int
    pack: int
    quick_pack: int
    service: int
    employee: int


# === BUILDING, INSIDE A PROCESS === #


def set_up(env) -> Setup:
    """Make what all customers share; the administrator is the back office."""
    admin = env.ref("base.user_admin")
    admin.group_ids += env.ref("prepaid_billing.group_manager")
    admin.group_ids += env.ref("account.group_account_manager")
    company = admin.company_id
    tax = company.account_sale_tax_id
    pack_vals = {
        "name": "Prepaid pack",
        "type": "service",
        "invoice_policy": "order",
        "prepaid_ok": True,
        "taxes_id": [Command.set(tax.ids)],
    }
    pack, quick_pack = env["product.product"].create(
        [pack_vals, {**pack_vals, "prepaid_usable_when": "posted"}]
    )
    service = env["product.product"].create(
        {
            "name": "Consulting",
            "type": "service",
            "service_policy": "delivered_timesheet",
            "service_tracking": "no",
            "uom_id": env.ref("uom.product_uom_hour").id,
            "list_price": 100.0,
            "taxes_id": [Command.set(tax.ids)],
        }
    )
    employee = env["hr.employee"].create({"name": "Ann", "company_id": company.id})
    return Setup(
        user=admin.id,
        company=company.id,
        tax=tax.id,
        pack=pack.id,
        quick_pack=quick_pack.id,
        service=service.id,
        employee=employee.id,
    )


def open_customer(env, setup, with_order, **vals) -> Customer:
    """Create a customer with an empty budget and a project at 100 an hour."""
    partner = env["res.partner"].create({"name": "Azure", "is_company": True})
    line = env["sale.order.line"]
    if with_order:
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": setup.company,
                "order_line": [
                    Command.create(
                        {
                            "product_id": setup.service,
                            "product_uom_qty": 10,
                            "price_unit": 100.0,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        line = order.order_line
    project = env["project.project"].create(
        {
            "name": "Project",
            "partner_id": partner.id,
            "company_id": setup.company,
            "allow_billable": True,
            "allow_timesheets": True,
            "sale_line_id": line.id,
        }
    )
    budget = env["prepaid.budget"].create(
        {
            "partner_id": partner.id,
            "company_id": setup.company,
            "product_id": setup.pack,
            "hourly_rate": 100.0,
            "user_id": env.uid,
            **vals,
        }
    )
    return Customer(partner.id, budget.id, project.id, line.id)


def open_low_budgets(env, setup, count):
    """Create customers that are below the threshold; return the ids of the budgets."""
    partners = env["res.partner"].create([{"name": "Azure"}] * count)
    common = {
        "company_id": setup.company,
        "product_id": setup.pack,
        "user_id": env.uid,
        **LOW,
    }
    budgets = env["prepaid.budget"].create(
        [{"partner_id": partner.id, **common} for partner in partners]
    )
    return budgets.ids


def sell(env, budget_id, amount, pay=True, pack_id=None):
    """Sell credit by a posted invoice; return its id."""
    budget = env["prepaid.budget"].browse(budget_id)
    move = env["account.move"].browse(budget.top_up(amount))
    if pack_id:
        move.invoice_line_ids.product_id = pack_id
        move.invoice_line_ids.price_unit = amount
    move.invoice_date = INVOICE_DAY
    move.action_post()
    if pay:
        register_payment(env, move.id)
    return move.id


def register_payment(env, move_id):
    """Receive the money for an invoice; return the payment's id."""
    wizard = (
        env["account.payment.register"]
        .with_context(active_model="account.move", active_ids=[move_id])
        .create({"payment_date": INVOICE_DAY})
    )
    return wizard._create_payments().id


def draft_refund(env, move_id, amount):
    """Prepare a credit note over an amount without tax; return its id."""
    move = env["account.move"].browse(move_id)
    refund = move._reverse_moves([{"invoice_date": INVOICE_DAY}])
    refund.invoice_line_ids.price_unit = amount
    return refund.id


def log_time(env, setup, project_id, *hours):
    """Log time; return the ids."""
    return (
        env["account.analytic.line"]
        .create(
            [
                {
                    "name": "Work",
                    "project_id": project_id,
                    "employee_id": setup.employee,
                    "unit_amount": duration,
                    "date": WORK_DAY,
                }
                for duration in hours
            ]
        )
        .ids
    )


# === REQUESTS: FUNCTIONS OF THE ENVIRONMENT === #


def deduct(*timesheet_ids, key=None):
    """Deduct time, as the button and the external API do."""
    return lambda env: env["account.analytic.line"].prepaid_deduct(
        list(timesheet_ids), key
    )


def give_back(*timesheet_ids):
    """Return deducted time."""
    return lambda env: (
        env["account.analytic.line"].browse(timesheet_ids).action_prepaid_return()
    )


def edit(timesheet_id, **vals):
    """Edit a time entry."""
    return lambda env: env["account.analytic.line"].browse(timesheet_id).write(vals)


def top_up(budget_id, amount, key=None):
    """Ask for a top-up invoice."""
    return lambda env: env["prepaid.budget"].browse(budget_id).top_up(amount, key)


def replenish(*budget_ids):
    """Press *Replenish now*."""
    return lambda env: bool(
        env["prepaid.budget"].browse(budget_ids).action_replenish_now()
    )


def pay(move_id):
    """Register the payment of an invoice."""
    return lambda env: register_payment(env, move_id)


def post(move_id):
    """Post an invoice or a credit note."""
    return lambda env: bool(env["account.move"].browse(move_id).action_post())


def reset_to_draft(move_id):
    """Reset an invoice to draft."""
    return lambda env: env["account.move"].browse(move_id).button_draft()


# === THE WORLD === #


class World:
    """One scratch database: build, race, and ask what came out."""

    def __init__(self, processes: Processes):
        self.processes = processes
        self.setup = processes.run(set_up)
        processes.rehearse(self._rehearse, self.setup.user)

    def _rehearse(self, env):
        customer = open_customer(env, self.setup, with_order=True)
        move_id = sell(env, customer.budget, 500.0)
        timesheets = log_time(env, self.setup, customer.project, 1.0)
        deduct(*timesheets)(env)
        env.flush_all()
        give_back(*timesheets)(env)
        post(draft_refund(env, move_id, 100.0))(env)
        env.flush_all()

    def run(self, function, *args, **kwargs):
        """Run ``function(env, *args, **kwargs)`` in a process and commit."""

        def quietly(env):
            return function(env(context={"tracking_disable": True}), *args, **kwargs)

        return self.processes.run(quietly, self.setup.user)

    def race(self, *units, leader=None, lock=LEDGER_LOCK):
        """Run units at once; see :meth:`Processes.race`."""
        return self.processes.race(
            *units, uid=self.setup.user, leader=leader, lock=lock
        )

    def customer(self, credit=0.0, with_order=False, **vals) -> Customer:
        """Open a customer; the credit comes from a pack that counts when posted."""

        def build(env):
            customer = open_customer(env, self.setup, with_order, **vals)
            if credit:
                quick = self.setup.quick_pack
                sell(env, customer.budget, credit, pay=False, pack_id=quick)
            return customer

        return self.run(build)

    def low_customer(self, **vals) -> Customer:
        """Open a customer below the threshold, to be replenished by 500."""
        return self.customer(**LOW, **vals)

    def log(self, customer, *hours):
        """Log time on a customer's project; return the ids."""
        return self.run(log_time, self.setup, customer.project, *hours)

    def sell(self, customer, amount, pay=True):
        """Sell credit; return the id of the posted invoice."""
        return self.run(sell, customer.budget, amount, pay)

    def balance(self, customer):
        """Return the balance, proved by ledger and lots."""

        def read(env):
            budget = env["prepaid.budget"].browse(customer.budget)
            assert budget.sudo()._get_differences() == {}
            return budget.balance

        return self.run(read)

    def read(self, model, ids, *names):
        """Return the values of fields: one tuple for each record."""

        def values(env):
            records = env[model].sudo().browse(ids)
            return [tuple(row[name] for name in names) for row in records.read(names)]

        return self.run(values)

    def entries(self, customer, *kinds):
        """Return (kind, amount) of the ledger's rows, oldest first."""

        def values(env):
            domain = [("budget_id", "=", customer.budget)]
            if kinds:
                domain.append(("kind", "in", kinds))
            rows = env["prepaid.entry"].search(domain, order="id")
            return [(row.kind, row.quantity) for row in rows]

        return self.run(values)

    def invoices(self, customer):
        """Return the states of a budget's invoices, oldest first."""

        def values(env):
            lines = env["account.move.line"].search(
                [
                    ("prepaid_budget_id", "=", customer.budget),
                    ("move_id.move_type", "=", "out_invoice"),
                ]
            )
            return lines.move_id.sorted("id").mapped("state")

        return self.run(values)
