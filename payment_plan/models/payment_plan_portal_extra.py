from odoo import models
from odoo.exceptions import UserError

from .. import const


class PaymentPlanPortalExtra(models.Model):
    """The customer pays more than is due, and chooses what it is used for (PF35)."""

    _inherit = "payment.plan"

    def _can_pay_extra(self):
        """Whether more than what is due can be paid now."""
        self.ensure_one()
        return (
            self.state == const.ACTIVE
            and self.company_id.sudo().plan_extra_online  # as any customer
            and self.structure != const.FINANCED
            and not self._get_obstacle()
            and bool(self._get_spread_lines())
        )

    def _get_portal_extra(self):
        """Return what the form for an extra payment offers, or None.

        :return: dict: `currency`, `least` and `most` (money), `spreads` (key, label)
        """
        self.ensure_one()
        if not self._can_pay_extra():
            return None
        least, most = self._get_extra_limits()
        Extra = self.env["payment.plan.extra"]
        spreads = Extra._fields["spread"]._description_selection(self.env)
        has_choice = len(self._get_spread_lines()) > 1
        return {
            "currency": self.currency_id,
            "least": least,
            "most": most,
            "spreads": spreads if has_choice else spreads[:1],
        }

    def _choose_extra_in_portal(self, answers, evidence):
        """Write down the customer's choice; nothing is paid by that.

        :param dict answers: what the browser sent: `amount`, `spread`
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :return: `payment.plan.extra`
        :raise UserError: it is not possible; says what is
        """
        self.ensure_one()
        if not self._can_pay_extra():
            raise UserError(
                self.env._("Nothing can be paid for %s at the moment.", self.name)
            )
        try:
            amount = float(answers.get("amount"))
        except (TypeError, ValueError):
            amount = 0.0
        amount = amount if 0 < amount < float("inf") else 0.0
        return self._choose_extra(amount, answers.get("spread"), evidence)

    def _find_extra(self, extra_id):
        """Return the extra payment that a page is about, empty where there is none.

        :param int extra_id: as the browser sent it
        """
        self.ensure_one()
        extras_sudo = self.sudo().extra_ids  # the customer's own
        return extras_sudo.filtered(lambda extra: extra.id == extra_id)

    def _get_portal_extra_values(self, extra):
        """Return what the page of a chosen extra payment shows.

        :param extra: `payment.plan.extra`
        :return: dict: `amount`, `currency`, `rows`, `spread` (label), `is_paid`,
            `is_busy` (a payment is in progress), `is_current` (it can still be paid)
        """
        self.ensure_one()
        labels = dict(extra._fields["spread"]._description_selection(self.env))
        return {
            "id": extra.id,
            "amount": extra.amount,
            "currency": self.currency_id,
            "rows": extra._get_rows(),
            "spread": labels[extra.spread],
            "is_paid": extra.is_paid,
            "is_busy": self._is_being_paid(),
            "is_current": self._can_pay_extra() and extra._is_current(),
        }

    def _is_being_paid(self):
        """Whether money for anything of this plan may be on its way (P22, PF80)."""
        self.ensure_one()
        plan_sudo = self.sudo()  # customers may not read transactions
        transactions_sudo = plan_sudo.installment_ids.move_id.transaction_ids
        transactions_sudo |= plan_sudo.sale_order_id.transaction_ids
        online = transactions_sudo.filtered(
            lambda tx: tx.provider_code not in const.MANUAL_PROVIDERS
        )
        online |= plan_sudo.extra_ids._get_online_sudo()
        return bool(online._get_under_way())

    def _check_extra_payment(self, extra_id, payment):
        """Return the extra payment that a transaction pays, exactly as chosen (P90).

        :param int extra_id: as the browser sent it
        :param dict payment: what the browser sent: `amount`, `is_validation`
        :return: `payment.plan.extra`
        :raise UserError: it is not that amount, is paid, or what was shown changed
        """
        self.ensure_one()
        self._lock()
        extra = self._find_extra(extra_id)
        amount = payment.get("amount")
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if (
            extra
            and self._can_pay_extra()
            and not extra.is_paid
            and not self._is_being_paid()
            and extra._is_current()
            and is_number
            and not payment.get("is_validation")
            and self.currency_id.compare_amounts(amount, extra.amount) == 0
        ):
            return extra
        raise UserError(
            self.env._(
                "What is open of %s has changed, or a payment is in progress. Go back "
                "to the plan and choose again; nothing was charged.",
                self.name,
            )
        )
