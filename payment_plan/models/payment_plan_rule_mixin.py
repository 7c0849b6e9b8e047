from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError

from .. import const


class PaymentPlanRuleMixin(models.AbstractModel):
    """How a total is divided, and when the parts are due.

    A template has these fields, and each plan a copy of them: what was offered to a
    customer stays as it was when the template is revised, and can be negotiated.
    """

    _name = "payment.plan.rule.mixin"
    _description = "Rule of a Payment Plan"

    structure = fields.Selection(
        const.STRUCTURES, required=True, default=const.INSTALLMENTS
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of the amounts here. An order in another currency can have this plan "
        "only where it contains no amounts.",
    )
    # Deposit
    deposit_kind = fields.Selection(
        const.DEPOSIT_KINDS, "Deposit", required=True, default=const.PERCENT
    )
    deposit_percent = fields.Float("Deposit (%)", digits=(5, 2), default=25.0)
    deposit_amount = fields.Monetary(
        "Deposit amount", help="The deposit itself, or the least that it is."
    )
    # Balance
    installment_count = fields.Integer("Installments", default=3)
    # Dates
    start = fields.Selection(
        const.STARTS, "Installments count", required=True, default=const.FROM_SIGNATURE
    )
    start_date = fields.Date()
    interval_count = fields.Integer("Every", required=True, default=1)
    interval_unit = fields.Selection(
        const.UNITS, "Interval", required=True, default=const.MONTHS
    )
    anchor_day = fields.Integer(
        "Day of the month",
        help="Installments are due on this day of the month; 0 keeps the day on which "
        "the plan starts. A shorter month has its last day.",
    )
    has_cutoff = fields.Boolean("Ends before the session")
    cutoff_days = fields.Integer("Days before the session", default=7)
    at_cutoff = fields.Selection(
        const.CUTOFF_RULES,
        "When they do not fit",
        required=True,
        default=const.REDUCE,
    )
    skip_days_off = fields.Boolean(
        "Only on business days",
        help="What would be due on a day off of the company's calendar is due on the "
        "next business day.",
    )
    minimum_amount = fields.Monetary("Smallest installment")
    surcharge_percent = fields.Float(
        "Surcharge (%)",
        digits=(5, 2),
        help="Of the total, for paying in parts; zero is free of interest and fees. A "
        "surcharge can be a finance charge (Regulation Z): a sales manager must "
        "approve it.",
    )
    # Paid in full
    discount_kind = fields.Selection(
        const.DISCOUNT_KINDS,
        "Discount",
        required=True,
        default=const.NONE,
        help="For paying in full. Label it as a reward for early payment: where others "
        "pay the same price over time, a discount can count as a finance charge "
        "(12 CFR 1026.4(b)(9)).",
    )
    discount_percent = fields.Float("Discount (%)", digits=(5, 2))
    discount_amount = fields.Monetary()
    # Conditions
    autopay = fields.Selection(
        const.AUTOPAY_MODES,
        "Automatic payment",
        required=True,
        default=const.AUTOPAY_OPTIONAL,
    )
    obligation = fields.Selection(
        const.OBLIGATIONS,
        required=True,
        default=const.MAY_STOP,
        help="Where the customer may stop, a plan is usually not consumer credit.",
    )
    financing_partner_id = fields.Many2one(
        "res.partner",
        "Financed by",
        help="Who pays the whole amount and agrees on installments with the customer.",
    )

    @api.constrains(
        "structure",
        "deposit_percent",
        "deposit_amount",
        "installment_count",
        "interval_count",
        "anchor_day",
        "cutoff_days",
        "minimum_amount",
        "discount_percent",
        "discount_amount",
        "surcharge_percent",
        "start",
        "start_date",
        "financing_partner_id",
    )
    def _check_rule(self):
        for rule in self:
            if error := rule._get_rule_error():
                raise ValidationError(
                    self.env._(
                        "%(plan)s: %(problem)s", plan=rule.display_name, problem=error
                    )
                )

    def _get_rule_error(self):
        """Return what is wrong with this rule by itself, or an empty text."""
        self.ensure_one()
        percents = (
            self.deposit_percent,
            self.discount_percent,
            self.surcharge_percent,
        )
        amounts = (self.deposit_amount, self.minimum_amount, self.discount_amount)
        checks = [
            (
                all(0 <= p <= 100 for p in percents),
                self.env._("A percentage is 0 to 100."),
            ),
            (
                all(0 <= a < 1e12 for a in amounts),
                self.env._("An amount is zero or more."),
            ),
            (
                self.structure != const.INSTALLMENTS
                or 1 <= self.installment_count <= 520,
                self.env._("A plan has 1 to 520 installments."),
            ),
            (self.interval_count >= 1, self.env._("The interval is 1 or more.")),
            (
                0 <= self.anchor_day <= 31,
                self.env._("The day of the month is 0 to 31."),
            ),
            (
                self.cutoff_days >= 0,
                self.env._("Days before the session are 0 or more."),
            ),
            (
                self.start != const.FROM_DATE or self.start_date,
                self.env._("Enter the date from which installments count."),
            ),
            (
                self.structure != const.FINANCED or self.financing_partner_id,
                self.env._("Enter the partner who finances the plan."),
            ),
        ]
        return next((text for is_right, text in checks if not is_right), "")

    def _has_surcharge(self):
        """Whether paying in parts costs more than paying at once."""
        self.ensure_one()
        return self.structure in const.SPLIT_STRUCTURES and self.surcharge_percent > 0

    def _has_amounts(self):
        """Whether this rule contains money, hence works in its currency only."""
        self.ensure_one()
        has_deposit = self.deposit_kind in (const.FIXED, const.LARGER)
        has_discount = self.structure == const.FULL and self.discount_kind == "fixed"
        is_split = self.structure in const.SPLIT_STRUCTURES
        fixed_steps = self.step_ids.filtered(lambda step: step.kind == const.FIXED)
        return bool(
            has_discount
            or (is_split and (has_deposit or self.minimum_amount))
            or (self.structure == const.CUSTOM and fixed_steps)
        )

    @api.model
    def _get_rule_names(self):
        """Return the names of the fields that make a rule, its steps included."""
        inherited = set(self.env["base"]._fields)
        return set(self.env["payment.plan.rule.mixin"]._fields) - inherited | {
            "step_ids"
        }

    @api.model
    def _get_rule_depends(self):
        """Return what a schedule depends on, for computed fields."""
        names = ("sequence", "kind", "percent", "amount", "due", "days", "date")
        steps = [f"step_ids.{name}" for name in (*names, "milestone")]
        return sorted(self._get_rule_names()) + steps

    def _prepare_rule_vals(self):
        """Return the values of the same rule for another record, steps included."""
        self.ensure_one()
        names = self._get_rule_names() - {"step_ids"}
        vals = self.read(sorted(names), load=False)[0]
        del vals["id"]
        steps = [Command.create(step._prepare_copy_vals()) for step in self.step_ids]
        return {**vals, "step_ids": steps}
