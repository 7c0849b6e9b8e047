from odoo import fields, models


class PrepaidDeductSummary(models.TransientModel):
    _name = "prepaid.deduct.summary"
    _description = "Deduct Time: Budget"

    deduct_id = fields.Many2one("prepaid.deduct", required=True, ondelete="cascade")
    budget_id = fields.Many2one("prepaid.budget", readonly=True)
    currency_id = fields.Many2one(related="budget_id.currency_id")
    before = fields.Monetary("Balance now", readonly=True)
    covered = fields.Monetary("Deducted", readonly=True)
    after = fields.Monetary("Balance then", readonly=True)
    short = fields.Monetary("Short, stays billable", readonly=True)
