from odoo import fields, models

from ..const_accounting import (
    INCOME_AT_ONCE,
    INCOME_TYPES,
    INCOME_WHEN_USED,
    LIABILITY_TYPES,
    REVENUE_POLICIES,
)


class ProductTemplate(models.Model):
    """When a prepaid pack becomes income, and the accounts for it (BF41, BF46)."""

    _inherit = "product.template"

    prepaid_revenue_policy = fields.Selection(
        REVENUE_POLICIES,
        "Becomes income",
        default=INCOME_AT_ONCE,
        required=True,
        help="Credit that is sold from now on. A liability becomes income by journal "
        "entries, as the credit is used.",
    )
    property_prepaid_liability_account_id = fields.Many2one(
        "account.account",
        "Prepaid liability account",
        company_dependent=True,
        check_company=True,
        domain=[("account_type", "in", LIABILITY_TYPES)],
        help="Owed to customers until they use their credit. Empty: that of the "
        "company.",
    )
    property_prepaid_breakage_account_id = fields.Many2one(
        "account.account",
        "Breakage account",
        company_dependent=True,
        check_company=True,
        domain=[("account_type", "in", INCOME_TYPES)],
        help="Income from credit that lapsed unused. Empty: that of the company, else "
        "the income account of the pack.",
    )

    def _defers_prepaid_income(self):
        """Whether credit of this pack is a liability until it is used."""
        return bool(self.prepaid_ok) and self.prepaid_revenue_policy == INCOME_WHEN_USED

    def _get_product_accounts(self):
        """Sell a pack on the liability account: on invoices, orders, everywhere."""
        accounts = super()._get_product_accounts()
        # What used credit is income on.
        accounts["prepaid_income"] = accounts["income"]
        if self._defers_prepaid_income():
            liability = self._get_prepaid_liability_account()
            accounts["income"] = liability or accounts["income"]
        return accounts

    def _get_prepaid_liability_account(self):
        """Return the account of what is owed to customers, in the current company."""
        return (
            self.property_prepaid_liability_account_id
            or self.env.company._get_prepaid_liability_account()
        )

    def _get_prepaid_income_account(self):
        """Return the account that used credit is income on, in the current company."""
        return self._get_product_accounts()["prepaid_income"]

    def _get_prepaid_breakage_account(self):
        """Return the account for credit that lapsed, may be empty."""
        return (
            self.property_prepaid_breakage_account_id
            or self.env.company.prepaid_breakage_account_id
        )
