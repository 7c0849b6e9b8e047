"""Payment plans: invoicing what is due, beside core one by one and OCA's contracts.

OCA's `contract` is not a part of this project. Where it is to be compared, the folder
that contains it is named by the environment variable `BENCH_OCA_ADDONS`.
"""

import os
import re
import statistics
from pathlib import Path

from _common import (
    Variant,
    commits_undone,
    compare,
    create_pack,
    create_partners,
    get_company_env,
    get_medians,
    get_sizes,
    goal,
    say,
    table,
)

from odoo import Command, api, fields

import odoo.addons
from odoo.addons.payment_plan import const

#: number of invoices -> number of runs of each variant
SIZES = {100: 3, 300: 3}
AMOUNT = 500.0
#: Installments for the selection: due, planned for later, invoiced already.
DUE, LATER, DONE = 500, 49_500, 50_000
EXPLAINED = 7
#: One by one is measured up to here: it costs the same each time.
MOST_ONE_BY_ONE = 100

OURS = "add-on: one batch of the job"
CORE = "core: its wizard and posting, one by one"
BATCH = "core: plain invoices in one batch"
OCA = "OCA contract: its batch, then posting"

TABLES = (
    "account_move",
    "account_move_line",
    "mail_message",
    "payment_plan",
    "payment_plan_installment",
    "sale_order",
    "sale_order_line",
)


# === OCA === #


def install_oca(env):
    """Install OCA's `contract`, where it is; return (the environment, whether)."""
    folder = os.environ.get("BENCH_OCA_ADDONS")
    if not folder:
        say("OCA's contract is left out: BENCH_OCA_ADDONS does not name its folder.")
        say()
        return env, False
    if not (Path(folder) / "contract" / "__manifest__.py").exists():
        raise SystemExit("BENCH_OCA_ADDONS names a folder without `contract`")
    odoo.addons.__path__.append(str(Path(folder).absolute()))
    Module = env["ir.module.module"]
    Module.update_list()
    module = Module.search([("name", "=", "contract")])
    module.button_immediate_install()
    version = module.latest_version
    say(f"OCA's contract {version}")
    say()
    return api.Environment(env.cr, env.uid, {}), True


def create_contracts(env, partners, service):
    """Return one contract for each customer that is to be invoiced today."""
    today = fields.Date.today()
    line = {
        "product_id": service.id,
        "name": "Installment",
        "quantity": 1.0,
        "price_unit": AMOUNT,
        "recurring_rule_type": "monthly",
        "recurring_interval": 1,
        "date_start": today,
        "recurring_next_date": today,
    }
    return env["contract.contract"].create(
        [
            {
                "name": f"Contract {partner.id}",
                "partner_id": partner.id,
                "contract_line_ids": [Command.create(line)],
            }
            for partner in partners
        ]
    )


def invoice_contracts(contracts):
    """Invoice contracts as OCA's job does without an error, and post the invoices."""
    moves = contracts._recurring_create_invoice(fields.Date.today())
    moves.action_post()
    return moves


# === WORLD === #


def create_orders(env, partners, service):
    """Return one quotation of four payments for each customer."""
    line = {
        "product_id": service.id,
        "product_uom_qty": 1.0,
        "price_unit": 4 * AMOUNT,
    }
    return env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "require_payment": False,
                "order_line": [Command.create(line)],
            }
            for partner in partners
        ]
    )


