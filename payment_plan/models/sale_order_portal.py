from odoo import models
from odoo.exceptions import UserError, ValidationError

from .. import const

#: Providers by which nobody is charged: their payments wait for a bank transfer.


class SaleOrderPortal(models.Model):
    """The quotation's page: compare plans, choose one, sign it, pay its deposit.

    Who comes here has shown the right to see the order; the records are written by
    the system.
    """

    _inherit = "sale.order"

    # === WHAT CORE'S PAGE OFFERS === #

    def _has_to_be_signed(self):
        """Offer the signature once everything that it needs is there."""
        if self._get_plan_signing_problem():
            return False
        return super()._has_to_be_signed()

    def _has_to_be_paid(self):
        """Offer no payment of a plan that cannot be signed."""
        if self._get_plan_signing_problem():
            return False
        return super()._has_to_be_paid()

    def _get_prepayment_required_amount(self):
        """The page opens also when the chosen plan is not possible any more."""
        plan = self.payment_plan_id
        if plan.state == const.OFFERED and plan._get_problem():
            return self.amount_total
        return super()._get_prepayment_required_amount()

    def _get_plan_signing_problem(self):
        """Say what keeps the chosen plan from being signed, or return an empty text."""
        self.ensure_one()
        plan = self.payment_plan_id
        if not plan or plan.state != const.OFFERED:
            return ""
        return plan._get_problem() or plan._get_missing_consent()

    # === WHAT OUR SECTION SHOWS === #

    def _get_portal_plan_values(self):
        """Return what the quotation's page shows of its payment plans.

        :return: dict: `plan_cards` to choose from, `plan_chosen` with its contract;
            both can be empty
        """
        self.ensure_one()
        plan = self.payment_plan_id
        chosen = plan._get_portal_quote_values() if plan else {}
        return {
            "plan_cards": [] if plan else self._get_portal_plan_cards(),
            "plan_chosen": chosen,
        }

    def _get_portal_plan_cards(self):
        """Return the plans that can be chosen now; staff see those that cannot."""
        self.ensure_one()
        is_open = self.state in ("draft", "sent") and not self.signature
        if not is_open or self.is_expired:
            return []
        plans = self.payment_plan_ids.filtered(lambda plan: not plan._get_problem())
        return [plan._get_portal_card() for plan in plans.sorted()]

    # === CHOOSING, SIGNING === #

    def _choose_plan_in_portal(self, plan_id, evidence):
        """Choose the plan of a card.

        :param int plan_id: as the browser sent it
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: it cannot be chosen; says why
        """
        self.ensure_one()
        plan = self.payment_plan_ids.filtered(lambda plan: plan.id == plan_id)
        if not plan:
            raise UserError(self.env._("This plan is not offered on %s.", self.name))
        if plan != self.payment_plan_id:
            self._choose_plan(plan, evidence)

    def _leave_plan_in_portal(self):
        """Go back to the cards.

        :raise UserError: the plan is signed already
        """
        self.ensure_one()
        self._lock_for_signature()
        self._ensure_open_for_plans()
        self._drop_plan_price()

    # === PAYING === #

    def _check_plan_payment(self, payment):
        """Make sure that what is paid here is the deposit of a signed plan (P90).

        Orders without plans are core's business.

        :param dict payment: what the browser sent: `amount`, `is_validation`
        :raise ValidationError: says what can be paid, and where
        """
        self.ensure_one()
        if not self.payment_plan_id and not self._is_plan_missing():
            return
        self._lock_for_signature()
        problem = (
            self._get_plan_payment_problem()
            or self._get_other_payment_problem()
            or self._get_plan_amount_problem(payment)
        )
        if problem:
            raise ValidationError(problem)

    def _get_plan_payment_problem(self):
        """Say why no deposit is to be paid here now, or return an empty text (PF26)."""
        self.ensure_one()
        plan = self.payment_plan_id
        if not plan:
            return self.env._("Choose how you pay first: %s.", self.name)
        if plan.state == const.CANCELED:
            return self.env._(
                "%s: this plan was canceled. Please ask us for a new offer.", self.name
            )
        if plan.state == const.OFFERED:
            return self.env._(
                "%s: sign the contract first. Nothing is paid before that.", self.name
            )
        if plan.is_out_of_sync:
            return self.env._(
                "%s was changed after you signed: please ask us before you pay.",
                self.name,
            )
        if not self._has_to_be_paid():
            return self.env._(
                "There is no deposit to pay on %s. The payments of a running plan are "
                "paid by their invoices: open the plan in the portal.",
                self.name,
            )
        return ""

    def _get_other_payment_problem(self):
        """Say that another payment of this order is under way (P22, PF80)."""
        self.ensure_one()
        transactions_sudo = self.sudo().transaction_ids  # customers may not read them
        online = transactions_sudo.filtered(
            lambda tx: tx.provider_code not in const.MANUAL_PROVIDERS
        )
        if not online._get_under_way():
            return ""
        return self.env._(
            "%s: a payment is in progress. Wait for its result before you pay again; "
            "you are not charged twice.",
            self.name,
        )

    def _get_plan_amount_problem(self, payment):
        """Say that the amount is not exactly the deposit (P57)."""
        self.ensure_one()
        amount, deposit = payment.get("amount"), self.payment_plan_id._get_deposit()
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if (
            is_number
            and not payment.get("is_validation")
            and self.currency_id.round(amount) == amount
            and self.currency_id.compare_amounts(amount, deposit) == 0
        ):
            return ""
        return self.env._(
            "The payment to make now is exactly %(deposit)s. Reload the page and try "
            "again; nothing was charged.",
            deposit=self.currency_id.format(deposit),
        )
