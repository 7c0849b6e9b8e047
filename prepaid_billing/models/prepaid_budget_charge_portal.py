import math

from odoo import models
from odoo.exceptions import UserError

from ..const import CHARGE_CONSENT_VERSION
from ..tools.replenishment import FIXED


class PrepaidBudgetChargePortal(models.Model):
    """The customer's own consent to automatic top-ups of one budget (BF39)."""

    _inherit = "prepaid.budget"

    # === SEEING === #

    def _get_portal_charge(self):
        """Return what the customer's page says about automatic top-up.

        :return: dict: `threshold`, `amount`, `is_fixed`, `is_suspended`, `mandate_id`,
            `method`, `limit`, `is_common`, `is_others`, `can_allow`; False when top-ups
            of this budget are not charged
        """
        self.ensure_one()
        budget_sudo = self.sudo()  # settings and counters that customers cannot read
        if not budget_sudo._is_charging():
            return False
        mandate_sudo = budget_sudo._get_charge_mandate()
        viewer = self.env.user.partner_id.commercial_partner_id
        is_payer = mandate_sudo.payer_id.commercial_partner_id == viewer
        return {
            "threshold": budget_sudo.threshold,
            "amount": budget_sudo._get_usual_top_up(),
            "is_fixed": budget_sudo.replenish_method == FIXED,
            "is_suspended": bool(budget_sudo._get_charge_obstacle()),
            "mandate_id": is_payer and mandate_sudo.id,
            "method": is_payer and mandate_sudo.token_id._get_portal_label(),
            "limit": mandate_sudo.max_amount,
            "is_common": not mandate_sudo.res_model,
            "is_others": bool(mandate_sudo) and not is_payer,
            "can_allow": self._can_allow_charges(),
        }

    def _get_usual_top_up(self):
        """Return the amount without tax that a top-up has as a rule."""
        self.ensure_one()
        is_fixed = self.replenish_method == FIXED
        return self.replenish_amount if is_fixed else self.replenish_target

    def _can_allow_charges(self):
        """Whether the user can give a consent for this budget alone."""
        self.ensure_one()
        budget_sudo = self.sudo()  # as above
        viewer = self.env.user.partner_id.commercial_partner_id
        return (
            budget_sudo._is_charging()
            and not budget_sudo._get_own_mandate()
            and budget_sudo._get_charged_partner() == viewer
            and bool(
                self.env["autopay.mandate"]._get_portal_providers_sudo(
                    self.company_id, self.money_currency_id
                )
            )
        )

    # === ALLOWING === #

    def _get_portal_charge_offer(self):
        """Return all that the page says on which a customer allows automatic top-ups.

        :return: dict as of `autopay.mandate._get_portal_offer`
        """
        self.ensure_one()
        Mandate = self.env["autopay.mandate"]
        budget_sudo = self.sudo()  # as above
        offer = {
            "company": self.company_id,
            "currency": self.money_currency_id,
            "obstacle": not self._can_allow_charges()
            and self.env._("Automatic top-up of this budget cannot be allowed here."),
            "tokens_sudo": Mandate._get_portal_tokens_sudo(
                self.company_id, self.money_currency_id
            ),
            "charges": [],
            # Tax and rounding up to whole top-ups leave room below it.
            "limit": float(
                math.ceil(
                    2 * budget_sudo._get_top_up_value(budget_sudo._get_usual_top_up())
                )
            ),
            "consent_text": budget_sudo._get_charge_consent(),
            "consent_version": CHARGE_CONSENT_VERSION,
        }
        offer["digest"] = Mandate._get_offer_digest(offer)
        return offer

    def _get_charge_consent(self):
        """Return what the customer agrees to: when, how much, and at once."""
        self.ensure_one()
        amount = self.currency_id.format(self._get_usual_top_up())
        if self.replenish_method == FIXED:
            what = self.env._(
                "as many times %s, without tax, as bring it back to that amount", amount
            )
        else:
            what = self.env._("what is missing to %s, without tax", amount)
        return self.env._(
            "I allow %(company)s to charge my saved payment method for the top-ups of "
            "%(budget)s. When my balance has fallen below the agreed amount, now "
            "%(threshold)s, an invoice is made over what is agreed, now %(what)s. It "
            "is charged on the day it is made, without a notice before, and never "
            "above the largest amount that I state here. I get the invoice and a "
            "receipt by e-mail. I can change the payment method or withdraw this "
            "consent at any time in the portal; what was charged before stays paid.",
            company=self.company_id.name,
            budget=self.name,
            threshold=self.currency_id.format(self.threshold),
            what=what,
        )

    def _allow_charges_in_portal(self, answers, evidence):
        """Record the customer's consent to automatic top-ups of this budget (BF35).

        It is for new invoices: what is open already is paid by hand.

        :param dict answers: what the browser sent: `token_id`, `max_amount`, `agreed`,
            and `digest` of what was shown
        :param dict evidence: `ip_address`, `user_agent`
        :return: `autopay.mandate`
        :raise UserError: an answer is missing, or what was shown has changed
        """
        self.ensure_one()
        Mandate = self.env["autopay.mandate"]
        offer = self._get_portal_charge_offer()
        token_sudo = Mandate._check_portal_answers(offer, answers)
        if token_sudo.company_id != self.company_id:
            raise UserError(self.env._("Choose a payment method."))
        vals = {
            "partner_id": self.sudo()._get_charged_partner().id,  # as above
            "res_model": self._name,
            "res_id": self.id,
        }
        mandate_sudo = Mandate._grant_offer_sudo(
            offer, answers, token_sudo, vals, evidence
        )
        return mandate_sudo.sudo(False)
