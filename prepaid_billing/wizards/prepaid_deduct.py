from uuid import uuid4

from odoo import Command, api, fields, models


class PrepaidDeduct(models.TransientModel):
    """Preview of a deduction: what is covered, what is short. Confirm books it."""

    _name = "prepaid.deduct"
    _description = "Deduct Time"

    key = fields.Char(
        default=lambda self: uuid4().hex,
        readonly=True,
        help="A double click books once.",
    )
    timesheet_ids = fields.Many2many("account.analytic.line", readonly=True)
    line_ids = fields.One2many(
        "prepaid.deduct.line",
        "deduct_id",
        compute="_compute_line_ids",
        store=True,
        precompute=False,
    )
    summary_ids = fields.One2many(
        "prepaid.deduct.summary",
        "deduct_id",
        compute="_compute_line_ids",
        store=True,
        precompute=False,
    )
    covered_count = fields.Integer(compute="_compute_covered_count")
    short_count = fields.Integer(compute="_compute_covered_count")
    beyond_count = fields.Integer(compute="_compute_covered_count")
    has_materials = fields.Boolean(compute="_compute_covered_count")

    @api.depends("timesheet_ids")
    def _compute_line_ids(self):
        for wizard in self:
            deductions = wizard.timesheet_ids._plan_prepaid_deductions()
            lines = [wizard._prepare_line_vals(d) for d in deductions]
            wizard.line_ids = [Command.clear(), *map(Command.create, lines)]
            wizard.summary_ids = [
                Command.clear(),
                *map(Command.create, wizard._prepare_summaries(lines)),
            ]

    @api.depends("line_ids.covered", "line_ids.obstacle", "line_ids.beyond")
    def _compute_covered_count(self):
        for wizard in self:
            accepted = wizard.line_ids.filtered(lambda line: not line.obstacle)
            wizard.covered_count = len(accepted)
            beyond = wizard.line_ids.filtered("beyond")
            wizard.short_count = len(wizard.line_ids - accepted - beyond)
            wizard.beyond_count = len(beyond)
            wizard.has_materials = any(wizard.line_ids.mapped("units"))

    def _prepare_line_vals(self, deduction):
        valuation, cover = deduction.valuation, deduction.cover
        budget = valuation.budget
        money = budget._from_units if budget else (lambda units: 0.0)
        is_booked = cover and cover.is_accepted
        is_material = deduction.timesheet._is_prepaid_material()
        return {
            "timesheet_id": deduction.timesheet.id,
            "budget_id": budget.id,
            "hours": 0.0 if is_material else valuation.hours,
            "counted_hours": 0.0 if is_material else valuation.counted,
            "units": valuation.hours if is_material else 0.0,
            "weight_reason": valuation.weight_reason,
            "rate": valuation.rate,
            "rate_reason": valuation.reason,
            "value": money(valuation.value),
            "covered": money(cover.value) if is_booked else 0.0,
            "covered_hours": cover.hours if is_booked and not is_material else 0.0,
            "short": money(valuation.value - (cover.value if is_booked else 0)),
            "obstacle": deduction.obstacle,
            "beyond": deduction.beyond,
        }

    def _prepare_summaries(self, lines):
        budgets = self.env["prepaid.budget"].browse(
            {line["budget_id"] for line in lines if line["budget_id"]}
        )
        return [
            {
                "budget_id": budget.id,
                "before": budget.balance,
                "covered": (
                    covered := sum(
                        line["covered"]
                        for line in lines
                        if line["budget_id"] == budget.id
                    )
                ),
                "short": sum(
                    line["short"] for line in lines if line["budget_id"] == budget.id
                ),
                "after": budget.currency_id.round(budget.balance - covered),
            }
            for budget in budgets.sorted("id")
        ]

    def action_confirm(self):
        """Book what the preview shows, on fresh data.

        :raise UserError: nothing can be deducted any more; the message says why
        """
        self.ensure_one()
        self.env["account.analytic.line"].prepaid_deduct(
            self.timesheet_ids.ids, self.key
        )
        return {"type": "ir.actions.act_window_close"}
