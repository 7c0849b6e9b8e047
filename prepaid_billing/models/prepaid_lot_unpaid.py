from odoo import api, fields, models
from odoo.fields import Domain

from ..const import LOT_CLOSED, USABLE_POSTED


class PrepaidLotUnpaid(models.Model):
    """Credit that counts before it is paid, and is used after it should be (B33)."""

    _inherit = "prepaid.lot"

    unpaid_in_use = fields.Monetary(
        "Unpaid credit in use",
        compute="_compute_unpaid_in_use",
        compute_sudo=True,
        help="What was used of this credit beyond the part that is paid, although its "
        "invoice is overdue.",
    )

    @api.depends("remaining", "invoice_id.amount_residual", "invoice_id.payment_state")
    def _compute_unpaid_in_use(self):
        risky = self.filtered_domain(self._get_unpaid_domain())
        booked = risky._get_booked()
        for lot in self:
            lot.unpaid_in_use = 0.0
            if lot not in risky or not lot._is_overdue():
                continue
            # The invoice as a whole is paid in part: so is each of its lots.
            paid = booked[lot] * lot.invoice_id._get_prepaid_received_share()
            unpaid = booked[lot] - lot.remaining - paid
            lot.unpaid_in_use = lot.currency_id.round(max(unpaid, 0.0))

    @api.model
    def _get_unpaid_domain(self):
        """Return the domain of lots that count although they may not be paid."""
        return (
            Domain("usable_when", "=", USABLE_POSTED)
            & Domain("state", "!=", LOT_CLOSED)
            & Domain("invoice_id.state", "=", "posted")
            & Domain("invoice_id.amount_residual", ">", 0)
            & Domain("invoice_id.invoice_date_due", "!=", False)
        )

    def _is_overdue(self):
        """Whether the invoice should have been paid by now, in the company's zone."""
        self.ensure_one()
        return self.invoice_id.invoice_date_due < self.company_id._get_autopay_today()


class PrepaidBudget(models.Model):
    _inherit = "prepaid.budget"

    unpaid_in_use = fields.Monetary(
        "Unpaid credit in use",
        compute="_compute_unpaid_in_use",
        compute_sudo=True,
        groups="base.group_user",
        help="What was used of credit whose invoices are overdue.",
    )
    has_unpaid_in_use = fields.Boolean(
        compute="_compute_unpaid_in_use",
        compute_sudo=True,
        search="_search_has_unpaid_in_use",
        groups="base.group_user",
    )

    @api.depends("lot_ids.unpaid_in_use")
    def _compute_unpaid_in_use(self):
        lots = self.env["prepaid.lot"].search(
            self.env["prepaid.lot"]._get_unpaid_domain()
            & Domain("budget_id", "in", self.ids)
        )
        by_budget = lots.grouped("budget_id")
        for budget in self:
            own = by_budget.get(budget._origin, lots.browse())
            budget.unpaid_in_use = sum(own.mapped("unpaid_in_use"))
            budget.has_unpaid_in_use = not budget.currency_id.is_zero(
                budget.unpaid_in_use
            )

    def _search_has_unpaid_in_use(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Only what is overdue and counts is looked at: never many.
        Lot_sudo = self.env["prepaid.lot"].sudo()  # the rules of budgets apply
        lots_sudo = Lot_sudo.search(Lot_sudo._get_unpaid_domain())
        used_sudo = lots_sudo.filtered(
            lambda lot: lot.currency_id.compare_amounts(lot.unpaid_in_use, 0) > 0
        )
        return [("id", "in", used_sudo.budget_id.ids)]
