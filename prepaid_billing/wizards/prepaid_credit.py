from uuid import uuid4

from odoo import fields, models

GRANT = "grant"
ADJUST = "adjust"
TRANSFER = "transfer"


class PrepaidCredit(models.TransientModel):
    """Ask what is to be moved by hand, and why."""

    _name = "prepaid.credit"
    _description = "Credit by Hand"

    key = fields.Char(
        default=lambda self: uuid4().hex,
        readonly=True,
        help="A double click books once.",
    )
    budget_id = fields.Many2one("prepaid.budget", required=True)
    partner_id = fields.Many2one(related="budget_id.partner_id", related_sudo=False)
    currency_id = fields.Many2one(related="budget_id.currency_id", related_sudo=False)
    balance = fields.Monetary(related="budget_id.balance", related_sudo=False)
    operation = fields.Selection(
        [
            (GRANT, "Give free credit"),
            (ADJUST, "Adjust the balance"),
            (TRANSFER, "Move to another budget"),
        ],
        "What",
        required=True,
        default=GRANT,
    )
    amount = fields.Monetary(help="An adjustment may be below zero.")
    date_to = fields.Date("Valid to", help="Empty: without end.")
    priority = fields.Integer(default=10, help="Lower is used first.")
    target_id = fields.Many2one(
        "prepaid.budget",
        "To",
        domain="[('partner_id', '=', partner_id), ('id', '!=', budget_id), "
        "('currency_id', '=', currency_id), ('state', '=', 'open')]",
    )
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Book it, as the budget's own method does.

        :raise UserError: it cannot be booked; the message says why
        """
        self.ensure_one()
        budget = self.budget_id
        if self.operation == GRANT:
            budget.grant(
                self.amount, self.reason, self.date_to, self.priority, self.key
            )
        elif self.operation == ADJUST:
            budget.adjust(self.amount, self.reason, self.key)
        else:
            budget.transfer(self.target_id, self.amount, self.reason, self.key)
        return {"type": "ir.actions.act_window_close"}
