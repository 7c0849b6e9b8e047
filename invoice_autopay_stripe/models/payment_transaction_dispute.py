from contextlib import contextmanager

from odoo import api, fields, models

from ..const import (
    DISPUTE_DECIDED_STATES,
    DISPUTE_INQUIRY,
    DISPUTE_INQUIRY_CLOSED,
    DISPUTE_LOST,
    DISPUTE_OPEN,
    DISPUTE_OPEN_STATES,
    DISPUTE_STATES,
    DISPUTE_STATUSES,
    DISPUTE_WON,
    WITHOUT_INTENT,
)
from ..times import from_stripe_time

#: Nothing follows them.
ENDED = (*DISPUTE_DECIDED_STATES, DISPUTE_INQUIRY_CLOSED)


class PaymentTransactionDispute(models.Model):
    """Disputes: the facts are kept here, what follows is `invoice_autopay`'s (P34)."""

    _inherit = "payment.transaction"

    stripe_dispute_ref = fields.Char("Dispute", readonly=True, copy=False)
    stripe_dispute_state = fields.Selection(
        DISPUTE_STATES, "State of the dispute", readonly=True, copy=False
    )
    stripe_dispute_amount = fields.Monetary(
        "Disputed amount", readonly=True, copy=False
    )
    stripe_dispute_reason = fields.Char("Reason given", readonly=True, copy=False)
    stripe_dispute_due = fields.Datetime(
        "Answer until", readonly=True, copy=False, help="In UTC."
    )

    stripe_dispute_created = fields.Integer(
        readonly=True, copy=False, help="When the dispute began, in Stripe's time."
    )

    @api.model
    def _find_disputed(self, dispute):
        """Return the transaction whose charge is disputed.

        :param dict dispute: Stripe's dispute
        """
        intent = dispute.get("payment_intent")
        if not intent:
            return self.browse()
        return self.search(
            [
                ("provider_code", "=", "stripe"),
                ("provider_reference", "=", intent),
                ("operation", "not in", WITHOUT_INTENT),
            ],
            limit=1,
        )

    def _take_over_dispute(self, dispute):
        """Keep the facts and tell those concerned, once per change.

        Events come several times and in any order: what is decided stays decided. Of
        several disputes the latest is shown; each that is lost is booked once.

        :param dict dispute: Stripe's dispute
        """
        self.ensure_one()
        self._touch()
        state = DISPUTE_STATUSES.get(dispute.get("status"), DISPUTE_OPEN)
        if self._is_dispute_older(dispute):
            if state == DISPUTE_LOST:
                self._take_over_lost_before(dispute)
            return
        is_same = dispute["id"] == self.stripe_dispute_ref
        before = is_same and self.stripe_dispute_state
        if before in ENDED:
            return
        self.write(self._prepare_dispute_vals(dispute, state))
        if state == DISPUTE_INQUIRY and not before:
            self._tell_inquiry()
        is_serious = state in DISPUTE_OPEN_STATES or state in DISPUTE_DECIDED_STATES
        if is_serious and before not in DISPUTE_OPEN_STATES:
            self._after_autopay_dispute(self.stripe_dispute_amount)
        if state in DISPUTE_DECIDED_STATES:
            amount = self.stripe_dispute_amount
            if self._is_dispute_booked(dispute):
                amount = 0.0
            with self._book_dispute(dispute):
                self._after_autopay_dispute_closed(state == DISPUTE_WON, amount)

    def _touch(self):
        """Let one of two concurrent events be tried again, on what the other wrote."""
        self.env.cr.execute(
            "UPDATE payment_transaction SET stripe_dispute_ref = stripe_dispute_ref"
            " WHERE id = %s",
            [self.id],
        )

    def _is_dispute_older(self, dispute):
        """Whether a later dispute of the same charge is known.

        :param dict dispute: Stripe's dispute
        """
        known = self.stripe_dispute_created or 0, self.stripe_dispute_ref or ""
        return (dispute.get("created") or 0, dispute["id"]) < known

    def _take_over_lost_before(self, dispute):
        """Book a dispute that was lost when a later one is known already.

        :param dict dispute: Stripe's dispute
        """
        if self._is_dispute_booked(dispute):
            return
        with self._book_dispute(dispute):
            self._create_dispute_refund(
                self._to_stripe_major(dispute.get("amount") or 0)
            )
        self._get_autopay_collections()._after_reversal()

    def _is_dispute_booked(self, dispute):
        return any(
            child.operation == "refund" and child.provider_reference == dispute["id"]
            for child in self.child_transaction_ids
        )

    @contextmanager
    def _book_dispute(self, dispute):
        """Write the dispute on the refund that is made for it.

        :param dict dispute: Stripe's dispute
        """
        known = self.child_transaction_ids
        yield
        made = self.child_transaction_ids - known
        made.provider_reference = dispute["id"]

    def _tell_inquiry(self):
        """Ask the responsible to answer: no money was taken back, but could be."""
        for collection in self._get_autopay_collections():
            collection._ask_responsible(
                self.env._(
                    "%(invoice)s: the customer's bank asks about a payment of "
                    "%(amount)s. Answer on Stripe's site, else it becomes a dispute.",
                    invoice=collection.display_name,
                    amount=self.currency_id.format(self.stripe_dispute_amount),
                )
            )

    def _prepare_dispute_vals(self, dispute, state):
        due = (dispute.get("evidence_details") or {}).get("due_by")
        return {
            "stripe_dispute_ref": dispute["id"],
            "stripe_dispute_state": state,
            "stripe_dispute_created": dispute.get("created") or 0,
            "stripe_dispute_amount": self._to_stripe_major(dispute.get("amount") or 0),
            "stripe_dispute_reason": dispute.get("reason"),
            "stripe_dispute_due": due and from_stripe_time(due),
        }
