from base64 import b64decode

from odoo import api, fields, models


class PaymentPlanSignPaper(models.TransientModel):
    """Record that the customer signed on paper."""

    _name = "payment.plan.sign.paper"
    _description = "Signature on Paper"

    plan_id = fields.Many2one("payment.plan", required=True, readonly=True)
    name = fields.Char(
        "Signed by",
        required=True,
        compute="_compute_name",
        store=True,
        precompute=True,
        readonly=False,
    )
    date = fields.Date(
        "Signed on",
        required=True,
        compute="_compute_date",
        store=True,
        precompute=True,
        readonly=False,
    )
    scan = fields.Binary(attachment=False)
    scan_name = fields.Char()

    @api.depends("plan_id")
    def _compute_name(self):
        for wizard in self:
            wizard.name = wizard.plan_id.partner_id.name

    @api.depends("plan_id")
    def _compute_date(self):
        for wizard in self:
            wizard.date = wizard.plan_id.company_id._get_autopay_today()

    def action_sign(self):
        """Sign the plan with what is on the paper, and confirm the order."""
        self.ensure_one()
        self.plan_id.check_access("write")
        scan = b64decode(self.scan) if self.scan else None
        self.plan_id._sign_on_paper(self.name, self.date, scan, self.scan_name)
        return {"type": "ir.actions.act_window_close"}
