from odoo import api, fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    prepaid_budget_ids = fields.One2many(
        "prepaid.budget",
        "partner_id",
        "Prepaid budgets",
        groups="prepaid_billing.group_user",
    )
    prepaid_budget_count = fields.Integer(
        compute="_compute_prepaid_balance", compute_sudo=True, groups="base.group_user"
    )
    # Who logs time sees what remains, and nothing more: no right on budgets is needed.
    prepaid_balance = fields.Monetary(
        compute="_compute_prepaid_balance",
        compute_sudo=True,
        currency_field="prepaid_currency_id",
        groups="hr_timesheet.group_hr_timesheet_user,prepaid_billing.group_user",
    )
    prepaid_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_prepaid_balance",
        compute_sudo=True,
        groups="base.group_user",
    )
    prepaid_timesheet_count = fields.Integer(
        "Time entries to deduct",
        compute="_compute_prepaid_timesheet_count",
        groups="prepaid_billing.group_user",
    )

    @api.depends_context("company", "allowed_company_ids")
    def _compute_prepaid_balance(self):
        """Sum the budgets of the commercial entity in the user's companies.

        Budgets in another currency are left out of the sum, never added up: the button
        opens them all.
        """
        groups = self.env["prepaid.budget"]._read_group(
            [
                (
                    "partner_id.commercial_partner_id",
                    "in",
                    self.commercial_partner_id.ids,
                ),
                ("company_id", "in", self.env.companies.ids),
            ],
            ["partner_id", "currency_id"],
            ["balance:sum", "__count"],
        )
        own = self.env.company.currency_id
        for partner in self:
            owner = partner.commercial_partner_id
            rows = [row for row in groups if row[0].commercial_partner_id == owner]
            currencies = [row[1] for row in rows]
            currency = own if own in currencies or not rows else currencies[0]
            partner.prepaid_currency_id = currency
            partner.prepaid_balance = sum(row[2] for row in rows if row[1] == currency)
            partner.prepaid_budget_count = sum(row[3] for row in rows)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_prepaid_timesheet_count(self):
        counts = self._get_prepaid_timesheet_counts()
        for partner in self:
            partner.prepaid_timesheet_count = counts.get(
                partner.commercial_partner_id.id, 0
            )

    def _get_prepaid_timesheet_counts(self):
        """Return the number of time entries still to deduct per commercial entity.

        :return: dict id of the commercial partner -> int
        """
        groups = self.env["account.analytic.line"]._read_group(
            self._get_prepaid_timesheet_domain(), ["partner_id", "so_line"], ["__count"]
        )
        counts = {}
        for partner, line, count in groups:
            # The ids only. The partner of an expense is the vendor.
            customer = line.sudo().order_partner_id or partner.sudo()
            owner = customer.commercial_partner_id.id
            counts[owner] = counts.get(owner, 0) + count
        return counts

    def _get_prepaid_timesheet_domain(self):
        """Return the domain of these customers' time that is still to deduct."""
        return Domain.AND(
            [
                [("is_prepaid_open", "=", True)],
                [("prepaid_customer_id", "in", self.commercial_partner_id.ids)],
                [("company_id", "in", self.env.companies.ids)],
            ]
        )

    # === ACTIONS === #

    def action_view_prepaid_budgets(self):
        """Open the customer's prepaid budgets; a new one when there is none."""
        self.ensure_one()
        owner = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "prepaid_billing.prepaid_budget_action"
        )
        action["domain"] = [("partner_id.commercial_partner_id", "=", owner.id)]
        action["context"] = {"default_partner_id": owner.id}
        budgets = self.env["prepaid.budget"].search(action["domain"], limit=2)
        if len(budgets) < 2:
            action["views"] = [(False, "form")]
            action["res_id"] = budgets.id
        return action

    def action_view_prepaid_timesheets(self):
        """Open the time that is still to deduct, with its value and why."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "prepaid_billing.account_analytic_line_action_prepaid"
        )
        action["domain"] = list(self._get_prepaid_timesheet_domain())
        if len(self.commercial_partner_id) == 1:
            action["display_name"] = self.env._(
                "Time to deduct: %s", self.commercial_partner_id.display_name
            )
        return action

    def action_prepaid_replenish_now(self):
        """Check the budgets of these customers now, as the nightly job would."""
        return (
            self.env["prepaid.budget"]
            .search(
                [
                    (
                        "partner_id.commercial_partner_id",
                        "in",
                        self.commercial_partner_id.ids,
                    )
                ]
            )
            .action_replenish_now()
        )
