from odoo import models
from odoo.exceptions import UserError

from ..const_accounting import PART_PAID


class AccountMovePaidBack(models.Model):
    """Payments from prepaid budgets that are undone, and what must not undo them."""

    _inherit = "account.move"

    def _get_prepaid_payments_sudo(self):
        """Return what prepaid budgets paid of these invoices and did not get back."""
        Entry_sudo = self.env["prepaid.entry"].sudo()  # whoever changes the invoice
        entries_sudo = Entry_sudo.search([("invoice_id", "in", self.ids)])
        return entries_sudo._get_unreturned()

    def _compute_payment_state(self):
        """What a credit note and a prepaid budget settled together was paid.

        Core takes any journal entry beside a credit note for a part of the reversal.
        """
        result = super()._compute_payment_state()
        reversed_moves = self.filtered(lambda move: move.payment_state == "reversed")
        paid_sudo = reversed_moves._get_prepaid_payments_sudo().invoice_id
        for move in reversed_moves:
            if move._origin.id in paid_sudo.ids:
                move.payment_state = "paid"
        return result

    def _post(self, soft=True):
        """What a credit note takes off a paid invoice goes back to the budget."""
        posted = super()._post(soft=soft)
        refunds = posted.filtered(
            lambda move: move.move_type == "out_refund" and move.reversed_entry_id
        )
        for refund in refunds:
            refund._return_prepaid_payments()
        return posted

    def _return_prepaid_payments(self):
        """Give back to budgets what this credit note takes off their invoice."""
        self.ensure_one()
        invoice = self.reversed_entry_id
        payments_sudo = invoice._get_prepaid_payments_sudo()
        if not payments_sudo:
            return
        refund_sudo, invoice_sudo = self.sudo(), invoice.sudo()  # as the payments
        invoice_sudo._lock_for_prepaid(payments_sudo.budget_id)
        for payment_sudo in payments_sudo._get_unreturned().sorted("id", reverse=True):
            open_amount = abs(refund_sudo.amount_residual)
            if self.currency_id.is_zero(open_amount):
                break
            payment_sudo._return_payments(
                self.env._("%(invoice)s was credited", invoice=invoice.name),
                keep=max(-payment_sudo.quantity - open_amount, 0.0),
                refund=refund_sudo,
            )
        invoice_sudo.invalidate_recordset()

    def button_draft(self):
        """Keep invoices that a prepaid budget paid, until the payment is taken back.

        :raise UserError: one of these invoices is paid from a prepaid budget
        """
        for payment_sudo in self._get_prepaid_payments_sudo()[:1]:
            raise UserError(
                self.env._(
                    "%(invoice)s is paid from %(budget)s: it cannot be reset to draft. "
                    "Take the payment back first (button Take payment back on the "
                    "movement of the budget), or make a credit note.",
                    invoice=payment_sudo.invoice_id.display_name,
                    budget=payment_sudo.budget_id.display_name,
                )
            )
        return super().button_draft()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """Entries that the ledger of prepaid credit points at are not reversed.

        :raise UserError: one of these entries books prepaid credit
        """
        booked_sudo = self.sudo().filtered("prepaid_recognition_ids")  # whoever
        for move in booked_sudo[:1]:
            raise UserError(
                self.env._(
                    "%(entry)s books prepaid credit that was used: it is not reversed "
                    "by hand. Return what was deducted (button Return time, or Take "
                    "payment back, on the movement of the budget); that books its own "
                    "entry.",
                    entry=move.display_name,
                )
            )
        return super()._reverse_moves(default_values_list, cancel)


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """An invoice that is no longer paid from a budget gives its credit back."""
        moves_sudo = self.sudo().credit_move_id.move_id  # whoever undoes it
        recognitions_sudo = moves_sudo.prepaid_recognition_ids.filtered(
            lambda row: row.part == PART_PAID
        )
        payments_sudo = recognitions_sudo.allocation_id.entry_id
        result = super().unlink()
        if unreturned_sudo := payments_sudo._get_unreturned():
            unreturned_sudo.budget_id._lock_for_ledger()
            unreturned_sudo._return_payments(
                self.env._("Reconciliation undone by %s", self.env.user.name)
            )
        return result
