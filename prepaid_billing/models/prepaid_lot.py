from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import (
    EPISODE_OPEN,
    LOT_ACTIVE,
    LOT_CLOSED,
    LOT_KINDS,
    LOT_PENDING,
    LOT_STATES,
    LOT_USED,
    PART_NOTHING,
    PART_PAYMENTS,
    REFUND,
    USABLE_POSTED,
    USABLE_WHEN,
    WITHDRAW,
)


class PrepaidLot(models.Model):
    """Credit bought by one invoice line.

    A lot is born when its invoice is posted. How much of it counts follows from the
    money that was received for the invoice, whatever way it came or went: see
    :meth:`_sync_with_invoice`.
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
        [*LOT_STATES, (LOT_USED, "Used up")],
        "Status",
        compute="_compute_display_state",
        help="As people say it; the ledger goes by the state alone.",
    )
    quantity = fields.Monetary(
        "Bought",
        required=True,
        readonly=True,
        help="Credit that the invoice line buys, without tax.",
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
        booked = self._get_booked()
        for lot in self:
            entitled = lot._get_entitled()
            difference = lot.currency_id.round(entitled - booked[lot])
            if not lot.currency_id.is_zero(difference):
                lot.budget_id._post_lot_movement(lot, difference, loss_kind)
            lot._update_state(entitled)
        self._close_settled_episodes()

    def _get_entitled(self):
        """Return the credit that counts now, in the budget's currency.

        ODOO19.md table B.3 is the reason not to trust `payment_state`: an invoice stays
        "paid" when its payment is reset to draft or rejected, and is "paid" by a credit
        note without any money.
        """
        self.ensure_one()
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
        # Debit notes and new invoices made from a credit note carry the lot along too.
        lines = self.refund_line_ids.filtered(
            lambda ln: ln.parent_state == "posted" and ln.move_type == "out_refund"
        )
        # A line below zero gives nothing back, and takes nothing from the others.
        return sum(max(line.price_subtotal, 0.0) for line in lines)

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

    def _get_pending(self):
        """Return the credit that payment of the invoices will still bring, per lot."""
        booked = self._get_booked()
        return {
            lot: lot.currency_id.round(lot.quantity - lot._get_refunded() - booked[lot])
            for lot in self
        }

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

    def _ensure_not_overdrawn(self, lines):
        """Refuse credit notes that take back more than the unused part of these lots.

        :param lines: `account.move.line` of the credit notes, posted by now
        :raise UserError: the message says how much is refundable
        """
        for lot, refundable in self._get_refundable().items():
            if lot.currency_id.compare_amounts(refundable, 0) >= 0:
                continue
            own = lines.filtered(lambda ln, lot=lot: ln.prepaid_refund_lot_id == lot)
            wanted = sum(own.mapped("price_subtotal"))
            raise UserError(
                self.env._(
                    "%(lot)s: %(wanted)s cannot be credited, %(refundable)s "
                    "refundable. The rest has been used.",
                    lot=lot.name,
                    wanted=lot.currency_id.format(wanted),
                    refundable=lot.currency_id.format(refundable + wanted),
                )
            )

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
        return bool(
            self.env["prepaid.allocation"].search_count(
                [
                    ("lot_id", "in", self.ids),
                    ("quantity", "<", 0),
                    # Not its own withdrawal: deducted time, or a debt of another lot.
                    "|",
                    ("entry_id.lot_id", "=", False),
                    ("entry_id.lot_id", "not in", self.ids),
                ],
                limit=1,
            )
        )

    # === STATE === #

    @api.depends("state", "remaining")
    def _compute_display_state(self):
        for lot in self:
            is_used = lot.state == LOT_ACTIVE and lot.currency_id.is_zero(lot.remaining)
            lot.display_state = LOT_USED if is_used else lot.state

    def _update_state(self, entitled):
        self.ensure_one()
        state = LOT_PENDING
        if self.currency_id.compare_amounts(self._get_refunded(), self.quantity) >= 0:
            state = LOT_CLOSED
        elif not self.currency_id.is_zero(entitled):
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

    @api.model
    def _cron_sync_lots(self, limit=1000):
        """Once a day: find lots whose money came or went without a hook telling us.

        Payments that were reset, rejected or deleted by other add-ons, by SQL or by an
        import are compared here; lots that agree are only read.

        :param int limit: lots compared per committed step
        """
        domain = [("state", "!=", LOT_CLOSED)]
        last_id = 0
        remaining = self.search_count(domain)
        while lots := self.search(
            [*domain, ("id", ">", last_id)], limit=limit, order="id"
        ):
            last_id = lots[-1].id
            remaining = max(remaining - len(lots), 0)
            for budget, strays in (
                lots._filtered_out_of_step().grouped("budget_id").items()
            ):
                budget._try_and_note(
                    lambda _budget, lots=strays: lots._sync_with_invoice()
                )
            if not self.env["ir.cron"]._commit_progress(len(lots), remaining=remaining):
                break

    def _filtered_out_of_step(self):
        booked = self._get_booked()
        return self.filtered(
            lambda lot: lot.currency_id.compare_amounts(
                lot._get_entitled(), booked[lot]
            )
        )
