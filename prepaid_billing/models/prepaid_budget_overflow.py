from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const_consumption import OVERFLOW_OWN, OVERFLOW_POLICIES, OVERFLOW_SAME
from ..tools.allocation import PARTIAL


class PrepaidBudgetOverflow(models.Model):
    """What work beyond the budget costs (BF17)."""

    _inherit = "prepaid.budget"

    overflow_policy = fields.Selection(
        OVERFLOW_POLICIES,
        "Bill the rest at",
        required=True,
        default=OVERFLOW_SAME,
        tracking=True,
        help="When time is deducted, what the credit does not cover stays billable. "
        "Its own rate: on an item of its own in the same sales order.",
        groups="base.group_user",
    )
    overflow_product_id = fields.Many2one(
        "product.product",
        "Service beyond the budget",
        check_company=True,
        domain="[('type', '=', 'service'), ('invoice_policy', '=', 'delivery'), "
        "('service_type', '=', 'timesheet')]",
        tracking=True,
        help="A service invoiced on timesheets. Empty: that of the sales order item.",
        groups="base.group_user",
    )
    overflow_rate = fields.Monetary(
        "Rate beyond the budget",
        currency_field="money_currency_id",
        tracking=True,
        help="Per hour, without tax. 0: the price of the service on the price list of "
        "the sales order.",
        groups="base.group_user",
    )

    _overflow_rate_not_negative = models.Constraint(
        "CHECK (overflow_rate >= 0)", "A rate beyond the budget cannot be negative."
    )

    @api.constrains("overflow_policy", "overflow_product_id", "overflow_rate")
    def _check_overflow(self):
        for budget in self.filtered(lambda b: b.overflow_policy == OVERFLOW_OWN):
            product = budget.overflow_product_id
            if not product and budget.money_currency_id.is_zero(budget.overflow_rate):
                raise ValidationError(
                    self.env._(
                        "%(budget)s: name a rate or a service for what is beyond the "
                        "budget, or bill it at the rate of the sales order.",
                        budget=budget.display_name,
                    )
                )
            if product and not product._is_delivered_timesheet():
                raise ValidationError(
                    self.env._(
                        "%(budget)s: %(product)s is not invoiced on timesheets. Choose "
                        "a service whose invoicing policy is Based on Timesheets.",
                        budget=budget.display_name,
                        product=product.display_name,
                    )
                )

    def _has_own_overflow(self):
        """Whether the rest of what it covers is billed at a rate of its own."""
        self.ensure_one()
        is_rest_billed = self.shortage_policy == PARTIAL
        return is_rest_billed and self.overflow_policy == OVERFLOW_OWN

    def _get_overflow_text(self):
        """Return the rate beyond the budget, to show."""
        self.ensure_one()
        money = self.money_currency_id
        if money.is_zero(self.overflow_rate):
            return self.overflow_product_id.display_name
        return self.env._("%(rate)s/h", rate=money.format(self.overflow_rate))

    def _post_release(self, entries, reason=False):
        """Returned time is billed as before.

        :param entries: `prepaid.entry` of kind "consume", not yet returned
        :param str reason: why, shown to staff
        """
        releases = super()._post_release(entries, reason)
        # With the corrections of this time, which are undone along.
        (entries | releases).timesheet_id._set_prepaid_overflow(line=False)
        return releases
