from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    autopay_notice_days = fields.Integer(
        related="company_id.autopay_notice_days", readonly=False
    )
    autopay_catch_up_days = fields.Integer(
        related="company_id.autopay_catch_up_days", readonly=False
    )
    autopay_action_days = fields.Integer(
        related="company_id.autopay_action_days", readonly=False
    )
    autopay_card_limit = fields.Integer(
        related="company_id.autopay_card_limit", readonly=False
    )
    autopay_consent_text = fields.Text(
        related="company_id.autopay_consent_text", readonly=False
    )
    autopay_consent_version = fields.Integer(
        related="company_id.autopay_consent_version"
    )
