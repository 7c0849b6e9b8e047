"""One run of what tells people and programs, while many others wait for it.

The mails of alerts, the events that automation rules wait for, and the nightly check of
the budgets that are low: 100 at a time. Peer: core sends mails of the same template.
"""

import contextlib
from unittest.mock import patch

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

#: number of budgets, each with a notice and an event that wait -> number of runs
SIZES = {2000: 3, 20_000: 3}
RUN = 100

MAILS = "add-on: mails of 100 alerts"
EVENTS = "add-on: publishing of 100 events"
LOW = "add-on: 100 low budgets, the responsible is told"
NONE_LOW = "add-on: check of all budgets, none is low"
CORE = "core: 100 mails of the same template"

TABLES = (
    "mail_activity",
    "mail_mail",
    "mail_message",
    "prepaid_alert_notice",
    "prepaid_budget",
    "prepaid_event",
    "prepaid_replenishment",
)


# === WORLD === #


def build(env, count: int):
    """Return budgets with a notice and an event each; they wait."""
    for model in ("prepaid.alert.notice", "prepaid.event"):
        env[model].search([("state", "=", "pending")]).state = "failed"
    env["prepaid.budget"].search([("is_low", "=", True)]).active = False
    budget = env["prepaid.budget"].create(
        {
            "partner_id": create_partners(env, 1, "Alerts").id,
            "product_id": create_pack(env).id,
        }
    )
    budget.grant(100.0, "Start")
    alert = env["prepaid.alert"].create(
        {"budget_id": budget.id, "amount": 50.0, "tell_user": True}
    )
    notice = env["prepaid.alert.notice"].create(budget._prepare_low_notice(alert))
    event = env["prepaid.event"].search(
        [("budget_id", "=", budget.id), ("kind", "=", "alert")]
    )
    env.cr.flush()
    budgets = copy_rows(env, "prepaid.budget", budget.ids, count, {})
    link = {"budget_id": f"{budgets.ids[0] - 1} + copy"}
    copy_rows(env, "prepaid.alert.notice", notice.ids, count, link)
    copy_rows(env, "prepaid.event", event.ids, count, link)
    lots = copy_rows(env, "prepaid.lot", budget.lot_ids.ids, count, link)
    lot_link = f"{lots.ids[0] - 1} + copy"
    copy_rows(
        env,
        "prepaid.entry",
        budget.entry_ids.ids,
        count,
        {**link, "lot_id": lot_link, "key": f"'lot/' || {lot_link} || '/0'"},
    )
    let_wait(env, budgets)
    budget.active = False
    env.cr.commit()
    return budgets


@contextlib.contextmanager
def mails_swallowed(env):
    """Let mails go to a server that takes them at once."""
    server = type(env["ir.mail_server"])
    with (
        patch.object(server, "_connect__", lambda *_args, **_kwargs: None),
        patch.object(
            server, "send_email", lambda _self, message, **_kw: message["Message-Id"]
        ),
    ):
        yield


def let_wait(env, budgets):
    """Let notices and events of these budgets wait, those of others not."""
    for name, done in (("alert_notice", "sent"), ("event", "published")):
        env.cr.execute(
            f"UPDATE prepaid_{name} SET state = %s"
            " WHERE state = 'pending' AND NOT budget_id = ANY(%s)",
            [done, budgets.ids],
        )
    env.cr.execute(
        "UPDATE prepaid_budget SET active = FALSE WHERE id > %s", [budgets.ids[-1]]
    )
    env.invalidate_all()


def let_fall(env, budgets):
    """Let the balance of some budgets be below their threshold."""
    budgets.threshold = 200.0
    env.cr.flush()


def send_by_core(env, notices):
    """Send the mails of notices as a loop over a template does."""
    template = env.ref("prepaid_billing.mail_template_alert_staff")
    with mails_swallowed(env):
        for notice in notices:
            mail_id = template.send_mail(
                notice.id,
                email_values={
                    "recipient_ids": [(6, 0, notice.budget_id.user_id.partner_id.ids)],
                    "email_to": False,
                },
            )
            env["mail.mail"].browse(mail_id).send()


def send(env):
    """Run the job that sends alerts once."""
    with mails_swallowed(env):
        env["prepaid.alert.notice"]._cron_send(RUN)


# === RUN === #


def prepare_variants(env, budgets) -> list[Variant]:
    """Return the jobs, with so many budgets."""
    job = env(context={"allowed_company_ids": env.company.ids})
    notices = job["prepaid.alert.notice"].search(
        [("budget_id", "in", budgets[:RUN].ids)]
    )

    def wait():
        let_wait(env, budgets)

    def fall():
        let_wait(env, budgets)
        let_fall(env, budgets[:RUN])

    return [
        Variant(MAILS, lambda _c: send(job), wait),
        Variant(EVENTS, lambda _c: job["prepaid.event"]._cron_publish(RUN), wait),
        Variant(LOW, lambda _c: job["prepaid.budget"]._cron_replenish(RUN), fall),
        Variant(NONE_LOW, lambda _c: job["prepaid.budget"]._cron_replenish(RUN), wait),
        Variant(CORE, lambda _c: send_by_core(job, notices), wait),
    ]


def check_done(env, budgets):
    """Stop when the jobs do not do what they are measured for."""
    let_wait(env, budgets)
    let_fall(env, budgets[:RUN])
    with patch.object(env.cr, "commit", env.cr.flush):
        send(env)
        env["prepaid.event"]._cron_publish(RUN)
        env["prepaid.budget"]._cron_replenish(RUN)
    owned = [("budget_id", "in", budgets.ids)]
    told = env["prepaid.alert.notice"].search_count([*owned, ("state", "=", "sent")])
    published = env["prepaid.event"].search_count([*owned, ("state", "=", "published")])
    low = env["prepaid.replenishment"].search_count(owned)
    env.cr.rollback()
    if not told == published == low == RUN:
        raise SystemExit(f"{told=} {published=} {low=}")


def main(env) -> None:
    """Measure all sizes and print the report."""
    env = get_company_env(env)
    sizes = get_sizes(SIZES)
    budgets = build(env, max(sizes))
    check_done(env, budgets[: min(sizes)])
    found = {}
    for size, runs in sizes.items():
        variants = prepare_variants(env, budgets[:size])
        compare(env, variants, runs, TABLES)
        found[size] = get_medians(variants)
        say(f"{size:,} budgets:\n\n{table(variants, RUN, 'row', peer=CORE)}\n")
    for name in (MAILS, EVENTS, LOW, NONE_LOW):
        counts = {size: medians[name].statements for size, medians in found.items()}
        text = ", ".join(f"{count:,} at {size:,}" for size, count in counts.items())
        least, most = min(counts.values()), max(counts.values())
        say(
            goal(
                f"{name}: SQL statements of one run: {text}",
                most - least <= 0.02 * most + 1,
            )
        )


if __name__ == "__main__":
    main(env)
