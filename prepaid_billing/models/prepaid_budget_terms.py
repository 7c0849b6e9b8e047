from odoo import api, fields, models

from ..const import (
    BUDGET_CLOSED,
    BUDGET_OPEN,
    BUDGET_STATES,
    CONSUMPTION_ORDERS,
    LOT_GRANTED,
    ORDER_EXPIRY,
)


class PrepaidBudgetTerms(models.Model):
    """How the lots of a budget are used, and until when."""

    _inherit = "prepaid.budget"

    state = fields.Selection(
        BUDGET_STATES,
        "Life",
        required=True,
        readonly=True,
        copy=False,
        default=BUDGET_OPEN,
        tracking=True,
    )
    close_reason = fields.Char(
        readonly=True, copy=False, groups="base.group_user", tracking=True
    )
    consumption_order = fields.Selection(
        CONSUMPTION_ORDERS,
        "Use first",
        required=True,
        default=ORDER_EXPIRY,
        tracking=True,
        help="After the priority of the lots. Then the earliest expiry, what never "
        "expires last, and the oldest.",
    )
    grace_days = fields.Integer(
        "Grace days",
        tracking=True,
        help="How many days after its expiry a lot still pays for work that was done "
        "before. Only then it expires.",
    )

    _grace_days_not_negative = models.Constraint(
        "CHECK (grace_days >= 0)", "Grace days cannot be negative."
    )

    task_ids = fields.Many2many(
        "project.task",
        string="Tasks",
        check_company=True,
        help="With their subtasks. With no task left, the budget pays for nothing.",
    )
    scope_product_ids = fields.Many2many(
        "product.product",
        string="Services",
        check_company=True,
        domain="[('type', '=', 'service')]",
        help="Services of the sales order items that time is logged on. With none "
        "left, the budget pays for nothing.",
    )

    @api.model
    def default_get(self, fields):
        """A new budget is open, whatever default value there is."""
        result = super().default_get(fields)
        if "state" in fields:
            result["state"] = BUDGET_OPEN
        return result

    def _is_closed(self):
        """Whether this budget takes no credit any more."""
        self.ensure_one()
        return self.state == BUDGET_CLOSED

    def _prepare_granted_vals(self):
        """Return what all lots of free credit of this budget have in common."""
        self.ensure_one()
        return {
            "budget_id": self.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "money_currency_id": self.money_currency_id.id,
            "kind": LOT_GRANTED,
            "remaining": 0.0,
            "value": 0.0,
            **self.env["prepaid.lot"]._prepare_terms_on_posting(),
        }
