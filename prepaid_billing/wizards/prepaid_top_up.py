from uuid import uuid4

from odoo import api, fields, models


class PrepaidTopUp(models.TransientModel):
    """Ask for the amount of a top-up invoice."""

    _name = "prepaid.top.up"
    _description = "Top Up"

    key = fields.Char(
        default=lambda self: uuid4().hex,
        readonly=True,
        help="A double click makes one invoice.",
    )
    budget_id = fields.Many2one("prepaid.budget", required=True)
    currency_id = fields.Many2one(related="budget_id.currency_id", related_sudo=False)
    balance = fields.Monetary(related="budget_id.balance", related_sudo=False)
    amount_pending = fields.Monetary(
        related="budget_id.amount_pending", related_sudo=False
    )
    amount = fields.Monetary(
        "Top up by",
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="Without tax; the invoice adds the tax of the prepaid pack.",
    )

    @api.depends("budget_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.budget_id.replenish_amount

    def action_confirm(self):
        """Make the draft invoice and open it.

        :raise UserError: the amount or the budget cannot be invoiced
        """
        self.ensure_one()
        move_id = self.budget_id.top_up(self.amount, self.key)
        return self.env["account.move"].browse(move_id)._get_records_action()
