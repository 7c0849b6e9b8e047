from odoo import fields, models


class PrepaidAllocation(models.Model):
    """Which lot an entry filled (+) or used (-), and by how much.

    The sum of a lot's allocations is what remains of it. What an entry moved without a
    lot behind it is debt, until a later allocation of the same entry settles it.
    """

    _name = "prepaid.allocation"
    _inherit = "prepaid.ledger.mixin"
    _description = "Prepaid Allocation"
    _order = "id"

    entry_id = fields.Many2one(
        "prepaid.entry", required=True, readonly=True, ondelete="restrict", index=True
    )
    lot_id = fields.Many2one(
        "prepaid.lot", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    quantity = fields.Monetary("Amount", required=True, readonly=True)
