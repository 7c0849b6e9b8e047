from odoo import api, models

from ..const import LOT_CLOSED


class PrepaidLotJob(models.Model):
    """Every night: is each lot what its payments and its validity say?"""

    _inherit = "prepaid.lot"

    @api.model
    def _cron_sync_lots(self, limit=1000):
        """Once a day: find lots whose money came or went without a hook telling us.

        Payments that were reset, rejected or deleted by other add-ons, by SQL or by an
        import are compared here; lots that agree are only read.

        :param int limit: lots compared per committed step
        """
        domain = [
            ("state", "!=", LOT_CLOSED),
            # What was granted or moved here by hand follows no payment.
            "|",
            ("invoice_id", "!=", False),
            ("parent_id", "!=", False),
        ]
        last_id = 0
        remaining = self.search_count(domain)
        while lots := self.search(
            [("id", ">", last_id), *domain], limit=limit, order="id"
        ):
            last_id = lots[-1].id
            remaining = max(remaining - len(lots), 0)
            strays_of_all = lots._filtered_following()._filtered_out_of_step()
            for budget, strays in strays_of_all.grouped("budget_id").items():
                budget._try_and_note(
                    lambda _budget, lots=strays: lots._sync_with_invoice()
                )
            if not self.env["ir.cron"]._commit_progress(len(lots), remaining=remaining):
                break

    def _filtered_out_of_step(self):
        gaps = self._get_gaps()
        return self.filtered(
            lambda lot: (
                not lot.currency_id.is_zero(gaps[lot])
                and not (lot.is_paid_late and gaps[lot] > 0)
            )
        )
