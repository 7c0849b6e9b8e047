from odoo import fields, models


class PrepaidDeductLine(models.TransientModel):
    _name = "prepaid.deduct.line"
    _description = "Deduct Time: Entry"

    deduct_id = fields.Many2one("prepaid.deduct", required=True, ondelete="cascade")
    timesheet_id = fields.Many2one("account.analytic.line", readonly=True)
    date = fields.Date(related="timesheet_id.date")
    employee_id = fields.Many2one(related="timesheet_id.employee_id")
    name = fields.Char(related="timesheet_id.name")
    budget_id = fields.Many2one("prepaid.budget", readonly=True)
    currency_id = fields.Many2one(related="budget_id.currency_id")
    hours = fields.Float(readonly=True)
    counted_hours = fields.Float("Counted", readonly=True)
    units = fields.Float("Quantity", readonly=True)
    weight_reason = fields.Char("Weight", readonly=True)
    money_currency_id = fields.Many2one(related="budget_id.money_currency_id")
    rate = fields.Monetary(currency_field="money_currency_id", readonly=True)
    rate_reason = fields.Char("Rate from", readonly=True)
    value = fields.Monetary(readonly=True)
    covered = fields.Monetary(readonly=True)
    covered_hours = fields.Float(readonly=True)
    short = fields.Monetary(readonly=True, help="Stays billable.")
    obstacle = fields.Char("Why not", readonly=True)
    beyond = fields.Char("Rest billed at", readonly=True)
