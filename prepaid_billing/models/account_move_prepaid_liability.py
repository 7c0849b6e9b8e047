from odoo import fields, models
from odoo.exceptions import UserError

from ..const_accounting import LIABILITY_TYPES


class AccountMove(models.Model):
    """Journal entries that turned used credit into income stay posted."""

    _inherit = "account.move"

    prepaid_recognition_ids = fields.One2many(
        "prepaid.recognition",
        "move_id",
        "Prepaid credit recognized",
        readonly=True,
        groups="account.group_account_readonly,account.group_account_invoice",
    )

    def button_draft(self):
        """Keep the entries that the ledger of prepaid credit points at.

        :raise UserError: one of these entries recognizes prepaid credit
        """
        recognized_sudo = self.sudo().filtered("prepaid_recognition_ids")  # whoever
        for move in recognized_sudo[:1]:
            raise UserError(
                self.env._(
                    "%(entry)s books prepaid credit that was used or has lapsed: it "
                    "cannot be reset to draft. Return the deducted time instead; the "
                    "next journal entry takes its income back.",
                    entry=move.display_name,
                )
            )
        return super().button_draft()


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _ensure_prepaid_sellable(self):
        """Refuse to sell credit as a liability without accounts for it."""
        super()._ensure_prepaid_sellable()
        product = self.product_id.product_tmpl_id.with_company(self.company_id)
        if not product._defers_prepaid_income():
            return
        missing = False
        if not product._get_prepaid_liability_account():
            missing = self.env._("liability account")
        elif not product._get_prepaid_income_account():
            missing = self.env._("income account")
        if missing:
            raise UserError(
                self.env._(
                    "%(invoice)s cannot be posted: %(product)s becomes income when it "
                    "is used, but %(company)s has no %(account)s for it. Set one on "
                    "the product, or in the settings of Prepaid.",
                    invoice=self.move_id.display_name,
                    product=product.display_name,
                    company=self.company_id.display_name,
                    account=missing,
                )
            )

    def _prepare_prepaid_lot_vals(self):
        """Fix what the lot stands for in the books: the account of this line decides.

        Whoever chose an income account on the invoice booked income at once.
        """
        vals = super()._prepare_prepaid_lot_vals()
        is_liability = self.account_id.account_type in LIABILITY_TYPES
        if not (
            is_liability and self.product_id.product_tmpl_id._defers_prepaid_income()
        ):
            return vals
        product = self.product_id.product_tmpl_id.with_company(self.company_id)
        income = self.move_id.fiscal_position_id.map_account(
            product._get_prepaid_income_account()
        )
        return {
            **vals,
            "liability_account_id": self.account_id.id,
            "income_account_id": income.id,
            "book_value": -self.balance,
            "book_analytic_distribution": self.analytic_distribution,
        }
