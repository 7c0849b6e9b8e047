from odoo import models
from odoo.exceptions import UserError

from .. import const
from ..tools.money import from_units, to_units
from ..tools.spread import spread


class PaymentPlanSpread(models.Model):
    """An extra payment, before it is paid: what it would change, and the choice."""

    _inherit = "payment.plan"

    def _get_spread_lines(self):
        """Return the payments that extra money can be used for, in their turn."""
        self.ensure_one()
        lines = self.installment_ids.filtered(
            lambda ln: (
                ln.state in const.OPEN_LINES
                and self.currency_id.compare_amounts(ln.amount_open, 0.0) > 0
            )
        )
        return lines.sorted(lambda line: line._get_turn())

    def _get_spread_rows(self, amount, how):
        """Return what an extra payment would change.

        :param float amount: in the currency of the plan
        :param str how: one of `SPREADS`
        :return: list of dict: `line`, `id`, `label`, `date`, `milestone`, `old` and
            `new` (open before and after), `part` (their difference)
        """
        self.ensure_one()
        rounding = self.currency_id.rounding
        lines = self._get_spread_lines()
        opens = [to_units(line.amount_open, rounding) for line in lines]
        parts = spread(to_units(amount, rounding), opens, how)
        return [
            {
                "line": line,
                "id": line.id,
                "label": self._get_line_label(line),
                "date": line.date_due,
                "milestone": line.milestone,
                "old": from_units(is_open, rounding),
                "new": from_units(is_open - part, rounding),
                "part": from_units(part, rounding),
            }
            for line, is_open, part in zip(lines, opens, parts, strict=True)
        ]

    def _serialize_spread(self, amount, how):
        """Return what would change for the record: whole smallest amounts, days."""
        rounding = self.currency_id.rounding
        return [
            {
                "id": row["id"],
                "date": str(row["date"]) if row["date"] else None,
                "old": to_units(row["old"], rounding),
                "new": to_units(row["new"], rounding),
            }
            for row in self._get_spread_rows(amount, how)
        ]

    def _get_extra_limits(self):
        """Return the least and the most that can be paid extra now.

        :return: tuple of money in the currency of the plan
        """
        self.ensure_one()
        most = self.currency_id.round(
            sum(self._get_spread_lines().mapped("amount_open"))
        )
        least = self.company_id._get_plan_smallest_charge(self.currency_id)
        return min(least, most), most

    def _check_extra(self, amount, how):
        """Make sure that an extra payment is possible.

        :param float amount: in the currency of the plan
        :param str how: one of `SPREADS`
        :raise UserError: it is not; says what is
        """
        self.ensure_one()
        if self.state != const.ACTIVE or self._get_obstacle():
            raise UserError(
                self.env._(
                    "%s is not running, or is being changed: nothing can be paid.",
                    self.name,
                )
            )
        least, most = self._get_extra_limits()
        if not most:
            raise UserError(self.env._("Nothing of %s is open.", self.name))
        if how not in dict(const.SPREADS):
            raise UserError(self.env._("Choose how the amount is used."))
        currency = self.currency_id
        if (
            currency.compare_amounts(amount, least) < 0
            or currency.compare_amounts(amount, most) > 0
        ):
            raise UserError(
                self.env._(
                    "Enter an amount from %(least)s to %(most)s.",
                    least=currency.format(least),
                    most=currency.format(most),
                )
            )
        self._check_spread_rest(amount, how, least)

    def _check_spread_rest(self, amount, how, least):
        """Refuse to leave less open than can be charged.

        :param float least: the smallest charge
        :raise UserError: so little would be left of a payment
        """
        currency = self.currency_id
        for row in self._get_spread_rows(amount, how):
            is_small = 0 < row["new"] < least and row["new"] < row["old"]
            if is_small and not currency.is_zero(row["new"]):
                raise UserError(
                    self.env._(
                        "%(left)s of %(payment)s would be left, less than the "
                        "%(least)s that can be charged. Choose a different amount.",
                        left=currency.format(row["new"]),
                        payment=row["label"],
                        least=currency.format(least),
                    )
                )

    def _choose_extra(self, amount, how, evidence=None):
        """Write down what is to be paid extra and how, with what was shown (P20).

        :param float amount: in the currency of the plan
        :param str how: one of `SPREADS`
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :return: `payment.plan.extra`
        :raise UserError: it is not possible; says what is
        """
        self.ensure_one()
        self._lock()
        self._check_extra(amount, how)
        Extra = self.env["payment.plan.extra"].sudo()  # written by the system only
        return Extra.create(
            {
                "plan_id": self.id,
                "currency_id": self.currency_id.id,
                "amount": self.currency_id.round(amount),
                "spread": how,
                "schedule": self._serialize_spread(amount, how),
                **(evidence or {}),
            }
        )

    def _note_extra(self, extra):
        """Tell whoever follows the plan what was paid, and what it changed."""
        self.ensure_one()
        label = dict(extra._fields["spread"]._description_selection(self.env))
        self.message_post(
            body=self.env._(
                "Extra payment of %(amount)s. Used for: %(spread)s.",
                amount=self.currency_id.format(extra.amount),
                spread=label[extra.spread],
            )
        )
