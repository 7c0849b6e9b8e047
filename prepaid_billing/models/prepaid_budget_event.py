from odoo import api, fields, models

from ..const import (
    CREDIT,
    EVENT_ALERT,
    EVENT_EXPIRING,
    EVENT_INVOICED,
    EVENT_LOW,
    EVENT_REPLENISHED,
    EVENT_SUSPENDED,
    LOT_PENDING,
    NOTICE_EXPIRY,
    REINSTATE,
)

PRECOMMIT_KEY = "prepaid_billing.events"


class PrepaidBudgetEvent(models.Model):
    """When the events of budgets happen."""

    _inherit = "prepaid.budget"

    event_ids = fields.One2many(
        "prepaid.event",
        "budget_id",
        "Events",
        readonly=True,
        groups="prepaid_billing.group_user",
    )
    is_low_told = fields.Boolean(
        readonly=True,
        copy=False,
        groups="base.group_no_one",
        help="The balance was below the threshold when it was last looked at.",
    )

    def write(self, vals):
        """Another threshold can make a budget low, too."""
        result = super().write(vals)
        if "threshold" in vals:
            self._watch_threshold_later()
        return result

    def _after_balance_change(self):
        """Look whether the balance has fallen when all is booked."""
        result = super()._after_balance_change()
        self._watch_threshold_later()
        return result

    def _watch_threshold_later(self):
        precommit = self.env.cr.precommit
        if PRECOMMIT_KEY not in precommit.data:
            precommit.data[PRECOMMIT_KEY] = set()
            precommit.add(self.env(su=True)["prepaid.budget"]._watch_thresholds)
        precommit.data[PRECOMMIT_KEY].update(self.ids)

    def _watch_thresholds(self):
        """Record once that a balance has fallen; again after it was back.

        A budget that never had credit has not fallen (B91).
        """
        ids = self.env.cr.precommit.data.pop(PRECOMMIT_KEY, ())
        budgets = self.browse(sorted(ids)).exists()
        budgets.filtered(lambda b: b.is_low_told and not b.is_low).is_low_told = False
        fallen = budgets.filtered(
            lambda b: (
                b.is_low
                and not b.is_low_told
                # Lots are few, entries are not. A debt may come before all credit.
                and (b.balance or any(lot.state != LOT_PENDING for lot in b.lot_ids))
            )
        )
        fallen.is_low_told = True
        self.env["prepaid.event"]._record(
            EVENT_LOW,
            [
                (b, {"name": b._get_low_sentence(), "amount": b.threshold})
                for b in fallen
            ],
        )

    def _get_low_sentence(self):
        self.ensure_one()
        return self.env._(
            "%(budget)s: %(balance)s is below the threshold %(threshold)s",
            budget=self.name,
            balance=self._format_quantity(self.balance),
            threshold=self._format_quantity(self.threshold),
        )

    def _post_entries(self, movements):
        """Record that bought credit has arrived."""
        entries = super()._post_entries(movements)
        # By the movements: a large deduction reads none of its rows.
        bought = entries.browse(
            id_
            for id_, movement in zip(entries.ids, movements, strict=True)
            if movement["kind"] in (CREDIT, REINSTATE) and movement["quantity"] > 0
        )
        self.env["prepaid.event"]._record(
            EVENT_REPLENISHED,
            [
                (
                    entry.budget_id,
                    {
                        "name": self.env._(
                            "%(budget)s: %(amount)s of %(lot)s can be used",
                            budget=entry.budget_id.name,
                            amount=entry.budget_id._format_quantity(entry.quantity),
                            lot=entry.name,
                        ),
                        "amount": entry.quantity,
                        "balance": entry.balance_after,
                    },
                )
                for entry in bought
            ],
        )
        return entries

    def _tell_suspended(self, failed):
        """Record that nothing is charged any more."""
        result = super()._tell_suspended(failed)
        self.env["prepaid.event"]._record(
            EVENT_SUSPENDED, [(self, {"name": self._get_suspension_reason(failed)})]
        )
        return result


class PrepaidAlertNoticeEvent(models.Model):
    _inherit = "prepaid.alert.notice"

    @api.model_create_multi
    def create(self, vals_list):
        """What people are told by mail, programs are told as well."""
        notices = super().create(vals_list)
        expiring = notices.filtered(lambda notice: notice.kind == NOTICE_EXPIRY)
        Event = self.env["prepaid.event"]
        Event._record(EVENT_EXPIRING, expiring._prepare_events_vals())
        Event._record(EVENT_ALERT, (notices - expiring)._prepare_events_vals())
        return notices

    def _prepare_events_vals(self):
        return [
            (
                notice.budget_id,
                {
                    "name": notice._get_sentence(),
                    "amount": notice.amount,
                    "expires_on": notice.expires_on,
                },
            )
            for notice in self
        ]


class PrepaidReplenishmentEvent(models.Model):
    _inherit = "prepaid.replenishment"

    @api.model_create_multi
    def create(self, vals_list):
        """Record the top-up invoices that were made by themselves."""
        episodes = super().create(vals_list)
        self.env["prepaid.event"]._record(
            EVENT_INVOICED,
            [
                (
                    episode.budget_id,
                    {
                        "name": self.env._(
                            "%(budget)s: %(invoice)s over %(amount)s was made",
                            budget=episode.budget_id.name,
                            invoice=episode.invoice_id.name
                            or self.env._("a draft invoice"),
                            amount=episode.budget_id._format_quantity(episode.quantity),
                        ),
                        "amount": episode.quantity,
                    },
                )
                for episode in episodes
                if episode.invoice_id
            ],
        )
        return episodes
