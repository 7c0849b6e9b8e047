"""Finding time that waits to be deducted, among much that does not.

Long histories of many customers: most of their time is deducted or invoiced. Half of
them have prepaid billing, and a budget that is drawn down by schedule. Peer: one look
at every row of the table.
"""

from _common import (
    Variant,
    compare,
    copy_rows,
    create_pack,
    create_partners,
    get_company_env,
    get_medians,
    get_sizes,
    goal,
    say,
    table,
)

from odoo import Command

#: number of timesheets -> number of runs of each variant
SIZES = {300_000: 3}
CUSTOMERS = 2000
#: The latest of so many parts of the timesheets is open.
OPEN = 50
#: One of so many timesheets has no sales order item.
FREE = 7

ONE = "add-on: how much one customer has open"
PAGE = "add-on: how much 80 customers have open"
AVAILABLE = "add-on: what one budget has available"
LIST = "add-on: the first 80 that are open"
JOB = "add-on: hourly job, nothing is due"
DUE = "add-on: hourly job, 200 are due"
SCAN = "raw SQL: count all rows"

TABLES = (
    "account_analytic_line",
    "prepaid_allocation",
    "prepaid_budget",
    "prepaid_entry",
    "prepaid_lot",
    "res_partner",
    "sale_order",
    "sale_order_line",
)


# === WORLD === #


def build(env, size: int):
    """Return (budgets, open timesheets of customers with a budget)."""
    env["prepaid.budget"].search([]).consumption_mode = "manual"
    partner, budget, line, timesheet = _create_first(env, size)
    partners = copy_rows(
        env,
        "res.partner",
        partner.ids,
        CUSTOMERS,
        {"prepaid_on": "mod(copy, 2) = 0"},
    )
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)",
        [partners.ids],
    )
    owner = {"partner_id": f"{partners.ids[0] - 1} + copy"}
    orders = copy_rows(env, "sale.order", line.order_id.ids, CUSTOMERS, owner)
    lines = copy_rows(
        env,
        "sale.order.line",
        line.ids,
        CUSTOMERS,
        {
            "order_id": f"{orders.ids[0] - 1} + copy",
            "order_partner_id": owner["partner_id"],
        },
    )
    budgets = _copy_budget(env, budget, partners)
    timesheets = _copy_time(env, timesheet, size, partners, lines)
    env.cr.commit()
    env.invalidate_all()
    waiting = env["account.analytic.line"].search(
        env["prepaid.budget"]._get_consumable_domain()
    )
    return budgets, waiting & timesheets


def _create_first(env, size: int):
    """Return one of each, which are copied: partner, budget, order line, timesheet."""
    partner = create_partners(env, 1, f"Open time {size}")
    service = env["product.product"].create(
        {
            "name": f"Open time {size}",
            "type": "service",
            "service_policy": "delivered_timesheet",
            "uom_id": env.ref("uom.product_uom_hour").id,
        }
    )
    item = {"product_id": service.id, "product_uom_qty": 10, "price_unit": 80.0}
    order = env["sale.order"].create(
        {"partner_id": partner.id, "order_line": [Command.create(item)]}
    )
    order.action_confirm()
    budget = env["prepaid.budget"].create(
        {
            "partner_id": partner.id,
            "product_id": create_pack(env).id,
            "consumption_mode": "schedule",
            "consume_rule": "age",
        }
    )
    budget.grant(10_000.0, "Start")
    project = env["project.project"].create(
        {"name": partner.name, "allow_billable": True, "allow_timesheets": True}
    )
    timesheet = env["account.analytic.line"].create(
        {
            "name": "Work",
            "project_id": project.id,
            "employee_id": env["hr.employee"].create({"name": "Ann"}).id,
            "so_line": order.order_line.id,
            "unit_amount": 1.0,
        }
    )
    env.cr.flush()
    return partner, budget, order.order_line, timesheet


def _copy_budget(env, budget, partners):
    """Return budgets for every second partner, each with a lot."""
    count = len(partners) // 2
    owner = f"{partners.ids[0] - 1} + 2 * copy"
    entry = budget.entry_ids
    budgets = copy_rows(env, "prepaid.budget", budget.ids, count, {"partner_id": owner})
    link = {"budget_id": f"{budgets.ids[0] - 1} + copy"}
    lots = copy_rows(env, "prepaid.lot", budget.lot_ids.ids, count, link)
    lot_link = f"{lots.ids[0] - 1} + copy"
    entries = copy_rows(
        env,
        "prepaid.entry",
        entry.ids,
        count,
        {**link, "lot_id": lot_link, "key": f"'lot/' || {lot_link} || '/0'"},
    )
    copy_rows(
        env,
        "prepaid.allocation",
        entry.allocation_ids.ids,
        count,
        {"lot_id": lot_link, "entry_id": f"{entries.ids[0] - 1} + copy"},
    )
    return budgets


