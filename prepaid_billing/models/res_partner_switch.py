from odoo import api, fields, models
from odoo.fields import Domain


class ResPartnerSwitch(models.Model):
    """Prepaid is switched on per customer (BF1)."""

    _inherit = "res.partner"

    prepaid_on = fields.Boolean(
        "Prepaid billing",
        compute="_compute_prepaid_on",
        store=True,
        readonly=False,
        copy=False,
        tracking=True,
        groups="prepaid_billing.group_user",
        help="Opening a budget switches it on. Switched off, the customer's time is "
        "billed as usual and not offered to be deducted, and no top-up is made by "
        "itself; the balance stays.",
    )

    @api.depends("prepaid_budget_ids")
    def _compute_prepaid_on(self):
        for partner in self:
            # Whoever manages contacts need not see budgets.
            partner_sudo = partner.sudo()
            partner.prepaid_on = partner.prepaid_on or bool(
                partner_sudo.with_context(active_test=False).prepaid_budget_ids
            )

    def write(self, vals):
        """A customer who becomes the contact of a company brings the switch along."""
        result = super().write(vals)
        if "parent_id" in vals or "is_company" in vals:
            # Whoever manages contacts need not see the switch.
            owners_sudo = self.sudo().filtered("prepaid_on").commercial_partner_id
            owners_sudo.filtered(lambda owner: not owner.prepaid_on).prepaid_on = True
        return result


class PrepaidBudgetSwitch(models.Model):
    _inherit = "prepaid.budget"

    def _get_leaving_reason(self):
        """No invoice by itself for a customer for whom prepaid is switched off."""
        owner_sudo = self.partner_id.commercial_partner_id.sudo()  # the switch only
        if owner_sudo.prepaid_on:
            return super()._get_leaving_reason()
        return self.env._(
            "No invoice: prepaid billing is switched off for %(customer)s. Switch it "
            "on, on the customer's page Sales & Purchase",
            customer=owner_sudo.display_name,
        )


class AccountAnalyticLineSwitch(models.Model):
    _inherit = "account.analytic.line"

    @api.model
    def _get_prepaid_open_domain(self):
        """Offer the time of customers for whom prepaid is switched on."""
        domain = Domain(super()._get_prepaid_open_domain())
        return domain & self._get_prepaid_customer_domain(
            Domain("prepaid_on", "=", True)
        )

    def _get_prepaid_no_budget_reason(self):
        """Name the switch where it is the reason."""
        owner_sudo = self._get_prepaid_partners()[self].sudo()  # the switch only
        if owner_sudo.prepaid_budget_ids and not owner_sudo.prepaid_on:
            return self.env._(
                "Prepaid billing is switched off for %s", owner_sudo.display_name
            )
        return super()._get_prepaid_no_budget_reason()
