from odoo import api, models
from odoo.exceptions import UserError


class ResCurrency(models.Model):
    """Hours, counted as precisely as Odoo invoices them: in hundredths.

    The quantities of a budget are fields with a unit. A budget in hours has "h" where
    a budget in money has its currency, so that every list, page and sum shows the
    right unit and adds up whole smallest amounts.
    """

    _inherit = "res.currency"

    @api.model
    def _get_prepaid_hours(self):
        """Return the unit of budgets that are kept in hours."""
        return self.env.ref("prepaid_billing.currency_hours").sudo(self.env.su)

    @api.model
    def get_all_currencies(self):
        """Let the web client show hours although their unit is never active."""
        hours_sudo = self._get_prepaid_hours().sudo()  # its symbol only
        return {
            **super().get_all_currencies(),
            hours_sudo.id: {
                "name": hours_sudo.name,
                "symbol": hours_sudo.symbol,
                "position": hours_sudo.position,
                "digits": [69, hours_sudo.decimal_places],
            },
        }

    def write(self, vals):
        """Keep hours out of the currencies, and at their precision.

        :raise UserError: the unit would become a currency, or count otherwise
        """
        if vals.keys() & {"active", "rounding", "name"} and not self.env.su:
            hours = self._get_prepaid_hours()
            if hours in self:
                raise UserError(
                    self.env._(
                        "%(name)s is the unit of prepaid budgets in hours, not a "
                        "currency: it stays inactive and counts hundredths.",
                        name=hours.name,
                    )
                )
        return super().write(vals)
