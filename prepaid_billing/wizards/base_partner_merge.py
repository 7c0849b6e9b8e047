from odoo import api, models
from odoo.tools import SQL


class PartnerMergeWizard(models.TransientModel):
    """Budgets move with their customer, with all they have (B89)."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Give budgets to the company of the contact that they came to.

        Core moves them by SQL; a budget belongs to a commercial entity.
        """
        result = super()._update_foreign_keys(src_partners, dst_partner)
        owner = dst_partner.commercial_partner_id
        if owner != dst_partner:
            self.env.cr.execute(
                SQL(
                    "UPDATE prepaid_budget SET partner_id = %s WHERE partner_id = %s",
                    owner.id,
                    dst_partner.id,
                )
            )
        self.env.invalidate_all()
        owner_sudo = owner.sudo()  # whoever merges contacts
        self.env.add_to_compute(owner_sudo._fields["prepaid_on"], owner_sudo)
        return result
