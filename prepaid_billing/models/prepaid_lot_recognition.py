from dataclasses import dataclass

from odoo import models

from ..const import TRANSFER
from ..const_accounting import (
    LAPSE_KINDS,
    PART_CREDITED,
    PART_LAPSED,
    PART_MOVED,
    PART_USED,
)


@dataclass
class Told:
    """What the books know of a lot: what is gone, and what that was worth."""

    quantity: float = 0.0
    #: in the currency of the company, and in that of the invoice
    value: float = 0.0
    money_value: float = 0.0

    def add(self, row):
        """Count what the books are told now.

        :param dict row: columns of `prepaid.recognition`
        """
        self.quantity += row["quantity"]
        self.value += row["value"] + row["credited_book_value"]
        self.money_value += row["money_value"] + row["credited_money_value"]


class PrepaidLotRecognition(models.Model):
    """From what happened to a lot to what the books are told of it."""

    _inherit = "prepaid.lot"

    def _get_recognized(self):
        """Return what the books know of these lots.

        :return: dict `prepaid.lot` -> :class:`Told`
        """
        done = {lot: Told() for lot in self}
        for lot, *sums in self.env["prepaid.recognition"]._read_group(
            [("lot_id", "in", self.ids)],
            ["lot_id"],
            [
                "quantity:sum",
                "value:sum",
                "credited_book_value:sum",
                "money_value:sum",
                "credited_money_value:sum",
            ],
        ):
            quantity, value, booked, money, booked_money = sums
            done[lot.with_env(self.env)] = Told(
                quantity, value + booked, money + booked_money
            )
        return done

    def _prepare_recognitions(self, movements, done):
        """Return the rows that tell the books of new movements.

        Values are the rounded value of all that is gone, less what the books know:
        their sum is exact at any time, whatever was told first.

        :param list movements: dicts of :meth:`prepaid.budget._get_book_movements`, in
            the order in which they happened
        :param done: :class:`Told` so far; brought along
        :return: list of dicts of columns of `prepaid.recognition`
        """
        self.ensure_one()
        rows = []
        for movement in movements:
            gone = done.quantity + movement["quantity"]
            row = self._prepare_recognition(
                movement,
                movement["quantity"],
                self._get_share(self.book_value, gone, self.book_currency_id)
                - done.value
                - movement["booked"],
                self._get_share(self.value, gone, self.money_currency_id)
                - done.money_value
                - movement["booked_money"],
            )
            done.add(row)
            rows.append(row)
        return rows

    def _tell_moved(self, entry, moved):
        """Tell the books at once that credit moved to another lot: nothing is booked.

        What they know of neither lot yet may change what the rest is worth, but not
        what the other lot took over.

        :param entry: `prepaid.entry` that took it from this lot
        :param moved: `prepaid.lot` that took it over
        """
        self.ensure_one()
        if not self.liability_account_id:
            return
        allocation = entry.allocation_ids.filtered(lambda a: a.lot_id == self)
        movement = {
            "allocation_id": allocation.id,
            "kind": TRANSFER,
            "date": allocation.date or entry.date,
            "credited": 0.0,
            "booked": 0.0,
            "booked_money": 0.0,
            "account_id": None,
        }
        row = self._prepare_recognition(
            movement, -allocation.quantity, moved.book_value, moved.value
        )
        self.env["prepaid.recognition"]._append([row])

    def _prepare_recognition(self, movement, quantity, value, money_value):
        """Return the columns of one row; its journal entry is not known yet."""
        self.ensure_one()
        part = self._get_recognition_part(movement)
        return {
            "lot_id": self.id,
            "allocation_id": movement["allocation_id"],
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "money_currency_id": self.money_currency_id.id,
            "book_currency_id": self.book_currency_id.id,
            "part": part,
            "date": movement["date"],
            "quantity": self.currency_id.round(quantity),
            "value": self.book_currency_id.round(value),
            "money_value": self.money_currency_id.round(money_value),
            "credited": movement["credited"],
            "credited_book_value": movement["booked"],
            "credited_money_value": movement["booked_money"],
            "account_id": self._get_counter_account(
                part, movement["account_id"], value
            ).id,
            "move_id": None,
        }

    def _get_recognition_part(self, movement):
        if movement["allocation_id"] is None:
            return PART_CREDITED
        if movement["kind"] == TRANSFER:
            return PART_MOVED
        return PART_LAPSED if movement["kind"] in LAPSE_KINDS else PART_USED

    def _get_counter_account(self, part, account_id, value):
        """Return the account that the liability is booked against.

        :param str part: why, one of RECOGNITION_PARTS
        :param int account_id: account that a credit note was booked on instead of the
            liability, or None
        :param float value: money of the company, + taken off the liability
        :return: `account.account`, empty where nothing is booked
        """
        self.ensure_one()
        Account = self.env["account.account"]
        if part == PART_MOVED:
            return Account
        if part == PART_LAPSED:
            return self._get_breakage_account()
        if part == PART_CREDITED and account_id:
            return Account.browse(account_id)
        if part == PART_CREDITED and self.money_currency_id != self.book_currency_id:
            # A credit note at another rate than the invoice.
            company = self.company_id
            gain = company.income_currency_exchange_account_id
            loss = company.expense_currency_exchange_account_id
            return (gain if value > 0 else loss) or self.income_account_id
        return self.income_account_id

    def _get_breakage_account(self):
        """Return the account for what lapses of this lot, as it is set up today."""
        self.ensure_one()
        sold = self
        while sold.source_lot_id:
            sold = sold.source_lot_id
        product = sold.invoice_line_id.product_id.product_tmpl_id
        product = product.with_company(self.company_id)
        return product._get_prepaid_breakage_account() or self.income_account_id
