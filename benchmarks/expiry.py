"""Nightly jobs over many budgets: expiry with its alerts, and expiry warnings.

Each budget has one lot that ends, and one alert that its loss crosses. Peer: raw SQL
that stores the same rows, set by set.
"""

from _common import (
    Variant,
    commits_undone,
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

#: number of budgets -> number of runs of each variant
SIZES = {2000: 3, 20_000: 1}
CHUNK = 100

EXPIRE = "add-on: expiry, alerts included"
WARN = "add-on: expiry warnings"
RAW = "raw SQL: the same rows of the expiry"

TABLES = (
    "prepaid_alert",
    "prepaid_alert_notice",
    "prepaid_allocation",
    "prepaid_budget",
    "prepaid_entry",
    "prepaid_lot",
)


# === WORLD === #


def build(env, count: int):
    """Return budgets with a lot that ended yesterday and an alert each."""
    env.cr.execute("UPDATE prepaid_lot SET date_to = NULL")
    budget = env["prepaid.budget"].create(
        {
            "partner_id": create_partners(env, 1, "Expiry").id,
            "product_id": create_pack(env).id,
        }
    )
    alert = env["prepaid.alert"].create(
        {"budget_id": budget.id, "amount": 50.0, "tell_user": True}
    )
    budget.grant(100.0, "Start")
    entry = budget.entry_ids
    env.cr.flush()
    budgets = copy_rows(env, "prepaid.budget", budget.ids, count, {})
    link = f"{budgets.ids[0] - 1} + copy"  # ids of one statement are consecutive
    same = {"budget_id": link}
    copy_rows(env, "prepaid.alert", alert.ids, count, same)
    lots = copy_rows(env, "prepaid.lot", budget.lot_ids.ids, count, same)
    lot_link = f"{lots.ids[0] - 1} + copy"
    entries = copy_rows(
        env,
        "prepaid.entry",
        entry.ids,
        count,
        {**same, "lot_id": lot_link, "key": f"'lot/' || {lot_link} || '/0'"},
    )
    copy_rows(
        env,
        "prepaid.allocation",
        entry.allocation_ids.ids,
        count,
        {"lot_id": lot_link, "entry_id": f"{entries.ids[0] - 1} + copy"},
    )
    env.cr.commit()
    return budgets


def end_lots(env, budgets, days: int):
    """Let the lots of some budgets end so many days from today."""
    env.cr.execute(
        "UPDATE prepaid_lot SET date_from = CURRENT_DATE - 100,"
        " date_to = CURRENT_DATE + %s WHERE budget_id = ANY(%s)",
        [days, budgets.ids],
    )
    env.invalidate_all()


def expire_by_sql(env, budgets):
    """Store what the expiry stores: no locks, no rules, no alerts' texts."""
    parameters = {"ids": budgets.ids, "uid": env.uid}
    for statement in RAW_STATEMENTS:
        env.cr.execute(statement, parameters)


STAMPS = "%(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'"
COLUMNS = "create_uid, create_date, write_uid, write_date"
RAW_STATEMENTS = (
    f"""
    INSERT INTO prepaid_entry (
        budget_id, company_id, currency_id, money_currency_id, kind, name, date,
        quantity, balance_after, key, lot_id, {COLUMNS})
    SELECT budget.id, budget.company_id, budget.currency_id,
           budget.money_currency_id, 'expire', lot.name, now()::date, -lot.remaining,
           budget.balance - lot.remaining, 'lot/' || lot.id || '/1', lot.id, {STAMPS}
      FROM prepaid_lot lot JOIN prepaid_budget budget ON budget.id = lot.budget_id
     WHERE budget.id = ANY(%(ids)s) AND lot.remaining > 0
    """,
    f"""
    INSERT INTO prepaid_allocation (
        entry_id, lot_id, company_id, currency_id, quantity, {COLUMNS})
    SELECT id, lot_id, company_id, currency_id, quantity, {STAMPS}
      FROM prepaid_entry WHERE budget_id = ANY(%(ids)s) AND kind = 'expire'
    """,
    """
    UPDATE prepaid_lot SET remaining = 0, state = 'closed'
     WHERE budget_id = ANY(%(ids)s)
    """,
    "UPDATE prepaid_budget SET balance = 0 WHERE id = ANY(%(ids)s)",
    """
    UPDATE prepaid_alert SET is_armed = FALSE, crossed_on = CURRENT_DATE,
                             crossed_balance = 0
     WHERE budget_id = ANY(%(ids)s)
    """,
    f"""
    INSERT INTO prepaid_alert_notice (
        budget_id, company_id, kind, date, balance, amount, tell_user, state,
        {COLUMNS})
    SELECT id, company_id, 'low', CURRENT_DATE, 0, 50, TRUE, 'pending', {STAMPS}
      FROM prepaid_budget WHERE id = ANY(%(ids)s)
    """,
)


def check_done(env, budgets):
    """Stop when the job does not do what it is measured for."""
    end_lots(env, budgets, -1)
    with commits_undone(env):
        env["prepaid.budget"]._cron_expire_lots(CHUNK)
    domain = [("budget_id", "in", budgets.ids)]
    expired = env["prepaid.entry"].search_count([*domain, ("kind", "=", "expire")])
    notices = env["prepaid.alert.notice"].search_count(domain)
    differences = budgets[:50]._get_differences()
    env.cr.rollback()
    if not expired == notices == len(budgets) or differences:
        raise SystemExit(f"{expired=} {notices=} {len(budgets)=} {differences=}")


# === RUN === #


def run_size(env, budgets, runs: int) -> tuple[str, dict]:
    """Measure one number of budgets; return the report and the medians."""
    job = env(context={"allowed_company_ids": env.company.ids})
    variants = [
        Variant(
            EXPIRE,
            lambda _clock: job["prepaid.budget"]._cron_expire_lots(CHUNK),
            lambda: end_lots(env, budgets, -1),
        ),
        Variant(
            WARN,
            lambda _clock: job["prepaid.lot"]._cron_warn_expiry(CHUNK),
            lambda: end_lots(env, budgets, 5),
        ),
        Variant(
            RAW,
            lambda _clock: expire_by_sql(env, budgets),
            lambda: end_lots(env, budgets, -1),
        ),
    ]
    compare(env, variants, runs, TABLES)
    return table(variants, len(budgets), "budget", peer=RAW), get_medians(variants)


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    sizes = get_sizes(SIZES)
    budgets = build(env, max(sizes))
    check_done(env, budgets[: min(sizes)])
    found = {}
    for size, runs in sizes.items():
        report, found[size] = run_size(env, budgets[:size], runs)
        say(f"{report}\n")
    for name in (EXPIRE, WARN):
        batches = {
            size: medians[name].statements / (size / CHUNK)
            for size, medians in found.items()
        }
        least, most = min(batches.values()), max(batches.values())
        text = ", ".join(f"{value:.1f} at {n:,}" for n, value in batches.items())
        say(
            goal(
                f"{name}: SQL statements per batch of {CHUNK}: {text}",
                most - least <= 0.1 * most + 1,
            )
        )


if __name__ == "__main__":
    main(env)
