from odoo import api, fields, models

from ..const import CONSUMPTION_ORDERS, UNIT_HOURS, UNITS
from ..const_consumption import CONSUMPTION_MODES, DUE_RULES, OVERFLOW_POLICIES
from ..const_replenishment import POLICIES
from ..tools.allocation import OVERDRAFT, PARTIAL, REFUSE
from .prepaid_budget import ZERO_DEDUCT, ZERO_SKIP

#: What a type decides for the budgets that are opened with it.
TYPE_FIELDS = (
    "unit",
    "product_id",
    "shortage_policy",
    "overdraft_limit",
    "zero_rate_policy",
    "cover_earlier_work",
    "consumption_order",
    "grace_days",
    "time_increment",
    "consumption_mode",
    "consume_rule",
    "consume_days",
    "pays_for_materials",
    "overflow_policy",
    "overflow_rate",
    "overflow_product_id",
    "replenish_policy",
    "threshold",
    "replenish_amount",
)


class PrepaidBudgetType(models.Model):
    """Defaults for new budgets (BF12). What exists does not follow later edits."""

    _name = "prepaid.budget.type"
    _description = "Prepaid Budget Type"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")
    unit = fields.Selection(UNITS, "Kept in")
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        help="What the amounts are counted in: a currency, or hours.",
    )
    product_id = fields.Many2one(
        "product.product",
        "Prepaid pack",
        check_company=True,
        domain="[('prepaid_ok', '=', True)]",
    )
    shortage_policy = fields.Selection(
        [
            (REFUSE, "Refuse"),
            (PARTIAL, "Cover in part: the rest stays billable"),
            (OVERDRAFT, "Overdraft up to a limit"),
        ],
        "When credit is short",
    )
    overdraft_limit = fields.Monetary()
    zero_rate_policy = fields.Selection(
        [(ZERO_SKIP, "Leave it out"), (ZERO_DEDUCT, "Deduct it at zero")],
        "Time that is not billable",
    )
    cover_earlier_work = fields.Boolean(default=True)
    consumption_order = fields.Selection(CONSUMPTION_ORDERS, "Use first")
    grace_days = fields.Integer()
    time_increment = fields.Integer("Count time in steps of (minutes)")
    consumption_mode = fields.Selection(CONSUMPTION_MODES, "Deduct time")
    consume_rule = fields.Selection(DUE_RULES, "Deduct after")
    consume_days = fields.Integer(
        "Days after the work", default=7, help="0: on the day of the work."
    )
    pays_for_materials = fields.Boolean("Also pays for expenses and material")
    overflow_policy = fields.Selection(OVERFLOW_POLICIES, "Bill the rest at")
    overflow_rate = fields.Monetary(
        "Rate beyond the budget", currency_field="money_currency_id"
    )
    overflow_product_id = fields.Many2one(
        "product.product",
        "Service beyond the budget",
        check_company=True,
        domain="[('type', '=', 'service'), ('invoice_policy', '=', 'delivery'), "
        "('service_type', '=', 'timesheet')]",
    )
    money_currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", help="What rates are in."
    )
    replenish_policy = fields.Selection(POLICIES, "When low")
    threshold = fields.Monetary()
    replenish_amount = fields.Monetary("Fixed amount")

    _numbers_not_negative = models.Constraint(
        "CHECK (overdraft_limit >= 0 AND grace_days >= 0 AND time_increment >= 0"
        " AND consume_days >= 0 AND overflow_rate >= 0"
        " AND threshold >= 0 AND replenish_amount >= 0)",
        "The numbers of a budget type cannot be negative.",
    )

    @api.depends("unit", "company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        hours = self.env["res.currency"]._get_prepaid_hours()
        for type_ in self:
            company = type_.company_id or self.env.company
            is_hours = type_.unit == UNIT_HOURS
            type_.currency_id = hours if is_hours else company.currency_id
            type_.money_currency_id = company.currency_id

    def _prepare_budget_vals(self):
        """Return the values that this type decides; what is left open is not in it.

        :return: dict of values of `prepaid.budget`
        """
        self.ensure_one()
        values = {name: self[name] for name in TYPE_FIELDS}
        values["product_id"] = self.product_id.id
        values["overflow_product_id"] = self.overflow_product_id.id
        # 0 says something of these: not left open.
        said = {"cover_earlier_work"}
        if self.consume_rule:
            said.add("consume_days")
        return {name: value for name, value in values.items() if value or name in said}


class PrepaidBudgetOfType(models.Model):
    _inherit = "prepaid.budget"

    type_id = fields.Many2one(
        "prepaid.budget.type",
        "Budget type",
        check_company=True,
        help="Fills in the settings of a new budget. Later edits of the type do not "
        "change it.",
    )

    @api.onchange("type_id")
    def _onchange_type_id(self):
        if self.type_id:
            self.update(self.type_id._prepare_budget_vals())

    @api.model_create_multi
    def create(self, vals_list):
        """What is not said of a new budget, its type says."""
        types = self.env["prepaid.budget.type"]
        return super().create(
            [
                {**types.browse(vals["type_id"])._prepare_budget_vals(), **vals}
                if vals.get("type_id")
                else vals
                for vals in vals_list
            ]
        )
