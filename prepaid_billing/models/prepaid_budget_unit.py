from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import UNIT_HOURS, UNIT_MONEY, UNITS


class PrepaidBudgetUnit(models.Model):
    """Budgets in money and budgets in hours (BF3, BF4).

    `currency_id` is what quantities are counted in: a currency, or hours. What is
    invoiced is always money: `money_currency_id`.
    """

    _inherit = "prepaid.budget"

    unit = fields.Selection(
        UNITS,
        "Kept in",
        required=True,
        default=UNIT_MONEY,
        tracking=True,
        help="Money: time is deducted at its value. Hours: time is deducted as such, "
        "whatever its rate.",
    )
    currency_id = fields.Many2one(
        help="What the quantities of this budget are counted in: a currency, or hours."
    )
    money_currency_id = fields.Many2one(
        "res.currency",
        "Invoiced in",
        required=True,
        compute="_compute_money_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Currency of top-up invoices, rates and values.",
    )
    time_increment = fields.Integer(
        "Count time in steps of (minutes)",
        tracking=True,
        help="Each time entry counts in whole steps, rounded up: with 15, seven "
        "minutes count as a quarter of an hour. 0: as it was logged. The time entry "
        "itself stays as it is.",
    )

    _time_increment_not_negative = models.Constraint(
        "CHECK (time_increment >= 0)", "Steps of time cannot be negative."
    )

    @api.depends("company_id", "unit")
    def _compute_currency_id(self):
        hours = self.env["res.currency"]._get_prepaid_hours()
        for budget in self:
            if budget.unit == UNIT_HOURS:
                budget.currency_id = hours
            elif budget.currency_id == hours:
                budget.currency_id = budget.company_id.currency_id
        return super()._compute_currency_id()

    @api.depends("company_id", "currency_id", "unit")
    def _compute_money_currency_id(self):
        for budget in self:
            if budget.unit == UNIT_MONEY:
                budget.money_currency_id = budget.currency_id
            elif not budget.money_currency_id:
                budget.money_currency_id = budget.company_id.currency_id

    @api.constrains("unit", "currency_id", "money_currency_id")
    def _check_unit(self):
        hours = self.env["res.currency"]._get_prepaid_hours()
        for budget in self:
            is_hours = budget.unit == UNIT_HOURS
            is_mixed = not is_hours and budget.money_currency_id != budget.currency_id
            counts_hours = budget.currency_id == hours
            if counts_hours != is_hours or is_mixed:
                raise ValidationError(
                    self.env._(
                        "%(budget)s: hours belong to budgets kept in hours, a currency "
                        "to budgets kept in money.",
                        budget=budget.display_name,
                    )
                )
            if budget.money_currency_id == hours:
                raise ValidationError(
                    self.env._(
                        "%(budget)s: choose the currency of its invoices.",
                        budget=budget.display_name,
                    )
                )

    def _counts_hours(self):
        """Whether this budget is kept in hours."""
        self.ensure_one()
        return self.unit == UNIT_HOURS
