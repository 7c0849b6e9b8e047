from odoo import fields, models

from ..const import MANDATE_EVENTS, ORIGINS


class AutopayMandateEvent(models.Model):
    """What happened to a mandate: who, when, from where."""

    _name = "autopay.mandate.event"
    _description = "Mandate Event"
    _inherit = ["autopay.history.mixin"]
    _order = "id desc"
    _history_changeable_columns = ("create_uid", "write_uid", "write_date", "user_id")

    mandate_id = fields.Many2one(
        "autopay.mandate", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="mandate_id.company_id")
    kind = fields.Selection(MANDATE_EVENTS, "Event", required=True, readonly=True)
    date = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, help="In UTC."
    )
    origin = fields.Selection(ORIGINS, required=True, readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    user_name = fields.Char("By", required=True, readonly=True)
    ip_address = fields.Char("Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    method = fields.Char(
        "Payment method",
        readonly=True,
        help="As the customer saw it: brand, last four.",
    )
    note = fields.Char(readonly=True)
