from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import LOT_ACTIVE, NOTICE_EXPIRY, WARNING_DAYS


class PrepaidLotWarning(models.Model):
    """Warnings before a lot expires: once per lot at 30, 7 and 1 days (B72)."""

    _inherit = "prepaid.lot"

    # For which last day the lot was warned of, and how many days before it: credit
    # that is extended is warned of anew.
    warned_for = fields.Date(readonly=True, copy=False)
    warned_days = fields.Integer(readonly=True, copy=False)

    @api.model
    def _cron_warn_expiry(self, limit=500):
        """Once a day: tell of lots that expire soon, in small committed steps.

        :param int limit: lots of one step
        """
        last_id = 0
        domain = self._get_warning_domain()
        remaining = self.search_count(domain)
        while lots := self.search(
            domain & Domain("id", ">", last_id), limit=limit, order="id"
        ):
            last_id = lots[-1].id
            lots._try_warn()
            remaining = max(remaining - len(lots), 0)
            if not self.env["ir.cron"]._commit_progress(len(lots), remaining=remaining):
                break

    def _try_warn(self):
        Notice = self.env["prepaid.alert.notice"]
        Notice._try_step(lambda _notice: self._warn_expiry())

    @api.model
    def _get_warning_domain(self):
        """Return the domain of the lots that may expire soon, wherever it is today."""
        soon = fields.Date.today() + timedelta(days=max(WARNING_DAYS) + 1)
        return (
            Domain("state", "=", LOT_ACTIVE)
            & Domain("remaining", ">", 0)
            & Domain("date_to", "!=", False)
            & Domain("date_to", "<=", soon)
            & Domain("budget_id.active", "=", True)
        )

    def _warn_expiry(self):
        """Record one notice for each lot that has come to its next warning."""
        vals_list = []
        for lot in self:
            today = lot.company_id._get_autopay_today()
            days_left = (lot.date_to - today).days
            stages = [days for days in WARNING_DAYS if 0 <= days_left <= days]
            if not stages or lot._is_warned(min(stages)):
                continue
            lot.write({"warned_for": lot.date_to, "warned_days": min(stages)})
            vals_list.append(lot._prepare_warning(today))
        if vals_list:
            self.env["prepaid.alert.notice"].create(vals_list)
            self.env["prepaid.alert.notice"]._trigger_sending()

    def _is_warned(self, days):
        self.ensure_one()
        return self.warned_for == self.date_to and self.warned_days <= days

    def _prepare_warning(self, today):
        self.ensure_one()
        budget = self.budget_id
        return {
            "budget_id": budget.id,
            "company_id": self.company_id.id,
            "kind": NOTICE_EXPIRY,
            "date": today,
            "balance": budget.balance,
            "amount": self.remaining,
            "lot_id": self.id,
            "expires_on": self.date_to,
            "tell_user": budget.warn_user,
            "tell_customer": budget.warn_customer,
        }
