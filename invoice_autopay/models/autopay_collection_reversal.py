from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import STOPPED


class AutopayCollectionReversal(models.Model):
    """Money that went back: what is kept as credit, owed again, or forgiven."""

    _inherit = "autopay.collection"

    surplus = fields.Monetary(
        "Received twice",
        compute="_compute_surplus",
        help="Payments for this invoice that found nothing open.",
    )
    refund_ids = fields.Many2many(
        "payment.transaction",
        string="Refunds to decide on",
        compute="_compute_refund_ids",
        help="Money that went back while the invoice still counts as paid.",
    )

    @api.depends("move_id.transaction_ids.payment_id.is_reconciled")
    def _compute_surplus(self):
        for collection in self:
            lines = collection._get_payments()._get_autopay_receivable_lines()
            unused = -sum(lines.mapped("amount_residual_currency"))
            on_its_way_back = -sum(collection._get_unbooked_refunds().mapped("amount"))
            owed = collection.move_id.amount_residual
            collection.surplus = max(unused - on_its_way_back - owed, 0.0)

    @api.depends(
        "move_id.transaction_ids.child_transaction_ids.payment_id.is_reconciled"
    )
    def _compute_refund_ids(self):
        for collection in self:
            refunds = collection._get_transactions().child_transaction_ids.filtered(
                lambda tx: tx.operation == "refund" and tx.state == "done"
            )
            collection.refund_ids = refunds.filtered(
                lambda tx: tx.payment_id._get_autopay_receivable_lines()
            )

    def _get_transactions(self):
        """Return the payments by which money was received for these invoices."""
        # Who decides may not see all transactions.
        transactions_sudo = self.move_id.sudo().transaction_ids
        return transactions_sudo.filtered(lambda tx: tx.state == "done")

    def _get_unbooked_refunds(self):
        """Return what was asked to be sent back and is not in the books yet."""
        return self._get_transactions().child_transaction_ids.filtered(
            lambda tx: (
                tx.operation == "refund"
                and tx.state not in ("error", "cancel")
                and not tx.payment_id
            )
        )

    def _get_payments(self):
        return self._get_transactions().payment_id

    # === RECEIVED TWICE === #

    def _note_surplus(self, transaction):
        """A second payment arrived: it is kept as credit, and a person is told (P23).

        :param transaction: `payment.transaction` whose payment found nothing open
        """
        self.ensure_one()
        self._ask_responsible(
            self.env._(
                "%(amount)s were received twice for %(invoice)s: kept as credit. "
                "Refund it from the automatic payment, or use it for another invoice.",
                amount=transaction.currency_id.format(self.surplus),
                invoice=self.display_name,
            )
        )

    def action_refund_surplus(self):
        """Send back what was received twice for this invoice (P23).

        :raise UserError: nothing was received twice, or the provider refused
        """
        self._check_billing_access()
        self.ensure_one()
        self.sudo()._lock()  # one refund, from however many clicks
        if not self.surplus:
            raise UserError(
                self.env._("%s: nothing was received twice.", self.display_name)
            )
        surplus_of = self._get_transactions().filtered(
            lambda tx: tx.payment_id._get_autopay_receivable_lines()
        )
        rest, failed = surplus_of._refund_newest_first(self.surplus)
        self._report_refund(rest, failed)
        self.env.ref("payment.cron_post_process_payment_tx")._trigger()

    def _report_refund(self, rest, failed):
        """Tell which refunds failed, and what is left to send back.

        :raise UserError: something was not sent back
        """
        if failed or not self.currency_id.is_zero(rest):
            raise UserError(
                self.env._(
                    "%(invoice)s: %(rest)s could not be sent back (%(failed)s). Try "
                    "again later, or send it by bank transfer.",
                    invoice=self.display_name,
                    rest=self.currency_id.format(rest),
                    failed=", ".join(
                        f"{tx.reference}: {tx.state_message or ''}" for tx in failed
                    ),
                )
            )

    # === REFUNDED: STILL OWED, OR FORGIVEN === #

    def _note_refund(self, refund):
        """Ask the responsible what the refund means.

        :param refund: `payment.transaction` by which the money went back
        """
        self.ensure_one()
        self._ask_responsible(
            self.env._(
                "%(amount)s of %(invoice)s were sent back: say on its automatic "
                "payment whether it is still owed or forgiven",
                amount=self.currency_id.format(-refund.amount),
                invoice=self.display_name,
            )
        )
        self._after_reversal()

    def _after_reversal(self):
        """React to money that went back, or came back; hook for the apps."""

    def action_still_owed(self):
        """The refunded part is open again; it is not charged again by itself (P32).

        :raise UserError: nothing was sent back
        """
        for collection in self:
            refunds = collection._get_refunds_to_decide()
            for refund in refunds:
                collection._reopen(refund)
            collection.sudo().write(  # written by the system only
                {
                    "state": STOPPED,
                    "date": False,
                    "reason": self.env._("Refunded and still owed: not charged again"),
                }
            )
            collection._after_reversal()

    def _reopen(self, refund):
        """Take the refunded payment from the invoice, and settle it by its refund."""
        payment = refund.source_transaction_id.payment_id
        lines = payment.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        refund_lines = refund.payment_id._get_autopay_receivable_lines()
        invoice_lines = lines.matched_debit_ids.debit_move_id
        lines.matched_debit_ids.unlink()
        (lines | refund_lines).reconcile()
        rest = (lines | invoice_lines).filtered(lambda line: not line.reconciled)
        if lines & rest:
            rest.reconcile()

    def action_forgiven(self):
        """The refunded part need not be paid: a credit note settles the refund (P32).

        :return: action that opens the credit note where only a part was sent back
        :raise UserError: nothing was sent back
        """
        self.ensure_one()
        refunds = self._get_refunds_to_decide()
        credit_note = self.move_id._reverse_moves(
            [
                {
                    "invoice_date": self.company_id._get_autopay_today(),
                    "ref": self.env._("Refund of %s, forgiven", self.move_id.name),
                }
            ]
        )
        amount = -sum(refunds.mapped("amount"))
        if self.currency_id.compare_amounts(credit_note.amount_total, amount):
            # Which lines are forgiven is for a person to say.
            return {
                "type": "ir.actions.act_window",
                "res_model": "account.move",
                "res_id": credit_note.id,
                "view_mode": "form",
            }
        credit_note.action_post()
        lines = credit_note.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        (lines | refunds.payment_id._get_autopay_receivable_lines()).reconcile()
        self._after_reversal()
        return False

    def _get_refunds_to_decide(self):
        self.ensure_one()
        self._check_billing_access()
        if not self.refund_ids:
            raise UserError(
                self.env._("%s: no refund waits for a decision.", self.display_name)
            )
        return self.refund_ids
