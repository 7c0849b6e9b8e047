from odoo import api, fields, models

from ..const import (
    EPISODE_DONE,
    EPISODE_OPEN,
    EPISODE_STATES,
    EPISODE_SUPPRESSED,
    TRIGGER_LOW,
    TRIGGERS,
)


class PrepaidReplenishment(models.Model):
    """One episode of a budget below its threshold, or one top-up by the calendar.

    The database allows one that is not done per budget: whatever runs twice, in two
    workers, or is killed half-way, a budget has one open top-up invoice at most.
    """

    _name = "prepaid.replenishment"
    _description = "Prepaid Replenishment"
    _order = "id desc"

    budget_id = fields.Many2one(
        "prepaid.budget", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    date = fields.Date(required=True, readonly=True, help="In the company's time zone.")
    state = fields.Selection(
        EPISODE_STATES, required=True, readonly=True, default=EPISODE_OPEN
    )
    trigger = fields.Selection(
        TRIGGERS, "Because of", required=True, readonly=True, default=TRIGGER_LOW
    )
    balance = fields.Monetary("Balance found", readonly=True)
    threshold = fields.Monetary(readonly=True)
    quantity = fields.Monetary("Top-up", readonly=True)
    is_target_missed = fields.Boolean(
        "Target not reached",
        readonly=True,
        help="The largest amount of one invoice was less than what was missing.",
    )
    has_invoice = fields.Boolean(
        readonly=True, help="An invoice was made, also if it was deleted since."
    )
    invoice_id = fields.Many2one(
        "account.move", readonly=True, ondelete="set null", index="btree_not_null"
    )
    outcome = fields.Char(readonly=True)

    _one_open = models.UniqueIndex(
        f"(budget_id) WHERE state IN ('{EPISODE_OPEN}', '{EPISODE_SUPPRESSED}')"
    )

    @api.depends("budget_id", "date")
    def _compute_display_name(self):
        for episode in self:
            episode.display_name = f"{episode.budget_id.display_name} {episode.date}"

    def _has_invoice_left(self):
        """Whether the invoice was neither deleted nor canceled nor credited."""
        self.ensure_one()
        invoice = self.invoice_id
        is_taken_away = invoice.state == "cancel" or invoice.payment_state == "reversed"
        return bool(invoice) and not is_taken_away

    # === TRANSITIONS === #

    def _close(self, outcome):
        """End the episode; the next time below the threshold starts a new one.

        :param str outcome: what ended it, shown to staff
        """
        self.write({"state": EPISODE_DONE, "outcome": outcome})

    def _suppress(self, outcome):
        """Somebody took the invoice away: do not make it again by ourselves.

        :param str outcome: what happened to the invoice
        """
        self.write({"state": EPISODE_SUPPRESSED, "outcome": outcome})

    def _rearm(self):
        """Allow a new top-up although the last one was taken away by hand."""
        self.filtered(lambda e: e.state == EPISODE_SUPPRESSED)._close(
            self.env._("Re-armed by %(user)s", user=self.env.user.name)
        )

    def _close_if_settled(self):
        """Follow the invoice: paid ends the episode, taken away suppresses it."""
        for episode in self.filtered(lambda e: e.state == EPISODE_OPEN):
            invoice = episode.invoice_id
            if not invoice:
                if episode.has_invoice:
                    episode._suppress(self.env._("The invoice was deleted"))
            elif invoice.state == "cancel":
                episode._suppress(
                    self.env._("%(invoice)s was canceled", invoice=invoice.name)
                )
            elif invoice.payment_state == "reversed":
                episode._suppress(
                    self.env._("%(invoice)s was credited", invoice=invoice.name)
                )
            elif not invoice._is_prepaid_open():
                episode._close(self.env._("%(invoice)s settled", invoice=invoice.name))
