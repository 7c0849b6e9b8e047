import logging

from odoo import models

from ..const import IN_PROGRESS, NEW, SENT, UNKNOWN

_logger = logging.getLogger(__name__)


class AutopayAttemptSending(models.Model):
    """Sending: commit, ask, commit the answer; booking comes after."""

    _inherit = "autopay.attempt"

    def _send_all(self):
        """Send these attempts one by one, then book what succeeded together."""
        for attempt in self:
            attempt._send()
        self._book()

    def _send(self):
        """Ask the provider once; the answer is committed before anything else."""
        self.ensure_one()
        if not self._is_allowed_to_send():
            return
        try:
            self._ask()
        except Exception as error:
            # Whether money was taken is not known: the rolled back answer may have
            # said so. It is asked for again, by the same transaction.
            self.env.cr.rollback()
            _logger.warning("%s: no answer", self.display_name, exc_info=True)
            message = f"{type(error).__name__}: {error}"
            self._commit_step(lambda a: a._note_unknown(message))

    def _is_allowed_to_send(self):
        """Mark this as sent in a step of its own; a failure stops no other (P54)."""
        answers = []
        failure = self._try_step(lambda a: answers.append(a._allow_sending()))
        if failure and failure is not True:
            message = self.env._("Failed: %s", str(failure) or type(failure).__name__)
            self._try_step(lambda a: a._drop(message))
            self._try_step(lambda a: a.collection_id._note_obstacle(message, 0.0))
        return not failure and answers[-1]

    def _allow_sending(self):
        """Look once more under the lock before money moves (P22, P24, P55).

        :return: True when it may be sent; it is marked as sent then
        """
        self.ensure_one()
        self._lock()
        if self.state != NEW:
            return False
        if reason := self._get_sending_obstacle():
            self._drop(reason)
            return False
        self._mark_sent()
        return True

    def _get_sending_obstacle(self):
        collection = self.collection_id
        if collection.state != IN_PROGRESS:
            return collection.reason or self.env._("No longer wanted")
        others_sudo = self.move_id.sudo().transaction_ids - self.transaction_id
        if others_sudo._get_in_progress():
            return self.env._("The customer is paying")
        open_amount = collection._get_amount_due(self.company_id._get_autopay_today())
        if self.currency_id.compare_amounts(self.amount, open_amount):
            return self.env._("The open amount has changed")
        if self.mandate_id.token_id != self.token_id:
            return self.env._("The payment method was changed")
        # Whatever happened since it was written, hours ago where a worker was killed.
        return collection._get_obstacle(self.amount)

    def _ask(self):
        """Charge the payment method and commit the answer."""
        self.transaction_id.with_company(self.company_id)._charge_with_token()
        self._follow_transaction()
        self.env["ir.cron"]._commit_progress()

    def _note_unknown(self, message):
        """The answer is not known: block the invoice until it is (P37)."""
        if self.state in (NEW, SENT):
            self.transaction_id._mark_unknown(message)
            self._follow_transaction()
            if self.state == SENT:
                self._move_to(UNKNOWN, message)

    # === COMMIT 3: BOOKING === #

    def _book(self):
        """Book what succeeded: together where that works, else one by one.

        What cannot be booked stays for core's own job, which tries for four days.
        """
        transactions = self.transaction_id.filtered(
            lambda tx: tx.state == "done" and not tx.is_post_processed
        )
        if transactions and transactions._try_step(lambda txs: txs._book_autopay()):
            for transaction in transactions:
                if transaction._try_step(lambda tx: tx._book_autopay()):
                    attempts = transaction.autopay_attempt_ids & self
                    attempts._try_step(lambda a: a._tell_unbooked())

    def _tell_unbooked(self):
        """Money was taken and is not in the books: a person has to know."""
        for attempt in self:
            attempt.collection_id._ask_responsible(
                self.env._(
                    "%s was charged, but could not be booked: see the payment "
                    "transaction",
                    attempt.display_name,
                )
            )
