from odoo import Command, models
from odoo.exceptions import UserError

from ..const import RELEASE
from ..const_accounting import PART_PAID


class PrepaidEntryPayment(models.Model):
    """The journal entries of credit that pays invoices: liability to receivable.

    They are rows of `prepaid.recognition` like all other use, booked in the transaction
    that moves the credit: the nightly batch finds nothing left to book.
    """

    _inherit = "prepaid.entry"

    # === BOOK === #

    def _book_payment(self, invoice):
        """Book that credit paid an invoice, or came back from it.

        :param invoice: `account.move`
        :return: `account.move.line`, the receivable item
        """
        self.ensure_one()
        Recognition = self.env["prepaid.recognition"]
        company = self.company_id
        journal = Recognition._get_recognition_journal(company)
        receivable = invoice.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )[:1]
        rows = self._prepare_payment_recognitions(receivable.account_id)
        items = [self._prepare_liability_item(row) for row in rows]
        items.append(self._prepare_receivable_item(receivable, items))
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "entry",
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "date": Recognition._get_open_date(company, journal, self.date),
                    "ref": items[-1]["name"],
                    "line_ids": [Command.create(item) for item in items],
                }
            )
        )
        move._post(soft=False)
        Recognition._append([{**row, "move_id": move.id} for row in rows])
        account = receivable.account_id
        return move.line_ids.filtered(lambda line: line.account_id == account)

    def _prepare_receivable_item(self, receivable, items):
        """Return the journal item that pays, or opens again.

        :param receivable: `account.move.line` of the invoice
        :param list items: values of the items that take it off the liability
        """
        names = {"invoice": receivable.move_id.name, "budget": self.budget_id.name}
        name = self.env._("%(invoice)s paid from %(budget)s", **names)
        if self.kind == RELEASE:
            name = self.env._("%(invoice)s no longer paid from %(budget)s", **names)
        return {
            "name": name,
            "account_id": receivable.account_id.id,
            "partner_id": receivable.partner_id.id,
            "currency_id": receivable.currency_id.id,
            "balance": -sum(item["balance"] for item in items),
            "amount_currency": -sum(item["amount_currency"] for item in items),
        }

    def _prepare_payment_recognitions(self, account):
        """Return the columns of the rows that tell the books of this entry.

        :param account: `account.account` of the receivable
        """
        self.ensure_one()
        done = self.allocation_ids.lot_id._get_recognized()
        rows = []
        for allocation in self.allocation_ids:
            lot = allocation.lot_id
            movement = {
                "allocation_id": allocation.id,
                "date": allocation.date,
                "quantity": -allocation.quantity,
                "kind": self.kind,
                "credited": 0.0,
                "booked": 0.0,
                "booked_money": 0.0,
                "account_id": None,
            }
            [row] = lot._prepare_recognitions([movement], done[lot])
            rows.append({**row, "part": PART_PAID, "account_id": account.id})
        return rows

    def _prepare_liability_item(self, row):
        """Return the journal item that takes a row off its liability."""
        lot = self.env["prepaid.lot"].browse(row["lot_id"])
        money, own = lot.money_currency_id, lot.book_currency_id
        return {
            "name": self.env._("Prepaid credit used: %(lot)s", lot=lot.name),
            "account_id": lot.liability_account_id.id,
            "partner_id": lot.budget_id.partner_id.commercial_partner_id.id,
            "currency_id": money.id,
            "balance": row["value"],
            "amount_currency": row["money_value"] if money != own else row["value"],
            # The invoice that is paid has its own; that of the sale is taken back.
            "analytic_distribution": lot.book_analytic_distribution,
            "tax_ids": [Command.clear()],
        }

    def _settle_invoice(self):
        """Book that credit paid its invoice, and reconcile it with what is open."""
        self.ensure_one()
        payment_line = self._book_payment(self.invoice_id)
        open_lines = self.invoice_id.line_ids.filtered(
            lambda line: (
                line.account_id == payment_line.account_id and not line.reconciled
            )
        )
        (payment_line | open_lines).reconcile()

    # === TAKE BACK === #

    def _ensure_payments_returnable(self):
        """Refuse to take back what is taken back already.

        :raise UserError: it was returned before
        """
        for entry in self - self._get_unreturned():
            raise UserError(
                self.env._(
                    "The payment of %(invoice)s from %(budget)s was taken back "
                    "already.",
                    invoice=entry.name,
                    budget=entry.budget_id.display_name,
                )
            )

    def _return_payments(self, reason, keep=0.0, refund=None):
        """Return what paid invoices to the very lots it came from.

        Called when a person takes a payment back, when its reconciliation is undone,
        and when its invoice is credited. The budgets must be locked.

        :param str reason: why, shown to staff
        :param float keep: money that stays paid, from the lots that paid it first
        :param refund: `account.move`, the credit note that settles the invoice instead
        """
        for entry in self._get_unreturned():
            invoice, budget = entry.invoice_id, entry.budget_id
            movements = entry._prepare_payment_return(reason, keep)
            release, *payments = budget._post_entries(movements)
            payment_line = entry._get_payment_lines()
            # Told to the ledger first: the hook of the reconciliation finds nothing.
            payment_line.remove_move_reconcile()
            (payment_line | release._book_payment(invoice)).reconcile()
            if refund:
                (refund | invoice).line_ids.filtered(
                    lambda line, account=payment_line.account_id: (
                        line.account_id == account and not line.reconciled
                    )
                ).reconcile()
            for payment in payments:
                payment._settle_invoice()
            budget._expire_over_lots()

    def _prepare_payment_return(self, reason, keep):
        """Return the movement that returns a payment, and one for what stays paid.

        They are one step: debt of the budget does not take what stays paid meanwhile.

        :param str reason: why, shown to staff
        :param float keep: money that stays paid
        """
        self.ensure_one()
        budget = self.budget_id
        release = self._prepare_release_movement(reason)
        kept = budget._to_units(keep)
        if not kept:
            return [release]
        takes = budget._cut_takes(self._get_lot_units(), kept)
        payment = budget._prepare_payment_movement(self.invoice_id, takes, None)
        columns = dict.fromkeys(release | payment)  # rows that are written together
        return [{**columns, **release}, {**columns, **payment}]
