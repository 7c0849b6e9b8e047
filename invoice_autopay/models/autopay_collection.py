from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import (
    COLLECTION_STATES,
    DONE,
    DROPPED,
    FAILED,
    HELD,
    IN_PROGRESS,
    NEW,
    OPEN_STATES,
    SCHEDULED,
    STOPPED,
)

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
        readonly=True, help="Why it is on hold, failed, stopped or waiting."
    )
    is_blocked = fields.Boolean(
        "Blocked", readonly=True, help="It was due, but could not be charged."
    )
    tries = fields.Integer(
        readonly=True, help="Failed attempts since it was scheduled or re-armed."
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

    @api.depends("move_id.amount_residual", "date")
    def _compute_amount_due(self):
        for collection in self:
            collection.amount_due = collection._get_amount_due(collection.date)

    # === WHAT IS OWED === #

    def _get_open_terms(self):
        """Return the due lines of the invoice that are not settled, oldest first."""
        self.ensure_one()
        if self.move_id.state != "posted":
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
        due = terms.filtered(lambda t: date and (t.date_maturity or t.date) <= date)
        # A day before the first due date was asked for: then that one is meant.
        due = due or terms.filtered(lambda t: t.date_maturity == terms[0].date_maturity)
        return sum(due.mapped("amount_residual_currency"))

    def _get_next_date(self):
        """Return the day on which the next open part is charged."""
        self.ensure_one()
        term = self._get_open_terms()[:1]
        return term and (term.date_maturity or term.date)

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
            is_retry = collection.state == SCHEDULED and (
                collection.tries or collection.is_blocked
            )
            if collection.state == FAILED or is_retry:
                collection._schedule(
                    collection.company_id._get_autopay_today(),
                    self.env._("The payment method was changed"),
                )

    def _stop(self, reason):
        """End for good: nothing is charged, retries are dropped (P44).

        What was already sent is followed until its answer is known.

        :param str reason: shown to the back office
        """
        live = self.filtered(lambda c: c.state in LIVE_STATES)
        live.write({"state": STOPPED, "reason": reason, "date": False})
        live._drop_unsent(reason)

    def _drop_unsent(self, reason):
        unsent = self.attempt_ids.filtered(lambda attempt: attempt.state == NEW)
        for attempt in unsent:
            attempt._end(DROPPED, reason)

    def _freeze(self, reason):
        """Charge nothing until a person decides, and tell that person (P31).

        :param str reason: shown to the back office
        """
        frozen = self.filtered(lambda c: c.state not in (HELD, STOPPED))
        frozen.write({"state": HELD, "reason": reason})
        frozen._drop_unsent(reason)
        for collection in frozen:
            collection._ask_responsible(reason)

    def _ask_responsible(self, summary, note=False):
        """Give the responsible of the invoice something to decide.

        :param str summary: what happened and what to decide
        """
        self.ensure_one()
        user = self.move_id.invoice_user_id or self.partner_id.user_id or self.env.user
        known = self.move_id.activity_ids.filtered(lambda a: a.summary == summary)
        if not known:
            self.move_id.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=note or "",
                user_id=user.id,
            )

    # === THE BACK OFFICE === #

    def action_charge_now(self):
        """Charge as soon as the job runs, within a minute.

        :raise UserError: nothing is owed, or an attempt is still open
        """
        self._check_billing_access()
        for collection_sudo in self.sudo():  # written by the system only
            collection_sudo._ensure_chargeable()
            collection_sudo._schedule(
                collection_sudo.company_id._get_autopay_today(),
                self.env._("Charge now, by %s", self.env.user.name),
            )
            # Asked for by a person: not a charge that the server missed.
            collection_sudo.noticed_date = collection_sudo.date
        self.env.ref("invoice_autopay.ir_cron_collect")._trigger()

    def action_hold(self, reason):
        """Charge nothing until it is released.

        :param str reason: why, shown on the automatic payment
        :raise UserError: no reason, or there is nothing to hold
        """
        self._check_billing_access()
        if not (reason or "").strip():
            raise UserError(self.env._("Give a reason for the hold."))
        for collection_sudo in self.sudo():  # written by the system only
            if collection_sudo.state not in (SCHEDULED, FAILED, IN_PROGRESS):
                collection_sudo._refuse(self.env._("cannot be put on hold"))
            collection_sudo.write({"state": HELD, "reason": reason.strip()})
            collection_sudo._drop_unsent(reason.strip())

    def action_release(self):
        """Schedule again what was on hold or had failed.

        :raise UserError: nothing is owed, or an attempt is still open
        """
        self._check_billing_access()
        for collection_sudo in self.sudo():  # written by the system only
            collection_sudo._ensure_chargeable()
            today = collection_sudo.company_id._get_autopay_today()
            date = max(collection_sudo._get_next_date() or today, today)
            collection_sudo._schedule(date)

    def _check_billing_access(self):
        self.check_access("read")
        self.move_id.check_access("write")

    def _ensure_chargeable(self):
        """Check that a person may ask for a charge.

        :raise UserError: nothing is owed, or an attempt is still open
        """
        self.ensure_one()
        if self.state not in (SCHEDULED, HELD, FAILED):
            self._refuse(self.env._("cannot be charged"))
        if self._get_open_attempt():
            self._refuse(self.env._("has an attempt whose answer is not final"))
        if not self._get_open_terms():
            self._refuse(self.env._("has nothing open that is posted"))
        self.mandate_id._ensure_active()

    def _refuse(self, what):
        labels = dict(self._fields["state"]._description_selection(self.env))
        raise UserError(
            self.env._(
                "%(invoice)s %(what)s: its automatic payment is %(state)s. Open it to "
                "see its attempts.",
                invoice=self.display_name,
                what=what,
                state=labels[self.state],
            )
        )

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
        self.env.cr.execute(
            SQL(
                "SELECT id FROM autopay_collection WHERE id IN %s"
                " ORDER BY id FOR NO KEY UPDATE",
                tuple(self.ids),
            )
        )
        self.env.cr.execute(
            SQL(
                "SELECT id FROM autopay_mandate WHERE id IN %s"
                " ORDER BY id FOR NO KEY UPDATE",
                tuple(self.mandate_id.ids),
            )
        )
        self.env.invalidate_all(flush=False)

    # === FOLLOWING THE INVOICE === #

    def _follow_invoices(self):
        """Bring these collections in line with what is open on their invoices now."""
        for collection in self.filtered(lambda c: c.state != STOPPED):
            is_posted = collection.move_id.state == "posted"
            is_owed = is_posted and collection._get_open_terms()
            if is_posted and not is_owed:
                collection._close()
            elif collection.state == SCHEDULED and is_owed:
                # What was due is paid: the next part is collected on its own day.
                if (date := collection._get_next_date()) > collection.date:
                    collection._schedule(date)
            elif collection.state == DONE and is_owed:
                collection._freeze(
                    self.env._("The payment was undone: charge again only by hand")
                )

    def _close(self):
        """The invoice is settled: nothing more to collect."""
        if self.state != DONE:
            self.write(
                {"state": DONE, "reason": False, "date": False, "is_blocked": False}
            )
            self._get_open_attempt()._after_paid_otherwise()
