from odoo import api, fields, models

from .. import const_contract as const


class PaymentPlanTier(models.Model):
    """What is kept when the customer cancels so many days before the session."""

    _name = "payment.plan.tier"
    _description = "Cancellation Tier"
    _order = "terms_id, days desc"

    terms_id = fields.Many2one(
        "payment.plan.terms", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="terms_id.company_id", store=True)
    days = fields.Integer(
        "Days before the session",
        required=True,
        help="At least so many days before the session, up to the tier above. The "
        "tier of 0 days is also that of a customer who does not come.",
    )
    keep = fields.Selection(
        const.KEEP_KINDS, "We keep", required=True, default=const.KEEP_PERCENT
    )
    percent = fields.Float("% of the total", digits=(5, 2))

    _days_unique = models.Constraint(
        "UNIQUE (terms_id, days)",
        "There is one cancellation tier for a number of days.",
    )
    _days = models.Constraint(
        "CHECK (days BETWEEN 0 AND 3650)", "Days of a tier are 0 to 3650."
    )
    _percent = models.Constraint(
        "CHECK (percent BETWEEN 0 AND 100)", "What is kept is 0 to 100 % of the total."
    )

    @api.depends("days", "keep", "percent")
    def _compute_display_name(self):
        for tier in self:
            tier.display_name = tier._get_text(None)

    def _get_text(self, above):
        """Return one line of the contract: when, and what is kept.

        :param above: the tier with the next larger number of days, if any
        """
        self.ensure_one()
        return self.env._(
            "%(when)s: %(kept)s", when=self._get_when(above), kept=self._get_kept()
        )

    def _get_when(self, above):
        if not above:
            if not self.days:
                return self.env._("at any time, and without coming")
            return self.env._("%s days or more before the session", self.days)
        if not self.days:
            return self.env._(
                "less than %s days before the session, or without coming", above.days
            )
        return self.env._(
            "%(from)s to %(to)s days before the session",
            **{"from": above.days - 1, "to": self.days},
        )

    def _get_kept(self):
        if self.keep == const.KEEP_DEPOSIT:
            return self.env._("we keep the deposit")
        if not self.percent:
            return self.env._("we keep nothing")
        if self.percent == 100:
            return self.env._("we keep the total")
        return self.env._(
            "we keep %s %% of the total", self.terms_id._format_number(self.percent)
        )

    def _serialize(self):
        """Return the tier for a signed version; days before the session."""
        self.ensure_one()
        return {"days": self.days, "keep": self.keep, "percent": self.percent}
