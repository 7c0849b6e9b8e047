from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import CONSUME, UNIT_MONEY
from ..const_consumption import MODE_SAVE
from ..const_tax import TAX_AT_TOP_UP, TAX_AT_USE, TAX_POLICIES
from ..tools.allocation import OVERDRAFT


class PrepaidBudgetTax(models.Model):
    """One budget, one tax policy: at top-up or at use, chosen before it is filled."""

    _inherit = "prepaid.budget"

    tax_policy = fields.Selection(
        TAX_POLICIES,
        "Taxed",
        required=True,
        compute="_compute_tax_policy",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="When it is used: top-ups have no tax. The balance is money with tax: it "
        "pays invoices of the customer, and time by an invoice that is made for it.",
    )

    @api.depends("product_id")
    def _compute_tax_policy(self):
        for budget in self:
            if budget.tax_policy and budget._has_history():
                continue
            product = budget.product_id.product_tmpl_id
            is_at_use = product._is_prepaid_taxed_at_use()
            budget.tax_policy = TAX_AT_USE if is_at_use else TAX_AT_TOP_UP

    @api.constrains("tax_policy", "unit", "shortage_policy", "consumption_mode")
    def _check_tax_policy(self):
        for budget in self.filtered(lambda b: b._is_taxed_at_use()):
            if (
                budget.unit != UNIT_MONEY
                or budget.shortage_policy == OVERDRAFT
                or budget.consumption_mode == MODE_SAVE
            ):
                raise ValidationError(
                    self.env._(
                        "%(budget)s is taxed when it is used: it is kept in money, "
                        "pays invoices with what was received, and each deduction "
                        "makes one. Choose money, no overdraft, and deduction by hand "
                        "or by schedule.",
                        budget=budget.display_name,
                    )
                )

    def _is_taxed_at_use(self):
        """Whether the credit of this budget pays taxed invoices."""
        return self.tax_policy == TAX_AT_USE

    # === WHAT GOES IN === #

    def _get_pack_obstacle(self, pack=None):
        """A budget is filled by packs of its own tax policy."""
        if reason := super()._get_pack_obstacle(pack):
            return reason
        product = pack or self.product_id
        is_at_use = product.product_tmpl_id._is_prepaid_taxed_at_use()
        if is_at_use == self._is_taxed_at_use():
            return False
        return self.env._(
            "%(budget)s: %(product)s is not taxed at the same time as the credit of "
            "this budget. Choose another prepaid pack on the budget.",
            budget=self.display_name,
            product=product.display_name,
        )

    def _get_top_up_taxes(self, product, contact):
        """Sell credit that is taxed when it is used without tax."""
        if product.product_tmpl_id._is_prepaid_taxed_at_use():
            return self.env["account.tax"]
        return super()._get_top_up_taxes(product, contact)

    def _create_granted_lot(self, amount, reason, date_to=False, priority=10):
        """Free credit pays no tax document: nothing was received for it.

        :raise UserError: the budget is taxed when it is used
        """
        if self._is_taxed_at_use():
            raise UserError(
                self.env._(
                    "%(budget)s pays invoices with what the customer paid: it has no "
                    "free credit. Give a discount on the invoice instead.",
                    budget=self.display_name,
                )
            )
        return super()._create_granted_lot(amount, reason, date_to, priority)

    def _ensure_transferable(self, target):
        """Untaxed credit stays untaxed, taxed credit taxed.

        :param target: `prepaid.budget`
        """
        if self.tax_policy != target.tax_policy:
            raise UserError(
                self.env._(
                    "%(budget)s and %(target)s are not taxed at the same time: credit "
                    "does not move between them.",
                    budget=self.display_name,
                    target=target.display_name,
                )
            )
        return super()._ensure_transferable(target)

    # === WHAT GOES OUT === #

    def _post_entries(self, movements):
        """Let credit that is taxed when it is used pay for nothing but invoices.

        :raise UserError: work would be deducted without any tax document
        """
        for movement in movements:
            is_work = movement["kind"] == CONSUME and not movement.get("invoice_id")
            if is_work and movement["budget"]._is_taxed_at_use():
                raise UserError(
                    self.env._(
                        "%(budget)s is taxed when it is used: %(work)s cannot be "
                        "deducted without an invoice. Invoice it, and pay the invoice "
                        "from the budget.",
                        budget=movement["budget"].display_name,
                        work=movement["name"],
                    )
                )
        return super()._post_entries(movements)
