from odoo import api, models
from odoo.exceptions import AccessError


class PrepaidBudgetApi(models.Model):
    """What other programs ask of budgets over Odoo's external API.

    Beside these: `top_up` here, `prepaid_deduct` and `action_prepaid_return` of time
    entries, `pay_from_prepaid` of invoices, and reading any of the models. All of them
    answer in plain JSON.
    """

    _inherit = "prepaid.budget"

    @api.readonly
    def get_balances(self):
        """Return the figures of these budgets, in plain JSON.

        :return: list of dict, in the order of the ids: `id`, `name`, `partner_id`,
            `unit` ("money" | "hours"), `currency` (ISO code, of invoices and money),
            `balance`, `available`, `pending` (waiting for payment), `threshold` in that
            unit, `is_low`, `state`, `runs_out_on` (ISO date or False)
        :raise AccessError: the user may not see budgets, or not one of these
        """
        may_see = self.env.su or self.env.user.has_group("prepaid_billing.group_user")
        if not may_see:
            raise AccessError(
                self.env._(
                    "Budgets are for the group Prepaid Billing / User. Ask an "
                    "administrator for it."
                )
            )
        self.check_access("read")
        return [
            {
                "id": budget.id,
                "name": budget.name,
                "partner_id": budget.partner_id.id,
                "unit": budget.unit,
                "currency": budget.money_currency_id.name,
                "balance": budget.currency_id.round(budget.balance),
                "available": budget.currency_id.round(budget.available),
                "pending": budget.currency_id.round(budget.amount_pending),
                "threshold": budget.currency_id.round(budget.threshold),
                "is_low": budget.is_low,
                "state": budget.state,
                "runs_out_on": budget.forecast_date
                and budget.forecast_date.isoformat(),
            }
            for budget in self
        ]
