from odoo import fields, models

from ..const_accounting import (
    INCOME_TYPES,
    LIABILITY_TYPES,
    PERIOD_DAY,
    RECOGNITION_PERIODS,
)


class ResCompany(models.Model):
    """Accounts and journal for credit that is a liability until it is used."""

    _inherit = "res.company"

    prepaid_liability_account_id = fields.Many2one(
        "account.account",
        "Prepaid liability account",
        check_company=True,
        domain=[("account_type", "in", LIABILITY_TYPES)],
        help="For packs without an account of their own. Empty: the account of down "
        "payments, if it is a liability.",
    )
    prepaid_breakage_account_id = fields.Many2one(
        "account.account",
        "Prepaid breakage account",
        check_company=True,
        domain=[("account_type", "in", INCOME_TYPES)],
        help="Income from credit that lapsed unused. Empty: the income account of the "
        "pack.",
    )
    prepaid_journal_id = fields.Many2one(
        "account.journal",
        "Journal of used credit",
        check_company=True,
        domain=[("type", "=", "general")],
        help="Empty: the first journal for miscellaneous operations.",
    )
    prepaid_recognition_period = fields.Selection(
        RECOGNITION_PERIODS,
        "Used credit becomes income by",
        required=True,
        default=PERIOD_DAY,
    )

    def _get_prepaid_liability_account(self):
        """Return the account for packs that have none of their own, may be empty."""
        self.ensure_one()
        down_payments = self.downpayment_account_id
        if down_payments.account_type not in LIABILITY_TYPES:
            down_payments = down_payments.browse()
        return self.prepaid_liability_account_id or down_payments

    def _get_prepaid_journal(self):
        """Return the journal in which used credit becomes income, may be empty."""
        self.ensure_one()
        if self.prepaid_journal_id:
            return self.prepaid_journal_id
        Journal = self.env["account.journal"]
        special = self.currency_exchange_journal_id | self.tax_cash_basis_journal_id
        return Journal.search(
            [
                *Journal._check_company_domain(self),
                ("type", "=", "general"),
                ("id", "not in", special.ids),
            ],
            limit=1,
        )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    prepaid_liability_account_id = fields.Many2one(
        related="company_id.prepaid_liability_account_id", readonly=False
    )
    prepaid_breakage_account_id = fields.Many2one(
        related="company_id.prepaid_breakage_account_id", readonly=False
    )
    prepaid_journal_id = fields.Many2one(
        related="company_id.prepaid_journal_id", readonly=False
    )
    prepaid_recognition_period = fields.Selection(
        related="company_id.prepaid_recognition_period", readonly=False
    )
