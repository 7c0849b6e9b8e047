from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    plan_lead_days = fields.Integer(related="company_id.plan_lead_days", readonly=False)
    plan_milestone_days = fields.Integer(
        related="company_id.plan_milestone_days", readonly=False
    )
    plan_most_installments = fields.Integer(
        related="company_id.plan_most_installments", readonly=False
    )
    plan_smallest_charge = fields.Monetary(
        related="company_id.plan_smallest_charge", readonly=False
    )
    plan_send_receipts = fields.Boolean(
        related="company_id.plan_send_receipts", readonly=False
    )
    plan_extra_online = fields.Boolean(
        related="company_id.plan_extra_online", readonly=False
    )
