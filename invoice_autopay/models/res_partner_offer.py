import math

from odoo import fields, models
from odoo.fields import Domain

#: Proposed as the largest charge where there is no invoice to go by.
DEFAULT_LIMIT = 1000.0


class ResPartnerAutopayOffer(models.Model):
    """What a customer would pay automatically, before it is allowed."""

    _inherit = "res.partner"

    def _get_autopay_open_invoices_sudo(self, company, currency):
        """Return what is open and would be charged if this customer allowed it now.

        :param company: `res.company` that charges
        :param currency: `res.currency`
        :return: `account.move`, without the rights of the user
        """
        self.ensure_one()
        Move = self.env["account.move"].sudo()  # also what colleagues are invoiced
        domain = self._get_autopay_invoice_domain(company)
        domain &= Domain("currency_id", "=", currency.id)
        domain &= Domain("payment_state", "in", ("not_paid", "partial"))
        invoices_sudo = Move.search(domain, order="invoice_date_due, id")
        return invoices_sudo.filtered(lambda move: move._is_free_for_autopay())

    def _get_autopay_invoice_domain(self, company):
        return (
            Domain("commercial_partner_id", "=", self.id)
            & Domain("company_id", "=", company.id)
            & Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
        )

    def _get_autopay_recent_domain(self, company):
        """Return the domain of the invoices of the last twelve months."""
        since = fields.Date.subtract(company._get_autopay_today(), months=12)
        domain = self._get_autopay_invoice_domain(company)
        return domain & Domain("invoice_date", ">=", since)

    def _get_autopay_currencies_sudo(self, company):
        """Return the currencies in which this customer was invoiced lately."""
        groups = (
            self.env["account.move"]
            .sudo()  # as above
            ._read_group(self._get_autopay_recent_domain(company), ["currency_id"])
        )
        return self.env["res.currency"].union(*(currency for [currency] in groups))

    def _get_autopay_default_limit(self, company, currency):
        """Propose the largest charge: twice the largest invoice of twelve months.

        :param company: `res.company` that charges
        :param currency: `res.currency`
        """
        self.ensure_one()
        domain = self._get_autopay_recent_domain(company)
        [(largest,)] = (
            self.env["account.move"]
            .sudo()  # as above
            ._read_group(
                domain & Domain("currency_id", "=", currency.id),
                [],
                ["amount_total:max"],
            )
        )
        return float(math.ceil(2 * largest)) if largest else DEFAULT_LIMIT
