from odoo import fields, models

from ..const_accounting import INVOICE_KINDS
from ..tools.money import share_of


class PrepaidLotAccounting(models.Model):
    """What a lot stands for in the books, fixed when its invoice is posted (BF41).

    The whole quantity is worth `book_value`; what is used is worth its share, rounded
    on the sum, so that the last use takes exactly the rest (B80).
    """

    _inherit = "prepaid.lot"

    liability_account_id = fields.Many2one(
        "account.account",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_user",
        help="Owed to the customer until used. Empty: it was income when it was sold.",
    )
    income_account_id = fields.Many2one(
        "account.account",
        readonly=True,
        ondelete="restrict",
        groups="base.group_user",
    )
    book_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Currency of the books"
    )
    book_value = fields.Monetary(
        "Value in the books",
        currency_field="book_currency_id",
        readonly=True,
        default=0.0,
        groups="base.group_user",
        help="In the currency of the company, at the rate of the invoice.",
    )
    book_analytic_distribution = fields.Json(
        "Analytic distribution", readonly=True, groups="base.group_user"
    )
    recognition_ids = fields.One2many(
        "prepaid.recognition",
        "lot_id",
        "Recognized",
        readonly=True,
        groups="base.group_user",
    )

    def _get_book_value_for(self, quantity):
        """Return what a quantity of this lot is worth in the books.

        :param float quantity: credit, in the unit of the budget
        :return: float, money of the company, rounded once
        """
        self.ensure_one()
        return self._get_share(self.book_value, quantity, self.book_currency_id)

    def _get_share(self, total, quantity, currency):
        part = min(max(quantity, 0.0), self.quantity)
        return share_of(total, part, self.quantity, currency.rounding)

    def _get_left_of_book(self):
        """Return the quantity that is neither used, lapsed, moved nor credited.

        Other than `remaining` it counts what is sold but not paid yet.
        """
        self.ensure_one()
        moves = self.env["prepaid.budget"]._get_book_movements(self)
        gone = sum(move["quantity"] for move in moves if move["quantity"])
        return self.quantity - gone - self._get_refunded()

    def _prepare_moved_vals(self, target, quantity, reason):
        """Credit that moves takes its part of the liability along."""
        vals = super()._prepare_moved_vals(target, quantity, reason)
        if not self.liability_account_id:
            return vals
        gone = self.quantity - self._get_left_of_book()
        money = self.money_currency_id
        return {
            **vals,
            "value": self._get_share(self.value, gone + quantity, money)
            - self._get_share(self.value, gone, money),
            "liability_account_id": self.liability_account_id.id,
            "income_account_id": self.income_account_id.id,
            "book_value": self._get_book_value_for(gone + quantity)
            - self._get_book_value_for(gone),
            "book_analytic_distribution": self.book_analytic_distribution,
        }

    def _is_ever_used(self):
        """What lapsed or moved is booked, too: its invoice is not undone."""
        if super()._is_ever_used():
            return True
        lots = self.filtered("liability_account_id")
        return bool(
            self.env["prepaid.allocation"].search_count(
                [
                    ("lot_id", "in", lots.ids),
                    ("entry_id.kind", "not in", INVOICE_KINDS),
                ],
                limit=1,
            )
        )
