from odoo import api, fields, models


class PrepaidLiabilityLine(models.TransientModel):
    _name = "prepaid.liability.line"
    _description = "Prepaid Liability: Row"
    _order = "account_id, partner_id, id"

    report_id = fields.Many2one(
        "prepaid.liability", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="report_id.currency_id")
    account_id = fields.Many2one("account.account", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    age_0 = fields.Monetary("To 30 days", readonly=True)
    age_1 = fields.Monetary("31 to 90", readonly=True)
    age_2 = fields.Monetary("91 to 180", readonly=True)
    age_3 = fields.Monetary("181 to 365", readonly=True)
    age_4 = fields.Monetary("Older", readonly=True)
    lots = fields.Monetary(
        "Credit left", readonly=True, help="Sold and not used, at the price paid."
    )
    waiting = fields.Monetary(
        "To be booked",
        readonly=True,
        help="Used or lapsed by this day, and booked later.",
    )
    deposits = fields.Monetary(
        "Down payments",
        readonly=True,
        help="Of sales orders, on the same account: not prepaid credit. Give prepaid "
        "credit an account of its own to tell them apart in the general ledger.",
    )
    ledger = fields.Monetary(
        "General ledger", readonly=True, help="Balance of the liability account."
    )
    difference = fields.Monetary(
        readonly=True,
        help="General ledger less credit left, what is to be booked and down payments. "
        "Expected: zero. Else something else was booked on the account.",
    )

    @api.readonly
    def action_view_items(self):
        """Open the journal items of this account and customer up to the day."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.account_id.display_name,
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [
                ("account_id", "=", self.account_id.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", self.report_id.date),
                (
                    ("partner_id.commercial_partner_id", "=", self.partner_id.id)
                    if self.partner_id
                    else ("partner_id", "=", False)
                ),
            ],
        }
