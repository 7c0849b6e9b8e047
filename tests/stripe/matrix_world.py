"""Where the fault matrix takes place: one database, one server, an account per cell."""

import signal
from functools import partial

import stripe

from odoo import fields

from ..concurrency.racing import PATIENCE, Processes
from ..support import LiveServer, autopay, sql, stripe_odoo
from ..support.stripe_account import StripeAccount
from . import matrix, matrix_worker

AMOUNT = 100.0
#: Invoices wait so many days for their cell: the job must not find them before.
WAIT = 3650
#: Stripe's own library loads these when they are needed first.
STRIPE_CLASSES = ("Charge", "Customer", "PaymentIntent", "PaymentMethod", "Refund")


# === BUILDING, INSIDE A PROCESS === #


def build(env, cells, accounts):
    """Make a customer with a saved card and a due invoice per cell; return the ids."""
    company = env.company
    company.autopay_notice_days = 0
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    providers = stripe_odoo.add_providers(env, accounts, journal_id=journal.id)
    partners = env["res.partner"].create(
        [{"name": str(cell), "email": "customer@example.com"} for cell in cells]
    )
    tokens = [
        stripe_odoo.saved_card(account, provider, partner, cell.fault.number)
        for cell, account, provider, partner in zip(
            cells, accounts, providers, partners, strict=True
        )
    ]
    for token in tokens:
        autopay.allow_charges(token, max_amount=AMOUNT)
    invoices = env["account.move"].create(
        [autopay.prepare_invoice(partner, AMOUNT) for partner in partners]
    )
    invoices.action_post()
    for collection in invoices.autopay_collection_ids:
        collection.date = fields.Date.add(collection.date, days=WAIT)
    return [
        {
            "invoice": invoice.id,
            "provider": token.provider_id.id,
            "partner": token.partner_id.id,
            "token": token.id,
        }
        for invoice, token in zip(invoices, tokens, strict=True)
    ]


def rehearse(env, ids):
    """Do once what each process does, so that all inherit what Odoo works out."""
    collection = env["account.move"].browse(ids["invoice"]).autopay_collection_ids
    collection.date = fields.Date.today()
    attempt = collection._start()
    attempt._mark_sent()
    attempt.transaction_id._set_done()
    attempt.transaction_id._book_autopay()
    matrix_worker.look(env, ids)
    for name in STRIPE_CLASSES:
        getattr(stripe, name)
    assert not list(attempt.transaction_id.provider_id._list_stripe_intents())


# === FROM OUTSIDE === #


class World:
    """All cells that shall run, prepared at once."""

    def __init__(self, processes: Processes, server: LiveServer, cells: list):
        self.processes = processes
        self.db = server.db
        self.accounts = {cell: StripeAccount() for cell in cells}
        found = processes.run(
            partial(build, cells=cells, accounts=list(self.accounts.values()))
        )
        self.ids = dict(zip(cells, found, strict=True))
        for account in self.accounts.values():
            account.hold_webhooks()
            stripe_odoo.webhook(account, server.url, *self._events())
        processes.rehearse(partial(rehearse, ids=found[0]))

    @staticmethod
    def _events():
        """Return what Odoo's own button has sent to the webhook."""
        from odoo.addons.invoice_autopay_stripe.const import MORE_EVENTS
        from odoo.addons.payment_stripe.const import HANDLED_WEBHOOK_EVENTS

        return (*HANDLED_WEBHOOK_EVENTS, *MORE_EVENTS)

    def play(self, cell: matrix.Cell) -> dict:
        """Run a cell from its first charge to the end; return what Odoo says then."""
        self.open(cell)
        self.work(cell)
        self.follow(cell)
        self.recover(cell)
        self.follow(cell)
        return self.recover(cell)

    def open(self, cell: matrix.Cell) -> None:
        """Let the invoice of this cell be due, and no other."""
        ids = self.ids[cell]
        sql(
            self.db,
            "UPDATE payment_provider SET state = CASE WHEN id = %s THEN 'test'"
            " ELSE 'disabled' END WHERE code = 'stripe'",
            [ids["provider"]],
        )
        sql(
            self.db,
            "UPDATE autopay_collection SET date = %s WHERE move_id = %s",
            [fields.Date.today(), ids["invoice"]],
        )
        account = self.accounts[cell]
        if cell.fault.settled_by:
            account.hold_charges()
        if cell.fault.strike:
            account.fault(**cell.fault.strike)

    def work(self, cell: matrix.Cell) -> None:
        """Let a worker charge, and see that it dies where it shall."""
        worker = partial(matrix_worker.work, account=self.accounts[cell], cell=cell)
        if cell.kill == matrix.NO_KILL:
            self.processes.gather([worker])
            return
        job = self.processes.start(worker)
        job.process.join(PATIENCE)
        assert job.process.exitcode == -signal.SIGKILL, self._failure(job)
        self.processes.reap()
        states = [state for (state,) in self._attempts(cell)] or [None]
        assert len(states) == 1
        assert states[0] in cell.states_at_death

    def follow(self, cell: matrix.Cell) -> None:
        """Let time pass at Stripe: banks decide, webhooks come or come again."""
        account = self.accounts[cell]
        matrix_worker.settle(account, cell)
        if cell.webhook == matrix.NEVER:
            return
        matrix_worker.tell(account)
        if cell.webhook == matrix.TWICE and (events := account.deliveries()):
            matrix_worker.tell(account, *{row["event"]: 1 for row in events})

    def recover(self, cell: matrix.Cell) -> dict:
        """Run what Odoo runs by itself; return what Odoo says then."""
        body = partial(
            matrix_worker.recover,
            account=self.accounts[cell],
            cell=cell,
            ids=self.ids[cell],
        )
        return self.processes.gather([body])[0]

    def pass_day(self, cell: matrix.Cell) -> None:
        """Let a day pass, on which the customer's bank account is filled."""
        account, ids = self.accounts[cell], self.ids[cell]
        query = "SELECT provider_ref FROM payment_token WHERE id = %s"
        [[customer]] = sql(self.db, query, [ids["token"]])
        sql(
            self.db,
            "UPDATE payment_token SET stripe_payment_method = %s WHERE id = %s",
            [account.card(customer=customer), ids["token"]],
        )
        sql(
            self.db,
            "UPDATE autopay_collection SET date = date - 1 WHERE move_id = %s",
            [ids["invoice"]],
        )

    def close(self, cell: matrix.Cell) -> None:
        """Remove what the cell left, so that no later cell stumbles over it."""
        invoice = [self.ids[cell]["invoice"]]
        sql(
            self.db,
            "UPDATE autopay_attempt SET state = 'dropped' WHERE move_id = %s"
            " AND state NOT IN ('succeeded', 'declined', 'dropped')",
            invoice,
        )
        sql(
            self.db,
            "UPDATE autopay_collection SET state = 'stopped' WHERE move_id = %s",
            invoice,
        )
        self.accounts[cell].remove()

    def _attempts(self, cell):
        query = "SELECT state FROM autopay_attempt WHERE move_id = %s"
        return sql(self.db, query, [self.ids[cell]["invoice"]])

    @staticmethod
    def _failure(job):
        return job.pipe.recv() if job.pipe.poll() else job.process.exitcode
