from odoo import Command, models

from ..tools import lock_rows


class PaymentTransactionBooking(models.Model):
    """Booking many payments together, and cheaper notes about each of them."""

    _inherit = "payment.transaction"

    def _book_autopay(self):
        """Book these payments; running it again books nothing twice.

        The payments are created, posted and reconciled in one go; all else is left to
        `_post_process`, with whatever other add-ons do there.
        """
        self._lock_for_booking()
        waiting = self.filtered(
            lambda tx: tx.state == "done" and not tx.is_post_processed
        )
        for company, transactions in waiting.grouped("company_id").items():
            ours = transactions.with_company(company)
            ours.filtered(lambda tx: tx._is_simple_payment())._create_payments()
            ours._post_process()

    def _lock_for_booking(self):
        self.env.flush_all()
        lock_rows(self)
        self.invalidate_recordset(flush=False)

    def _is_simple_payment(self):
        """Whether this pays one posted invoice, with nothing that core treats apart."""
        self.ensure_one()
        return (
            self.operation == "offline"
            and self.amount > 0
            and not self.payment_id
            and not self.child_transaction_ids
            and len(self.invoice_ids) == 1
            and self.invoice_ids.state == "posted"
            and not self.invoice_ids.invoice_payment_term_id.early_discount
        )

    def _create_payments(self):
        """Create, post and reconcile one payment for each of these transactions."""
        if not self:
            return
        payments = self.env["account.payment"].create(
            [transaction._prepare_payment_vals() for transaction in self]
        )
        payments.action_post()
        for transaction, payment in zip(self, payments, strict=True):
            transaction.payment_id = payment
        plan = [
            lines
            for transaction in self
            if len(lines := transaction._get_lines_to_reconcile()) > 1
        ]
        self.env["account.move.line"]._reconcile_plan(plan)

    def _prepare_payment_vals(self):
        """Return the values of the payment that core would create for this one."""
        self.ensure_one()
        journal = self.provider_id.journal_id
        method_line = journal.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == self.provider_id
        )
        return {
            "amount": self.amount,
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.partner_id.commercial_partner_id.id,
            "currency_id": self.currency_id.id,
            "company_id": self.company_id.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line.id,
            "payment_token_id": self.token_id.id,
            "payment_transaction_id": self.id,
            "memo": f"{self.reference} - {self.provider_reference or ''}",
            "invoice_ids": [Command.set(self.invoice_ids.ids)],
            "destination_account_id": self._get_receivable_terms().account_id[:1].id,
        }

    def _get_receivable_terms(self):
        return self.invoice_ids.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )

    def _get_lines_to_reconcile(self):
        """Return the open lines of the payment and its invoice, on one account."""
        self.ensure_one()
        account = self.payment_id.destination_account_id
        lines = self.payment_id.move_id.line_ids | self.invoice_ids.line_ids
        return lines.filtered(
            lambda line: line.account_id == account and not line.reconciled
        )

    def _log_message_on_linked_documents(self, message):
        """Write notes about our own charges without looking for whom to notify.

        Nobody is notified of a note; looking for that takes most of the statements.
        """
        if not self.autopay_attempt_ids:
            return super()._log_message_on_linked_documents(message)
        for invoice in self._get_invoices_to_notify():
            invoice._message_log(body=message, author_id=self.env.user.partner_id.id)
        return None
