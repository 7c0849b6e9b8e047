from odoo import fields, models


class PrepaidLotChange(models.TransientModel):
    """Ask for the new validity of a lot, or how much of it is taken away."""

    _name = "prepaid.lot.change"
    _description = "Change Prepaid Lot"

    lot_id = fields.Many2one("prepaid.lot", required=True)
    currency_id = fields.Many2one(related="lot_id.currency_id", related_sudo=False)
    remaining = fields.Monetary(related="lot_id.remaining", related_sudo=False)
    old_date = fields.Date("Valid to", related="lot_id.date_to", related_sudo=False)
    operation = fields.Selection(
        [
            ("extend", "Extend its validity"),
            ("reinstate", "Give back what has expired"),
            ("revoke", "Take credit away"),
        ],
        "What",
        required=True,
        default="extend",
    )
    date_to = fields.Date("Valid until", help="Empty: without end.")
    amount = fields.Monetary()
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Book it, as the lot's own method does.

        :raise UserError: it cannot be booked; the message says why
        """
        self.ensure_one()
        if self.operation == "extend":
            self.lot_id.extend(self.date_to, self.reason)
        elif self.operation == "reinstate":
            self.lot_id.reinstate(self.date_to, self.reason)
        else:
            self.lot_id.revoke(self.reason, self.amount)
        return {"type": "ir.actions.act_window_close"}
