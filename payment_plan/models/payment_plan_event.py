from odoo import fields, models

from .. import const


class PaymentPlanEvent(models.Model):
    """Evidence of what happened to a plan: who, when, from where, to which version."""

    _name = "payment.plan.event"
    _description = "Evidence of a Payment Plan"
    _inherit = ["autopay.history.mixin"]
    _order = "id desc"

    plan_id = fields.Many2one(
        "payment.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "payment.plan.version", readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, precompute=True
    )
    kind = fields.Selection(const.EVENT_KINDS, required=True, readonly=True)
    date = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, help="In UTC."
    )
    user_id = fields.Many2one(
        "res.users", "By", readonly=True, default=lambda self: self.env.uid
    )
    name = fields.Char("Name typed", readonly=True)
    email = fields.Char(readonly=True)
    ip_address = fields.Char("Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    text = fields.Text(
        readonly=True, help="What was agreed to, or why; in the words that were shown."
    )
    text_version = fields.Char("Version of the text", readonly=True)
    signature = fields.Binary(attachment=False, readonly=True)
    digest = fields.Char(
        readonly=True, help="SHA-256 of the contract's content, or of its file."
    )
    attachment_id = fields.Many2one(
        "ir.attachment", "File", readonly=True, ondelete="restrict"
    )

    #: One signature per plan: of two devices, the second is told (P72).
    _one_signature = models.UniqueIndex(
        f"(version_id, kind) WHERE kind IN ('{const.EVENT_SIGNED}',"
        f" '{const.EVENT_COUNTERSIGNED}')",
        "This version is signed already.",
    )
