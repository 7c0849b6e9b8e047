from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import (
    EVENT_FAILED,
    EVENT_KINDS,
    EVENT_PENDING,
    EVENT_PUBLISHED,
    EVENT_STATES,
    MAX_EVENT_TRIES,
)


class PrepaidEvent(models.Model):
    """Something that happened to a budget, for automation rules and webhooks (BF69).

    It is recorded in the transaction in which it happened and published by a job, in a
    transaction of its own, when its state becomes *Published*. That is what automation
    rules wait for: whatever they do, and however they fail, no deduction and no payment
    is held up by them.
    """

    _name = "prepaid.event"
    _inherit = "prepaid.retry.mixin"
    _description = "Prepaid Event"
    _order = "id desc"
    _retry_minutes = 5

    name = fields.Char("What happened", required=True, readonly=True)
    kind = fields.Selection(EVENT_KINDS, required=True, readonly=True)
    date = fields.Datetime(
        required=True, readonly=True, default=lambda self: fields.Datetime.now()
    )
    budget_id = fields.Many2one(
        "prepaid.budget", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(
        "res.currency",
        "Unit",
        required=True,
        readonly=True,
        help="What the figures are counted in: a currency, or hours.",
    )
    balance = fields.Monetary("Balance then", readonly=True)
    amount = fields.Monetary(
        readonly=True,
        help="The amount that was crossed, that was bought, or that expires.",
    )
    expires_on = fields.Date(readonly=True)
    state = fields.Selection(
        EVENT_STATES, required=True, readonly=True, default=EVENT_PENDING
    )

    _pending_index = models.Index(f"(id) WHERE state = '{EVENT_PENDING}'")

    def write(self, vals):
        """An event stays as it is.

        :raise UserError: a person changes it
        """
        if not self.env.su:
            raise UserError(
                self.env._(
                    "%(event)s has happened: events cannot be changed. Use Publish "
                    "again to run the automation rules once more.",
                    event=self[:1].name,
                )
            )
        return super().write(vals)

    # === RECORDING === #

    @api.model
    def _record(self, kind, budgets_vals):
        """Record events; they are published after the commit.

        :param str kind: one of EVENT_KINDS
        :param list budgets_vals: tuples (`prepaid.budget`, dict of `name` and, if
            known, `amount` in the unit of the budget and `expires_on`)
        :return: the new `prepaid.event`
        """
        if not budgets_vals:
            return self
        events_sudo = self.sudo().create(  # written by the system only
            [
                {
                    "kind": kind,
                    "budget_id": budget.id,
                    "partner_id": budget.partner_id.id,
                    "company_id": budget.company_id.id,
                    "currency_id": budget.currency_id.id,
                    "balance": budget.balance,
                    **vals,
                }
                for budget, vals in budgets_vals
            ]
        )
        self._trigger_publishing()
        return events_sudo.sudo(self.env.su)

    @api.model
    def _trigger_publishing(self, at=None):
        """Let the job run after the commit, or at a later time.

        :param datetime at: not before
        """
        xmlid = "prepaid_billing.ir_cron_publish_events"
        # No deduction fails because somebody deleted the job.
        if cron := self.env.ref(xmlid, raise_if_not_found=False):
            cron.sudo()._trigger(at)  # in whose transaction it happened is no matter

    # === PUBLISHING === #

    @api.model
    def _cron_publish(self, limit=200):
        """Publish what has happened, in its order, each event in a step of its own.

        :param int limit: events of one run; the rest follows at once
        """
        self = self.sudo()  # events are written by the system only, whoever runs it
        self._tell_due(
            limit,
            lambda event: event._publish(),
            lambda event, error: event._note_failure(error),
        )

    def _publish(self):
        """Let automation rules act on this event; hook for other ways to tell."""
        self.ensure_one()
        if self.state == EVENT_PENDING:
            self.write({"state": EVENT_PUBLISHED, "next_try": False, "error": False})
            self.flush_recordset()

    def _note_failure(self, error):
        """Try again later, or give up and tell the responsible.

        :param str error: what an automation rule said
        """
        self.ensure_one()
        self.error = error
        if self.tries < MAX_EVENT_TRIES:
            self._trigger_publishing(self.next_try)
            return
        self.state = EVENT_FAILED
        self.budget_id._schedule_activity(
            self.env._(
                "An automation rule failed (%(error)s): %(event)s",
                error=error,
                event=self.name,
            )
        )

    def action_publish_again(self):
        """Let the automation rules act on these events once more.

        :raise AccessError: the user does not manage budgets
        """
        self.check_access("read")
        self.env["prepaid.budget"].check_access("write")
        events_sudo = self.sudo()  # written by the system only
        events_sudo.write(
            {"state": EVENT_PENDING, "tries": 0, "next_try": False, "error": False}
        )
        self._trigger_publishing()
