from odoo import api, fields, models

#: Whoever logs time sees what remains, and no rate (B87).
SEEING_GROUPS = "hr_timesheet.group_hr_timesheet_user,prepaid_billing.group_user"


class AccountAnalyticLine(models.Model):
    """What remains of the customer's credit, where time is logged (BF55)."""

    _inherit = "account.analytic.line"

    prepaid_left = fields.Char(
        "Prepaid left",
        compute="_compute_prepaid_left",
        compute_sudo=True,
        groups=SEEING_GROUPS,
        help="What remains of the customer's prepaid budgets.",
    )

    @api.depends("partner_id", "so_line", "company_id")
    def _compute_prepaid_left(self):
        customers = self._get_prepaid_partners()
        owners = self.env["res.partner"].union(*customers.values())
        left = self.env["prepaid.budget"]._get_left_texts(owners, self.company_id)
        for timesheet in self:
            timesheet.prepaid_left = left.get(
                (customers[timesheet].id, timesheet.company_id.id)
            )


class PrepaidBudget(models.Model):
    _inherit = "prepaid.budget"

    @api.model
    def _get_left_texts(self, owners, companies):
        """Return what customers have left, each unit apart, by one query for all.

        :param owners: commercial `res.partner`
        :param companies: `res.company` whose budgets count
        :return: dict (id of the owner, id of the company) -> text such as
            "$ 380.00 · 12.00 h"
        """
        groups = self._read_group(
            [
                ("partner_id.commercial_partner_id", "in", owners.ids),
                ("company_id", "in", companies.ids),
            ],
            ["partner_id", "company_id", "currency_id"],
            ["balance:sum"],
        )
        left = {}
        for partner, company, currency, balance in groups:
            sums = left.setdefault((partner.commercial_partner_id.id, company.id), {})
            sums[currency] = sums.get(currency, 0.0) + balance
        return {
            key: " · ".join(currency.format(left) for currency, left in sums.items())
            for key, sums in left.items()
        }
