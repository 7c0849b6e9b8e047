from odoo import fields, models
from odoo.exceptions import AccessError

from ..const import CONSUME, RELEASE


class DigestDigest(models.Model):
    """What was deducted from prepaid budgets, in the mail of the day."""

    _inherit = "digest.digest"

    kpi_prepaid_used = fields.Boolean("Prepaid work")
    kpi_prepaid_used_value = fields.Monetary(compute="_compute_kpi_prepaid_used_value")

    def _compute_kpi_prepaid_used_value(self):
        """Sum what was deducted, net of what was returned, in the company's currency.

        Budgets in hours or in another currency are left out, never added up.

        :raise AccessError: the reader of the mail sees no budgets
        """
        if not self.env.user.has_group("prepaid_billing.group_user"):
            raise AccessError(
                self.env._("Prepaid figures are for the group Prepaid Billing / User.")
            )
        start, end, companies = self._get_kpi_compute_parameters()
        groups = self.env["prepaid.entry"]._read_group(
            [
                ("company_id", "in", companies.ids),
                ("create_date", ">=", start),
                ("create_date", "<", end),
                ("kind", "in", (CONSUME, RELEASE)),
            ],
            ["company_id", "currency_id"],
            ["quantity:sum"],
        )
        used = {(company, unit): -total for company, unit, total in groups}
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_prepaid_used_value = used.get(
                (company, company.currency_id), 0.0
            )

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("prepaid_billing.prepaid_billing_menu_root")
        actions["kpi_prepaid_used"] = (
            f"prepaid_billing.prepaid_entry_action_all?menu_id={menu.id}"
        )
        return actions
