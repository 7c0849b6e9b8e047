import hashlib
import math

from odoo import api, models
from odoo.exceptions import UserError

from ..const import ORIGIN_PORTAL

#: Nobody means to allow more in one charge.
HIGHEST_LIMIT = 10_000_000.0


class AutopayMandateOffer(models.Model):
    """The page on which customers allow automatic payments, and what follows."""

    _inherit = "autopay.mandate"

    @api.model
    def _get_portal_offer(self, currency_name=None):
        """Return all that the page to allow automatic payments says (P57).

        :param str currency_name: one of the customer's currencies
        :return: dict: `company`, `currency`, `currencies`, `obstacle`, `tokens_sudo`,
            `invoices_sudo`, `charges`, `notice_days`, `limit`, `consent_text`,
            `consent_version`, `digest` of what is agreed to
        """
        company = self.env.company
        currencies = self._get_portal_currencies(company)
        currency = currencies.filtered(lambda c: c.name == currency_name)
        currency = currency or currencies[:1] or company.currency_id
        customer = self.env.user.partner_id.commercial_partner_id
        invoices_sudo = customer._get_autopay_open_invoices_sudo(company, currency)
        offer = {
            "company": company,
            "currency": currency,
            "currencies": currencies,
            "obstacle": self._get_portal_obstacle(company, currency),
            "tokens_sudo": self._get_portal_tokens_sudo(company, currency),
            "invoices_sudo": invoices_sudo,
            "charges": invoices_sudo._get_autopay_preview(),
            "notice_days": company.sudo().autopay_notice_days,  # as below
            "limit": customer._get_autopay_default_limit(company, currency),
            "consent_text": company.sudo()._get_autopay_consent(),  # to be read by all
            "consent_version": str(company.sudo().autopay_consent_version),  # as above
        }
        offer["digest"] = self._get_offer_digest(offer)
        return offer

    @api.model
    def _get_offer_digest(self, offer):
        """Return a short sign of what the page said, to notice when that has changed.

        :param dict offer: see `_get_portal_offer`
        """
        parts = [offer["currency"].name, offer["consent_version"]]
        parts.append(offer["consent_text"] or "")
        for charge in offer["charges"]:
            amount = charge["currency"].format(charge["amount"])
            parts.append(f"{charge['invoice']} {charge['date']} {amount}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    @api.model
    def _get_portal_currencies(self, company):
        """Return the currencies of the customer's invoices not yet paid automatically.

        :param company: `res.company` that charges
        """
        customer = self.env.user.partner_id.commercial_partner_id
        used = customer._get_autopay_currencies_sudo(company) | company.currency_id
        free = used.filtered(
            # Others may pay for the customer: their consent counts, but is not shown.
            lambda c: not self.sudo()._find(customer, c, company)
        )
        return free.sorted(lambda c: c != company.currency_id)

    @api.model
    def _get_portal_obstacle(self, company, currency):
        """Say in plain words why the customer cannot allow automatic payments.

        :param company: `res.company` that charges
        :param currency: `res.currency` of the charges
        :return: text, or False
        """
        customer = self.env.user.partner_id.commercial_partner_id
        # Another company may pay for this one: who, is not shown.
        if self.sudo()._find(customer, currency, company):
            return self.env._("Your invoices are already paid automatically.")
        if self._get_portal_providers_sudo(company, currency):
            return False
        if self._get_portal_providers_sudo(company):
            return self.env._(
                "Invoices in %s cannot be paid automatically.", currency.name
            )
        providers_sudo = (
            self.env["payment.provider"]
            .sudo()  # customers may not read them
            ._get_compatible_providers(
                company.id, self.env.user.partner_id.id, 0.0, is_validation=True
            )
        )
        if providers_sudo:
            return self.env._(
                "You can pay online here, but payment methods cannot be saved. So "
                "automatic payments are not possible."
            )
        return self.env._("%s does not take payments online.", company.name)

    # === ALLOWING === #

    @api.model
    def _grant_in_portal(self, answers, evidence):
        """Record what the customer allowed, and schedule the open invoices (P57).

        :param dict answers: what the browser sent: `token_id`, `max_amount`, `agreed`,
            `currency` and `digest` of what was shown
        :param dict evidence: `ip_address`, `user_agent`
        :return: `autopay.mandate`
        :raise UserError: an answer is missing, or what was shown has changed
        """
        offer = self._get_portal_offer(answers.get("currency"))
        token_sudo = self._check_portal_answers(offer, answers)
        customer = self.env.user.partner_id.commercial_partner_id
        mandate_sudo = self._grant_offer_sudo(
            offer, answers, token_sudo, {"partner_id": customer.id}, evidence
        )
        offer["invoices_sudo"].autopay_collection_ids._resume(mandate_sudo)
        offer["invoices_sudo"]._enroll_autopay()
        return mandate_sudo.sudo(False)

    @api.model
    def _grant_offer_sudo(self, offer, answers, token_sudo, vals, evidence):
        """Record the customer's consent to what was offered, as it was read.

        :param dict offer: see `_get_portal_offer`
        :param dict answers: what the browser sent, checked by `_check_portal_answers`
        :param token_sudo: `payment.token` that was chosen
        :param dict vals: whose invoices: `partner_id`, and for one document only
            `res_model` and `res_id`
        :param dict evidence: `ip_address`, `user_agent`
        :return: `autopay.mandate`
        """
        return self.sudo()._grant(  # written by the system only
            token_sudo,
            {
                **vals,
                "currency_id": offer["currency"].id,
                "max_amount": self._parse_portal_limit(offer, answers),
                "consent_text": offer["consent_text"],
                "consent_version": offer["consent_version"],
            },
            ORIGIN_PORTAL,
            evidence,
        )

    @api.model
    def _check_portal_answers(self, offer, answers):
        """Check what the customer answered against what may be answered.

        :return: `payment.token` that was chosen
        :raise UserError: in plain words
        """
        if offer["obstacle"]:
            raise UserError(offer["obstacle"])
        chosen = answers.get("token_id")
        token_sudo = offer["tokens_sudo"].filtered(lambda t: str(t.id) == str(chosen))
        if not token_sudo:
            raise UserError(self.env._("Choose a payment method."))
        self._parse_portal_limit(offer, answers)
        if not answers.get("agreed"):
            raise UserError(
                self.env._("Please confirm that you allow automatic payments.")
            )
        if answers.get("digest") != offer["digest"]:
            raise UserError(
                self.env._(
                    "Something on this page has changed in the meantime. Please read "
                    "it again, then confirm."
                )
            )
        return token_sudo

    @api.model
    def _parse_portal_limit(self, offer, answers):
        """Return the largest charge that the customer typed.

        :raise UserError: it is no amount
        """
        try:
            amount = float(str(answers.get("max_amount")).strip())
        except ValueError:
            amount = math.nan
        is_possible = 0 < amount <= HIGHEST_LIMIT  # not so for infinity and the like
        amount = offer["currency"].round(amount) if is_possible else 0.0
        if not amount:
            raise UserError(
                self.env._(
                    "Enter the largest amount for one payment: a number above zero."
                )
            )
        return amount
