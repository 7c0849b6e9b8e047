"""Charging due invoices: the job, and core one by one, with Odoo's demo provider."""

import re

from _common import (
    Variant,
    commits_undone,
    compare,
    create_partners,
    get_company_env,
    get_medians,
    get_sizes,
    goal,
    say,
    table,
)

from odoo import Command, fields

#: number of invoices -> number of runs of each variant
SIZES = {200: 3}
AMOUNT = 100.0
#: Collections that are not due, beside 500 that are, for the selection.
LATER = 9_500
DUE = 500

OURS = "add-on: the job"
CORE = "core: one by one"

TABLES = (
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "account_payment",
    "autopay_attempt",
    "autopay_collection",
    "mail_message",
    "payment_transaction",
)


# === WORLD === #


def create_provider(env):
    """Return the demo provider, switched on and with a journal."""
    provider = env["payment.provider"].search([("code", "=", "demo")], limit=1)
    journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
    provider.write({"state": "test", "allow_tokenization": True})
    provider.journal_id = journal
    return provider


def create_tokens(env, partners):
    """Return one saved payment method for each customer."""
    provider = create_provider(env)
    return env["payment.token"].create(
        [
            {
                "provider_id": provider.id,
                "payment_method_id": env.ref("payment.payment_method_card").id,
                "partner_id": partner.id,
                "payment_details": "4242",
                "provider_ref": "card",
                "demo_simulated_state": "done",
            }
            for partner in partners
        ]
    )


def build(env, count: int):
    """Return posted invoices that are due today, each with its automatic payment."""
    env.company.autopay_notice_days = 0
    partners = create_partners(env, count, "Charging")
    tokens = create_tokens(env, partners)
    for token in tokens:
        grant(env, token)
    line = {"name": "Work", "quantity": 1.0, "price_unit": AMOUNT, "tax_ids": []}
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [Command.create(line)],
                "invoice_payment_term_id": False,
            }
            for partner in partners
        ]
    )
    moves.action_post()
    env.cr.commit()
    return moves, dict(zip(moves, tokens, strict=True))


def grant(env, token):
    """Give the consent of one customer."""
    vals = {
        "partner_id": token.partner_id.id,
        "currency_id": env.company.currency_id.id,
        "max_amount": 10 * AMOUNT,
        "consent_text": "Yes",
        "consent_version": "1",
    }
    env["autopay.mandate"]._grant(token, vals, "portal")


def charge_one_by_one(env, moves, tokens):
    """Charge and book each invoice as core's own building blocks do."""
    for move in moves:
        token = tokens[move]
        transaction = env["payment.transaction"].create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "token_id": token.id,
                "amount": move.amount_residual,
                "currency_id": move.currency_id.id,
                "partner_id": token.partner_id.id,
                "operation": "offline",
                "invoice_ids": [Command.set(move.ids)],
            }
        )
        transaction._charge_with_token()
        env.cr.commit()
        transaction._post_process()
        env.cr.commit()


def check_done(env, moves):
    """Stop when the job does not charge what it is measured for."""
    with commits_undone(env):
        env["autopay.collection"]._cron_collect()
    paid = moves.filtered(lambda move: move.payment_state in ("paid", "in_payment"))
    charged = len(moves.transaction_ids)
    env.cr.rollback()
    if not len(paid) == charged == len(moves):
        raise SystemExit(f"{len(paid)=} {charged=} {len(moves)=}")


# === SELECTION === #


def measure_selection(env, moves) -> list[str]:
    """Return how 500 due of 10,000 automatic payments are found."""
    env.cr.execute(
        "ALTER TABLE autopay_collection DROP CONSTRAINT autopay_collection_move_unique"
    )
    source = moves.autopay_collection_ids[:1]
    env.cr.execute(
        "INSERT INTO autopay_collection"
        " (move_id, mandate_id, company_id, partner_id, state, date)"
        " SELECT move_id, mandate_id, company_id, partner_id, 'scheduled',"
        " CASE WHEN copy <= %s THEN date ELSE date + 30 + copy %% 300 END"
        " FROM autopay_collection, generate_series(1, %s) copy WHERE id = %s",
        [DUE, DUE + LATER, source.id],
    )
    env.cr.execute("ANALYZE autopay_collection")
    Collection = env["autopay.collection"]
    query = Collection._search(
        Collection._get_due_domain(), limit=50, order="date, id"
    ).select()
    env.cr.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {query.code}", query.params)
    plan = "\n".join(row for (row,) in env.cr.fetchall())
    env.cr.rollback()
    is_index = "autopay_collection_due" in plan
    filtered = re.search(r"Rows Removed by Filter: (\d+)", plan)
    return [
        goal("the due ones are found by the partial index", is_index),
        goal("no row is read that is not due", not filtered),
    ]


# === RUN === #


def run_size(env, moves, tokens, runs: int) -> str:
    """Measure; return the report."""
    job = env(context={"allowed_company_ids": env.company.ids})  # chatter as in the job
    own = moves.with_env(job)
    own_tokens = {m.with_env(job): token.with_env(job) for m, token in tokens.items()}
    variants = [
        Variant(OURS, lambda _clock: job["autopay.collection"]._cron_collect()),
        Variant(CORE, lambda _clock: charge_one_by_one(job, own, own_tokens)),
    ]
    compare(env, variants, runs, TABLES)
    return "\n".join(
        [
            table(variants, len(moves), "charge", peer=CORE),
            "",
            *compare_with_goals(variants, len(moves)),
        ]
    )


def compare_with_goals(variants, size: int) -> list[str]:
    """Return what was asked for, and whether it is met."""
    medians = get_medians(variants)
    times_core = medians[OURS].cpu / medians[CORE].cpu
    each = medians[OURS].statements / size
    return [
        goal(f"{times_core:.2f} times core, asked 0.30", times_core <= 0.30),
        goal(f"{each:.0f} SQL statements a charge, asked 50", each <= 50),
    ]


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    sizes = get_sizes(SIZES)
    moves, tokens = build(env, max(sizes))
    check_done(env, moves)
    say("\n".join(measure_selection(env, moves)))
    say()
    for size, runs in sizes.items():
        say(run_size(env, moves[:size], tokens, runs))
        say()


if __name__ == "__main__":
    main(env)
