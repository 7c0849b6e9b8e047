from odoo import fields, models


class AutopayHold(models.TransientModel):
    _name = "autopay.hold"
    _description = "Hold Automatic Payments"

    collection_ids = fields.Many2many(
        "autopay.collection",
        required=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    reason = fields.Char(required=True)

    def action_hold(self):
        """Put the chosen automatic payments on hold.

        :raise UserError: one of them cannot be held
        """
        self.collection_ids.action_hold(self.reason)
