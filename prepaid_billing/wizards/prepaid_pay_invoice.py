from uuid import uuid4

from odoo import api, fields, models


class PrepaidPayInvoice(models.TransientModel):
    """Ask which prepaid budget pays an invoice; show what is left then."""

    _name = "prepaid.pay.invoice"
    _description = "Pay from Prepaid Budget"

    key = fields.Char(
        default=lambda self: uuid4().hex,
        readonly=True,
        help="A double click pays once.",
    )
    move_id = fields.Many2one("account.move", "Invoice", required=True, readonly=True)
    # Without sudo: who may not see the invoice or the budget learns nothing of them.
    currency_id = fields.Many2one(related="move_id.currency_id", related_sudo=False)
    amount_residual = fields.Monetary(
        "Open", related="move_id.amount_residual", related_sudo=False
    )
    paying_budget_ids = fields.Many2many(
        related="move_id.prepaid_paying_budget_ids", related_sudo=False
    )
    budget_id = fields.Many2one(
        "prepaid.budget",
        compute="_compute_budget_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
        domain="[('id', 'in', paying_budget_ids)]",
    )
    balance = fields.Monetary(
        "Balance now", related="budget_id.balance", related_sudo=False
    )
    amount = fields.Monetary("To pay, tax included", compute="_compute_amount")
    after = fields.Monetary("Balance then", compute="_compute_amount")
    rest = fields.Monetary("Stays open", compute="_compute_amount")

    @api.depends("move_id")
    def _compute_budget_id(self):
        for wizard in self:
            wizard.budget_id = wizard.move_id.prepaid_paying_budget_ids[:1]

    @api.depends("move_id", "budget_id")
    def _compute_amount(self):
        for wizard in self:
            budget, move = wizard.budget_id, wizard.move_id
            paid = 0.0
            if budget:
                cover = budget._plan_payment(move)
                paid = budget._from_units(cover.value if cover.is_accepted else 0)
            wizard.amount = paid
            wizard.after = budget.balance - paid
            wizard.rest = move.amount_residual - paid

    def action_confirm(self):
        """Pay, as the invoice's own method does.

        :raise UserError: the budget cannot pay; the message says why
        """
        self.ensure_one()
        self.move_id.pay_from_prepaid(self.budget_id, self.key)
        return {"type": "ir.actions.act_window_close"}
