from odoo import fields, models

from ..const import CLOSE_CHOICES, CLOSE_TRANSFER


class PrepaidClose(models.TransientModel):
    """Ask what becomes of the rest, and why the budget ends."""

    _name = "prepaid.close"
    _description = "Close Prepaid Budget"

    budget_id = fields.Many2one("prepaid.budget", required=True)
    partner_id = fields.Many2one(related="budget_id.partner_id", related_sudo=False)
    currency_id = fields.Many2one(related="budget_id.currency_id", related_sudo=False)
    balance = fields.Monetary(related="budget_id.balance", related_sudo=False)
    choice = fields.Selection(CLOSE_CHOICES, "The rest")
    target_id = fields.Many2one(
        "prepaid.budget",
        "To",
        domain="[('partner_id', '=', partner_id), ('id', '!=', budget_id), "
        "('currency_id', '=', currency_id), ('state', '=', 'open')]",
    )
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Close the budget; show the credit notes that are to be posted.

        :raise UserError: it cannot be closed; the message says why
        """
        self.ensure_one()
        target = self.target_id if self.choice == CLOSE_TRANSFER else None
        ids = self.budget_id.close(self.choice, self.reason, target)
        if not ids:
            return {"type": "ir.actions.act_window_close"}
        return self.env["account.move"].browse(ids)._get_records_action()
