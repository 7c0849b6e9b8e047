from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import LOT_CLOSED

#: Budgets whose credit expires in one transaction; one bad one costs a bisection.
CHUNK = 100


class PrepaidBudgetExpiry(models.Model):
    """Credit whose validity has passed leaves the balance (B69, B70)."""

    _inherit = "prepaid.budget"

    def _expire_over_lots(self):
        """Book the expiry of lots whose validity and grace days have passed.

        The budgets must be locked. One row for each lot with something left: running
        it again books nothing.

        :return: the new `prepaid.entry`
        """
        over = self._get_over_lots()
        if not over:
            return self.env["prepaid.entry"]
        counts = over._get_entry_counts()
        left = over.filtered(lambda lot: lot.remaining > 0)
        entries = self._post_entries(
            [lot._prepare_expiry_movement(counts.get(lot, 0)) for lot in left]
        )
        over.filtered(lambda lot: lot.state != LOT_CLOSED).state = LOT_CLOSED
        if entries:
            self._after_expiry(entries)
        return entries

    def _after_expiry(self, entries):
        """Hook: credit was lost without being used, or came back from that.

        Called in the transaction that booked it, the budgets still locked.

        :param entries: `prepaid.entry` of the kinds "expire", "unexpire" and "adjust",
            each with its lot; its quantity says how much was lost (-) or came back (+)
        """

    @api.model
    def _get_over_domain(self):
        """Return the domain of lots that may have to expire; grace days decide."""
        # The earliest time zone is 14 hours ahead of UTC.
        latest = fields.Datetime.now() + timedelta(hours=14)
        waiting = Domain("state", "!=", LOT_CLOSED) | Domain("remaining", ">", 0)
        return Domain("date_to", "<", latest.date()) & waiting

    def _get_over_lots(self):
        """Return the lots of these budgets that are to expire now, oldest end first."""
        lots = self.env["prepaid.lot"].search(
            self._get_over_domain() & Domain("budget_id", "in", self.ids),
            order="date_to, id",
        )
        return lots.filtered(lambda lot: lot._is_over())

    # === JOB === #

    @api.model
    def _cron_expire_lots(self, chunk=CHUNK):
        """Every night: book what has expired, in small committed steps.

        :param int chunk: budgets in one transaction
        """
        groups = self.env["prepaid.lot"]._read_group(
            self._get_over_domain(), ["budget_id"], ["__count"]
        )
        budgets = self.browse(sorted(budget.id for budget, _count in groups))
        remaining = len(budgets)
        for start in range(0, len(budgets), chunk):
            step = budgets[start : start + chunk]
            step._expire_isolated()
            remaining -= len(step)
            if not self.env["ir.cron"]._commit_progress(len(step), remaining=remaining):
                break

    def _expire_isolated(self):
        """Try all in one batch; where it fails, halve it until one stands alone."""
        if self._try_and_note(lambda budgets: budgets._lock_and_expire()):
            return
        if len(self) > 1:
            half = len(self) // 2
            self[:half]._expire_isolated()
            self[half:]._expire_isolated()

    def _lock_and_expire(self):
        """Book what has expired, on fresh data under the lock."""
        self._lock_for_ledger()
        return self._expire_over_lots()
