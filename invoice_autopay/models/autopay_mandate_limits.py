from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..const import MANDATE_ACTIVE


class AutopayMandateLimits(models.Model):
    """What a mandate allows, and which one counts for an invoice."""

    _inherit = "autopay.mandate"

    @api.constrains("partner_id")
    def _check_partner(self):
        for mandate in self:
            if mandate.partner_id != mandate.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%s is a contact. A mandate is for the company or person that "
                        "is invoiced.",
                        mandate.partner_id.display_name,
                    )
                )

    def _get_document_sudo(self):
        """Return the document that this mandate is for, or None for all invoices."""
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            return None
        # Whether the reader may open the document is another question.
        return self.env[self.res_model].sudo().browse(self.res_id).exists() or None

    def _get_obstacle(self, amount):
        """Say why this mandate cannot be charged now.

        :param float amount: in the currency of the mandate
        :return: text for the back office, or False
        """
        self.ensure_one()
        if reason := self._get_consent_obstacle(amount):
            return reason
        if self.database_uuid != self._get_database_uuid():
            return self.env._("The consent was given to another database")
        if self._lacks_method():
            return self.env._("The payment method was removed")
        token_sudo = self.token_id.sudo()  # of the payer: not everybody's to read
        if reason := token_sudo.provider_id._get_autopay_obstacle(self.currency_id):
            return reason
        if self.is_live != (token_sudo.provider_id.state == "enabled"):
            return self.env._(
                "%s was switched between test and live since the consent",
                token_sudo.provider_id.name,
            )
        return False

    def _get_consent_obstacle(self, amount):
        """Say why the customer's consent does not cover this charge.

        :param float amount: in the currency of the mandate
        :return: text for the back office, or False
        """
        self.ensure_one()
        if self.state != MANDATE_ACTIVE:
            return self.env._("The consent was withdrawn")
        if self.is_disputed:
            return self.env._("A charge is disputed by the customer's bank")
        if not self.partner_id.active:
            return self.env._("%s is archived", self.partner_id.display_name)
        if self.currency_id.compare_amounts(amount, self.max_amount) > 0:
            return self.env._(
                "%(amount)s is above the largest charge that was allowed, %(max)s",
                amount=self.currency_id.format(amount),
                max=self.currency_id.format(self.max_amount),
            )
        return False

    def _lacks_method(self):
        """Whether there is no saved method that could be charged (P48)."""
        self.ensure_one()
        return not self.token_id.sudo().active  # of the payer: not everybody's to read

    @api.model
    def _find(self, partner, currency, company, document=None):
        """Return the active mandate for an invoice: of its document, else common.

        :param partner: `res.partner` that is invoiced
        :param document: the record that made the invoice, or None
        """
        domain = (
            Domain("state", "=", MANDATE_ACTIVE)
            & Domain("company_id", "=", company.id)
            & Domain("partner_id", "=", partner.commercial_partner_id.id)
            & Domain("currency_id", "=", currency.id)
        )
        common = Domain("res_model", "=", False)
        if document:
            own = Domain("res_model", "=", document._name)
            own &= Domain("res_id", "=", document.id)
            mandate = self.search(domain & own, limit=1)
            if mandate:
                return mandate
        return self.search(domain & common, limit=1)
