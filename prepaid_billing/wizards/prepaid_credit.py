from uuid import uuid4

from odoo import fields, models

from ..const import CLOSE_CHOICES, CLOSE_TRANSFER

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
