from calendar import monthrange
from datetime import date, timedelta

from odoo import api, models

from odoo.addons.invoice_autopay.const import MANDATE_ACTIVE

from ..const import EXPIRY_DAYS


class PaymentTokenExpiry(models.Model):
    """The expiry review: customers are told in time, nothing is blocked (P50)."""

    _inherit = "payment.token"

    def _get_stripe_expiry(self):
        """Return the last day on which the card is valid.

        :return: date, or False when it is not known
        """
        self.ensure_one()
        year, month = self.stripe_exp_year, self.stripe_exp_month
        if not year or not 1 <= month <= 12:
            return False
        return date(year, month, monthrange(year, month)[1])

    @api.model
    def _cron_review_stripe_expiry(self):
        """Tell customers whose card expires soon, at each number of days once."""
        mandates = self.env["autopay.mandate"].search(
            [
                ("state", "=", MANDATE_ACTIVE),
                ("token_id.active", "=", True),
                ("token_id.stripe_exp_year", "!=", 0),
                ("token_id.provider_id.state", "!=", "disabled"),
            ]
        )
        due = mandates.filtered(lambda m: m._get_stripe_expiry_step())
        for done, mandate in enumerate(due, 1):
            # The bank may have renewed the card without anybody telling us.
            mandate.token_id._refresh_stripe_cards()
            mandate._try_step(lambda m: m._tell_stripe_expiry())
            remaining = len(due) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break


class AutopayMandate(models.Model):
    _name = "autopay.mandate"
    _inherit = ["autopay.mandate", "autopay.step.mixin"]

    def _get_stripe_expiry_step(self):
        """Return the day on which the customer should have been told last.

        :return: date, or False when the card is valid for long, or expired
        """
        self.ensure_one()
        expiry = self.token_id.sudo()._get_stripe_expiry()  # the payer's
        today = self.company_id._get_autopay_today()
        if not expiry or expiry < today:
            return False
        steps = [expiry - timedelta(days=days) for days in EXPIRY_DAYS]
        return max((day for day in steps if day <= today), default=False)

    def _tell_stripe_expiry(self):
        """Put the message into the outbox, unless the card is valid for long now."""
        if day := self._get_stripe_expiry_step():
            self.env["autopay.message"]._put_expiry(self, day)
