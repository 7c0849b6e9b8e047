from odoo import api, models
from odoo.fields import Domain


class AutopayMandate(models.Model):
    """A payment method that did not fail lets suspended budgets be charged again."""

    _inherit = "autopay.mandate"

    @api.model
    def _grant(self, token, vals, origin, evidence=None):
        """Charge suspended budgets again when the new consent names another method."""
        mandate = super()._grant(token, vals, origin, evidence)
        mandate._rearm_prepaid_budgets()
        return mandate

    def _after_method_change(self, is_other):
        """Charge suspended budgets again by another method; not by the same (B20)."""
        if is_other:
            self._rearm_prepaid_budgets()
        return super()._after_method_change(is_other)

    def _rearm_prepaid_budgets(self):
        for mandate in self:
            for budget_sudo in mandate._get_prepaid_budgets_sudo():
                budget_sudo._rearm_by_method(mandate.token_id)

    def _get_prepaid_budgets_sudo(self):
        """Return the budgets whose top-ups this mandate pays."""
        self.ensure_one()
        Budget = self.env["prepaid.budget"].sudo()  # the customer may change it, too
        payers = Domain("partner_id.commercial_partner_id", "=", self.partner_id.id)
        payers |= Domain(
            "invoice_partner_id.commercial_partner_id", "=", self.partner_id.id
        )
        budgets_sudo = Budget.search(
            payers
            & Domain("company_id", "=", self.company_id.id)
            & Domain("money_currency_id", "=", self.currency_id.id)
        )
        return budgets_sudo.filtered(lambda b: b._get_charge_mandate() == self)
