from odoo import api, fields, models

from .. import const


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    payment_plan_spread = fields.Selection(
        const.CREDIT_SPREADS,
        "Credit on",
        default=const.LAST,
        help="Which payments of the plan become smaller.",
    )
    has_payment_plan = fields.Boolean(compute="_compute_has_payment_plan")

    @api.depends("move_ids")
    def _compute_has_payment_plan(self):
        for wizard in self:
            # Who may credit the invoice need not read plans.
            wizard.has_payment_plan = bool(wizard.move_ids.sudo().payment_plan_id)

    def _prepare_default_reversal(self, move):
        """Keep which payments the credit note is to lower."""
        vals = super()._prepare_default_reversal(move)
        if move.sudo().payment_plan_id:  # as above
            vals["payment_plan_spread"] = self.payment_plan_spread
        return vals
