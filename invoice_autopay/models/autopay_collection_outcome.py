from odoo import api, fields, models

from ..const import (
    ACTION_NEEDED,
    DECLINED,
    DROPPED,
    FAILED,
    IN_PROGRESS,
    MANDATE_ACTIVE,
    SCHEDULED,
    SUCCEEDED,
    TELL_CONFIRM,
    TELL_LIMIT,
    TELL_METHOD,
    TELL_NOTICE,
    TELL_RECEIPT,
    TELL_RETRY,
    THEN_STAFF,
)


class AutopayCollectionOutcome(models.Model):
    """What follows from an answer: paid, tried again, or left to a person."""

    _inherit = "autopay.collection"

    def _after_attempt(self, attempt):
        """React to a state of an attempt.

        :param attempt: `autopay.attempt` of this collection
        """
        self.ensure_one()
        if attempt.state == SUCCEEDED:
            attempt.mandate_id.method_failures = 0
            self._tell(TELL_RECEIPT, attempt)
            self._after_success(attempt)
        elif attempt.state == DECLINED:
            self._after_decline(attempt)
        elif attempt.state == DROPPED:
            self._after_drop(attempt)
        elif attempt.state == ACTION_NEEDED:
            self._tell(TELL_CONFIRM, attempt)

    def _after_success(self, attempt):
        """React to money received; hook for the apps. It is not booked yet.

        :param attempt: `autopay.attempt` that succeeded
        """

    def _after_booking(self):
        """React to a booked payment: the rest is collected on its day (P18)."""
        for collection in self.filtered(lambda c: c.state == IN_PROGRESS):
            if date := collection._get_next_date():
                collection.early_until = False
                collection._schedule_announced(date)

    def _after_drop(self, attempt):
        """It was not sent: look again on the day it is due."""
        if self.state == IN_PROGRESS:
            date = self.date or self.company_id._get_autopay_today()
            self._schedule(date, attempt.message, self.tries)
            self._follow_invoices()

    # === DECLINED === #

    def _after_decline(self, attempt):
        """Schedule the next attempt, or give up.

        :param attempt: `autopay.attempt` that was declined
        """
        mandate = attempt.mandate_id
        if mandate.token_id == attempt.token_id and mandate.state == MANDATE_ACTIVE:
            mandate.method_failures += 1
        self._after_failure(attempt)
        if self.state != IN_PROGRESS:
            return  # stopped, held or paid meanwhile: retries are dropped (P44)
        if mandate.token_id != attempt.token_id and not mandate._lacks_method():
            self._schedule_now(self.env._("The payment method was changed"))
            self._follow_invoices()
            return
        rule = self.env["autopay.retry.rule"]._get_rule(
            attempt.decline_class, self.company_id
        )
        tries = self.tries + 1
        if delay := rule._get_delay(tries):
            today = self.company_id._get_autopay_today()
            reason = self.env._("Declined, tried again: %s", attempt.message or "")
            self._schedule(fields.Date.add(today, days=delay), reason, tries)
            self.noticed_date = self.date  # the message about the decline says it
            self._tell(TELL_RETRY, attempt)
        else:
            self._give_up(attempt, tries, rule)
        self._follow_invoices()

    def _after_failure(self, attempt):
        """React to any declined attempt; hook for the apps.

        :param attempt: `autopay.attempt` that was declined
        """

    def _give_up(self, attempt, tries, rule):
        """No attempt is made any more until the method changes or a person decides.

        :param rule: `autopay.retry.rule` that says what then, possibly empty
        """
        reason = self.env._("Declined, not tried again: %s", attempt.message or "")
        self.write({"state": FAILED, "reason": reason, "tries": tries, "date": False})
        if rule.then == THEN_STAFF:
            self._ask_responsible(
                self.env._(
                    "%(invoice)s could not be charged: %(reason)s",
                    invoice=self.display_name,
                    reason=attempt.message or "",
                )
            )
        else:
            self._tell(TELL_METHOD, attempt)
        self._after_giving_up(attempt)

    def _after_giving_up(self, attempt):
        """React to the end of all attempts; hook for the apps.

        :param attempt: `autopay.attempt` that was the last
        """

    # === TELLING === #

    def _tell(self, kind, attempt=None):
        """Put a message to the customer into the outbox; it leaves after the commit.

        :param str kind: one of `MESSAGE_KINDS`
        :param attempt: `autopay.attempt` it is about, if any
        """
        self.env["autopay.message"]._put(self, kind, attempt)

    def _tell_obstacle(self, reason, amount):
        """Tell the responsible, and the customer where only they can help."""
        self.ensure_one()
        mandate = self.mandate_id
        if mandate._lacks_method():
            self._tell(TELL_METHOD)
        elif (
            amount and self.currency_id.compare_amounts(amount, mandate.max_amount) > 0
        ):
            self._tell(TELL_LIMIT)
        self._ask_responsible(
            self.env._(
                "%(invoice)s was not charged: %(reason)s",
                invoice=self.display_name,
                reason=reason,
            )
        )

    @api.model
    def _cron_announce(self):
        """Announce the charges of the next days, each once (PF37)."""
        for company in self.env["res.company"].search(
            [("autopay_notice_days", ">", 0)]
        ):
            due = self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", SCHEDULED),
                    ("date", "<=", company._get_soonest_autopay_date()),
                    ("is_blocked", "=", False),
                ],
                order="date, id",
            )
            for collection in due.filtered(lambda c: c.noticed_date != c.date):
                collection._try_step(lambda c: c._announce())

    def _announce(self):
        self._tell(TELL_NOTICE)
        self.noticed_date = self.date
