from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError

from .. import const_contract as const


class PaymentPlanTerms(models.Model):
    """The conditions of contracts as settings, and the clauses that state them.

    The settings are the truth: clauses contain no figures. What a customer signed is
    frozen in the version of the plan; a revision here is for contracts to come.
    """

    _name = "payment.plan.terms"
    _description = "Contract Terms"
    _inherit = ["mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    title = fields.Char(
        "Title of the contract",
        required=True,
        translate=True,
        default=lambda self: self.env._("Agreement on a payment plan"),
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Empty: for all companies.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of the amounts here. Orders in another currency can have these terms "
        "only where they contain no amounts.",
    )
    # Late payment
    grace_days = fields.Integer("Grace", tracking=True, help="0: no grace.")
    grace_unit = fields.Selection(
        const.GRACE_UNITS, "Days of grace", required=True, default=const.CALENDAR_DAYS
    )
    late_fee_kind = fields.Selection(
        const.FEE_KINDS, "Late fee", required=True, default=const.NONE, tracking=True
    )
    late_fee_percent = fields.Float(
        "Late fee (%)", digits=(5, 2), tracking=True, help="Of what is overdue."
    )
    late_fee_amount = fields.Monetary(tracking=True)
    late_fee_cap = fields.Monetary(
        "Late fees up to",
        tracking=True,
        help="All late fees of a plan together; 0: no limit. Laws may set one.",
    )
    # Missed payments
    missed_action = fields.Selection(
        const.MISSED_ACTIONS,
        "When payments are missed",
        required=True,
        default=const.NONE,
        tracking=True,
    )
    default_failures = fields.Integer(
        "After failed payments", help="0: their number does not matter."
    )
    default_days = fields.Integer(
        "After days of delay", help="0: the delay does not matter."
    )
    # Cancellation and rescheduling
    tier_ids = fields.One2many(
        "payment.plan.tier", "terms_id", "Cancellation tiers", copy=True
    )
    refund_if_resold = fields.Boolean(
        "Less when the date is sold again",
        help="What is kept is reduced by what another customer pays for the date.",
    )
    provider_cancels = fields.Selection(
        const.PROVIDER_CANCELS, "When we cancel", required=True, default=const.REFUND
    )
    withdrawal = fields.Selection(
        const.WITHDRAWALS,
        "Right of withdrawal",
        required=True,
        default=const.NONE,
        help="Of consumers in the EU who sign at a distance: 14 days, but none for "
        "leisure services on a specific day (Directive 2011/83/EU, articles 9 and "
        "16 (l)).",
    )
    reschedule_max = fields.Integer(
        "Reschedules", help="How often the session can be moved; 0: not agreed on."
    )
    reschedule_free = fields.Integer("Free reschedules")
    reschedule_notice_days = fields.Integer("Notice (days)", default=7)
    reschedule_fee_kind = fields.Selection(
        const.FEE_KINDS, "Reschedule fee", required=True, default=const.NONE
    )
    reschedule_fee_percent = fields.Float(
        "Reschedule fee (%)", digits=(5, 2), help="Of the total."
    )
    reschedule_fee_amount = fields.Monetary()
    # Delivery and law
    delivery_on_full_payment = fields.Boolean(
        "Deliver when fully paid", default=True, tracking=True
    )
    governing_country_id = fields.Many2one("res.country", "Governing law")
    governing_place = fields.Char("Place of jurisdiction", translate=True)
    clause_ids = fields.Many2many("payment.plan.clause", string="Clauses", copy=True)

    _counts = models.Constraint(
        "CHECK (grace_days BETWEEN 0 AND 90 AND default_failures BETWEEN 0 AND 20"
        " AND default_days BETWEEN 0 AND 365 AND reschedule_max BETWEEN 0 AND 20"
        " AND reschedule_free BETWEEN 0 AND 20"
        " AND reschedule_notice_days BETWEEN 0 AND 365)",
        "Grace is 0 to 90 days, delay and notice 0 to 365 days, failed payments and "
        "reschedules 0 to 20.",
    )
    _amounts = models.Constraint(
        "CHECK (late_fee_percent BETWEEN 0 AND 100 AND late_fee_amount >= 0"
        " AND late_fee_cap >= 0 AND reschedule_fee_percent BETWEEN 0 AND 100"
        " AND reschedule_fee_amount >= 0)",
        "A percentage is 0 to 100, an amount zero or more.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Add the clauses of what is set and of which there is none."""
        return super().create(vals_list)._complete_clauses()

    def write(self, vals):
        """Add the clauses of what is set and of which there is none."""
        result = super().write(vals)
        self._complete_clauses()
        return result

    def _complete_clauses(self):
        """Add from the library what the settings need; without one, refuse (PF27).

        :raise ValidationError: there is no clause about a setting
        """
        for terms in self:
            kinds = terms._get_kinds() | set(const.PLAN_KINDS)
            missing = kinds - set(terms.clause_ids.mapped("kind"))
            if missing:
                found = [terms._find_clause(kind) for kind in sorted(missing)]
                terms.clause_ids = [Command.link(clause.id) for clause in found]
        return self

    def _find_clause(self, kind):
        """Return the clause of the library about a setting.

        :param str kind: one of `CLAUSE_KINDS`
        :raise ValidationError: there is none
        """
        self.ensure_one()
        Clause = self.env["payment.plan.clause"]
        clause = Clause._find(kind, self.company_id)
        if not clause:
            labels = dict(Clause._fields["kind"]._description_selection(self.env))
            raise ValidationError(
                self.env._(
                    "%(terms)s: no clause about “%(kind)s” is in the library. Write "
                    "one, or switch this setting off.",
                    terms=self.name,
                    kind=labels[kind],
                )
            )
        return clause

    def _get_kinds(self):
        """Return the kinds of clauses whose setting is on in these terms; hook."""
        self.ensure_one()
        is_on = {
            const.GRACE: self.grace_days > 0,
            const.LATE_FEE: self.late_fee_kind != const.NONE,
            const.MISSED_PAYMENT: self.missed_action != const.NONE,
            const.CANCELLATION: bool(self.tier_ids),
            const.RESCHEDULING: self.reschedule_max > 0,
            const.DELIVERY: self.delivery_on_full_payment,
            const.PROVIDER: self.provider_cancels != const.NONE,
            const.WITHDRAWAL: self.withdrawal != const.NONE,
            const.GOVERNING_LAW: bool(self.governing_country_id),
        }
        return {kind for kind, flag in is_on.items() if flag}

    # === CONSTRAINTS === #

    @api.constrains("clause_ids")
    def _check_clauses(self):
        for terms in self:
            bound = terms.clause_ids.filtered(lambda c: c.kind != const.FREE)
            kinds = bound.mapped("kind")
            # Two clauses about one setting would be two wordings of one condition.
            if len(kinds) != len(set(kinds)):
                raise ValidationError(
                    self.env._("%s: choose one clause about each setting.", terms.name)
                )
            foreign = terms.clause_ids.company_id - terms.company_id
            if foreign:
                raise ValidationError(
                    self.env._(
                        "%(terms)s: some clauses belong to %(companies)s only.",
                        terms=terms.name,
                        companies=", ".join(foreign.mapped("name")),
                    )
                )

    @api.constrains(
        "late_fee_kind",
        "late_fee_percent",
        "late_fee_amount",
        "missed_action",
        "default_failures",
        "default_days",
        "tier_ids",
        "reschedule_max",
        "reschedule_free",
        "reschedule_fee_kind",
        "reschedule_fee_percent",
        "reschedule_fee_amount",
    )
    def _check_settings(self):
        for terms in self:
            if error := terms._get_setting_error():
                raise ValidationError(
                    self.env._(
                        "%(terms)s: %(problem)s", terms=terms.name, problem=error
                    )
                )

    def _get_setting_error(self):
        """Return what is wrong with these settings by themselves, or an empty text."""
        self.ensure_one()
        is_missed = self.missed_action != const.NONE
        checks = [
            (
                self._has_fee("late_fee") or self.late_fee_kind == const.NONE,
                self.env._("Enter the late fee, or choose no fee."),
            ),
            (
                self._has_fee("reschedule_fee")
                or self.reschedule_fee_kind == const.NONE,
                self.env._("Enter the fee for rescheduling, or choose no fee."),
            ),
            (
                not is_missed or self.default_failures or self.default_days,
                self.env._(
                    "Enter after how many failed payments or days this happens."
                ),
            ),
            (
                self.reschedule_free <= self.reschedule_max,
                self.env._("There are more free reschedules than reschedules."),
            ),
            (
                not self.tier_ids or 0 in self.tier_ids.mapped("days"),
                self.env._(
                    "Add a cancellation tier of 0 days: what is kept at the very end."
                ),
            ),
        ]
        return next((text for is_right, text in checks if not is_right), "")

    def _has_fee(self, name):
        """Whether the fee that is chosen is above zero.

        :param str name: `late_fee` or `reschedule_fee`
        """
        kind = self[f"{name}_kind"]
        return bool(
            (kind == const.FIXED and self[f"{name}_amount"])
            or (kind == const.PERCENT and self[f"{name}_percent"])
        )

    def _has_amounts(self):
        """Whether these terms contain money, hence work in their currency only."""
        self.ensure_one()
        has_late_fee = self.late_fee_kind != const.NONE
        is_moved = self.reschedule_max > 0
        return bool(
            self.late_fee_kind == const.FIXED
            or (has_late_fee and self.late_fee_cap)
            or (is_moved and self.reschedule_fee_kind == const.FIXED)
        )

    def copy_data(self, default=None):
        """Tell copies apart by their name."""
        vals_list = super().copy_data(default=default)
        return [
            {**vals, "name": self.env._("%s (copy)", terms.name)}
            for terms, vals in zip(self, vals_list, strict=True)
        ]
