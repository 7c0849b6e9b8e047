import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import (
    ACTION_NEEDED,
    DECLINED,
    EXPIRED,
    NEW,
    SENT,
    UNKNOWN,
    UNPAID_STATES,
)

_logger = logging.getLogger(__name__)

#: A worker that was killed leaves an attempt as sent; no request takes this long.
STALE_MINUTES = 15


class AutopayAttemptResolve(models.Model):
    """Attempts whose answer never came: found out, never guessed (P37, P38)."""

    _inherit = "autopay.attempt"

    @api.model
    def _finish_begun(self):
        """Finish what an earlier run began: send, find out, let expire, book."""
        self.search([("state", "=", NEW)])._send_all()
        now = fields.Datetime.now()
        stale = fields.Datetime.subtract(now, minutes=STALE_MINUTES)
        lost = Domain("state", "=", SENT) & Domain("sent_on", "<", stale)
        lost |= Domain("state", "=", UNKNOWN) & Domain("is_for_staff", "=", False)
        for attempt in self.search(lost):
            attempt._find_out()
        self._expire_confirmations()

    def _find_out(self):
        """Ask the provider what became of this attempt, then book.

        The same transaction is used: the provider answers what it answered before, or
        is asked for it. Where it cannot be asked, a person must look.
        """
        self.ensure_one()
        answers = []
        failure = self._try_step(lambda attempt: answers.append(attempt._note_asking()))
        if failure or not answers[-1]:
            return
        is_known = True
        try:
            transaction = self.transaction_id.with_company(self.company_id)
            if transaction.state in ("draft", "pending"):  # else a webhook came first
                is_known = transaction._ask_autopay_provider(self.sent_on)
            self._follow_transaction()
            self.env["ir.cron"]._commit_progress()
        except Exception:
            self.env.cr.rollback()
            _logger.warning("%s: no answer", self.display_name, exc_info=True)
        if not is_known:
            self._try_step(lambda attempt: attempt._leave_to_staff())
        self._book()

    def _note_asking(self):
        """Write down that the provider is asked again.

        :return: False when the answer is known meanwhile
        """
        self._lock()
        if self.state == SENT:
            self._move_to(UNKNOWN, self.env._("No answer was received"))
        if self.state == UNKNOWN:
            self.asked_count += 1
        return self.state == UNKNOWN

    def _leave_to_staff(self):
        """Nobody but a person can find out; nothing is charged until then."""
        self.ensure_one()
        if self.state != UNKNOWN:
            return
        self.is_for_staff = True
        self.collection_id._ask_responsible(
            self.env._(
                "%s: nobody knows whether it was charged. Look it up on the provider's "
                "site, then decide on the attempt.",
                self.display_name,
            )
        )

    def action_ask_again(self):
        """Ask the provider once more.

        :raise UserError: the answer is known
        """
        self._check_decision_access()
        for attempt_sudo in self.sudo():  # written by the system only
            attempt_sudo.is_for_staff = False
        self.env.ref("invoice_autopay.ir_cron_collect")._trigger()

    def action_not_charged(self):
        """State that the provider did not take the money; it may be tried again.

        :raise UserError: the answer is known
        """
        self._check_decision_access()
        for attempt_sudo in self.sudo():  # written by the system only
            message = self.env._("Not charged, says %s", self.env.user.name)
            attempt_sudo._lock()
            attempt_sudo.transaction_id._close_unknown(message)

    def action_charged(self):
        """State that the provider took the money; the payment is booked.

        :raise UserError: the answer is known
        """
        self._check_decision_access()
        for attempt_sudo in self.sudo():  # written by the system only
            message = self.env._("Charged, says %s", self.env.user.name)
            attempt_sudo.transaction_id._set_done(state_message=message)
            attempt_sudo.transaction_id._book_autopay()

    def _check_decision_access(self):
        self.check_access("read")
        self.move_id.check_access("write")
        for attempt in self:
            if attempt.state != UNKNOWN:
                raise UserError(
                    self.env._("%s: its answer is known.", attempt.display_name)
                )

    # === CONFIRMATION BY THE CUSTOMER === #

    @api.model
    def _expire_confirmations(self):
        """Payments that the customer did not confirm in time have failed (P45)."""
        for company in self.env["res.company"].search(Domain.TRUE):
            before = fields.Datetime.subtract(
                fields.Datetime.now(), days=company.autopay_action_days
            )
            expired = self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", ACTION_NEEDED),
                    ("sent_on", "<", before),
                ]
            )
            for attempt in expired:
                attempt._try_step(lambda a: a._expire())

    def _expire(self):
        self._lock()
        if self.state == ACTION_NEEDED:
            self._end(
                DECLINED,
                self.env._("The customer did not confirm it in time"),
                decline_class=EXPIRED,
            )

    def _after_paid_otherwise(self):
        """The invoice was paid by other means: what took no money yet is over."""
        unpaid = self.filtered(lambda attempt: attempt.state in UNPAID_STATES)
        unpaid._drop(self.env._("Paid otherwise"))
