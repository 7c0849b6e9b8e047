from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import EPISODE_DONE, EPISODE_SUPPRESSED
from ..const_replenishment import (
    ACTION_POST,
    ACTIONS,
    METHODS,
    POLICIES,
    POLICY_ONE_OFF,
)
from ..tools.money import is_usable
from ..tools.replenishment import FIXED

NUMBERS = ("integer", "float", "monetary")


def _read_number(value):
    """Return the number in a text (data files write numbers so), else the value."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


class PrepaidBudgetReplenishment(models.Model):
    """What happens when a balance falls strictly below its threshold."""

    _inherit = "prepaid.budget"

    replenish_policy = fields.Selection(
        POLICIES,
        "When low",
        required=True,
        default=POLICY_ONE_OFF,
        tracking=True,
    )
    threshold = fields.Monetary(
        tracking=True,
        help="The budget is low when its balance is strictly below this amount.",
    )
    is_low = fields.Boolean(
        "Below threshold", compute="_compute_is_low", store=True, copy=False
    )
    replenish_method = fields.Selection(
        METHODS,
        "Top-up",
        required=True,
        default=FIXED,
        tracking=True,
    )
    replenish_amount = fields.Monetary(
        "Fixed amount",
        tracking=True,
        help="Without tax. A large gap is closed by several of it on one invoice.",
    )
    replenish_target = fields.Monetary("Target balance", tracking=True)
    replenish_min = fields.Monetary("Smallest top-up", help="0: no limit.")
    replenish_max = fields.Monetary("Largest top-up", help="0: no limit.")
    replenish_action = fields.Selection(
        ACTIONS,
        "Then",
        required=True,
        default=ACTION_POST,
        tracking=True,
    )
    invoice_partner_id = fields.Many2one(
        "res.partner",
        "Invoice contact",
        check_company=True,
        help="Empty: the customer's invoice address.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        "Payment terms",
        check_company=True,
        help="Empty: the customer's payment terms.",
    )
    customer_reference = fields.Char(
        "Purchase order", help="The customer's reference, printed on top-up invoices."
    )
    replenishment_ids = fields.One2many(
        "prepaid.replenishment", "budget_id", "Replenishments", readonly=True
    )
    episode_id = fields.Many2one(
        "prepaid.replenishment", "Current episode", compute="_compute_episode_id"
    )
    is_suppressed = fields.Boolean(compute="_compute_episode_id")
    replenish_note = fields.Char(
        "Last check",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Why the last check did what it did, or did nothing.",
    )

    is_replenish_failed = fields.Boolean(
        "Replenishment failed",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="The last check ended with an error; Last check says which.",
    )
    replenish_checked_on = fields.Date(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Day of the last check; the job checks a low budget once a day.",
    )

    is_top_up_open = fields.Boolean(
        compute="_compute_is_top_up_open",
        compute_sudo=True,
        groups="base.group_user",
        help="A draft or unpaid invoice will bring credit: no other is made.",
    )
    shortage_invoice_id = fields.Many2one(
        "account.move",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups="base.group_user",
        help="Open top-up of which the responsible knows that it is too small.",
    )

    # The job asks for the low budgets only, in the order of this index.
    _low_index = models.Index("(id) WHERE is_low AND active")

    # === COMPUTES === #

    @api.depends("balance", "threshold", "currency_id")
    def _compute_is_low(self):
        for budget in self:
            currency = budget.currency_id or budget.company_id.currency_id
            budget.is_low = currency and (
                currency.compare_amounts(budget.balance, budget.threshold) < 0
            )

    @api.depends("replenishment_ids.state")
    def _compute_episode_id(self):
        episodes = self.env["prepaid.replenishment"].search(
            [("budget_id", "in", self.ids), ("state", "!=", EPISODE_DONE)]
        )
        by_budget = {episode.budget_id.id: episode for episode in episodes}
        for budget in self:
            episode = by_budget.get(budget.id, episodes.browse())
            budget.episode_id = episode
            budget.is_suppressed = episode.state == EPISODE_SUPPRESSED

    def _compute_is_top_up_open(self):
        invoices = self._origin._get_open_top_ups()
        for budget in self:
            budget.is_top_up_open = bool(invoices.get(budget._origin))

    # === CONSTRAINTS === #

    def _normalize_vals(self, vals):
        """Refuse what is no number, before the arithmetic stumbles over it.

        :raise UserError: text, infinity or "not a number" for a figure
        """
        for name, value in vals.items():
            field = self._fields.get(name)
            if not value or not field or field.type not in NUMBERS:
                continue
            if not is_usable(_read_number(value)):
                raise UserError(
                    self.env._(
                        "%(field)s: %(value)s is not a number that can be used.",
                        field=field._description_string(self.env),
                        value=value,
                    )
                )
        return super()._normalize_vals(vals)

    @api.constrains(
        "replenish_policy",
        "replenish_method",
        "replenish_amount",
        "replenish_target",
        "replenish_min",
        "replenish_max",
        "threshold",
        "currency_id",
    )
    def _check_replenishment(self):
        for budget in self:
            if reason := budget._get_rule_obstacle():
                raise ValidationError(
                    self.env._(
                        "%(budget)s: %(reason)s",
                        budget=budget.display_name,
                        reason=reason,
                    )
                )

    def _get_rule_obstacle(self):
        """Say what is wrong with the rule of replenishment, in the user's words."""
        self.ensure_one()
        compare = self.currency_id.compare_amounts
        largest, smallest = self.replenish_max, self.replenish_min
        if compare(self.threshold, 0) < 0:
            return self.env._("the threshold cannot be negative; 0 means below zero.")
        if compare(smallest, 0) < 0 or compare(largest, 0) < 0:
            return self.env._("the smallest and largest top-up cannot be negative.")
        if self.replenish_policy == POLICY_ONE_OFF:
            return False
        if compare(largest, 0) > 0 and compare(smallest, largest) > 0:
            return self.env._(
                "the smallest top-up %(min)s is more than the largest %(max)s.",
                min=self.currency_id.format(smallest),
                max=self.currency_id.format(largest),
            )
        if self.replenish_method == FIXED:
            return self._get_fixed_obstacle()
        return self._get_target_obstacle()

    def _get_fixed_obstacle(self):
        compare = self.currency_id.compare_amounts
        if compare(self.replenish_amount, 0) <= 0:
            return self.env._(
                "the fixed amount must be at least %(smallest)s.",
                smallest=self.currency_id.format(self.currency_id.rounding),
            )
        if compare(self.replenish_max, 0) > 0 and (
            compare(self.replenish_amount, self.replenish_max) > 0
        ):
            return self.env._(
                "the fixed amount %(amount)s is more than the largest top-up %(max)s.",
                amount=self.currency_id.format(self.replenish_amount),
                max=self.currency_id.format(self.replenish_max),
            )
        return False

    def _get_target_obstacle(self):
        compare = self.currency_id.compare_amounts
        if compare(self.replenish_target, 0) <= 0 or (
            compare(self.replenish_target, self.threshold) < 0
        ):
            return self.env._(
                "the target %(target)s must be above zero and not below the threshold "
                "%(threshold)s, or every top-up would be followed by another.",
                target=self.currency_id.format(self.replenish_target),
                threshold=self.currency_id.format(self.threshold),
            )
        return False
