from odoo import api, models


class AutopayMandate(models.Model):
    _inherit = "autopay.mandate"

    @api.model
    def _grant(self, token, vals, origin, evidence=None):
        """Collect what is invoiced on the plan already, on its day."""
        mandate = super()._grant(token, vals, origin, evidence)
        if mandate.res_model == "payment.plan":
            plan = self.env["payment.plan"].browse(mandate.res_id)
            plan.installment_ids.move_id._enroll_autopay()
        return mandate
