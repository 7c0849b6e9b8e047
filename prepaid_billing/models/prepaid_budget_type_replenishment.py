from odoo import fields, models

from ..const_replenishment import ACTIONS, CALENDAR_UNITS, METHODS

#: What a type decides about how its budgets are replenished.
RULE_FIELDS = (
    "replenish_method",
    "replenish_target",
    "replenish_min",
    "replenish_max",
    "replenish_action",
    "replenish_cap",
    "replenish_cap_count",
    "calendar_unit",
    "calendar_every",
    "calendar_day",
)


class PrepaidBudgetTypeReplenishment(models.Model):
    """The rule of replenishment as a default: amounts, limits, calendar (BF12)."""

    _inherit = "prepaid.budget.type"

    replenish_method = fields.Selection(METHODS, "Top-up")
    replenish_target = fields.Monetary("Target balance")
    replenish_min = fields.Monetary("Smallest top-up", help="0: no limit.")
    replenish_max = fields.Monetary("Largest top-up", help="0: no limit.")
    replenish_action = fields.Selection(ACTIONS, "Then")
    replenish_cap = fields.Monetary("Most per month", help="0: no limit.")
    replenish_cap_count = fields.Integer("Top-ups per month", help="0: no limit.")
    calendar_unit = fields.Selection(
        CALENDAR_UNITS,
        "Top up by calendar",
        help="Starts on the day on which a budget is opened, unless it says another.",
    )
    calendar_every = fields.Integer("Every", default=1)
    calendar_day = fields.Integer(
        "Day of the month", help="0: the day on which the budget is opened."
    )

    _rule_numbers_not_negative = models.Constraint(
        "CHECK (replenish_target >= 0 AND replenish_min >= 0 AND replenish_max >= 0"
        " AND replenish_cap >= 0 AND replenish_cap_count >= 0"
        " AND calendar_every >= 0 AND calendar_day BETWEEN 0 AND 31)",
        "The numbers of a budget type cannot be negative, and a month has 31 days.",
    )

    def _prepare_budget_vals(self):
        """Add the rule of replenishment; its calendar starts on the day of opening."""
        values = super()._prepare_budget_vals()
        rule = {name: self[name] for name in RULE_FIELDS if self[name]}
        if not self.calendar_unit:
            # How often and when say nothing without a calendar.
            rule.pop("calendar_every", None)
            rule.pop("calendar_day", None)
        else:
            company = self.company_id or self.env.company
            rule["calendar_start"] = company._get_autopay_today()
        return {**values, **rule}
