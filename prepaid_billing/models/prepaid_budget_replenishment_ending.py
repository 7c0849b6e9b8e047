from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..const import ENDING_DAYS
from ..const_replenishment import ACTION_NOTIFY
from .prepaid_budget import SCOPE_PROJECTS, SCOPE_TASKS


class PrepaidBudgetEnding(models.Model):
    """Nothing is invoiced to a customer who is about to leave (BF38, B22)."""

    _inherit = "prepaid.budget"

    contract_end = fields.Date(
        "Contract ends on",
        tracking=True,
        help="Last day of what was agreed with the customer. Empty: without end.",
    )
    ending_days = fields.Integer(
        "No top-up before the end (days)",
        compute="_compute_ending_days",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="So many days before the contract, or the last of the projects that the "
        "budget pays for, ends, no top-up is invoiced any more by itself.",
    )

    _ending_days_not_negative = models.Constraint(
        "CHECK (ending_days >= 0)", "Days before the end cannot be negative."
    )

    @api.depends("company_id")
    def _compute_ending_days(self):
        for budget in self:
            budget.ending_days = budget.company_id.prepaid_ending_days

    def _get_leaving_reason(self):
        """Say why this customer gets no invoice any more, also when it ends soon."""
        reason = super()._get_leaving_reason()
        # Telling the responsible of a low balance is useful until the last day.
        if reason or self._get_action_now() == ACTION_NOTIFY:
            return reason
        limit = self.company_id._get_autopay_today() + timedelta(days=self.ending_days)
        if self.contract_end and self.contract_end <= limit:
            return self.env._(
                "No invoice: the contract ends on %(date)s",
                date=format_date(self.env, self.contract_end),
            )
        projects = self._get_paid_projects()
        if not projects or not all(project._is_ending(limit) for project in projects):
            return False
        return self.env._(
            "No invoice: all work that it pays for ends by %(date)s (%(projects)s)",
            date=format_date(self.env, limit),
            projects=", ".join(projects.mapped("display_name")),
        )

    def _get_paid_projects(self):
        """Return the projects whose end is the end of this budget, archived ones too.

        A budget for all work, or for services, does not end with a project.
        """
        self.ensure_one()
        budget = self.with_context(active_test=False)
        if self.scope == SCOPE_PROJECTS:
            return budget.project_ids
        if self.scope == SCOPE_TASKS:
            return budget.task_ids.project_id
        return budget.project_ids.browse()


class ProjectProject(models.Model):
    _inherit = "project.project"

    def _is_ending(self, day):
        """Whether this project is archived, or ends on a day or before it.

        :param date day: in the time zone of its company
        """
        self.ensure_one()
        return not self.active or bool(self.date and self.date <= day)


class ResCompany(models.Model):
    _inherit = "res.company"

    prepaid_ending_days = fields.Integer(
        "No top-up before the end (days)",
        default=ENDING_DAYS,
        help="For new budgets. Days before the end of a contract, or of the last "
        "project, from which on no top-up is invoiced by itself.",
    )

    _prepaid_ending_days_not_negative = models.Constraint(
        "CHECK (prepaid_ending_days >= 0)", "Days before the end cannot be negative."
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    prepaid_ending_days = fields.Integer(
        related="company_id.prepaid_ending_days", readonly=False
    )
