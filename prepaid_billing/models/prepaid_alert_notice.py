from odoo import api, fields, models
from odoo.tools import format_date

from ..const import (
    MAX_MAIL_TRIES,
    NOTICE_EXPIRY,
    NOTICE_FAILED,
    NOTICE_KINDS,
    NOTICE_LOW,
    NOTICE_PENDING,
    NOTICE_SENT,
    NOTICE_STATES,
)


class PrepaidAlertNotice(models.Model):
    """One thing that people are told by mail: a fallen balance, a lot about to expire.

    It is recorded in the transaction that caused it and mailed after that was
    committed: a mail server that is down never stops a deduction (B92).
    """

    _name = "prepaid.alert.notice"
    _inherit = "prepaid.retry.mixin"
    _description = "Prepaid Alert Notice"
    _order = "id desc"

    budget_id = fields.Many2one(
        "prepaid.budget", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="budget_id.currency_id")
    kind = fields.Selection(
        NOTICE_KINDS, required=True, readonly=True, default=NOTICE_LOW
    )
    date = fields.Date(required=True, readonly=True)
    balance = fields.Monetary(readonly=True)
    amount = fields.Monetary(
        readonly=True, help="Lowest amount that was crossed, or what expires."
    )
    crossed = fields.Char("All amounts crossed", readonly=True)
    lot_id = fields.Many2one("prepaid.lot", readonly=True, ondelete="set null")
    expires_on = fields.Date(readonly=True)
    tell_user = fields.Boolean("To the responsible", readonly=True)
    tell_customer = fields.Boolean("To the customer", readonly=True)
    told_partner_ids = fields.Many2many("res.partner", string="Told", readonly=True)
    state = fields.Selection(
        NOTICE_STATES, required=True, readonly=True, default=NOTICE_PENDING
    )

    _pending_index = models.Index(f"(id) WHERE state = '{NOTICE_PENDING}'")

    # === WORDS === #

    def _get_sentence(self):
        """Return what happened, in the language of the reader."""
        self.ensure_one()
        budget = self.budget_id
        if self.kind == NOTICE_EXPIRY:
            return self.env._(
                "%(amount)s of %(budget)s expire after %(day)s.",
                amount=budget._format_quantity(self.amount),
                budget=budget.name,
                day=format_date(self.env, self.expires_on),
            )
        return self.env._(
            "The balance of %(budget)s has fallen below %(amount)s: %(balance)s left.",
            amount=budget._format_quantity(self.amount),
            budget=budget.name,
            balance=budget._format_quantity(self.balance),
        )

    # === SENDING === #

    @api.model
    def _cron_send(self, limit=100):
        """Send what is due, each notice in a transaction of its own.

        :param int limit: notices of one run; the rest follows at once
        """
        self._tell_due(
            limit,
            lambda notice: notice._send(),
            lambda notice, error: notice._note_outcome(error),
        )

    def _send(self):
        """Mail those who have not been told yet, and keep how that went."""
        self.ensure_one()
        if self.state != NOTICE_PENDING:
            return
        errors = []
        for partner, template in self._get_recipients():
            if partner in self.told_partner_ids:
                continue
            if error := self._mail(partner, template):
                errors.append(f"{partner.name}: {error}")
            else:
                self.told_partner_ids += partner
        self._note_outcome("; ".join(errors))

    def _get_recipients(self):
        """Return (`res.partner`, `mail.template`), one for each address."""
        self.ensure_one()
        budget = self.budget_id
        staff = budget.user_id.partner_id if self.tell_user else self.env["res.partner"]
        recipients = {}
        if staff:
            template = self.env.ref("prepaid_billing.mail_template_alert_staff")
            recipients[staff.email_normalized or staff.id] = (staff, template)
        if self.tell_customer:
            customer = budget._get_alert_partner()
            template = self.env.ref("prepaid_billing.mail_template_alert_customer")
            recipients.setdefault(
                customer.email_normalized or customer.id, (customer, template)
            )
        return list(recipients.values())

    def _mail(self, partner, template):
        """Send one mail now.

        :param partner: `res.partner` to be told
        :param template: `mail.template`
        :return: why it was not sent, or False
        """
        self.ensure_one()
        if not partner.email_normalized:
            return self.env._("no e-mail address")
        mail_id = template.send_mail(
            self.id,
            email_values={
                "recipient_ids": [(6, 0, partner.ids)],
                "email_to": False,
            },
        )
        mail = self.env["mail.mail"].browse(mail_id)
        mail.send()
        # Sent mails are deleted; what a slow server has queued is on its way.
        if not mail.exists() or mail.state in ("sent", "outgoing"):
            return False
        reason = mail.failure_reason or self.env._("the mail server does not answer")
        mail.unlink()
        return reason

    def _note_outcome(self, error):
        """Keep how a try went: done, to be repeated, or given up.

        :param str error: why not everybody was told; empty when all were
        """
        self.ensure_one()
        if not error:
            self.write({"state": NOTICE_SENT, "error": False, "next_try": False})
            return
        self.error = error
        if self.tries < MAX_MAIL_TRIES:
            self._trigger_sending(self.next_try)
            return
        self.state = NOTICE_FAILED
        self.budget_id._schedule_activity(
            self.env._(
                "No mail could be sent (%(error)s): %(sentence)s",
                error=error,
                sentence=self._get_sentence(),
            )
        )

    @api.model
    def _trigger_sending(self, at=None):
        """Let the job run after the commit, or at a later time.

        :param datetime at: not before
        """
        xmlid = "prepaid_billing.ir_cron_send_alerts"
        # No deduction fails because somebody deleted the job.
        if cron := self.env.ref(xmlid, raise_if_not_found=False):
            cron._trigger(at)
