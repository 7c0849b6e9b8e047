from datetime import datetime, timezone

from odoo import api, fields, models

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment_stripe.const import CURRENCY_DECIMALS

from ..const import (
    DISPUTE_DECIDED_STATES,
    DISPUTE_INQUIRY_CLOSED,
    DISPUTE_OPEN,
    DISPUTE_OPEN_STATES,
    DISPUTE_STATES,
    DISPUTE_STATUSES,
    DISPUTE_WON,
)

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
                ("operation", "not in", ("refund", "validation")),
            ],
            limit=1,
        )

    def _take_over_dispute(self, dispute):
        """Keep the facts and tell those concerned, once per change.

        Events come several times and in any order: what is decided stays decided.

        :param dict dispute: Stripe's dispute
        """
        self.ensure_one()
        state = DISPUTE_STATUSES.get(dispute.get("status"), DISPUTE_OPEN)
        is_same = dispute["id"] == self.stripe_dispute_ref
        before = is_same and self.stripe_dispute_state
        if before in ENDED:
            return
        self.write(self._prepare_dispute_vals(dispute, state))
        is_serious = state in DISPUTE_OPEN_STATES or state in DISPUTE_DECIDED_STATES
        if is_serious and before not in DISPUTE_OPEN_STATES:
            self._after_autopay_dispute(self.stripe_dispute_amount)
        if state in DISPUTE_DECIDED_STATES:
            self._after_autopay_dispute_closed(
                state == DISPUTE_WON, self.stripe_dispute_amount
            )

    def _prepare_dispute_vals(self, dispute, state):
        due = (dispute.get("evidence_details") or {}).get("due_by")
        return {
            "stripe_dispute_ref": dispute["id"],
            "stripe_dispute_state": state,
            "stripe_dispute_amount": payment_utils.to_major_currency_units(
                dispute.get("amount") or 0,
                self.currency_id,
                arbitrary_decimal_number=CURRENCY_DECIMALS.get(self.currency_id.name),
            ),
            "stripe_dispute_reason": dispute.get("reason"),
            "stripe_dispute_due": due and _from_timestamp(due),
        }


def _from_timestamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)
