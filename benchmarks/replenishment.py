"""Replenishing low budgets: the nightly job, and core's batch of the same invoices."""

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

from odoo import Command

#: number of invoices -> number of runs of each variant
SIZES = {100: 5, 1000: 3}
AMOUNT = 500.0

OURS = "add-on: nightly job in its chunks"
CORE = "core: one batch, posted"

TABLES = (
    "account_move",
    "account_move_line",
    "mail_message",
    "prepaid_budget",
    "prepaid_lot",
    "prepaid_replenishment",
)


# === WORLD === #


def build(env, count: int):
    """Return (low budgets, plain service with the account and taxes of the pack)."""
    env["prepaid.budget"].search([("is_low", "=", True)]).active = False
    pack = create_pack(env)
    service = create_pack(env, name="Service", prepaid_ok=False)
    budgets = env["prepaid.budget"].create(
        [
            {
                "partner_id": partner.id,
                "product_id": pack.id,
                "replenish_policy": "threshold",
                "threshold": 100.0,
                "replenish_amount": AMOUNT,
            }
            for partner in create_partners(env, count, "Replenishment")
        ]
    )
    env.cr.commit()
    return budgets, service


def invoice(env, partners, service):
    """Create and post one invoice for each partner, as core does in a batch."""
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


def check_done(env, budgets, size: int):
    """Stop when the job does not make what it is measured for."""
    budgets[size:].active = False
    with commits_undone(env):
        env["prepaid.budget"]._cron_replenish()
    episodes = env["prepaid.replenishment"].search([("budget_id", "in", budgets.ids)])
    posted = episodes.invoice_id.filtered(lambda move: move.state == "posted")
    lots = env["prepaid.lot"].search_count([("invoice_id", "in", posted.ids)])
    env.cr.rollback()
    if not len(episodes) == len(posted) == lots == size:
        raise SystemExit(f"{len(episodes)=} {len(posted)=} {lots=} {size=}")


# === RUN === #


def run_size(env, budgets, service, size: int, runs: int) -> str:
    """Measure one number of invoices; return the report."""
    job = env(context={"allowed_company_ids": env.company.ids})  # chatter as in the job
    partners = job["res.partner"].browse(budgets[:size].partner_id.ids)

    def leave_low():
        budgets[size:].active = False

    variants = [
        Variant(
            OURS, lambda _clock: job["prepaid.budget"]._cron_replenish(), leave_low
        ),
        Variant(CORE, lambda _clock: invoice(job, partners, service)),
    ]
    compare(env, variants, runs, TABLES)
    return "\n".join(
        [
            table(variants, size, "invoice", peer=CORE),
            "",
            *compare_with_goals(variants, size),
        ]
    )


def compare_with_goals(variants, size: int) -> list[str]:
    """Return what was asked for, and whether it is met."""
    medians = get_medians(variants)
    times_core = medians[OURS].cpu / medians[CORE].cpu
    count = medians[OURS].statements
    most = round(60 + 0.5 * size)
    return [
        goal(f"{times_core:.2f} times core's batch, asked 0.65", times_core <= 0.65),
        goal(f"{count:,} SQL statements, asked {most:,}", count <= most),
    ]


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    sizes = get_sizes(SIZES)
    budgets, service = build(env, max(sizes))
    check_done(env, budgets, min(sizes))
    for size, runs in sizes.items():
        say(run_size(env, budgets, service, size, runs))
        say()


if __name__ == "__main__":
    main(env)