def _copy_time(env, timesheet, size: int, partners, lines):
    """Return the time of all customers, mixed over the years."""
    customer = f"mod(copy, {len(partners)})"
    is_open = f"copy > {size - size // OPEN}"
    is_free = f"mod(copy / {len(partners)}, {FREE}) = 0"
    item = f"{lines.ids[0]} + {customer}"
    orders = lines.order_id
    invoice = env["account.move"].search(
        [("move_type", "=", "out_invoice"), ("state", "=", "posted")], limit=1
    )
    return copy_rows(
        env,
        "account.analytic.line",
        timesheet.ids,
        size,
        {
            "partner_id": f"{partners.ids[0]} + {customer}",
            "so_line": f"CASE WHEN NOT {is_free} THEN {item} END",
            "order_id": f"CASE WHEN NOT {is_free} THEN "
            f"{orders.ids[0]} + {customer} END",
            "timesheet_invoice_type": f"CASE WHEN {is_free} THEN 'non_billable'"
            " ELSE 'billable_time' END",
            "date": f"source.date - 3650 + 3650 * copy / {size}",
            # Customers without prepaid billing are invoiced.
            "prepaid_state": f"CASE WHEN mod({customer}, 2) = 1"
            f" AND NOT {is_open} THEN 'covered' END",
            "timesheet_invoice_id": f"CASE WHEN mod({customer}, 2) = 0"
            f" AND NOT {is_open} THEN {invoice.id} END",
        },
    )


# === RUN === #


def count_rows(env):
    """Look at every row once."""
    env.cr.execute("SELECT COUNT(*) FROM account_analytic_line WHERE unit_amount != 0")
    return env.cr.fetchall()


def prepare_variants(env, budgets, waiting) -> list[Variant]:
    """Return what is asked all day and every hour."""
    job = env(context={"allowed_company_ids": env.company.ids})
    Budget, Timesheet = job["prepaid.budget"], job["account.analytic.line"]
    customers = job["res.partner"].browse(budgets.partner_id.ids)
    billable = waiting.filtered("so_line")
    due = billable[:: len(billable) // 200][:200]

    def let_due(ids):
        def prepare():
            env.cr.execute("UPDATE prepaid_budget SET consume_days = 20000")
            env.cr.execute(
                "UPDATE account_analytic_line SET date = '1970-01-01'"
                " WHERE id = ANY(%s)",
                [ids],
            )

        return prepare

    return [
        Variant(ONE, lambda _c: customers[7]._get_prepaid_timesheet_counts()),
        Variant(PAGE, lambda _c: customers[:80]._get_prepaid_timesheet_counts()),
        Variant(AVAILABLE, lambda _c: Budget.browse(budgets.ids[7]).available),
        Variant(
            LIST,
            lambda _c: Timesheet.search([("is_prepaid_open", "=", True)], limit=80),
        ),
        Variant(JOB, lambda _c: Budget._cron_consume(), let_due([])),
        Variant(DUE, lambda _c: Budget._cron_consume(), let_due(due.ids)),
        Variant(SCAN, lambda _c: count_rows(env)),
    ]


def check_done(env, budgets, waiting, size: int):
    """Stop when the world is not what it is meant to be."""
    counts = budgets.partner_id._get_prepaid_timesheet_counts()
    if not 0 < len(waiting) <= size / OPEN or sum(counts.values()) != len(waiting):
        raise SystemExit(f"{len(waiting)=} {sum(counts.values())=}")
    env.cr.rollback()


def run_size(env, size: int, runs: int) -> str:
    """Measure one number of timesheets; return the report."""
    budgets, waiting = build(env, size)
    check_done(env, budgets, waiting, size)
    say(f"{len(waiting):,} of {size:,} are open and have a budget.\n")
    variants = prepare_variants(env, budgets, waiting)
    compare(env, variants, runs, TABLES)
    medians = get_medians(variants)
    lines = [table(variants, size, "timesheet", peer=SCAN), ""]
    lines += [
        f"- {name}: {1000 * lap.seconds:,.1f} ms" for name, lap in medians.items()
    ]
    lines.append("")
    share = medians[ONE].cpu / medians[SCAN].cpu
    lines.append(goal(f"{ONE}: {share:.2f} of a scan, asked 1", share <= 1))
    return "\n".join(lines)


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    for size, runs in get_sizes(SIZES).items():
        say(run_size(env, size, runs))
        say()


if __name__ == "__main__":
    main(env)
