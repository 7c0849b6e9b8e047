from odoo import api, models
from odoo.exceptions import UserError


class AccountAnalyticLineTaxDocument(models.Model):
    """Time on a budget that is taxed when it is used: invoiced and paid in one step.

    The invoice is the tax document of the work (BF44, B76). It is core's own: the time
    is invoiced on its sales order item, and offered again when it is credited.
    """

    _inherit = "account.analytic.line"

    # === PLAN === #

    def _get_prepaid_obstacle(self, budget, covered):
        """Only time that can be invoiced is paid from such a budget."""
        obstacle = super()._get_prepaid_obstacle(budget, covered)
        if obstacle or not budget._is_taxed_at_use():
            return obstacle
        if not self.so_line:
            return self.env._(
                "The budget is taxed when it is used: the time needs a sales order "
                "item to be invoiced"
            )
        if self.so_line.currency_id != budget.currency_id:
            return self.env._(
                "Its order is in %(currency)s: the budget cannot pay that invoice",
                currency=self.so_line.currency_id.name,
            )
        return False

    def _fill_prepaid_tax(self, valuation, budget):
        """Such a budget pays the tax of the day along."""
        super()._fill_prepaid_tax(valuation, budget)
        if not budget._is_taxed_at_use():
            return
        # The credit has no tax yet: it pays for work at any rate (B77, B78).
        valuation.tax_key = None
        taxes = self.so_line._get_prepaid_taxes_today()
        valuation.value = budget._to_units(
            taxes.with_context(force_price_include=False).compute_all(
                budget._from_units(valuation.value),
                currency=budget.currency_id,
                product=self.so_line.product_id,
                partner=self.so_line.order_id.partner_shipping_id,
            )["total_included"]
        )

    def _prepare_prepaid_work(self, valuation):
        """The rest of an invoice stays open on it: it is not cut to whole steps."""
        work = super()._prepare_prepaid_work(valuation)
        budget_sudo = valuation.budget.sudo()  # its terms only
        if not budget_sudo._is_taxed_at_use() or not work.hours:
            return work
        rate = budget_sudo._from_units(valuation.value) / work.hours
        return type(work)(**{**vars(work), "rate": rate, "step": 0.0})

    # === BOOK === #

    def _book_prepaid_deductions(self, accepted, key):
        """Invoice what is taxed when it is used, deduct the rest as always."""
        at_use, others = [], []
        for deduction in accepted:
            budget_sudo = deduction.valuation.budget.sudo()  # its terms only
            (at_use if budget_sudo._is_taxed_at_use() else others).append(deduction)
        entries = super()._book_prepaid_deductions(others, key)
        groups = {}
        for deduction in at_use:
            budget_sudo = deduction.valuation.budget.sudo()  # as in super
            timesheet_sudo = deduction.timesheet.sudo()  # who deducts may not invoice
            pair = (budget_sudo, timesheet_sudo.so_line.order_id)
            groups.setdefault(pair, []).append(deduction)
        for (budget_sudo, order_sudo), group in groups.items():
            invoice_sudo = order_sudo._create_prepaid_tax_document(group)
            takes = self._get_prepaid_takes(budget_sudo, invoice_sudo, group)
            entries |= budget_sudo._pay_invoice(invoice_sudo, takes, key)
        return entries

    @api.model
    def _get_prepaid_takes(self, budget, invoice, deductions):
        """Return what pays for the invoice of time: the lots that were planned for it.

        Tax is rounded on the invoice, not on each piece of time: a cent more or less
        than planned is taken from the same lots.

        :param budget: `prepaid.budget`
        :param invoice: `account.move` of the time, posted
        :param list deductions: :class:`Deduction`
        :return: dict lot id -> whole smallest amounts
        :raise UserError: cents are missing, and the budget pays all or nothing
        """
        planned = {}
        for deduction in deductions:
            for lot_id, units in deduction.cover.takes:
                planned[lot_id] = planned.get(lot_id, 0) + units
        due = budget._to_units(invoice.amount_residual)
        is_whole = all(not deduction.cover.short for deduction in deductions)
        if not is_whole:
            due = min(due, sum(planned.values()))
        takes = budget._cut_takes(planned, due)
        missing = due - sum(takes.values())
        rest = {
            lot.id: budget._to_units(lot.remaining) - takes.get(lot.id, 0)
            for lot in budget._get_open_lots()
            if not lot._is_over()
        }
        for lot_id, units in budget._cut_takes(rest, missing).items():
            takes[lot_id] = takes.get(lot_id, 0) + units
            missing -= units
        if missing and budget._pays_all_or_nothing():
            raise UserError(
                self.env._(
                    "%(budget)s: %(missing)s is missing for the invoice of this time. "
                    "Choose less time, or top up.",
                    budget=budget.display_name,
                    missing=budget.currency_id.format(budget._from_units(missing)),
                )
            )
        return takes
