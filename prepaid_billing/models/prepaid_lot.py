from odoo import fields, models
from odoo.exceptions import UserError

from ..const import (
    EPISODE_OPEN,
    LOT_ACTIVE,
    LOT_CLOSED,
    LOT_EXPIRED,
    LOT_KINDS,
    LOT_PENDING,
    LOT_PURCHASED,
    LOT_STATES,
    LOT_USED,
    PART_NOTHING,
    PART_PAYMENTS,
    REFUND,
    USABLE_POSTED,
    USABLE_WHEN,
    WITHDRAW,
    WITHHOLDING_KINDS,
)


class PrepaidLot(models.Model):
    """Credit bought by one invoice line, or granted for free.

    A lot is born when its invoice is posted. How much of it counts follows from the
    money that was received for the invoice, whatever way it came or went: see
    :meth:`_sync_with_invoice`. Its own terms, like its expiry, are in
    `prepaid_lot_terms.py`.
    """

    _name = "prepaid.lot"
    _description = "Prepaid Lot"
    _order = "date_from, id"

    name = fields.Char(required=True, readonly=True)
    budget_id = fields.Many2one(
        "prepaid.budget", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    state = fields.Selection(LOT_STATES, required=True, readonly=True)
    display_state = fields.Selection(
        [*LOT_STATES, (LOT_USED, "Used up"), (LOT_EXPIRED, "Expired")],
        "Status",
        compute="_compute_display_state",
        help="As people say it; the ledger goes by the state alone.",
    )
    quantity = fields.Monetary(
        "Bought",
        required=True,
        readonly=True,
        help="Credit that was bought or granted, without tax.",
    )
    remaining = fields.Monetary(required=True, readonly=True)
    date_from = fields.Date("Valid from", required=True, readonly=True)
    invoice_id = fields.Many2one(
        "account.move", readonly=True, ondelete="set null", index="btree_not_null"
    )
    invoice_line_id = fields.Many2one(
        "account.move.line", readonly=True, ondelete="set null"
    )
    refund_line_ids = fields.One2many(
        "account.move.line", "prepaid_refund_lot_id", "Credit notes", readonly=True
    )
    tax_ids = fields.Many2many("account.tax", string="Taxes", readonly=True)
    # The pack's terms on the day of the invoice: a later edit of the product must not
    # change what a customer bought.
    usable_when = fields.Selection(USABLE_WHEN, required=True, readonly=True)
    part_payment = fields.Selection(PART_PAYMENTS, required=True, readonly=True)
    allocation_ids = fields.One2many("prepaid.allocation", "lot_id", readonly=True)

    _line_unique = models.UniqueIndex(
        "(invoice_line_id) WHERE invoice_line_id IS NOT NULL"
    )
    _usable_index = models.Index("(budget_id, date_from, id) WHERE remaining > 0")
    _remaining_not_negative = models.Constraint(
        "CHECK (remaining >= 0)", "A lot cannot be used beyond what is left of it."
    )
    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "A prepaid pack must be sold for more than zero."
    )

    # === WHAT THE INVOICE ENTITLES TO === #

    def _sync_with_invoice(self, loss_kind=WITHDRAW):
        """Bring each lot to what its invoice entitles the customer to, today.

        Compares the credit booked so far with :meth:`_get_entitled` and books the
        difference; running it again does nothing. Called whenever money may have come
        or gone: posting, reconciling, un-reconciling, canceling a payment, credit note,
        and once a day for whatever no hook tells us.

        :param str loss_kind: kind of the entry when credit is taken back
        """
        self.budget_id._lock_for_ledger()
        followers = self._filtered_following()
        bonuses = followers.child_ids
        # What is free follows what was paid: after it.
        for lots in (followers - bonuses, bonuses):
            for lot, gap in lots._get_gaps().items():
                lot._close_gap(gap, loss_kind)
        self._close_settled_episodes()

    def _close_gap(self, gap, loss_kind):
        """Book what a lot gains or loses; what comes too late only pays for debt.

        :param float gap: credit to book, + gained or - lost
        :param str loss_kind: kind of the entry when credit is taken back
        """
        self.ensure_one()
        due = gap
        if gap > 0 and self._is_too_late():
            due = min(gap, self._get_withdrawn_debt()[self])
            if self.currency_id.compare_amounts(gap, due) > 0:
                self._note_late_payment(gap - due)
        if not self.currency_id.is_zero(due):
            self.budget_id._post_lot_movement(self, due, loss_kind)
        self._update_state()

    def _filtered_following(self):
        """Return the lots that an invoice gives or takes: bought, or free with it."""
        return self.filtered(
            lambda lot: (
                lot.parent_id or (lot.kind == LOT_PURCHASED and not lot.source_lot_id)
            )
        )

    def _get_gaps(self):
        """Return the credit that is to be booked, + gained or - lost, per lot.

        What expired, was revoked or added by hand stays so, whatever the invoice does.
        """
        booked, withheld = self._get_booked(), self._get_withheld()
        return {
            lot: lot.currency_id.round(
                max(lot._get_entitled() - withheld[lot], 0.0)
                - (booked[lot] - withheld[lot])
            )
            for lot in self
        }

    def _get_entitled(self):
        """Return the credit that counts now, in the budget's currency.

        ODOO19.md table B.3 is the reason not to trust `payment_state`: an invoice stays
        "paid" when its payment is reset to draft or rejected, and is "paid" by a credit
        note without any money.
        """
        self.ensure_one()
        if self.parent_id:
            return self._get_bonus_entitled()
        invoice = self.invoice_id
        if invoice.state != "posted":
            return 0.0
        bought = self.quantity - self._get_refunded()
        if self.usable_when == USABLE_POSTED:
            # Refused or returned money takes the credit back; not having paid does not.
            return bought
        share = invoice._get_prepaid_received_share()
        if (
            invoice._is_prepaid_open()
            and self.part_payment == PART_NOTHING
            and share < 1
        ):
            return 0.0
        return self.currency_id.round(bought * share)

    def _get_refunded(self):
        """Return the credit that posted credit notes have taken back."""
        self.ensure_one()
        taken = sum(self._get_posted_refund_lines().mapped("prepaid_refund_quantity"))
        return self.currency_id.round(taken)

    def _get_refunded_value(self):
        """Return the money, without tax, of posted credit notes."""
        self.ensure_one()
        # A line below zero gives nothing back, and takes nothing from the others.
        return sum(
            max(line.price_subtotal, 0.0) for line in self._get_posted_refund_lines()
        )

    def _get_posted_refund_lines(self):
        # Debit notes and new invoices made from a credit note carry the lot along too.
        return self.refund_line_ids.filtered(
            lambda ln: ln.parent_state == "posted" and ln.move_type == "out_refund"
        )

    def _get_booked(self):
        """Return the credit booked so far, per lot."""
        groups = self.env["prepaid.entry"]._read_group(
            [("lot_id", "in", self.ids), ("kind", "in", LOT_KINDS)],
            ["lot_id"],
            ["quantity:sum"],
        )
        booked = dict.fromkeys(self, 0.0)
        booked.update({lot.with_env(self.env): total for lot, total in groups})
        return booked

    def _get_withheld(self):
        """Return the credit that expired or was revoked, and did not come back."""
        groups = self.env["prepaid.entry"]._read_group(
            [("lot_id", "in", self.ids), ("kind", "in", WITHHOLDING_KINDS)],
            ["lot_id"],
            ["quantity:sum"],
        )
        withheld = dict.fromkeys(self, 0.0)
        withheld.update({lot.with_env(self.env): -total for lot, total in groups})
        return withheld

    def _get_pending(self):
        """Return the credit that payment of the invoices will still bring, per lot."""
        booked = self._get_booked()
        pending = dict.fromkeys(self, 0.0)
        for lot in self._filtered_following():
            bought = lot.quantity - lot._get_refunded()
            if lot.parent_id:
                bought = lot._get_bonus_bought()
            pending[lot] = lot.currency_id.round(bought - booked[lot])
        return pending

    def _get_refundable(self):
        """Return what a credit note may still take back, per lot: the unused part.

        What remains, plus what is not paid yet, minus what was used of a payment that
        has been withdrawn since.
        """
        pending = self._get_pending()
        debt = self._get_withdrawn_debt()
        return {
            lot: lot.currency_id.round(lot.remaining + pending[lot] - debt[lot])
            for lot in self
        }

    def _get_withdrawn_debt(self):
        """Return what was used of credit taken back and is still owed, per lot."""
        withdrawn = [("kind", "in", (WITHDRAW, REFUND)), ("lot_id", "in", self.ids)]
        debt = dict.fromkeys(self, 0.0)
        for lot, quantity, entries in self.env["prepaid.entry"]._read_group(
            withdrawn, ["lot_id"], ["quantity:sum", "id:recordset"]
        ):
            covered = sum(entries.allocation_ids.mapped("quantity"))
            debt[lot.with_env(self.env)] = covered - quantity
        return debt

    def _ensure_not_credited(self):
        """Refuse to take an invoice back while a credit note counts against it.

        :raise UserError: a posted credit note takes credit of these lots back
        """
        for lot in self.filtered(lambda lot: lot._get_refunded() > 0):
            refunds = lot.refund_line_ids.move_id.filtered(
                lambda move: move.state == "posted" and move.move_type == "out_refund"
            )
            raise UserError(
                self.env._(
                    "%(invoice)s cannot be reset to draft: %(refunds)s credits it. "
                    "Reset or cancel the credit note first.",
                    invoice=lot.invoice_id.name,
                    refunds=", ".join(refunds.mapped("name")),
                )
            )

    def _is_ever_used(self):
        """Whether any work was ever deducted from the lots, also if it was returned."""
        lots = self | self.child_ids
        return bool(
            self.env["prepaid.allocation"].search_count(
                [
                    ("lot_id", "in", lots.ids),
                    ("quantity", "<", 0),
                    # Not its own withdrawal: deducted time, or a debt of another lot.
                    "|",
                    ("entry_id.lot_id", "=", False),
                    ("entry_id.lot_id", "not in", lots.ids),
                ],
                limit=1,
            )
        )

    # === STATE === #

    def _update_state(self):
        self.ensure_one()
        state = LOT_PENDING
        sold = self.parent_id or self
        if self._is_over() or (
            sold.currency_id.compare_amounts(sold._get_refunded(), sold.quantity) >= 0
        ):
            state = LOT_CLOSED
        elif not self._filtered_following() or not self.currency_id.is_zero(
            self._get_entitled()
        ):
            state = LOT_ACTIVE
        if state != self.state:
            self.state = state

    def _detach(self):
        """Close the lots of invoices that went back to draft.

        The line that is edited and posted again makes a new lot; nothing is silently
        bound to the old one. Lots that never counted leave no trace.
        """
        self._sync_with_invoice()
        # A draft credit note loses its lot too: posting it is refused then.
        self.refund_line_ids.prepaid_refund_lot_id = False
        traceless = self.filtered(
            lambda lot: (
                not self.env["prepaid.entry"].search_count(
                    [("lot_id", "=", lot.id)], limit=1
                )
            )
        )
        (self - traceless).child_ids.state = LOT_CLOSED
        (self - traceless).write(
            {"state": LOT_CLOSED, "invoice_line_id": False, "invoice_id": False}
        )
        # The line is free for its next lot before that is inserted.
        self.flush_model(["invoice_line_id"])
        traceless.unlink()

    def _close_settled_episodes(self):
        episodes = self.env["prepaid.replenishment"].search(
            [
                ("budget_id", "in", self.budget_id.ids),
                ("state", "=", EPISODE_OPEN),
                ("invoice_id", "!=", False),
            ]
        )
        episodes._close_if_settled()
