from odoo import api, fields, models
from odoo.exceptions import UserError

#: Follow from the balance, never typed.
WATCHED_FIELDS = frozenset({"is_armed", "crossed_on", "crossed_balance"})


class PrepaidAlert(models.Model):
    """An amount below which somebody is told, once each time the balance falls there.

    An alert is armed while the balance is at or above its amount. A budget that never
    was there has not fallen: a new one without history alerts nobody (B91).
    """

    _name = "prepaid.alert"
    _description = "Prepaid Alert"
    _order = "amount desc, id"

    budget_id = fields.Many2one(
        "prepaid.budget", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="budget_id.company_id", store=True)
    currency_id = fields.Many2one(related="budget_id.currency_id")
    amount = fields.Monetary(
        "Below", required=True, help="In the unit of the budget. Strictly below it."
    )
    tell_user = fields.Boolean("Mail to the responsible", default=True)
    tell_customer = fields.Boolean("Mail to the customer")
    is_armed = fields.Boolean("Armed", readonly=True, copy=False)
    crossed_on = fields.Date("Last crossed on", readonly=True, copy=False)
    crossed_balance = fields.Monetary("Balance then", readonly=True, copy=False)

    _amount_unique = models.Constraint(
        "UNIQUE (budget_id, amount)", "A budget has one alert for each amount."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """An alert is armed when the balance is at or above it.

        :raise UserError: what follows from the balance is given
        """
        for vals in vals_list:
            self._ensure_not_typed(vals)
        alerts = super().create(vals_list)
        alerts._arm()
        return alerts

    def write(self, vals):
        """Another amount starts anew.

        :raise UserError: what follows from the balance is given
        """
        self._ensure_not_typed(vals)
        result = super().write(vals)
        if "amount" in vals:
            self._arm()
        return result

    def _ensure_not_typed(self, vals):
        if WATCHED_FIELDS & vals.keys() and not self.env.su:
            raise UserError(
                self.env._(
                    "Whether an alert was crossed follows from the balance: it cannot "
                    "be typed. Change its amount to start anew."
                )
            )

    def _arm(self):
        for alert_sudo in self.sudo():  # system fields, see above
            alert_sudo.is_armed = not alert_sudo._is_below()

    def _is_below(self):
        self.ensure_one()
        budget = self.budget_id
        return budget._to_units(budget.balance) < budget._to_units(self.amount)

    def _watch(self):
        """Record the alerts that were crossed, arm those that are above again.

        :return: the alerts crossed now
        """
        crossed = self.filtered(lambda alert: alert.is_armed and alert._is_below())
        recovered = self.filtered(
            lambda alert: not alert.is_armed and not alert._is_below()
        )
        recovered.is_armed = True
        for alert in crossed:
            alert.write(
                {
                    "is_armed": False,
                    "crossed_on": alert.company_id._get_autopay_today(),
                    "crossed_balance": alert.budget_id.balance,
                }
            )
        return crossed
