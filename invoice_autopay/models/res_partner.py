from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    autopay_mandate_count = fields.Integer(compute="_compute_autopay_mandate_count")

    @api.depends("commercial_partner_id")
    def _compute_autopay_mandate_count(self):
        counts = dict(
            self.env["autopay.mandate"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.autopay_mandate_count = counts.get(partner.commercial_partner_id, 0)

    def action_view_autopay_mandates(self):
        """Open the mandates of this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "invoice_autopay.autopay_mandate_action"
        )
        partner = self.commercial_partner_id
        return {**action, "domain": [("partner_id", "=", partner.id)]}