def create_plans(env, orders):
    """Return running plans of these orders, whose first payment is due today."""
    template = env["payment.plan.template"].create(
        {"name": "4 months", "currency_id": env.company.currency_id.id}
    )
    plans = env["payment.plan"].create(
        [{"sale_order_id": order.id, "template_id": template.id} for order in orders]
    )
    for order, plan in zip(orders, plans, strict=True):
        order.payment_plan_id = plan
        plan.write({"state": const.ACTIVE, "amount_total": order.amount_total})
    orders.write({"state": "sale"})
    today = fields.Date.today()
    env["payment.plan.installment"].create(
        [
            {
                "plan_id": plan.id,
                "company_id": plan.company_id.id,
                "currency_id": plan.currency_id.id,
                "number": number,
                "kind": "installment",
                "amount": plan.currency_id.round(plan.amount_total / 4),
                "date_due": fields.Date.add(today, months=number - 1),
                "invoice_on": fields.Date.add(today, months=number - 1),
            }
            for plan in plans
            for number in range(1, 5)
        ]
    )
    return plans


def build(env, count: int, has_oca: bool) -> dict:
    """Return what each variant invoices."""
    service = create_pack(env, name="Session", prepaid_ok=False)
    partners = create_partners(env, count, "Plan")
    orders = create_orders(env, partners, service)
    orders.write({"state": "sale"})
    world = {
        "service": service,
        "partners": partners,
        "plans": create_plans(env, create_orders(env, partners, service)),
        "orders": orders,
        "contracts": create_contracts(env, partners, service) if has_oca else None,
    }
    env.cr.commit()
    return world


# === JOBS === #


def get_due(plans):
    """Return the first payment of each plan."""
    return plans.installment_ids.filtered(lambda line: line.number == 1)


def invoice_orders(orders):
    """Make and post a down payment of each order, as a person does by the wizard."""
    moves = orders.env["account.move"]
    for order in orders:
        wizard = order.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "fixed",
                "fixed_amount": order.currency_id.round(order.amount_total / 4),
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        known = order.invoice_ids
        wizard.create_invoices()
        move = order.invoice_ids - known
        move.action_post()
        moves |= move
    return moves


def invoice_plainly(env, partners, service):
    """Create and post one invoice for each customer, in one batch."""
    line = {"product_id": service.id, "quantity": 1.0, "price_unit": AMOUNT}
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_line_ids": [Command.create(line)],
            }
            for partner in partners
        ]
    )
    moves.action_post()
    return moves


def check_done(env, plans, orders):
    """Stop when the add-on does not make what core makes."""
    due = get_due(plans)
    with commits_undone(env):
        due._make_due_invoices()
        ours = due.move_id
        found, expected = describe(ours), describe(invoice_orders(orders))
    env.cr.rollback()
    if found != expected or len(ours) != len(due):
        raise SystemExit(f"add-on: {found}\ncore: {expected}")


def describe(moves):
    """Return what is the same on all invoices, for a comparison."""
    return {
        (
            move.state,
            move.amount_total,
            move.amount_tax,
            tuple(
                sorted(
                    (line.account_id.code, line.balance, tuple(line.tax_ids.ids))
                    for line in move.line_ids
                )
            ),
            len(move.invoice_line_ids.sale_line_ids),
            move.invoice_origin == move.invoice_line_ids.sale_line_ids.order_id.name,
        )
        for move in moves
    }


# === SELECTION === #


def measure_selection(env, plans) -> list[str]:
    """Return how 500 due of 100,000 installments are found."""
    env.cr.execute(
        "INSERT INTO payment_plan_installment (plan_id, company_id, currency_id,"
        " number, kind, amount, date_due, invoice_on)"
        " SELECT plan_id, company_id, currency_id, 100 + copy, kind, amount, date_due,"
        " CASE WHEN copy <= %(due)s THEN date_due - copy %% 5"
        " WHEN copy <= %(planned)s THEN date_due + 1 + copy %% 300 END"
        " FROM payment_plan_installment, generate_series(1, %(all)s) copy"
        " WHERE id = %(id)s",
        {
            "due": DUE,
            "planned": DUE + LATER,
            "all": DUE + LATER + DONE,
            "id": get_due(plans[:1]).id,
        },
    )
    env.cr.execute(
        "UPDATE payment_plan_installment SET invoice_on = NULL WHERE number < 100"
    )
    env.cr.execute("ANALYZE payment_plan_installment")
    by_index, plan = explain_selection(env)
    env.cr.execute("SET LOCAL enable_indexscan = off")
    env.cr.execute("SET LOCAL enable_bitmapscan = off")
    without, _plan = explain_selection(env)
    env.cr.rollback()
    is_index = "_to_invoice" in plan
    filtered = re.search(r"Rows Removed by Filter: (\d+)", plan)
    ratio = by_index / without
    count = f"{DUE} due of {DUE + LATER + DONE:,} installments"
    return [
        f"{count}: {by_index:.2f} ms by the index, {without:.2f} ms without",
        "",
        goal("the due ones are found by the partial index", is_index),
        goal("no row is read that is not due", not filtered),
        goal(f"{ratio:.3f} times the time without, asked 0.15", ratio <= 0.15),
    ]


