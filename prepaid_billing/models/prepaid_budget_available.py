from odoo import api, fields, models
from odoo.fields import Domain

from .account_analytic_line_left import SEEING_GROUPS


class PrepaidBudgetAvailable(models.Model):
    """What is left when the time that waits is deducted, too (B68).

    The balance is what the ledger says. Time that is logged and not decided about yet
    is held back: it lowers what is available, and gives it back when it is rejected.
    """

    _inherit = "prepaid.budget"

    reserved = fields.Monetary(
        "Not deducted yet",
        compute="_compute_available",
        compute_sudo=True,
        groups="base.group_user",
        help="Value of the logged time that this budget would pay for: neither "
        "deducted, nor invoiced, nor rejected.",
    )
    available = fields.Monetary(
        compute="_compute_available",
        compute_sudo=True,
        groups="base.group_user",
        help="The balance less the time that is not deducted yet.",
    )
    show_available = fields.Boolean(
        "Show what is available",
        tracking=True,
        help="The customer sees, beside the balance, what is left of it after the work "
        "that is not deducted yet.",
        groups="base.group_user",
    )

    @api.depends("balance")
    def _compute_available(self):
        reserved = self._get_reserved_units()
        for budget in self:
            units = reserved.get(budget._origin.id, 0)
            budget.reserved = budget._from_units(units)
            budget.available = budget._from_units(
                budget._to_units(budget.balance) - units
            )

    def _get_reserved_units(self):
        """Value the time that waits for these budgets, all at once.

        :return: dict id of the budget -> whole smallest amounts
        """
        timesheets = self.env["account.analytic.line"].search(
            self._get_reserved_domain()
        )
        reserved = {}
        for valuation in timesheets._get_prepaid_valuations().values():
            if valuation.budget and not valuation.obstacle:
                id_ = valuation.budget.id
                reserved[id_] = reserved.get(id_, 0) + valuation.value
        return reserved

    def _get_reserved_domain(self):
        """Return the domain of the time that is held back from budgets.

        What the credit did not cover when it was deducted is decided: billed (B44).
        """
        return (
            Domain("is_prepaid_open", "=", True)
            & Domain("prepaid_state", "=", False)
            & Domain("prepaid_overflow_line_id", "=", False)
            & Domain("project_id", "!=", False)
            & Domain("company_id", "in", self.company_id.ids)
            & self.env["account.analytic.line"]._get_prepaid_work_domain(
                self.partner_id.commercial_partner_id.ids
            )
        )

    def _get_portal_available(self):
        """Return what a customer may see as available.

        :return: tuple (not deducted yet, available), or False where it is not shown
        """
        self.ensure_one()
        budget_sudo = self.sudo()  # customers may not read time
        if not budget_sudo.show_available:
            return False
        if budget_sudo.currency_id.is_zero(budget_sudo.reserved):
            return False
        return budget_sudo.reserved, budget_sudo.available

    @api.model
    def _get_available_texts(self, owners, companies):
        """Return what customers have available, each unit apart.

        :param owners: commercial `res.partner`
        :param companies: `res.company` whose budgets count
        :return: dict (id of the owner, id of the company) -> text such as "$ 180.00";
            only where time waits to be deducted
        """
        budgets = self.search(
            [
                ("partner_id.commercial_partner_id", "in", owners.ids),
                ("company_id", "in", companies.ids),
            ]
        )
        texts = {}
        for (partner, company), own in budgets.grouped(
            lambda b: (b.partner_id.commercial_partner_id, b.company_id)
        ).items():
            if not any(own.mapped("reserved")):
                continue
            texts[partner.id, company.id] = " · ".join(
                currency.format(sum(same.mapped("available")))
                for currency, same in own.grouped("currency_id").items()
            )
        return texts


class ResPartner(models.Model):
    _inherit = "res.partner"

    prepaid_available = fields.Monetary(
        compute="_compute_prepaid_available",
        compute_sudo=True,
        currency_field="prepaid_currency_id",
        groups=SEEING_GROUPS,
        help="The prepaid balance less the time that is not deducted yet.",
    )
    is_prepaid_reserved = fields.Boolean(
        compute="_compute_prepaid_available", compute_sudo=True, groups=SEEING_GROUPS
    )

    @api.depends_context("company", "allowed_company_ids")
    def _compute_prepaid_available(self):
        """Sum the budgets that the balance sums: those in its currency."""
        budgets = self.env["prepaid.budget"].search(
            [
                (
                    "partner_id.commercial_partner_id",
                    "in",
                    self.commercial_partner_id.ids,
                ),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        by_owner = budgets.grouped(lambda b: b.partner_id.commercial_partner_id)
        for partner in self:
            own = by_owner.get(partner.commercial_partner_id, budgets.browse())
            own = own.filtered(
                lambda b, partner=partner: b.currency_id == partner.prepaid_currency_id
            )
            partner.prepaid_available = sum(own.mapped("available"))
            partner.is_prepaid_reserved = any(own.mapped("reserved"))


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    prepaid_left_available = fields.Char(
        "Available of it",
        compute="_compute_prepaid_left_available",
        compute_sudo=True,
        groups=SEEING_GROUPS,
        help="What remains when all time that is logged so far is deducted.",
    )

    @api.depends(
        "partner_id", "so_line", "company_id", "unit_amount", "prepaid_approval"
    )
    def _compute_prepaid_left_available(self):
        customers = self._get_prepaid_partners()
        owners = self.env["res.partner"].union(*customers.values())
        texts = self.env["prepaid.budget"]._get_available_texts(owners, self.company_id)
        for timesheet in self:
            timesheet.prepaid_left_available = texts.get(
                (customers[timesheet].id, timesheet.company_id.id)
            )


class ProjectTask(models.Model):
    _inherit = "project.task"

    prepaid_available = fields.Monetary(
        "Available of it",
        related="partner_id.prepaid_available",
        currency_field="prepaid_currency_id",
        groups=SEEING_GROUPS,
        help="What remains when all time that is logged so far is deducted.",
    )
    is_prepaid_reserved = fields.Boolean(
        related="partner_id.is_prepaid_reserved", groups=SEEING_GROUPS
    )
