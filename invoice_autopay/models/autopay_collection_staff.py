from odoo import models
from odoo.exceptions import UserError

from ..const import FAILED, HARD, HELD, IN_PROGRESS, SCHEDULED


class AutopayCollectionStaff(models.Model):
    """What the back office does: charge now, hold, release."""

    _inherit = "autopay.collection"

    def action_charge_now(self):
        """Charge as soon as the job runs, within a minute.

        :raise UserError: nothing is owed, or an attempt is still open
        """
        self._check_billing_access()
        for collection_sudo in self.sudo():  # written by the system only
            collection_sudo._ensure_chargeable()
            collection_sudo.early_until = collection_sudo._get_next_date()
            reason = self.env._("Charge now, by %s", self.env.user.name)
            collection_sudo._schedule_now(reason)
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
            collection_sudo._schedule_announced(collection_sudo._get_next_date())

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
        if reason := self._get_mismatch():
            self._refuse(reason)
        if self._get_payments()._get_autopay_receivable_lines():
            self._refuse(
                self.env._(
                    "has a payment that is not reconciled with it (reconcile or refund "
                    "it first) and cannot be charged"
                )
            )
        last = self.attempt_ids.sorted("number")[-1:]
        method = self.mandate_id.token_id
        if last.decline_class == HARD and last.token_id._is_same_method(method):
            self._refuse(
                self.env._(
                    "was declined for good by %s and needs another payment method",
                    method.display_name,
                )
            )

    def _get_mismatch(self):
        """Say why this mandate is not for this invoice: it was changed since."""
        self.ensure_one()
        move, mandate = self.move_id, self.mandate_id
        if mandate.partner_id != move.commercial_partner_id:
            return self.env._("is not for the customer of the mandate any more")
        if mandate.currency_id != move.currency_id:
            return self.env._("is not in the currency of the mandate any more")
        if mandate.company_id != move.company_id:
            return self.env._("is not of the company of the mandate")
        return False

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
