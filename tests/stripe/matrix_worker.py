"""What happens inside the processes of the fault matrix: charging, dying, recovery."""

import os
import signal
from contextlib import suppress

import requests

from odoo import api

from ..support.stripe_account import StripeAccount, StripeRefusalError
from . import matrix

#: Longer than any request takes: a worker that left an attempt as sent is dead.
STALE = "16 minutes"


def die():
    """End at once, as when the machine runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def settle(account: StripeAccount, cell: matrix.Cell):
    """Let the bank decide about charges that are processing."""
    if not cell.fault.settled_by:
        return
    for intent in account.intents():
        if intent["status"] == "processing":
            with suppress(StripeRefusalError):  # that is the decline
                account.settle(intent["id"], cell.fault.settled_by)


def tell(account: StripeAccount, *events: str):
    """Deliver webhooks: what waits, or events once more; Odoo must accept them."""
    rows = account.deliver(*events)
    assert {row["status"] for row in rows} <= {200}, rows


# === DYING === #


def watch_requests(account, cell, kill):
    """Let webhooks come first and the worker die on its way to Stripe and back."""
    original = requests.request

    def request(method, url, **options):
        if method != "POST" or not url.endswith("/payment_intents"):
            return original(method, url, **options)
        if kill == matrix.BEFORE_ASKING:
            die()
        if cell.fault.strike.get("kind") == "delay":
            options["timeout"] = matrix.TIMEOUT
        try:
            return original(method, url, **options)
        finally:
            if cell.webhook in (matrix.FIRST, matrix.TWICE):
                settle(account, cell)
                tell(account)
            if kill == matrix.BETWEEN_1_AND_2:
                die()

    requests.request = request


def die_before_commit_1(registry):
    """Die when attempt and transaction are written and not committed."""
    Collection = registry["autopay.collection"]
    original = Collection._start

    def _start(collections):
        attempts = original(collections)
        if attempts:
            attempts.env.flush_all()
            die()
        return attempts

    Collection._start = _start


def die_before_sent(registry):
    """Die when attempt and transaction are committed and not marked as sent."""
    registry["autopay.attempt"]._allow_sending = lambda attempt: die()


def die_before_commit_3(registry):
    """Die when the answer is committed and nothing is booked."""
    Attempt = registry["autopay.attempt"]
    original = Attempt._book

    def _book(attempts):
        if attempts:
            die()
        return original(attempts)

    Attempt._book = _book


# === THE STEPS OF A CELL === #


def work(registry, account, cell):
    """Run the job that charges, and die where the cell says so."""
    watch_requests(account, cell, cell.kill)
    if cell.kill == matrix.BEFORE_1:
        die_before_commit_1(registry)
    if cell.kill == matrix.BEFORE_SENT:
        die_before_sent(registry)
    if cell.kill == matrix.BETWEEN_2_AND_3:
        die_before_commit_3(registry)
    run(registry, collect)


def recover(registry, account, cell, ids):
    """Run all that Odoo runs by itself, soon and when the stale time is over.

    :return: what Odoo says then
    """
    watch_requests(account, cell, matrix.NO_KILL)
    run(registry, collect)
    run(registry, lambda env: pass_stale_time(env, ids))
    for job in (collect, compare, book):
        run(registry, job)
    return run(registry, lambda env: look(env, ids))


def run(registry, function):
    """Run a function of the environment as a scheduled action runs."""
    with registry.cursor() as cr:
        return function(api.Environment(cr, api.SUPERUSER_ID, {}))


def collect(env):
    """Run the job that finishes what was begun and charges what is due."""
    env["autopay.collection"]._cron_collect()


def compare(env):
    """Run the nightly comparison with Stripe."""
    env["payment.provider"]._cron_reconcile_stripe()


def book(env):
    """Run core's job for payments that are not booked yet."""
    env["payment.transaction"]._cron_post_process()


def pass_stale_time(env, ids):
    """Let an attempt that is under way be so for long."""
    env.cr.execute(
        "UPDATE autopay_attempt SET sent_on = sent_on - %s::interval"
        " WHERE move_id = %s AND state = 'sent'",
        [STALE, ids["invoice"]],
    )


# === WHAT ODOO SAYS === #


def look(env, ids):
    """Return all that can be seen of an invoice and its payment."""
    invoice = env["account.move"].browse(ids["invoice"])
    collection = invoice.autopay_collection_ids
    transactions = invoice.transaction_ids
    messages = env["autopay.message"].search([("collection_id", "=", collection.id)])
    payments = env["account.payment"].search([("partner_id", "=", ids["partner"])])
    today = collection.company_id._get_autopay_today()
    return {
        "is_paid": invoice.payment_state in ("paid", "in_payment"),
        "residual": invoice.amount_residual,
        "total": invoice.amount_total,
        "payments": [(p.amount, p.state, p.is_reconciled) for p in payments],
        "transactions": [
            (tx.state, tx.state != "done" or tx.is_post_processed, tx.amount)
            for tx in transactions
        ],
        "intents": transactions.mapped("provider_reference"),
        "attempts": [(a.state, a.decline_class) for a in collection.attempt_ids],
        "collection": collection.state,
        "days": (collection.date - today).days if collection.date else None,
        "messages": sorted(messages.mapped("kind")),
        "surplus": collection.surplus,
        "alerts": invoice.activity_ids.mapped("summary"),
    }
