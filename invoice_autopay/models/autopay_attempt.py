from odoo import api, fields, models

from ..const import (
    ACTION_NEEDED,
    ATTEMPT_STATES,
    DECLINE_CLASSES,
    DECLINED,
    DROPPED,
    ENDED_STATES,
    NEW,
    OPEN_STATES,
    SENT,
    SUCCEEDED,
)
from ..tools import lock_rows


class AutopayAttempt(models.Model):
    """One request to charge one payment method for one invoice.

    It ends once. Whatever is learned after its end is another row that points at it.
    """

    _name = "autopay.attempt"
    _description = "Charge Attempt"
    _inherit = ["autopay.history.mixin", "autopay.step.mixin"]
    _order = "move_id, number desc"
    _history_open_states = OPEN_STATES

    collection_id = fields.Many2one(
        "autopay.collection",
        "Automatic payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, readonly=True, ondelete="restrict"
    )
    number = fields.Integer(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    mandate_id = fields.Many2one(
        "autopay.mandate", required=True, readonly=True, ondelete="restrict"
    )
    token_id = fields.Many2one(
        "payment.token",
        "Payment method",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    transaction_id = fields.Many2one(
        "payment.transaction",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    state = fields.Selection(ATTEMPT_STATES, required=True, readonly=True, default=NEW)
    sent_on = fields.Datetime("Sent on", readonly=True, help="In UTC.")
    ended_on = fields.Datetime("Ended on", readonly=True, help="In UTC.")
    decline_class = fields.Selection(DECLINE_CLASSES, "Decline", readonly=True)
    code = fields.Char(readonly=True, help="The provider's own code.")
    message = fields.Char(readonly=True, help="What the provider said.")
    correction_of_id = fields.Many2one(
        "autopay.attempt",
        "Corrects",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The attempt that ended otherwise before this was learned.",
    )
    asked_count = fields.Integer(
        readonly=True, help="How often the provider was asked for the unknown answer."
    )
    is_for_staff = fields.Boolean(
        "To be decided",
        readonly=True,
        help="The answer stays unknown: a person must look at the provider's own site.",
    )

    _number_unique = models.Constraint(
        "UNIQUE (move_id, number)", "An attempt number is used once per invoice."
    )
    #: The database itself allows one open attempt per invoice.
    _one_open = models.UniqueIndex(
        "(move_id) WHERE state IN ({})".format(
            ", ".join(f"'{s}'" for s in OPEN_STATES)
        ),
        "There is an open attempt for this invoice.",
    )

    @api.depends("move_id", "number")
    def _compute_display_name(self):
        for attempt in self:
            attempt.display_name = self.env._(
                "%(invoice)s, attempt %(number)s",
                invoice=attempt.move_id.display_name,
                number=attempt.number,
            )

    # === STATES === #

    def _mark_sent(self):
        """Note that the provider is about to be asked; commit before asking."""
        self.write({"state": SENT, "sent_on": fields.Datetime.now()})

    def _move_to(self, state, message=False, code=False):
        """Note an answer that is not final.

        :param str state: one of `OPEN_STATES`
        :param str message: what the provider said
        :param str code: the provider's own code
        """
        self.ensure_one()
        if self.state != state or self.message != message:
            self.write({"state": state, "message": message, "code": code})
            self.collection_id._after_attempt(self)

    def _end(self, state, message=False, code=False, decline_class=False):
        """Note the final answer; a different answer later is another row (P40).

        :param str state: one of `ENDED_STATES`
        :param str message: what the provider said
        :param str code: the provider's own code
        :param str decline_class: one of `DECLINE_CLASSES`, when it was declined
        """
        self.ensure_one()
        if self.state == state:
            return
        vals = {
            "state": state,
            "message": message,
            "code": code,
            "decline_class": decline_class,
            "ended_on": fields.Datetime.now(),
            "is_for_staff": False,
        }
        attempt = self
        if self.state in ENDED_STATES:
            attempt = self._create_correction(vals)
        else:
            self.write(vals)
        if state in (DECLINED, DROPPED):
            attempt.transaction_id._after_autopay_declined()
        attempt.collection_id._after_attempt(attempt)

    def _drop(self, reason):
        """End these without a charge.

        :param str reason: why, for the back office
        """
        for attempt in self:
            attempt._end(DROPPED, reason)

    def _create_correction(self, vals):
        """Write another answer to the same request beside the one known before."""
        kept = [
            "collection_id",
            "move_id",
            "company_id",
            "mandate_id",
            "token_id",
            "transaction_id",
            "currency_id",
            "amount",
            "sent_on",
        ]
        known = self.read(kept, load="")[0]
        known.pop("id")
        return self.create(
            {
                **known,
                **vals,
                "number": self.move_id._get_next_autopay_number(),
                "correction_of_id": self.id,
            }
        )

    # === FOLLOWING THE TRANSACTION === #

    def _follow_transaction(self):
        """Take over what is known about the transaction now."""
        for attempt in self:
            transaction = attempt.transaction_id
            if transaction.state == "done":
                attempt._end(SUCCEEDED)
                continue
            if attempt.state in ENDED_STATES:
                continue  # only money that arrived is news
            state, decline_class = transaction._get_autopay_outcome()
            message = transaction._get_autopay_message()
            code = transaction.autopay_code
            if state == DECLINED:
                attempt._end(DECLINED, message, code, decline_class)
            elif state:
                attempt._move_to(state, message, code)
                if state == ACTION_NEEDED and transaction.state == "pending":
                    transaction.state = "draft"  # else core lets nobody pay the invoice

    @api.model
    def _count_declined(self, token, days=30):
        """Return how often a payment method was declined lately (PF47).

        The same card, saved twice, counts as one.

        :param token: `payment.token`
        :param int days: number of days to look back
        """
        since = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        declined = self.search(
            [
                ("token_id.partner_id", "=", token.partner_id.id),
                ("state", "=", DECLINED),
                ("sent_on", ">=", since),
            ]
        )
        return len(declined.filtered(lambda a: a.token_id._is_same_method(token)))

    def _lock(self):
        """Make whoever changes these attempts wait, then read them afresh."""
        self.collection_id._lock()
        lock_rows(self)
        self.env.invalidate_all(flush=False)
