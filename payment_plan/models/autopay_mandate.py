from odoo import api, models

from odoo.addons.invoice_autopay.const import STOPPED


class AutopayMandate(models.Model):
    _inherit = "autopay.mandate"

    @api.model
    def _grant(self, token, vals, origin, evidence=None):
        """Collect what is invoiced on the plan already, on its day."""
        mandate = super()._grant(token, vals, origin, evidence)
        if mandate.res_model == "payment.plan":
            plan = self.env["payment.plan"].browse(mandate.res_id)
            moves = plan.installment_ids.move_id
            stopped = moves.autopay_collection_ids.filtered(
                lambda c: c.state == STOPPED and not c.is_canceled
            )
            unpaid = stopped.filtered(lambda c: c._get_open_terms())
            unpaid._resume(mandate)
            moves._enroll_autopay()
            # A new permission does not end a dispute: nothing is charged until then.
            mandate.is_disputed = mandate._has_dispute()
        return mandate

    def _has_dispute(self):
        """Extra payments of the plan count, too: no invoice names them."""
        plan_sudo = self.env["payment.plan"].sudo()  # told by a webhook
        if self.res_model == plan_sudo._name:
            plan_sudo = plan_sudo.browse(self.res_id)
        paid_extra = plan_sudo.extra_ids.transaction_ids
        return any(paid_extra.mapped("autopay_is_disputed")) or super()._has_dispute()

    def _after_withdrawal(self):
        """What was consented to at the signature is withdrawn, too."""
        result = super()._after_withdrawal()
        for mandate in self.filtered(lambda m: m.res_model == "payment.plan"):
            plan_sudo = self.env["payment.plan"].sudo().browse(mandate.res_id)
            plan_sudo.exists()._withdraw_consent()
        return result
