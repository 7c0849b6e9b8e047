from odoo import api, models
from odoo.exceptions import UserError

#: What makes an attachment what it is, and to whom it belongs.
FILED_FIELDS = {
    "name",
    "datas",
    "raw",
    "db_datas",
    "store_fname",
    "checksum",
    "file_size",
    "mimetype",
    "type",
    "url",
    "res_model",
    "res_id",
    "res_field",
    "public",
    "company_id",
}


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        """Keep the files that are evidence of a signature.

        :raise UserError: one of these is a filed contract
        """
        if FILED_FIELDS & set(vals):
            self._ensure_no_evidence()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        self._ensure_no_evidence()

    def _ensure_no_evidence(self):
        if not self.ids:
            return
        Event = self.env["payment.plan.event"].sudo()  # whoever touches the file
        event = Event.search([("attachment_id", "in", self.ids)], limit=1)
        if event:
            raise UserError(
                self.env._(
                    "%(file)s is evidence of %(plan)s: it cannot be changed or "
                    "deleted.",
                    file=event.attachment_id.name,
                    plan=event.plan_id.display_name,
                )
            )
