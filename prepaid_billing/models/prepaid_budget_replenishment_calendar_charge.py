from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..const_replenishment import POLICY_CALENDAR
from ..tools.replenishment import FIXED, WEEKS


class PrepaidBudgetCalendarCharge(models.Model):
    """What the customer reads and allows of top-ups by a calendar."""

    _inherit = "prepaid.budget"

    @api.constrains(
        "replenish_policy",
        "calendar_unit",
        "calendar_every",
        "calendar_start",
        "calendar_day",
    )
    def _check_calendar_allowed(self):
        """A consent names the days on which is charged: they stay as agreed."""
        for budget in self.filtered("calendar_unit"):
            if budget._get_own_mandate():
                raise ValidationError(
                    self.env._(
                        "%(budget)s: %(customer)s has allowed to charge its top-ups as "
                        "they were agreed, and the calendar is part of it. Withdraw "
                        "this consent first; the customer can then allow the new days.",
                        budget=budget.display_name,
                        customer=budget._get_charged_partner().display_name,
                    )
                )

    def _get_calendar_text(self):
        """Return on which days it is topped up, in words, or an empty text."""
        self.ensure_one()
        if not self._get_calendar():
            return ""
        numbers = {
            "every": self.calendar_every,
            "start": format_date(self.env, self.calendar_start),
            "day": self.calendar_day or self.calendar_start.day,
        }
        if self.calendar_unit == WEEKS:
            return self.env._("every %(every)s week(s) from %(start)s on", **numbers)
        return self.env._(
            "every %(every)s month(s) from %(start)s on, on day %(day)s or the last "
            "day of a shorter month",
            **numbers,
        )

    def _get_portal_charge(self):
        """Also say on which days it is topped up.

        :return: dict as before, and `calendar`, `is_by_calendar`
        """
        charge = super()._get_portal_charge()
        if charge:
            budget_sudo = self.sudo()  # settings that customers cannot read
            charge["calendar"] = budget_sudo._get_calendar_text()
            charge["is_by_calendar"] = budget_sudo.replenish_policy == POLICY_CALENDAR
        return charge

    def _get_charge_consent(self):
        """Name the days on which is charged, too."""
        consent = super()._get_charge_consent()
        calendar = self._get_calendar_text()
        if not calendar:
            return consent
        amount = self.currency_id.format(self._get_usual_top_up())
        what = self.env._("%s, without tax", amount)
        if self.replenish_method != FIXED:
            what = self.env._("what is missing to %s, without tax", amount)
        text = self.env._(
            "Whatever my balance is, an invoice is also made and charged in the same "
            "way %(calendar)s, over %(what)s.",
            calendar=calendar,
            what=what,
        )
        return f"{consent} {text}"
