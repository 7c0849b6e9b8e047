from odoo import api, models

from .prepaid_budget import SCOPE_ALL


class PrepaidBudgetMatching(models.Model):
    """Which budget pays for a piece of time."""

    _inherit = "prepaid.budget"

    @api.model
    def _match(self, timesheets):
        """Find the budget that pays for each timesheet.

        The most specific scope wins, then priority, then age. A budget serves its
        customer's commercial entity with all contacts, and its own company only.

        :param timesheets: `account.analytic.line`
        :return: dict timesheet -> `prepaid.budget`, empty where none matches
        """
        partners = timesheets._get_prepaid_partners()
        budgets = self.search(
            [
                (
                    "partner_id.commercial_partner_id",
                    "in",
                    [partner.id for partner in partners.values()],
                ),
                ("company_id", "in", timesheets.company_id.ids),
            ]
        )
        budgets = budgets.sorted(lambda b: (b.scope == SCOPE_ALL, b.sequence, b.id))
        by_owner = budgets.grouped(
            lambda b: (b.partner_id.commercial_partner_id, b.company_id)
        )
        return {
            timesheet: next(
                (
                    budget
                    for budget in by_owner.get(
                        (partners[timesheet], timesheet.company_id), ()
                    )
                    if budget._is_in_scope(timesheet)
                ),
                self.browse(),
            )
            for timesheet in timesheets
        }

    def _is_in_scope(self, timesheet):
        self.ensure_one()
        return self.scope == SCOPE_ALL or timesheet.project_id in self.project_ids
