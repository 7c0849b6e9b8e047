from odoo import api, fields, models

from ..const import (
    COLLECTION_STATES,
    DONE,
    FAILED,
    HELD,
    IN_PROGRESS,
    NEW,
    OPEN_STATES,
    SCHEDULED,
    STOPPED,
    TELL_NOTICE,
    UNPAID_STATES,
)
from ..tools import lock_rows

#: States that a person or the payment itself can still bring back.
LIVE_STATES = (SCHEDULED, IN_PROGRESS, HELD, FAILED)


class AutopayCollection(models.Model):
    """The automatic payment of one invoice: when, by which mandate, how far it is.

    What is owed and what was paid is never stored here: it is the invoice's residual.
    """

    _name = "autopay.collection"
    _description = "Automatic Payment of an Invoice"
    _inherit = ["autopay.step.mixin"]
    _order = "date, id"

    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, readonly=True, ondelete="cascade"
    )
    mandate_id = fields.Many2one(
        "autopay.mandate", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="mandate_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True
    )
    state = fields.Selection(
        COLLECTION_STATES, required=True, readonly=True, default=SCHEDULED, index=True
    )
    date = fields.Date("Next charge", readonly=True, help="In the company's time zone.")
    reason = fields.Char(
        readonly=True,
        help="Why it is on hold, failed, stopped or waiting.",
    )
    is_blocked = fields.Boolean(
        "Blocked", readonly=True, help="It was due, but could not be charged."
    )
    early_until = fields.Date(
        "Also due until",
        readonly=True,
        help="Parts due up to this day are charged before it: the customer agreed to "
        "that, or somebody asked for it.",
    )
    tries = fields.Integer(
        readonly=True, help="Failed attempts since it was scheduled or re-armed."
    )
    is_canceled = fields.Boolean(
        readonly=True, help="It was stopped because the invoice was canceled."
    )
    noticed_date = fields.Date(
        "Announced for", readonly=True, help="The charge the customer was told about."
    )
    is_disputed = fields.Boolean(
        "Disputed", readonly=True, help="The customer's bank disputes the payment."
    )
    attempt_ids = fields.One2many(
        "autopay.attempt", "collection_id", "Attempts", readonly=True
    )
    amount_due = fields.Monetary(
        "To be charged",
        compute="_compute_amount_due",
        help="What is open on the invoice and due at the next charge.",
    )

    _move_unique = models.Constraint(
        "UNIQUE (move_id)", "An invoice is collected once."
    )
    #: The order of the job is the order of the index: it never walks the whole table.
    _due = models.Index(f"(date, id) WHERE state = '{SCHEDULED}'")

    @api.depends("move_id")
    def _compute_display_name(self):
        for collection in self:
            collection.display_name = collection.move_id.display_name

    @api.depends("move_id.amount_residual", "date", "early_until")
    def _compute_amount_due(self):
        for collection in self:
            date = collection.date or collection._get_next_date()
            collection.amount_due = collection._get_amount_due(date)

    # === WHAT IS OWED === #

    def _get_open_terms(self):
        """Return the due lines of the invoice that are not settled, oldest first."""
        self.ensure_one()
        move = self.move_id
        if move.state != "posted" or move.currency_id.is_zero(move.amount_residual):
            return self.env["account.move.line"]
        return self.move_id.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and not line.currency_id.is_zero(line.amount_residual_currency)
            )
        ).sorted(lambda line: (line.date_maturity or line.date, line.id))

    def _get_amount_due(self, date):
        """Return what is open and due on a day, in the currency of the invoice.

        :param date: day in the company's time zone
        """
        self.ensure_one()
        terms = self._get_open_terms()
        last = self._get_last_due(date)
        due = terms.filtered(lambda t: last and (t.date_maturity or t.date) <= last)
        # Parts can be negative: never more than the invoice itself leaves open.
        open_amount = self.move_id.amount_residual
        return max(min(sum(due.mapped("amount_residual_currency")), open_amount), 0.0)

    def _get_last_due(self, date):
        """Return the due date up to which parts are charged on a day."""
        self.ensure_one()
        return max((day for day in (date, self.early_until) if day), default=False)

    def _get_next_date(self):
        """Return the day on which the next open part is due, or False."""
        self.ensure_one()
        term = self._get_open_terms()[:1]
        return bool(term) and (term.date_maturity or term.date)

    # === STATES === #

    def _schedule(self, date, reason=False, tries=0):
        """Charge again on a day.

        :param date: day in the company's time zone
        :param str reason: why then, shown to the back office
        :param int tries: attempts that failed and count for the retry rule
        """
        self.write(
            {
                "state": SCHEDULED,
                "date": date,
                "reason": reason,
                "tries": tries,
                "is_blocked": False,
            }
        )

    def _rearm(self):
        """Try again from the start: what had failed or waited for a retry (P47)."""
        for collection in self:
            if collection._has_failed():
                collection._schedule_now(self.env._("The payment method was changed"))
                collection._follow_invoices()
            elif collection.state == IN_PROGRESS:
                collection._drop_waiting(self.env._("The payment method was changed"))

    def _has_failed(self):
        """Whether it could not be charged: given up, or to be tried again."""
        self.ensure_one()
        return self.state == FAILED or (
            self.state == SCHEDULED and bool(self.tries or self.is_blocked)
        )

    def _schedule_now(self, reason):
        """Charge what is due today; asked for by a person, who need not be told."""
        today = self.company_id._get_autopay_today()
        self._schedule(today, reason)
        self.noticed_date = today

    def _stop(self, reason):
        """End for good: nothing is charged, retries are dropped (P44).

        What was already sent is followed until its answer is known.

        :param str reason: shown to the back office
        """
        live = self.filtered(lambda c: c.state in LIVE_STATES)
        live.write({"state": STOPPED, "reason": reason, "date": False})
        live._drop_waiting(reason)

    def _drop_unsent(self, reason):
        """End what was not sent; what waits for the customer goes on."""
        self.attempt_ids.filtered(lambda attempt: attempt.state == NEW)._drop(reason)

    def _drop_waiting(self, reason):
        """End what took no money: not sent, or waiting for the customer."""
        self.attempt_ids.filtered(lambda a: a.state in UNPAID_STATES)._drop(reason)

    def _freeze(self, reason):
        """Charge nothing until a person decides, and tell that person (P31).

        :param str reason: shown to the back office
        """
        frozen = self.filtered(lambda c: c.state not in (HELD, STOPPED))
        frozen.write({"state": HELD, "reason": reason})
        frozen._drop_unsent(reason)
        for collection in frozen:
            collection._ask_responsible(reason)

    def _reopen_canceled(self):
        """A canceled invoice came back: a person releases what was stopped with it."""
        canceled = self.filtered(lambda c: c.state == STOPPED and c.is_canceled)
        canceled.write({"state": SCHEDULED, "is_canceled": False})

    def _forget_notice(self):
        """What was announced may not be true any more: announce it anew."""
        self.noticed_date = False
        self.env["autopay.message"].search(
            [("collection_id", "in", self.ids), ("kind", "=", TELL_NOTICE)]
        ).unlink()

    def _ask_responsible(self, summary, note=False):
        """Give the responsible of the invoice something to decide.

        :param str summary: what happened and what to decide
        """
        self.ensure_one()
        people = self.move_id.invoice_user_id | self.partner_id.user_id
        user = self.company_id._choose_autopay_responsible(people, self.move_id)
        known = self.move_id.activity_ids.filtered(lambda a: a.summary == summary)
        if not known:
            self.move_id.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=note or "",
                user_id=user.id,
            )

    def _schedule_announced(self, date):
        """Charge on a day, or later where the customer could not be told in time."""
        soonest = self.company_id._get_soonest_autopay_date()
        self._schedule(max(date or soonest, soonest))

    def _get_open_attempt(self):
        """Return the attempt whose answer is not final, if there is one."""
        return self.env["autopay.attempt"].search(
            [("move_id", "in", self.move_id.ids), ("state", "in", OPEN_STATES)]
        )

    # === LOCKING === #

    def _lock(self):
        """Make whoever changes these invoices wait or fail, and read them afresh.

        Every way to take money for an invoice changes its row first. Odoo's
        transactions read a snapshot: a lock alone would leave a stale reader unharmed,
        a changed row makes it fail and be tried again.
        """
        self.env.flush_all()
        self.move_id._lock_for_payment()
        lock_rows(self)
        lock_rows(self.mandate_id)
        self.env.invalidate_all(flush=False)

    # === FOLLOWING THE INVOICE === #

    def _follow_invoices(self):
        """Bring these collections in line with what is open on their invoices now."""
        for collection in self.filtered(lambda c: c.state != STOPPED):
            is_posted = collection.move_id.state == "posted"
            is_owed = is_posted and collection._get_open_terms()
            if is_posted and not is_owed:
                collection._close()
            elif collection.state in (SCHEDULED, FAILED) and is_owed:
                collection._move_to_next_part()
            elif collection.state == DONE and is_owed:
                collection._freeze(
                    self.env._("The payment was undone: charge again only by hand")
                )

    def _move_to_next_part(self):
        """What was due is paid: the next part is collected on its own day."""
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        date = self._get_next_date()
        if date > self._get_last_due(self.date or today):
            self.early_until = False
            self._schedule_announced(date)

    def _close(self):
        """The invoice is settled: nothing more to collect."""
        if self.state != DONE:
            self.write(
                {"state": DONE, "reason": False, "date": False, "is_blocked": False}
            )
            self._get_open_attempt()._after_paid_otherwise()
