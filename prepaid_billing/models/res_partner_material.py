from odoo import models
from odoo.fields import Domain


class ResPartnerMaterial(models.Model):
    _inherit = "res.partner"

    def _get_prepaid_timesheet_domain(self):
        """Add what is re-invoiced to these customers, whoever the vendor is."""
        materials = (
            Domain("is_prepaid_open", "=", True)
            & Domain("prepaid_reinvoiced_to", "in", self.commercial_partner_id.ids)
            & Domain("company_id", "in", self.env.companies.ids)
        )
        return super()._get_prepaid_timesheet_domain() | materials
