"""Reading a long ledger: the statement, its spreadsheet, the page in the portal.

One budget with many movements over ten years. Peers: the same rows read by the ORM, and
by raw SQL that computes the same running balance.
"""

from datetime import date, timedelta

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

#: number of movements -> number of runs of each variant
SIZES = {10_000: 5, 100_000: 3}
LAST = date.today()
YEARS = 10
PAGE = 20

WHOLE = "add-on: statement of all years, its first page"
MONTH = "add-on: statement of a month in the middle, all rows"
XLSX = "add-on: spreadsheet of all years"
PORTAL = "add-on: what the portal's page shows"
PORTAL_LAST = "add-on: what the portal's last page shows"
ORM = "ORM: the same rows by search_read"
RAW = "raw SQL: the same rows with running balance"

TABLES = ("prepaid_entry",)


# === WORLD === #


def build(env, size: int):
    """Return a budget with so many movements."""
    partner = create_partners(env, 1, f"Reading {size}")
    budget = env["prepaid.budget"].create(
        {"partner_id": partner.id, "product_id": create_pack(env).id}
    )
    first = budget.grant(1.0, "Start")
    copy_rows(
        env,
        "prepaid.entry",
        first,
        size - 1,
        {
            "key": f"'{partner.id}/' || copy",
            "quantity": "CASE WHEN mod(copy, 10) = 0 THEN 90.00 ELSE -9.99 END",
            "date": f"'{LAST}'::date - ({size} - copy) * {365 * YEARS} / {size}",
            "kind": "CASE WHEN mod(copy, 10) = 0 THEN 'grant' ELSE 'consume' END",
            "hours": "0.1",
            "rate": "99.9",
        },
    )
    env.cr.execute("ALTER TABLE prepaid_entry DISABLE TRIGGER USER")
    env.cr.execute(
        "UPDATE prepaid_entry SET date = %s WHERE id = ANY(%s)",
        [LAST - timedelta(days=366 * YEARS), first],
    )
    env.cr.execute("ALTER TABLE prepaid_entry ENABLE TRIGGER USER")
    env.cr.execute(
        "UPDATE prepaid_budget SET balance ="
        " (SELECT SUM(quantity) FROM prepaid_entry WHERE budget_id = %s) WHERE id = %s",
        [budget.id, budget.id],
    )
    env.cr.commit()
    return budget


def read_by_sql(env, budget):
    """Return all rows with their running balance, as the database knows them."""
    env.cr.execute(
        "SELECT id, date, name, quantity, hours, rate,"
        " SUM(quantity) OVER (ORDER BY date, id)"
        " FROM prepaid_entry WHERE budget_id = %s ORDER BY date, id",
        [budget.id],
    )
    return env.cr.fetchall()


def show_page(budget, page: int):
    """Ask for all that the portal's page of a budget shows."""
    count = budget._get_portal_movement_count()
    pages = -(-count // PAGE)
    offset = (page % pages) * PAGE
    budget._get_portal_movements(offset, PAGE, "newest")
    budget._get_portal_open_invoices()
    budget._get_burn_down()
    return budget.balance, budget.forecast_date


def check_done(env, budget, size: int):
    """Stop when the peers do not read the same."""
    whole = budget._get_statement(date(2000, 1, 1), LAST)
    rows = read_by_sql(env, budget)
    same = [(row["amount"], row["balance"]) for row in whole["rows"]] == [
        (float(row[3]), float(row[-1])) for row in rows
    ]
    if not same or len(rows) != size:
        raise SystemExit(f"{len(rows)=} {size=} {same=}")
    env.cr.rollback()


# === RUN === #


def prepare_variants(env, budget) -> list[Variant]:
    """Return the ways to read one budget."""
    middle = (LAST - timedelta(days=365 * YEARS // 2)).replace(day=1)
    names = ["date", "name", "quantity", "hours", "rate", "balance_after"]
    domain = [("budget_id", "=", budget.id)]
    return [
        Variant(WHOLE, lambda _c: budget._get_statement(date.min, LAST, limit=100)),
        Variant(
            MONTH,
            lambda _c: budget._get_statement(middle, middle + timedelta(days=29)),
        ),
        Variant(XLSX, lambda _c: budget._render_statement_xlsx(date.min, LAST)),
        Variant(PORTAL, lambda _c: show_page(budget, 0)),
        Variant(PORTAL_LAST, lambda _c: show_page(budget, -1)),
        Variant(
            ORM,
            lambda _c: env["prepaid.entry"].search_read(
                domain, names, order="date, id"
            ),
        ),
        Variant(RAW, lambda _c: read_by_sql(env, budget)),
    ]


def run_size(env, size: int, runs: int) -> str:
    """Measure one number of movements; return the report."""
    budget = build(env, size)
    check_done(env, budget, size)
    variants = prepare_variants(env, budget)
    compare(env, variants, runs, TABLES)
    medians = get_medians(variants)
    first, last = medians[PORTAL], medians[PORTAL_LAST]
    whole, month = medians[WHOLE], medians[MONTH]
    times = [round(1000 * lap.seconds) for lap in (first, last, whole, month)]
    return "\n".join(
        [
            table(variants, size, "movement", peer=ORM),
            "",
            "In ms: portal's page {}, its last {}; statement {}, a month {}.".format(
                *times
            ),
            "",
            goal(
                f"{last.statements} SQL statements of the portal's last page, "
                f"{first.statements} of the first",
                last.statements <= first.statements,
            ),
        ]
    )


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    for size, runs in get_sizes(SIZES).items():
        say(run_size(env, size, runs))
        say()


if __name__ == "__main__":
    main(env)
