from odoo import api, fields, models

from ..const import (
    DECLINED,
    DONE,
    MANDATE_ACTIVE,
    MESSAGE_KINDS,
    SCHEDULED,
    STOPPED,
    TELL_EXPIRY,
    TELL_NOTICE,
    TELL_RECEIPT,
)

#: Mail templates by kind of message.
TEMPLATES = {
    kind: f"invoice_autopay.mail_template_{kind}" for kind, _l in MESSAGE_KINDS
}


class AutopayMessage(models.Model):
    """The outbox: what customers are to be told, once each, after the commit."""

    _name = "autopay.message"
    _description = "Message about an Automatic Payment"
    _inherit = ["autopay.step.mixin"]
    _order = "id"

    collection_id = fields.Many2one(
        "autopay.collection",
        readonly=True,
        ondelete="cascade",
        help="Empty when it is about the payment method, not about an invoice.",
    )
    mandate_id = fields.Many2one(
        "autopay.mandate", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="mandate_id.company_id")
    attempt_id = fields.Many2one("autopay.attempt", readonly=True, ondelete="cascade")
    kind = fields.Selection(MESSAGE_KINDS, required=True, readonly=True)
    date = fields.Date(
        readonly=True, help="The charge it is about, in the company's time zone."
    )
    is_sent = fields.Boolean(readonly=True)

    #: The same thing is told once, whatever runs twice.
    _once = models.UniqueIndex(
        "(collection_id, kind, COALESCE(attempt_id, 0), COALESCE(date, '1900-01-01'))"
    )
    _once_per_method = models.UniqueIndex(
        "(mandate_id, kind, date) WHERE collection_id IS NULL"
    )
    _unsent = models.Index("(id) WHERE is_sent IS NOT TRUE")

    @api.model
    def _put(self, collection, kind, attempt=None):
        """Put a message into the outbox unless it is there already.

        :param collection: `autopay.collection`
        :param str kind: one of `MESSAGE_KINDS`
        :param attempt: `autopay.attempt` it is about, if any
        """
        date = (
            collection.company_id._get_autopay_today() if attempt else collection.date
        )
        self._put_once(
            {
                "collection_id": collection.id,
                "kind": kind,
                "attempt_id": attempt.id if attempt else False,
                "date": date,
            },
            collection.mandate_id,
        )

    @api.model
    def _put_expiry(self, mandate, date):
        """Tell a customer that the payment method of a mandate expires, once.

        :param mandate: `autopay.mandate`
        :param date: the day since which they should know
        """
        vals = {"mandate_id": mandate.id, "collection_id": False, "date": date}
        self._put_once({**vals, "kind": TELL_EXPIRY}, mandate)

    @api.model
    def _put_once(self, vals, mandate):
        if not self.search_count([(k, "=", v) for k, v in vals.items()], limit=1):
            self.create({**vals, "mandate_id": mandate.id})

    @api.model
    def _cron_tell(self):
        """Hand the messages of the outbox to the mail queue, each in its own step."""
        unsent = self.search([("is_sent", "=", False)])
        for done, message in enumerate(unsent, 1):
            message._try_step(lambda m: m._hand_over())
            remaining = len(unsent) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _hand_over(self):
        """Queue the mail; the queue sends it after this is committed."""
        self.ensure_one()
        if self.is_sent:
            return
        self.is_sent = True
        self.flush_recordset()  # a second worker fails here, before there is a mail
        if not self._is_overtaken():
            template = self.env.ref(TEMPLATES[self.kind])
            template.send_mail(
                self.id,
                force_send=False,
                email_layout_xmlid="mail.mail_notification_light",
            )
            self._log_on_invoice()

    def _log_on_invoice(self):
        if not self.collection_id:
            return
        labels = dict(self._fields["kind"]._description_selection(self.env))
        payer = self.collection_id.mandate_id.payer_id
        self.collection_id.move_id._message_log(
            body=self.env._(
                "Automatic payment, message to %(payer)s: %(kind)s",
                payer=payer.display_name,
                kind=labels[self.kind],
            )
        )

    def _get_method_name(self):
        """Return the payment method that this is about; for templates."""
        return (self.attempt_id or self.mandate_id).token_id.display_name or ""

    def _get_decline_text(self):
        """Say in plain words why a charge was declined; for templates."""
        declined = self.attempt_id.filtered(lambda a: a.state == DECLINED)
        return declined and self.collection_id._get_portal_decline(declined)

    def _get_pay_url(self):
        """Return the address where the invoice can be seen and paid; for templates."""
        move = self.collection_id.move_id
        return f"{self.get_base_url()}{move.get_portal_url()}"

    def _is_overtaken(self):
        """Whether this need not be said any more: the invoice is paid."""
        if not self.collection_id:
            return self.mandate_id.state != MANDATE_ACTIVE
        collection = self.collection_id
        if self.kind == TELL_NOTICE:
            return collection.state != SCHEDULED or collection.date != self.date
        return self.kind != TELL_RECEIPT and collection.state in (DONE, STOPPED)
