from odoo import api, fields, models
from odoo.tools import format_date
from odoo.tools.date_utils import relativedelta

from ..const_replenishment import ACTION_NOTIFY, POLICY_ONE_OFF
from ..tools.replenishment import FIXED, cap_refill


class PrepaidBudgetCap(models.Model):
    """The most that a budget is topped up by itself in one month (BF33, B21)."""

    _inherit = "prepaid.budget"

    replenish_cap = fields.Monetary(
        "Most per month",
        tracking=True,
        help="All automatic top-ups of a month together, without tax. The month is "
        "that of the company's time zone. 0: no limit.",
    )
    replenish_cap_count = fields.Integer(
        "Top-ups per month",
        tracking=True,
        help="How many automatic top-ups a month may have. 0: no limit.",
    )

    _replenish_cap_count_not_negative = models.Constraint(
        "CHECK (replenish_cap_count >= 0)",
        "The number of top-ups per month cannot be negative.",
    )

    @api.constrains("replenish_cap")
    def _check_cap(self):
        self._check_replenishment()

    def _get_rule_obstacle(self):
        """A cap below one top-up would forbid all of them."""
        reason = super()._get_rule_obstacle()
        if reason or self.replenish_policy == POLICY_ONE_OFF:
            return reason
        compare = self.currency_id.compare_amounts
        if compare(self.replenish_cap, 0) < 0:
            return self.env._("the cap per month cannot be negative; 0 means no cap.")
        is_fixed = self.replenish_method == FIXED
        one = self.replenish_amount if is_fixed else 0.0
        one = max(one, self.replenish_min)
        if compare(self.replenish_cap, 0) > 0 and compare(one, self.replenish_cap) > 0:
            return self.env._(
                "the cap per month %(cap)s is less than one top-up of %(amount)s.",
                cap=self.currency_id.format(self.replenish_cap),
                amount=self.currency_id.format(one),
            )
        return False

    def _get_refill(self):
        """Ask for no more than the cap of this month leaves."""
        refill = super()._get_refill()
        if not self.replenish_cap:
            return refill
        done = self._get_top_ups_of_month()
        is_fixed = self.replenish_method == FIXED
        return cap_refill(
            refill,
            self._to_units(self.replenish_cap),
            sum(self._to_units(episode.quantity) for episode in done),
            unit=self._to_units(self.replenish_amount) if is_fixed else 0,
            smallest=self._to_units(self.replenish_min),
        )

    def _get_reason_to_wait(self, invoices, failed=None):
        """Wait for the next month when the cap is reached.

        :param invoices: `account.move`, the open top-ups of this budget
        :param failed: `autopay.attempt` that failed in a row, when it is to be charged
        """
        reason = super()._get_reason_to_wait(invoices, failed)
        if reason or self._get_action_now() == ACTION_NOTIFY:
            return reason
        return self._get_cap_reason()

    def _get_cap_reason(self):
        """Say that the cap is reached, and until when, or return False."""
        self.ensure_one()
        if not self.replenish_cap and not self.replenish_cap_count:
            return False
        done = self._get_top_ups_of_month()
        count, first = self.replenish_cap_count, self._get_first_of_next_month()
        if count and len(done) >= count:
            return self.env._(
                "Cap reached: %(done)s of %(count)s top-ups this month. Again from "
                "%(date)s",
                done=len(done),
                count=count,
                date=format_date(self.env, first),
            )
        if self._get_refill().amount:
            return False
        return self.env._(
            "Cap reached: %(done)s of %(cap)s were topped up this month, and the next "
            "top-up is more than the rest. Again from %(date)s",
            done=self.currency_id.format(sum(done.mapped("quantity"))),
            cap=self.currency_id.format(self.replenish_cap),
            date=format_date(self.env, first),
        )

    def _get_top_ups_of_month(self):
        """Return this month's automatic top-ups whose invoice was not taken away.

        :return: `prepaid.replenishment`
        """
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        episodes = self.env["prepaid.replenishment"].search(
            [
                ("budget_id", "=", self.id),
                ("has_invoice", "=", True),
                ("date", ">=", today.replace(day=1)),
            ]
        )
        return episodes.filtered(lambda episode: episode._has_invoice_left())

    def _get_first_of_next_month(self):
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        return today + relativedelta(months=1, day=1)
