from dataclasses import dataclass
from datetime import date

from odoo import fields, models
from odoo.exceptions import UserError

from .. import const
from ..schedule import make_schedule, pay_in_full
from ..tools import terms
from ..tools.messages import ScheduleError
from ..tools.money import from_units, percent, to_units

#: Days of the company's calendar that are looked at for days off.
HORIZON_DAYS = 1100


@dataclass(frozen=True)
class Order:
    """What an order adds to a rule: the total is money in ``currency``."""

    total: float
    currency: object
    company: object
    signed_on: date
    session_date: date | None = None


class PaymentPlanRuleSchedule(models.AbstractModel):
    """From the fields of a rule to the schedule of an order, and its sentences."""

    _inherit = "payment.plan.rule.mixin"

    # === ARITHMETIC === #

    def _make_schedule(self, order):
        """Lay out the payments of an order by this rule.

        :param Order order: total with taxes, in its currency; days of its company
        :return: `schedule.Schedule` in whole smallest amounts of that currency
        :raise UserError: no such schedule can be made; says why and what is possible
        """
        self.ensure_one()
        if order.currency != self.currency_id and self._has_amounts():
            raise UserError(
                self.env._(
                    "%(plan)s contains amounts in %(own)s, the order is in %(other)s. "
                    "Choose a plan in that currency, or one with percentages only.",
                    plan=self.display_name,
                    own=self.currency_id.name,
                    other=order.currency.name,
                )
            )
        try:
            booking = self._get_booking(order)
            if self.structure in (const.FULL, const.FINANCED):
                return pay_in_full(booking, self._get_discount(order.currency))
            return make_schedule(self._get_terms(order), booking)
        except ScheduleError as error:
            reason = self._get_sentence(error.code, error.numbers, order.currency)
            raise UserError(
                self.env._(
                    "%(plan)s: %(problem)s", plan=self.display_name, problem=reason
                )
            ) from error

    def _get_booking(self, order):
        return terms.Booking(
            total=to_units(order.total, order.currency.rounding),
            signed_on=order.signed_on,
            session_date=order.session_date or None,
        )

    def _get_discount(self, currency):
        if self.structure == const.FINANCED:
            return terms.Discount()
        return terms.Discount(
            kind=self.discount_kind,
            percent=percent(self.discount_percent),
            amount=to_units(self.discount_amount, currency.rounding),
        )

    def _get_terms(self, order):
        """Return the rule as the arithmetic wants it."""
        rounding = order.currency.rounding
        return terms.Terms(
            deposit=terms.Deposit(
                kind=self.deposit_kind,
                percent=self._get_deposit_percent(),
                amount=to_units(self.deposit_amount, rounding),
            ),
            balance=self._get_balance(rounding),
            timing=terms.Timing(
                start=self.start,
                unit=self.interval_unit,
                every=self.interval_count,
                start_date=self.start_date or None,
                anchor_day=self.anchor_day,
            ),
            cutoff_days=self.cutoff_days if self.has_cutoff else None,
            at_cutoff=self.at_cutoff,
            minimum=to_units(self.minimum_amount, rounding),
            smallest_charge=to_units(
                order.company._get_plan_smallest_charge(order.currency), rounding
            ),
            business_days=self._get_business_days(order),
            surcharge=percent(self.surcharge_percent),
        )

    def _get_deposit_percent(self):
        is_percent = self.deposit_kind in (const.PERCENT, const.LARGER)
        return percent(self.deposit_percent) if is_percent else 0

    def _get_balance(self, rounding):
        if self.structure == const.INSTALLMENTS:
            return terms.Equal(self.installment_count)
        steps = self.step_ids.sorted("sequence")
        if not steps:
            raise UserError(
                self.env._(
                    "%s has no steps: add the payments after the deposit.",
                    self.display_name,
                )
            )
        if self.structure == const.PROGRESSIVE:
            return terms.Progressive(tuple(percent(s.percent) for s in steps))
        return terms.Custom(tuple(step._get_step(rounding) for step in steps))

    def _get_business_days(self, order):
        """Return the company's working days, without its public holidays."""
        calendar = order.company.sudo().resource_calendar_id  # as any customer
        if not self.skip_days_off or not calendar:
            return None
        weekdays = {int(day) for day in calendar.attendance_ids.mapped("dayofweek")}
        holidays = set()
        last = fields.Date.add(order.signed_on, days=HORIZON_DAYS)
        for leave in calendar.global_leave_ids:
            day = fields.Date.to_date(
                fields.Datetime.context_timestamp(
                    self.with_context(tz=calendar.tz), leave.date_from
                )
            )
            end = fields.Date.to_date(
                fields.Datetime.context_timestamp(
                    self.with_context(tz=calendar.tz), leave.date_to
                )
            )
            while day <= min(end, last):
                holidays.add(day)
                day = fields.Date.add(day, days=1)
        return terms.BusinessDays(frozenset(holidays), frozenset(weekdays))

    # === SHOWING === #

    def _get_rows(self, schedule, currency):
        """Return the payments of a schedule for a page: label, day, amount.

        :return: list of dicts with `number`, `kind`, `label`, `date`, `milestone`,
            `amount` (money in `currency`), `left` (open after this payment)
        """
        left = schedule.total
        rows = []
        for line in schedule.lines:
            left -= line.amount
            rows.append(
                {
                    "number": line.number,
                    "kind": line.kind,
                    "label": self._get_line_label(line),
                    "date": line.due,
                    "milestone": line.milestone,
                    "amount": from_units(line.amount, currency.rounding),
                    "left": from_units(left, currency.rounding),
                }
            )
        return rows

    def _get_line_label(self, line):
        """Return what a payment is called, for a customer.

        :param line: anything with `kind` and `number`
        """
        if line.kind == "deposit":
            return self.env._("Deposit")
        if line.kind == "full":
            return self.env._("Whole amount")
        return self.env._("Installment %s", line.number)

    def _render_schedule(self, schedule, currency):
        """Return the table of a schedule as HTML, with its total and its notes."""
        return self.env["ir.qweb"]._render(
            "payment_plan.schedule_table",
            {
                "rows": self._get_rows(schedule, currency),
                "currency": currency,
                "total": from_units(schedule.total, currency.rounding),
                "discount": from_units(schedule.discount, currency.rounding),
                "surcharge": from_units(schedule.surcharge, currency.rounding),
                "notes": self._get_notes(schedule, currency),
            },
        )
