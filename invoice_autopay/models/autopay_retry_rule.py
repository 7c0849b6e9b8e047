from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..const import DECLINE_CLASSES, THEN_ACTIONS, THEN_METHOD

#: Card networks see more than this on one invoice as abuse (PF47).
MOST_RETRIES = 4


class AutopayRetryRule(models.Model):
    """When a declined charge is tried again: one rule per class of decline."""

    _name = "autopay.retry.rule"
    _description = "Retry Rule"
    _order = "decline_class, company_id"

    company_id = fields.Many2one(
        "res.company", help="Empty: for all companies that have no rule of their own."
    )
    decline_class = fields.Selection(DECLINE_CLASSES, "Decline", required=True)
    delays = fields.Char(
        "Tried again after",
        help="Days after the failed attempt, one number per retry: 1, 3, 5, 7. "
        "Empty: never.",
    )
    then = fields.Selection(
        THEN_ACTIONS, "After the last one", required=True, default=THEN_METHOD
    )

    _one_per_company = models.UniqueIndex(
        "(decline_class, COALESCE(company_id, 0))",
        "There is already a rule for this class of decline in this company.",
    )

    @api.depends("decline_class", "company_id")
    def _compute_display_name(self):
        labels = dict(self._fields["decline_class"]._description_selection(self.env))
        for rule in self:
            name = labels.get(rule.decline_class, "")
            company = rule.company_id.name
            rule.display_name = f"{name} ({company})" if company else name

    @api.constrains("delays")
    def _check_delays(self):
        for rule in self:
            delays = rule._get_delays(strict=True)
            if len(delays) > MOST_RETRIES or any(not 1 <= d <= 60 for d in delays):
                raise ValidationError(
                    self.env._(
                        "%(rule)s: %(delays)s is not possible. Give at most %(most)s "
                        "numbers of days between 1 and 60, separated by commas.",
                        rule=rule.display_name,
                        delays=rule.delays,
                        most=MOST_RETRIES,
                    )
                )

    def _get_delays(self, strict=False):
        """Return the days between an attempt and its retry.

        :param bool strict: whether text that is no list of numbers is an error
        :return: list of int, one per retry
        :raise ValidationError: the text is no list of numbers
        """
        self.ensure_one()
        words = [word.strip() for word in (self.delays or "").split(",")]
        words = [word for word in words if word]
        if strict and not all(word.isdecimal() and len(word) < 4 for word in words):
            raise ValidationError(
                self.env._(
                    "%(rule)s: %(delays)s is not a list of days. Write numbers "
                    "separated by commas, for example 1, 3, 5.",
                    rule=self.display_name,
                    delays=self.delays,
                )
            )
        return [int(word) for word in words if word.isdecimal()]

    @api.model
    def _get_rule(self, decline_class, company):
        """Return the rule for a decline: of the company, else the common one.

        :param str decline_class: one of `DECLINE_CLASSES`
        :param company: `res.company`
        """
        return self.search(
            Domain("decline_class", "=", decline_class)
            & Domain("company_id", "in", (company.id, False)),
            order="company_id",  # NULL comes last: the company's own rule first
            limit=1,
        )

    def _get_delay(self, tries):
        """Return the days until the next attempt, or False when it was the last.

        :param int tries: attempts that failed already, this one included
        """
        delays = self._get_delays() if self else []
        return delays[tries - 1] if tries <= len(delays) else False
