from odoo import models

from ..const import (
    ACTION_NEEDED,
    ASKED_STATES,
    DECLINED,
    EXPIRED,
    FAILED,
    FUNDS,
    HARD,
    HELD,
    IN_PROGRESS,
    SCHEDULED,
    SOFT,
    STOPPED,
    SUCCEEDED,
)

#: How a charge looks to the customer.
NEXT = "next"
PROBLEM = "problem"
CONFIRM = "confirm"
UNDER_WAY = "under_way"
PAUSED = "paused"


class AutopayCollectionPortal(models.Model):
    """The charges of one customer, in words for the customer."""

    _inherit = "autopay.collection"

    def _get_portal_rows(self):
        """Return what is or was to be charged, oldest first.

        Amounts and links are for the payer, who may not read the invoice itself.

        :return: list of dict: `invoice`, `url`, `pay_url`, `date`, `is_today`,
            `amount`, `currency`, `kind`, `problem`, `can_try_again`
        """
        live = self.filtered(
            lambda c: (
                c.state in (SCHEDULED, IN_PROGRESS, HELD, FAILED)
                or (c.state == STOPPED and c._get_open_attempt())
            )
        )
        return [collection._get_portal_row() for collection in live.sorted("date")]

    def _get_portal_row(self):
        self.ensure_one()
        kind = self._get_portal_kind()
        is_dated = self.state == SCHEDULED
        attempt = self._get_open_attempt()
        move = self.move_id
        return {
            "invoice": move.name,
            "url": move.get_portal_url(),
            "pay_url": move._has_to_be_paid()
            and move.get_portal_url(anchor="portal_pay", query_string="&payment=True"),
            "date": is_dated and self.date,
            "is_today": is_dated and self.date <= self.company_id._get_autopay_today(),
            "amount": attempt.amount or self.amount_due,
            "currency": self.currency_id,
            "kind": kind,
            "problem": self._get_portal_problem() if kind == PROBLEM else False,
            "can_try_again": self._can_try_again(),
        }

    def _get_portal_kind(self):
        """Return how this charge looks to the customer."""
        self.ensure_one()
        attempt = self._get_open_attempt()
        if attempt.state == ACTION_NEEDED:
            return CONFIRM
        if attempt:
            return UNDER_WAY
        if self.state == HELD:
            return PAUSED
        if self._has_failed():
            return PROBLEM
        return UNDER_WAY if self.state == IN_PROGRESS else NEXT

    def _get_last_answered_attempt(self):
        self.ensure_one()
        answered = self.attempt_ids.filtered(lambda a: a.state in (DECLINED, SUCCEEDED))
        return answered.sorted("number")[-1:]

    def _get_portal_problem(self):
        """Say in plain words why a charge was not made.

        The reason for the back office may hold what is nobody else's business.
        """
        self.ensure_one()
        mandate = self.mandate_id
        if mandate._lacks_method():
            return self.env._("There is no payment method any more.")
        if self.currency_id.compare_amounts(self.amount_due, mandate.max_amount) > 0:
            return self.env._(
                "It is above the largest amount that you allowed, %s.",
                self.currency_id.format(mandate.max_amount),
            )
        attempt = self._get_last_answered_attempt()
        if attempt.state == DECLINED and not self.is_blocked:
            return self._get_portal_decline(attempt)
        return self.env._("It could not be charged. We are looking into it.")

    def _get_portal_decline(self, attempt):
        """Say in plain words why a charge was declined.

        :param attempt: `autopay.attempt` that was declined
        """
        texts = {
            FUNDS: self.env._("There was not enough money on the account."),
            SOFT: self.env._("The bank could not make the payment."),
            HARD: self.env._("The bank does not accept this payment method any more."),
            EXPIRED: self.env._("The payment was not confirmed in time."),
        }
        return texts.get(attempt.decline_class) or self.env._(
            "The payment was declined."
        )

    # === TRYING AGAIN, WITH ANOTHER METHOD === #

    def _can_try_again(self):
        """Whether the payer may have this charged at once (P47).

        Once for each new method: what it could not pay follows the retry rule.
        """
        self.ensure_one()
        if self.state != SCHEDULED or self.tries or self._get_open_attempt():
            return False
        attempt = self._get_last_answered_attempt()
        token = self.mandate_id.token_id
        return (
            attempt.state == DECLINED
            and token.active
            and not token._is_same_method(attempt.token_id)
            and bool(self._get_open_terms())
        )

    def _charge_for_payer(self):
        """Charge these as soon as the job runs, within a minute."""
        for collection in self:
            collection._ensure_chargeable()
            reason = self.env._("Charge now, by %s", self.env.user.name)
            collection._schedule_now(reason)
        if self:
            self.env.ref("invoice_autopay.ir_cron_collect")._trigger()

    # === ALLOWED AGAIN === #

    def _resume(self, mandate):
        """Collect by another consent what was stopped when the first was withdrawn.

        :param mandate: `autopay.mandate` that was given for these invoices again
        """
        for collection in self:
            collection.write({"mandate_id": mandate.id, "noticed_date": False})
            collection._schedule(collection.move_id._get_autopay_date())

    # === ON THE PAGE OF THE INVOICE === #

    def _is_under_way(self):
        """Whether the provider was asked and its answer is not final."""
        return any(attempt.state in ASKED_STATES for attempt in self.attempt_ids)

    def _is_expected(self):
        """Whether a charge is to come on a known day."""
        self.ensure_one()
        return self.state == SCHEDULED and bool(self.date) and not self.is_blocked

    def _get_portal_day(self):
        """Return the day of the next charge, for the customer."""
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        return max(self.date or today, today)
