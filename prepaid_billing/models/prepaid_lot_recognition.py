from odoo import models

from ..const import TRANSFER
from ..const_accounting import (
    LAPSE_KINDS,
    PART_CREDITED,
    PART_LAPSED,
    PART_MOVED,
    PART_USED,
)


class PrepaidLotRecognition(models.Model):
    """From what happened to a lot to what the books are told of it."""

    _inherit = "prepaid.lot"

    def _get_recognized(self):
        """Return what the books know of these lots.

        :return: dict `prepaid.lot` -> credit gone
        """
        done = dict.fromkeys(self, 0.0)
        for lot, quantity in self.env["prepaid.recognition"]._read_group(
            [("lot_id", "in", self.ids)], ["lot_id"], ["quantity:sum"]
        ):
            done[lot.with_env(self.env)] = quantity
        return done

    def _prepare_recognitions(self, movements, done):
        """Return the rows that tell the books of new movements.

        Values are differences of the rounded value of all that is gone: their sum is
        exact at any time.

        :param list movements: dicts of :meth:`prepaid.budget._get_book_movements`, in
            the order in which they happened
        :param float done: credit gone so far
        :return: list of dicts of columns of `prepaid.recognition`
        """
        self.ensure_one()
        gone = done
        rows = []
        for movement in movements:
            quantity = movement["quantity"]
            after = gone + quantity
            values = {
                name: self._get_share(total, after, currency)
                - self._get_share(total, gone, currency)
                - movement[booked]
                for name, total, currency, booked in (
                    ("value", self.book_value, self.book_currency_id, "booked"),
                    (
                        "money_value",
                        self.value,
                        self.money_currency_id,
                        "booked_money",
                    ),
                )
            }
            rows.append(self._prepare_recognition(movement, quantity, **values))
            gone = after
        return rows

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