def explain_selection(env):
    """Return (milliseconds to select all that is due, how it is done)."""
    Installment = env["payment.plan.installment"]
    domain = Installment._get_invoice_domain()
    query = Installment._search(domain, order="invoice_on, id").select()
    times = []
    for _number in range(EXPLAINED):
        env.cr.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {query.code}", query.params)
        plan = "\n".join(row for (row,) in env.cr.fetchall())
        times.append(float(re.search(r"Execution Time: ([\d.]+)", plan).group(1)))
        rows = int(re.search(r"rows=(\d+)", plan).group(1))
        if rows != DUE:
            raise SystemExit(f"{rows} installments instead of {DUE}:\n{plan}")
    return statistics.median(times), plan


# === RUN === #


def run_size(env, world, size: int, runs: int) -> str:
    """Measure one number of invoices; return the report."""
    job = env(context={"allowed_company_ids": env.company.ids})  # chatter as in the job
    own = {name: world[name] and world[name].with_env(job)[:size] for name in world}
    due = get_due(own["plans"])
    variants = [
        Variant(OURS, lambda _clock: due._make_due_invoices()),
        Variant(
            BATCH,
            lambda _clock: invoice_plainly(job, own["partners"], own["service"]),
        ),
    ]
    if size <= MOST_ONE_BY_ONE:
        variants.append(Variant(CORE, lambda _clock: invoice_orders(own["orders"])))
    if own["contracts"]:
        variants.append(
            Variant(OCA, lambda _clock: invoice_contracts(own["contracts"]))
        )
    compare(env, variants, runs, TABLES)
    peer = OCA if own["contracts"] else BATCH
    return "\n".join(
        [
            table(variants, size, "invoice", peer=peer),
            "",
            *compare_with_goals(variants, size),
        ]
    )


def compare_with_goals(variants, size: int) -> list[str]:
    """Return what was asked for, and whether it is met."""
    medians = get_medians(variants)
    ours = medians[OURS]
    most = round(60 + 0.5 * size)
    per_second = size / ours.seconds
    result = [f"{per_second:.1f} invoices a second", ""]
    if OCA in medians:
        ratio = ours.cpu / medians[OCA].cpu
        result.append(goal(f"{ratio:.2f} times OCA, asked 0.36", ratio <= 0.36))
    ratio = ours.cpu / medians[BATCH].cpu
    result.append(goal(f"{ratio:.2f} times core's batch, asked 0.65", ratio <= 0.65))
    is_met = ours.statements <= most
    result.append(goal(f"{ours.statements:,} SQL statements, asked {most:,}", is_met))
    return result


def main(env) -> None:
    """Measure all sizes and print the report."""
    env, has_oca = install_oca(env)
    env = get_company_env(env)
    sizes = get_sizes(SIZES)
    world = build(env, max(sizes), has_oca)
    check_done(env, world["plans"][:20], world["orders"][:20])
    say("\n".join(measure_selection(env, world["plans"])))
    say()
    for size, runs in sizes.items():
        say(run_size(env, world, size, runs))
        say()


if __name__ == "__main__":
    main(env)
