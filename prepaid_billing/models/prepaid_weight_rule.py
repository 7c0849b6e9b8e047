from odoo import api, fields, models

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


class PrepaidWeightRule(models.Model):
    """Time that counts more, or less, than it took (BF20).

    Of several rules that match, the one with the highest weight counts; weights are
    never multiplied with each other.
    """

    _name = "prepaid.weight.rule"
    _description = "Prepaid Weight Rule"
    _order = "weight desc, id"
    _check_company_auto = True

    name = fields.Char(required=True, help="Shown where the rule counts.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    weight = fields.Float(
        required=True, default=2.0, help="2: an hour counts as two hours."
    )
    budget_ids = fields.Many2many(
        "prepaid.budget",
        string="Budgets",
        check_company=True,
        help="Empty: all budgets of the company.",
    )
    employee_ids = fields.Many2many(
        "hr.employee", string="Employees", check_company=True, help="Empty: all."
    )
    job_ids = fields.Many2many(
        "hr.job", string="Roles", check_company=True, help="Empty: all."
    )
    product_ids = fields.Many2many(
        "product.product",
        string="Services",
        check_company=True,
        domain="[('type', '=', 'service')]",
        help="Services of the sales order items. Empty: all.",
    )
    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean(default=True)
    sunday = fields.Boolean(default=True)
    hour_from = fields.Float("From", help="Time of the day at which the work began.")
    hour_to = fields.Float(
        "To",
        help="Not included; earlier than From means until the next morning. Both zero: "
        "the whole day.",
    )

    _weight_positive = models.Constraint(
        "CHECK (weight > 0)", "A weight is above zero: 2 counts twice, 0.5 half."
    )
    _hours_of_a_day = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "The hours of a rule are between 0:00 and 24:00.",
    )

    def _get_heaviest(self, timesheet, budget):
        """Return the rule that counts for a piece of time; empty when none does.

        :param timesheet: `account.analytic.line`
        :param budget: `prepaid.budget` that is to pay
        """
        matching = self.filtered(lambda rule: rule._matches(timesheet, budget))
        return matching.sorted(lambda rule: (-rule.weight, rule.id))[:1]

    def _matches(self, timesheet, budget):
        """Whether this rule is for such time; an empty list is for all.

        :param timesheet: `account.analytic.line`
        :param budget: `prepaid.budget` that is to pay
        """
        self.ensure_one()
        employee = timesheet.employee_id
        return (
            self.company_id == timesheet.company_id
            and (not self.budget_ids or budget in self.budget_ids)
            and (not self.employee_ids or employee in self.employee_ids)
            and (not self.job_ids or employee.job_id in self.job_ids)
            and (
                not self.product_ids or timesheet.so_line.product_id in self.product_ids
            )
            and self[WEEKDAYS[timesheet.date.weekday()]]
            and self._matches_hour(timesheet.prepaid_hour_from)
        )

    def _matches_hour(self, hour):
        """Whether work that began at an hour is within the hours of this rule.

        :param float hour: 0 where nobody said when it began, or midnight
        """
        self.ensure_one()
        start, end = self.hour_from, self.hour_to
        if not start and not end:
            return True
        if not hour:
            return False
        return start <= hour < end if start < end else hour >= start or hour < end


class AccountAnalyticLineWeight(models.Model):
    _inherit = "account.analytic.line"

    prepaid_hour_from = fields.Float(
        "Started at",
        help="Time of the day at which the work began, for rules of after-hours work. "
        "Empty: not known.",
    )

    @api.model
    def _get_prepaid_weight_rules_sudo(self, companies):
        """Return the rules of weight of some companies, looked up once for all time.

        :param companies: `res.company`
        """
        Rule_sudo = self.env["prepaid.weight.rule"].sudo()  # whoever deducts
        return Rule_sudo.search([("company_id", "in", companies.ids)])

    def _get_prepaid_weight(self, budget, rules):
        """Return how often an hour of this time counts, and why.

        :param budget: the `prepaid.budget` that is to pay
        :param rules: `prepaid.weight.rule` of the companies at hand
        :return: tuple (float, 1.0 for ordinary time; reason to show or False)
        """
        self.ensure_one()
        rule = rules._get_heaviest(self, budget)
        if not rule:
            return 1.0, False
        reason = self.env._(
            "%(hours)s h × %(weight)s: %(rule)s",
            hours=f"{self._get_prepaid_hours():g}",
            weight=f"{rule.weight:g}",
            rule=rule.name,
        )
        return rule.weight, reason
