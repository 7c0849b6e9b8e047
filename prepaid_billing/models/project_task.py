from odoo import fields, models


class ProjectTask(models.Model):
    _inherit = "project.task"

    prepaid_budget_count = fields.Integer(related="partner_id.prepaid_budget_count")
    prepaid_balance = fields.Monetary(
        "Prepaid balance",
        related="partner_id.prepaid_balance",
        currency_field="prepaid_currency_id",
        groups="hr_timesheet.group_hr_timesheet_user,prepaid_billing.group_user",
        help="What remains of the customer's prepaid budgets.",
    )
    prepaid_currency_id = fields.Many2one(related="partner_id.prepaid_currency_id")
