from odoo import models
from odoo.exceptions import UserError

from ..const_accounting import LIABILITY_TYPES
from ..const_tax import TAX_AT_TOP_UP, TAX_AT_USE


class AccountMoveLine(models.Model):
    """Credit that is taxed when it is used is sold without tax (BF44, B76)."""

    _inherit = "account.move.line"

    def _get_prepaid_tax_policy(self):
        """Return when the credit that this line sells is taxed."""
        self.ensure_one()
        is_at_use = self.product_id.product_tmpl_id._is_prepaid_taxed_at_use()
        return TAX_AT_USE if is_at_use else TAX_AT_TOP_UP

    def _get_computed_taxes(self):
        """Propose no tax for credit that is taxed when it is used.

        A company that is set up later gives its default tax to every product.
        """
        is_sold = self.move_id.is_sale_document(include_receipts=True)
        if is_sold and self._get_prepaid_tax_policy() == TAX_AT_USE:
            return self.env["account.tax"]
        return super()._get_computed_taxes()

    def _prepare_prepaid_budget_vals(self):
        return {
            **super()._prepare_prepaid_budget_vals(),
            "tax_policy": self._get_prepaid_tax_policy(),
        }

    def _ensure_prepaid_sellable(self):
        """Refuse a pack that does not fit the budget's tax, or has one too early.

        :raise UserError: the message says what to change
        """
        result = super()._ensure_prepaid_sellable()
        reason = self._get_prepaid_tax_obstacle()
        if reason:
            raise UserError(
                self.env._(
                    "%(invoice)s cannot fill %(budget)s: %(reason)s.",
                    invoice=self.move_id.display_name,
                    budget=self.prepaid_budget_id.display_name,
                    reason=reason,
                )
            )
        return result

    def _get_prepaid_tax_obstacle(self):
        """Say what is wrong with the tax of this line, or return False."""
        policy = self._get_prepaid_tax_policy()
        product = self.product_id.display_name or self.name
        if self.prepaid_budget_id.tax_policy != policy:
            if policy == TAX_AT_USE:
                return self.env._(
                    "%(product)s is taxed when it is used, the credit of this budget "
                    "when it is sold. Choose another pack or another budget",
                    product=product,
                )
            return self.env._(
                "its credit is taxed when it is used, %(product)s when it is sold. "
                "Choose another pack or another budget",
                product=product,
            )
        if policy == TAX_AT_TOP_UP:
            return False
        taxes = self.tax_ids.flatten_taxes_hierarchy().filtered("amount")
        if taxes:
            return self.env._(
                "%(product)s is taxed when it is used, and would be taxed twice. "
                "Remove %(taxes)s from its line",
                product=product,
                taxes=", ".join(taxes.mapped("name")),
            )
        if self.account_id.account_type not in LIABILITY_TYPES:
            return self.env._(
                "%(product)s is taxed when it is used and income only then, but "
                "%(account)s is no liability. Choose the account of prepaid credit",
                product=product,
                account=self.account_id.display_name,
            )
        return False


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _compute_tax_ids(self):
        """No tax on quotations of credit that is taxed when it is used."""
        at_use = self.filtered(
            lambda line: line.product_id.product_tmpl_id._is_prepaid_taxed_at_use()
        )
        at_use.tax_ids = False
        return super(SaleOrderLine, self - at_use)._compute_tax_ids()
