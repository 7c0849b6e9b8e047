from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .. import const
from ..tools import terms
from ..tools.money import percent, to_units


class PaymentPlanStep(models.Model):
    """One payment after the deposit, of a plan with steps."""

    _name = "payment.plan.step"
    _description = "Step of a Payment Plan"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    template_id = fields.Many2one(
        "payment.plan.template", index="btree_not_null", ondelete="cascade"
    )
    plan_id = fields.Many2one(
        "payment.plan", index="btree_not_null", ondelete="cascade"
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    kind = fields.Selection(
        const.STEP_KINDS, "Amount", required=True, default=const.PERCENT
    )
    percent = fields.Float("%", digits=(5, 2))
    amount = fields.Monetary("Fixed")
    due = fields.Selection(const.STEP_DUES, required=True, default=const.IN_TURN)
    days = fields.Integer()
    date = fields.Date()
    milestone = fields.Char(
        translate=True, help="What must have happened, in the customer's words."
    )

    _owner = models.Constraint(
        "CHECK ((template_id IS NULL) <> (plan_id IS NULL))",
        "A step belongs to a template or to a plan.",
    )

    @api.depends("template_id.currency_id", "plan_id.currency_id")
    def _compute_currency_id(self):
        for step in self:
            owner = step.template_id or step.plan_id
            step.currency_id = owner.currency_id or self.env.company.currency_id

    # === WHAT IS SIGNED OR APPROVED === #

    @api.model_create_multi
    def create(self, vals_list):
        """A new step is a change of its plan."""
        steps = super().create(vals_list)
        steps._change_rule()
        return steps

    def write(self, vals):
        """A changed step is a change of its plan.

        :raise UserError: the plan is signed, or the step would go to another one
        """
        if {"plan_id", "template_id"} & set(vals):
            raise UserError(self.env._("A step stays where it is: add another one."))
        self._change_rule()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_changes_rule(self):
        self._change_rule()

    def _change_rule(self):
        """Keep what was signed; what was approved needs another approval.

        :raise UserError: the plan of one of these steps is signed
        """
        for plan in self.plan_id:
            plan._ensure_unbound()
        self.plan_id._end_approval()
        templates = self.template_id.filtered("approved_by_id")
        templates.write({"approved_by_id": False, "approved_on": False})

    @api.constrains("percent", "amount", "days", "due", "date", "milestone")
    def _check_step(self):
        for step in self:
            if not 0 <= step.percent <= 100 or not 0 <= step.amount < 1e12:
                raise ValidationError(
                    self.env._("A step is 0 to 100 %, or an amount of zero or more.")
                )
            if not 0 <= step.days <= 3650:
                raise ValidationError(self.env._("Days of a step are 0 to 3650."))
            if step.due == const.FROM_DATE and not step.date:
                raise ValidationError(self.env._("Enter the date of the step."))
            if step.due == const.BY_MILESTONE and not step.milestone:
                raise ValidationError(
                    self.env._("Name the milestone at which the step is due.")
                )

    def _get_step(self, rounding):
        """Return the step as the arithmetic wants it.

        :param float rounding: smallest amount of the order's currency
        :return: `terms.Step`
        """
        self.ensure_one()
        return terms.Step(
            kind=self.kind,
            percent=percent(self.percent) if self.kind == const.PERCENT else 0,
            amount=to_units(self.amount, rounding) if self.kind == const.FIXED else 0,
            due=terms.Due(
                kind=self.due,
                days=self.days,
                on=self.date or None,
                milestone=self.milestone or None,
            ),
        )

    def _prepare_copy_vals(self):
        """Return the values of the same step for a plan."""
        self.ensure_one()
        names = ("sequence", "kind", "percent", "amount", "due", "days", "date")
        return {**{name: self[name] for name in names}, "milestone": self.milestone}
