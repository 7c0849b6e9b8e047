from odoo import fields, models

from ..const_accounting import RECOGNITION_PARTS


class PrepaidRecognition(models.Model):
    """What the books were told of one use of a lot: once, and never again (BF42).

    Written by :meth:`prepaid.budget._recognize` and by nothing else, together with the
    journal entry. A return is a row below zero.
    """

    _name = "prepaid.recognition"
    _inherit = "prepaid.ledger.mixin"
    _description = "Prepaid Recognition"
    _order = "id desc"
    _rec_name = "lot_id"

    lot_id = fields.Many2one(
        "prepaid.lot", required=True, readonly=True, ondelete="restrict", index=True
    )
    allocation_id = fields.Many2one(
        "prepaid.allocation",
        "Use",
        readonly=True,
        ondelete="restrict",
        help="Row of the ledger that is booked; none for a credit note.",
    )
    budget_id = fields.Many2one(related="lot_id.budget_id")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    money_currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    book_currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    part = fields.Selection(RECOGNITION_PARTS, "Because", required=True, readonly=True)
    date = fields.Date(
        "Happened on",
        required=True,
        readonly=True,
        help="The journal entry may be later: when that day was locked (B83).",
    )
    quantity = fields.Monetary(
        "Credit", required=True, readonly=True, help="Used (+) or given back (-)."
    )
    value = fields.Monetary(
        "Recognized",
        currency_field="book_currency_id",
        required=True,
        readonly=True,
        help="Taken off the liability, in the currency of the company.",
    )
    money_value = fields.Monetary(
        "In the currency of the invoice",
        currency_field="money_currency_id",
        required=True,
        readonly=True,
    )
    credited = fields.Monetary(
        "By credit notes",
        currency_field="money_currency_id",
        required=True,
        readonly=True,
        help="Money without tax that credit notes of that day gave back.",
    )
    credited_book_value = fields.Monetary(
        "Booked by credit notes",
        currency_field="book_currency_id",
        required=True,
        readonly=True,
    )
    credited_money_value = fields.Monetary(
        "Booked by credit notes, in the currency of the invoice",
        currency_field="money_currency_id",
        required=True,
        readonly=True,
    )
    account_id = fields.Many2one(
        "account.account", "Against", readonly=True, ondelete="restrict"
    )
    move_id = fields.Many2one(
        "account.move",
        "Journal entry",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="None where nothing was to be booked.",
    )
    book_date = fields.Date(related="move_id.date", string="Booked on")

    _allocation_unique = models.UniqueIndex(
        "(allocation_id, lot_id) WHERE allocation_id IS NOT NULL"
    )
