from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import EVENT_WITHDRAWN, MANDATE_ACTIVE, ORIGIN_PORTAL


class AutopayMandatePortal(models.Model):
    """What customers see and do themselves: look, change the method, stop.

    Everything here is for the user who asks. Whose payment method is charged may see
    and change; the records themselves are written by the system.
    """

    _inherit = "autopay.mandate"

    # === SEEING === #

    @api.model
    def _get_portal_domain(self):
        """Return the domain of what the user's company or person gave, as a payer."""
        payer = self.env.user.partner_id.commercial_partner_id
        return Domain("payer_id.commercial_partner_id", "=", payer.id)

    @api.model
    def _get_portal_mandates(self, state=MANDATE_ACTIVE):
        """Return the user's automatic payments.

        :param str state: one of `MANDATE_STATES`
        """
        if not self.has_access("read"):
            return self.browse()
        return self.search(self._get_portal_domain() & Domain("state", "=", state))

    @api.model
    def _get_portal_mandate(self, mandate_id):
        """Return one of the user's active automatic payments, or nothing.

        :param int mandate_id: id as it was asked for
        """
        own = self._get_portal_mandates()
        return own.filtered(lambda mandate: mandate.id == mandate_id)

    @api.model
    def _get_portal_count(self):
        """Return what the card of the portal's home page counts; zero hides it."""
        if not self.has_access("read"):
            return 0
        count = self.search_count(self._get_portal_domain())
        if count:
            return count
        company = self.env.company
        return len(self._get_portal_providers_sudo(company, company.currency_id)[:1])

    def _get_portal_values(self):
        """Return what the page shows of one automatic payment.

        :return: dict of values and `charges`, see `_get_portal_rows`
        """
        self.ensure_one()
        user_partner = self.env.user.partner_id.commercial_partner_id
        self_sudo = self.sudo()  # the rows: invoices of others that this one pays
        ended = self_sudo.event_ids.filtered(lambda e: e.kind == EVENT_WITHDRAWN)
        rows = self_sudo.collection_ids._get_portal_rows()
        return {
            "id": self.id,
            "name": self_sudo.document_name,
            "customer": self_sudo.partner_id != user_partner
            and self_sudo.partner_id.name,
            "method": self_sudo.token_id._get_portal_label(),
            "is_method_missing": self_sudo._lacks_method(),
            "limit": self.max_amount,
            "currency": self.currency_id,
            "granted_on": self.granted_on,
            "ended_on": ended[:1].date,
            "charges": rows,
            "can_try_again": any(row["can_try_again"] for row in rows),
        }

    # === WITH WHAT === #

    @api.model
    def _get_portal_providers_sudo(self, company, currency=None):
        """Return the providers by which the user could pay automatically.

        :param company: `res.company` that charges
        :param currency: `res.currency` of the charges; None: in any currency
        :return: `payment.provider`, whose fields customers may not read
        """
        Provider = self.env["payment.provider"].sudo()  # as above
        providers_sudo = Provider._get_compatible_providers(
            company.id,
            self.env.user.partner_id.id,
            0.0,
            currency_id=currency and currency.id,
            force_tokenization=True,
            is_validation=True,
        )
        if not currency:
            return providers_sudo
        return providers_sudo.filtered(
            lambda provider: not provider._get_autopay_grant_obstacle(currency)
        )

    @api.model
    def _get_portal_payment_methods_sudo(self, providers_sudo):
        """Return the kinds of methods that these providers can keep.

        :param providers_sudo: `payment.provider`
        :return: `payment.method`
        """
        return (
            self.env["payment.method"]
            .sudo()  # they list their providers
            ._get_compatible_payment_methods(
                providers_sudo.ids,
                self.env.user.partner_id.id,
                force_tokenization=True,
            )
        )

    @api.model
    def _get_portal_tokens_sudo(self, company, currency):
        """Return the user's saved methods that can be charged automatically.

        They are those of core's page of payment methods: the user's own and the
        company's, not the colleagues'.

        :param company: `res.company` that charges
        :param currency: `res.currency` of the charges
        :return: `payment.token`
        """
        providers_sudo = self._get_portal_providers_sudo(company, currency)
        tokens_sudo = (
            self.env["payment.token"]
            .sudo()  # the user may read the own ones, not the company's
            ._get_available_tokens(None, self.env.user.partner_id.id, True)
        )
        return tokens_sudo.filtered(lambda token: token.provider_id in providers_sudo)

    def _find_portal_token_sudo(self, token_id):
        """Return the user's saved method that was chosen for this one.

        :param token_id: id as the browser sent it
        :raise UserError: it is not the user's, or cannot be charged
        """
        self.ensure_one()
        tokens_sudo = self._get_portal_tokens_sudo(self.company_id, self.currency_id)
        chosen_sudo = tokens_sudo.filtered(lambda token: str(token.id) == str(token_id))
        if not chosen_sudo:
            raise UserError(
                self.env._(
                    "This payment method cannot be used here. Choose another one or "
                    "save a new one."
                )
            )
        return chosen_sudo

    # === CHANGING, STOPPING === #

    def _change_method_in_portal(self, token_id, evidence):
        """Charge another saved method from now on; nothing is charged for it (PF33).

        :param token_id: id as the browser sent it
        :param dict evidence: `ip_address`, `user_agent`
        :raise UserError: it is not the user's, or cannot be charged
        """
        token_sudo = self._find_portal_token_sudo(token_id)
        self._forget_saving()
        # The user is the payer, see `_get_portal_mandate`.
        self.sudo()._change_method(token_sudo, ORIGIN_PORTAL, evidence)

    def _forget_saving(self):
        """Do not use a method that is still being saved: another was chosen."""
        self.env["payment.transaction"].sudo().search(  # customers may not read them
            [("autopay_mandate_id", "in", self.ids)]
        ).autopay_mandate_id = False

    def _withdraw_in_portal(self, evidence):
        """Stop: nothing is charged from now on (PF32, P55).

        :param dict evidence: `ip_address`, `user_agent`
        """
        self._forget_saving()
        # The user is the payer, see `_get_portal_mandate`.
        self.sudo()._withdraw(ORIGIN_PORTAL, evidence)

    def _try_again_in_portal(self):
        """Charge at once, by the new method, what the old one could not pay (P47).

        :return: int, how many are charged by the job within a minute
        """
        collections_sudo = self.sudo().collection_ids  # the user is the payer
        waiting_sudo = collections_sudo.filtered(lambda c: c._can_try_again())
        waiting_sudo._charge_for_payer()
        return len(waiting_sudo)
