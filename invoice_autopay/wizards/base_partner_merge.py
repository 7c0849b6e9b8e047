from odoo import api, models
from odoo.exceptions import UserError

from ..const import MANDATE_ACTIVE


class PartnerMergeWizard(models.TransientModel):
    """Contacts are merged with what they allowed to be charged."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Refuse what would leave two permissions for the same invoices.

        Which of two payment methods is charged is not for the merge to decide.

        :raise UserError: more than one of the contacts allowed automatic payment
        """
        # A permission counts, whoever may see it.
        mandates_sudo = self.env["autopay.mandate"].sudo()
        mandates_sudo = mandates_sudo.search(
            [("partner_id", "in", partner_ids), ("state", "=", MANDATE_ACTIVE)]
        )
        alike = mandates_sudo.grouped(
            lambda m: (m.company_id, m.currency_id, m.res_model, m.res_id)
        )
        for same in alike.values():
            if len(same) > 1:
                raise UserError(
                    self.env._(
                        "%(customers)s cannot be merged: each of them allowed "
                        "automatic payment in %(currency)s. Withdraw all but one of "
                        "these permissions first, under Customers, Automatic Payments, "
                        "Mandates.",
                        customers=", ".join(same.partner_id.mapped("display_name")),
                        currency=same.currency_id.name,
                    )
                )
        return super()._merge(partner_ids, dst_partner, extra_checks)
