from odoo import api, fields, models

from ..const import CONSUME, ENTRY_KINDS
from ..const_accounting import PART_PAID
from ..const_tax import SHOWN_PAID, SHOWN_TAKEN_BACK
from .prepaid_entry import PrepaidEntry as Entry


class PrepaidEntryInvoice(models.Model):
    """Credit that paid an invoice of the customer, and came back from it."""

    _inherit = "prepaid.entry"
    _history_erasable_columns = (*Entry._history_erasable_columns, "invoice_id")

    invoice_id = fields.Many2one(
        "account.move",
        "Paid invoice",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    display_kind = fields.Selection(
        [*ENTRY_KINDS, (SHOWN_PAID, "Invoice paid"), (SHOWN_TAKEN_BACK, "Taken back")],
        "Movement",
        compute="_compute_display_kind",
        help="As people say it; the ledger goes by the kind alone.",
    )

    @api.depends("kind", "invoice_id")
    def _compute_display_kind(self):
        for entry in self:
            entry.display_kind = entry.kind
            if entry.invoice_id:
                is_paid = entry.kind == CONSUME
                entry.display_kind = SHOWN_PAID if is_paid else SHOWN_TAKEN_BACK

    def _get_hours_left(self):
        """What paid an invoice is no time: it is returned in whole or not at all."""
        payments = self.filtered("invoice_id")
        left = super(PrepaidEntryInvoice, self - payments)._get_hours_left()
        returned = self.search([("origin_id", "in", payments.ids)]).origin_id
        return left | {entry: float(entry not in returned) for entry in payments}

    def _prepare_release_movement(self, reason=False):
        """What comes back says which invoice it had paid."""
        return {
            **super()._prepare_release_movement(reason),
            "invoice_id": self.invoice_id.id,
        }

    def _get_payment_lines(self):
        """Return the receivable items by which these entries paid their invoices."""
        recognitions = self.env["prepaid.recognition"].search(
            [
                ("allocation_id", "in", self.allocation_ids.ids),
                ("part", "=", PART_PAID),
            ]
        )
        return recognitions.move_id.line_ids.filtered(
            lambda line: line.account_id in recognitions.account_id
        )

    def action_return_time(self):
        """Take payments of invoices back, too: the invoices are open again."""
        payments = self.filtered("invoice_id")
        others = self - payments
        if payments:
            self.env["account.analytic.line"]._check_prepaid_right()
            payments.check_access("read")
            # Nobody may create entries but the ledger.
            payments_sudo = payments.sudo()
            payments_sudo.invoice_id._lock_for_prepaid(payments_sudo.budget_id)
            payments_sudo._ensure_payments_returnable()
            payments_sudo._return_payments(
                self.env._("Returned by %(user)s", user=self.env.user.name)
            )
        return (
            super(PrepaidEntryInvoice, others).action_return_time() if others else None
        )


class PrepaidBudget(models.Model):
    _inherit = "prepaid.budget"

    def _prepare_portal_movement(self, entry, label, project):
        """Say that an invoice was paid, where no time was deducted."""
        label = self._get_invoice_label(entry) or label
        return super()._prepare_portal_movement(entry, label, project)

    def _prepare_statement_row(self, entry, label, balance):
        """Say that an invoice was paid, where no time was deducted."""
        label = self._get_invoice_label(entry) or label
        return super()._prepare_statement_row(entry, label, balance)

    def _get_invoice_label(self, entry):
        """Return the customer's word for the payment of an invoice, or False.

        :param entry: `prepaid.entry`
        """
        if not entry.sudo().invoice_id:  # whether there is one, whoever may read it
            return False
        if entry.quantity < 0:
            return self.env._("Invoice paid")
        return self.env._("Payment of an invoice taken back")
