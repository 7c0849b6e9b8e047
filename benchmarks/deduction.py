"""Deducting time: the add-on, core's invoicing of the same time, and raw SQL.

100 customers with a sales order, a project and a budget each; all their time is
deducted in one call of `account.analytic.line.prepaid_deduct`.
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
    get_tax,
    goal,
    say,
    table,
)

from odoo import Command

CUSTOMERS = 100
#: number of timesheets -> number of runs of each variant
SIZES = {1000: 5, 10_000: 3}
#: largest number of timesheets that is also deducted customer by customer
SPLIT_UP_TO = 1000
#: Credit of a customer, bought by two invoices so that deductions cross lots.
LOTS = (500.0, 100_000.0)

OURS = "add-on: one call"
SPLIT = "add-on: one call per customer"
DRAFTS = "core: invoices of the same time, drafts"
POSTED = "core: invoices of the same time, posted"
RAW = "raw SQL: the same rows"

TABLES = (
    "account_analytic_line",
    "account_move",
    "account_move_line",
    "prepaid_allocation",
    "prepaid_budget",
    "prepaid_entry",
    "prepaid_lot",
    "sale_order",
    "sale_order_line",
)


# === WORLD === #


def build(env, size: int):
    """Return (sales orders, timesheets) of customers with enough credit."""
    label = f"Deduction {size}"
    partners = create_partners(env, CUSTOMERS, label)
    orders = _create_orders(env, partners, label)
    projects = env["project.project"].create(
        [
            {
                "name": order.partner_id.name,
                "partner_id": order.partner_id.id,
                "allow_billable": True,
                "allow_timesheets": True,
                "sale_line_id": order.order_line.id,
            }
            for order in orders
        ]
    )
    _buy_credit(env, partners, label)
    timesheets = _log_time(env, projects, size // CUSTOMERS)
    env.cr.commit()
    return orders, timesheets


def _create_orders(env, partners, label):
    service = env["product.product"].create(
        {
            "name": label,
            "type": "service",
            "service_policy": "delivered_timesheet",
            "uom_id": env.ref("uom.product_uom_hour").id,
            "taxes_id": [Command.set(get_tax(env).ids)],
        }
    )
    line = {"product_id": service.id, "product_uom_qty": 10, "price_unit": 80.0}
    orders = env["sale.order"].create(
        [
            {"partner_id": partner.id, "order_line": [Command.create(line)]}
            for partner in partners
        ]
    )
    orders.action_confirm()
    return orders


def _buy_credit(env, partners, label):
    pack = create_pack(env, name=label, prepaid_usable_when="posted")
    budgets = env["prepaid.budget"].create(
        [{"partner_id": partner.id, "product_id": pack.id} for partner in partners]
    )
    for amount in LOTS:
        moves = budgets._create_top_up_invoices(dict.fromkeys(budgets, amount))
        moves.invoice_date = "2026-01-01"
        moves._post(soft=False)


def _log_time(env, projects, per_project: int):
    employee = env["hr.employee"].create({"name": "Ann", "hourly_cost": 40.0})
    first = env["account.analytic.line"].create(
        [
            {
                "name": "Work",
                "project_id": project.id,
                "employee_id": employee.id,
                "unit_amount": 1.0,
                "date": "2026-02-01",
            }
            for project in projects
        ]
    )
    env.cr.flush()
    others = copy_rows(
        env,
        "account.analytic.line",
        first.ids,
        per_project - 1,
        {
            "date": "source.date + mod(copy, 90)",
            "unit_amount": "0.25 * (1 + mod(copy, 8))",
        },
    )
    timesheets = first + others
    timesheets.invalidate_recordset()
    timesheets.modified(["unit_amount", "so_line"])
    return timesheets


# === PEERS === #


def invoice(orders, clock):
    """Invoice the time as core does."""
    moves = orders._create_invoices()
    clock.lap(DRAFTS)
    moves.action_post()


def deduct_by_sql(env, timesheets):
    """Store what the add-on stores, set by set: no rights, no rules, no hooks.

    It assumes what the add-on has to find out: one budget per customer, no earlier
    deduction, one currency, enough credit.
    """
    parameters = {"ids": timesheets.ids, "uid": env.uid}
    for statement in RAW_STATEMENTS:
        env.cr.execute(statement, parameters)


RAW_STATEMENTS = (
    """
    SELECT budget.id
      FROM prepaid_budget budget
     WHERE partner_id IN (SELECT partner_id FROM account_analytic_line
                           WHERE id = ANY(%(ids)s))
     ORDER BY id
       FOR NO KEY UPDATE
    """,
    """
    INSERT INTO prepaid_entry (
        budget_id, company_id, currency_id, money_currency_id, kind, name, date,
        work_date, quantity, balance_after, key, timesheet_id, hours, rate,
        rate_source, rate_reason, create_uid, create_date, write_uid, write_date)
    SELECT budget.id, budget.company_id, budget.currency_id,
           budget.money_currency_id, 'consume', work.name, now()::date, work.date,
           -work.value,
           budget.balance - SUM(work.value) OVER (
               PARTITION BY budget.id ORDER BY work.date, work.id),
           'timesheet/' || work.id || '/0', work.id, work.unit_amount, work.rate,
           'sale_line', work.reason,
           %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
      FROM (SELECT timesheet.id, timesheet.name, timesheet.date, timesheet.partner_id,
                   timesheet.company_id, timesheet.unit_amount, line.price_unit AS rate,
                   sale.name || ' - ' || line.name || ' (' || customer.name || ')'
                       AS reason,
                   ROUND(timesheet.unit_amount::numeric * line.price_unit, 2) AS value
              FROM account_analytic_line timesheet
              JOIN sale_order_line line ON line.id = timesheet.so_line
              JOIN sale_order sale ON sale.id = line.order_id
              JOIN res_partner customer ON customer.id = sale.partner_id
             WHERE timesheet.id = ANY(%(ids)s)) work
      JOIN prepaid_budget budget ON budget.partner_id = work.partner_id
                                AND budget.company_id = work.company_id
     ORDER BY work.date, work.id
    """,
    """
    INSERT INTO prepaid_allocation (
        entry_id, lot_id, company_id, currency_id, quantity,
        create_uid, create_date, write_uid, write_date)
    SELECT entry.id, lot.id, entry.company_id, entry.currency_id,
           -(LEAST(entry.till, lot.till) - GREATEST(entry.since, lot.since)),
           %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
      FROM (SELECT *, till + quantity AS since
              FROM (SELECT *, SUM(-quantity) OVER (
                               PARTITION BY budget_id ORDER BY id) AS till
                      FROM prepaid_entry
                     WHERE timesheet_id = ANY(%(ids)s)) used) entry
      JOIN (SELECT *, till - remaining AS since
              FROM (SELECT *, SUM(remaining) OVER (
                               PARTITION BY budget_id ORDER BY date_from, id) AS till
                      FROM prepaid_lot
                     WHERE remaining > 0) open) lot
        ON lot.budget_id = entry.budget_id
       AND lot.since < entry.till
       AND entry.since < lot.till
    """,
    """
    UPDATE prepaid_lot lot
       SET remaining = remaining + used.quantity
      FROM (SELECT allocation.lot_id, SUM(allocation.quantity) AS quantity
              FROM prepaid_allocation allocation
              JOIN prepaid_entry entry ON entry.id = allocation.entry_id
             WHERE entry.timesheet_id = ANY(%(ids)s)
             GROUP BY allocation.lot_id) used
     WHERE used.lot_id = lot.id
    """,
    """
    UPDATE prepaid_budget budget
       SET balance = balance + used.quantity,
           is_low = balance + used.quantity < threshold,
           lock_seq = lock_seq + 1
      FROM (SELECT budget_id, SUM(quantity) AS quantity
              FROM prepaid_entry
             WHERE timesheet_id = ANY(%(ids)s)
             GROUP BY budget_id) used
     WHERE used.budget_id = budget.id
    """,
    """
    UPDATE account_analytic_line
       SET prepaid_state = 'covered', prepaid_covered_hours = unit_amount
     WHERE id = ANY(%(ids)s)
    """,
)


def get_fingerprint(env, timesheets):
    """Return sums that are equal when the same rows were stored."""
    env.cr.flush()
    env.cr.execute(
        """
        SELECT COUNT(*), SUM(entry.quantity), SUM(entry.hours),
               MIN(entry.balance_after),
               COUNT(DISTINCT entry.key), MIN(entry.rate_reason),
               (SELECT COUNT(*) FROM prepaid_allocation),
               (SELECT SUM(quantity * lot_id) FROM prepaid_allocation),
               (SELECT SUM(balance) FROM prepaid_budget),
               (SELECT SUM(remaining * id) FROM prepaid_lot),
               (SELECT SUM(prepaid_covered_hours) FROM account_analytic_line
                 WHERE prepaid_state = 'covered')
          FROM prepaid_entry entry
         WHERE entry.timesheet_id = ANY(%s)
        """,
        [timesheets.ids],
    )
    return env.cr.fetchone()


def check_same_rows(env, timesheets):
    """Stop when raw SQL does not store what the add-on stores."""
    found = []
    for job in (
        lambda: env["account.analytic.line"].prepaid_deduct(timesheets.ids),
        lambda: deduct_by_sql(env, timesheets),
    ):
        job()
        found.append(get_fingerprint(env, timesheets))
        env.cr.rollback()
    if found[0] != found[1]:
        raise SystemExit(f"not the same rows:\n{found[0]}\n{found[1]}")


# === RUN === #


def run_size(env, size: int, runs: int) -> str:
    """Measure one number of timesheets; return the report."""
    orders, timesheets = build(env, size)
    check_same_rows(env, timesheets)
    Timesheet = env["account.analytic.line"]
    by_customer = [group.ids for group in timesheets.grouped("partner_id").values()]

    def one_call(_clock):
        Timesheet.prepaid_deduct(timesheets.ids)

    def call_per_customer(_clock):
        for ids in by_customer:
            Timesheet.prepaid_deduct(ids)

    variants = [
        Variant(OURS, one_call),
        Variant(POSTED, lambda clock: invoice(orders, clock)),
        Variant(RAW, lambda _clock: deduct_by_sql(env, timesheets)),
    ]
    if size <= SPLIT_UP_TO:
        variants.append(Variant(SPLIT, call_per_customer))
    compare(env, variants, runs, TABLES)
    return "\n".join(
        [
            table(variants, size, "line", peer=RAW),
            "",
            *compare_with_goals(variants, size),
        ]
    )


def compare_with_goals(variants, size: int) -> list[str]:
    """Return what was asked for, and whether it is met."""
    medians = get_medians(variants)
    ours = medians[OURS]
    faster = medians[POSTED].cpu / ours.cpu
    times_raw = ours.cpu / medians[RAW].cpu
    least = 80 if size <= 1000 else 8
    return [
        goal(f"{faster:.1f} times faster than core, asked {least}", faster >= least),
        goal(f"{times_raw:.1f} times raw SQL, asked 2", times_raw <= 2),
        goal(f"{ours.statements:,} SQL statements, asked 12", ours.statements <= 12),
    ]


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    for size, runs in get_sizes(SIZES).items():
        say(run_size(env, size, runs))
        say()


if __name__ == "__main__":
    main(env)
