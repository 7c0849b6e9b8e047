from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.invoice_autopay.tools import lock_rows

from ..const import BUDGET_OPEN
from ..const_tax import TAX_AT_USE
from .prepaid_budget import SCOPE_ALL, SCOPE_PRODUCTS

#: Paid, also by a payment that has no journal entry until the bank has it.
SETTLED = ("paid", "in_payment", "reversed")


class AccountMovePaid(models.Model):
    """Invoices that are paid from a prepaid budget which is taxed when it is used."""

    _inherit = "account.move"

    prepaid_paying_budget_ids = fields.Many2many(
        "prepaid.budget",
        string="Prepaid budgets that can pay it",
        compute="_compute_prepaid_paying_budget_ids",
        groups="prepaid_billing.group_user",
    )

    @api.depends("state", "amount_residual", "commercial_partner_id", "currency_id")
    def _compute_prepaid_paying_budget_ids(self):
        for move in self:
            move.prepaid_paying_budget_ids = move._get_prepaid_paying_budgets()

    def _get_prepaid_paying_budgets(self):
        """Return the budgets that can pay this invoice now, the first to use first."""
        self.ensure_one()
        Budget = self.env["prepaid.budget"]
        if self.move_type != "out_invoice" or self.state != "posted":
            return Budget
        budgets = Budget.search(
            [
                ("partner_id", "=", self.commercial_partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("tax_policy", "=", TAX_AT_USE),
                ("state", "=", BUDGET_OPEN),
                ("balance", ">", 0),
            ]
        )
        return budgets.filtered(lambda b: not self._get_prepaid_payment_obstacle(b))

    # === PAY === #

    def pay_from_prepaid(self, budget, key=None):
        """Pay an open invoice from a prepaid budget that is taxed when it is used.

        As much is paid as is open and left; a budget that refuses to cover in part pays
        all or nothing. Usable over Odoo's external API: the same request again, with
        the same key, returns the same entries.

        :param budget: `prepaid.budget`, or its id
        :param str key: any text that is unique to this request
        :return: list of ids of the `prepaid.entry`
        :raise AccessError: the user may not deduct, or not see invoice or budget
        :raise UserError: this budget cannot pay this invoice, or the key belongs to
            another request; the message says why
        """
        self.ensure_one()
        Budget = self.env["prepaid.budget"]
        budget = Budget.browse(budget) if isinstance(budget, int) else budget
        self.env["account.analytic.line"]._check_prepaid_right()
        self.check_access("read")
        budget.check_access("read")
        # Ledger and payment are written by this method only, whoever may deduct.
        return self.sudo()._pay_from_prepaid(budget.sudo(), key).ids

    def _pay_from_prepaid(self, budget, key=None):
        """Pay this invoice on fresh data under the lock.

        :param budget: `prepaid.budget`
        :param str key: request key
        :return: `prepaid.entry`
        """
        self._lock_for_prepaid(budget)
        if earlier := budget._get_movements_of_request(key):
            if earlier.invoice_id != self:
                raise UserError(
                    self.env._(
                        "The key %(key)s was used for another request. Use a new key "
                        "for %(invoice)s.",
                        key=key,
                        invoice=self.name,
                    )
                )
            return earlier
        if reason := self._get_prepaid_payment_obstacle(budget):
            raise UserError(reason)
        budget._expire_over_lots()
        cover = budget._plan_payment(self)
        if not cover.is_accepted:
            raise UserError(
                self.env._(
                    "%(budget)s cannot pay %(invoice)s: %(open)s is open, %(left)s is "
                    "left for it.",
                    budget=budget.display_name,
                    invoice=self.name,
                    open=self.currency_id.format(self.amount_residual),
                    left=self.currency_id.format(budget._from_units(cover.at_hand)),
                )
            )
        return budget._pay_invoice(self, dict(cover.takes), key)

    def _lock_for_prepaid(self, budget):
        """Lock invoice and budget, in the order of all others (B10)."""
        self.env.flush_all()
        lock_rows(self)
        budget._lock_for_ledger()
        self.env.invalidate_all(flush=False)

    def _get_prepaid_payment_obstacle(self, budget):
        """Say why a budget cannot pay this invoice, or return False.

        :param budget: `prepaid.budget`
        """
        self.ensure_one()
        reason = self._get_prepaid_unpayable_reason() or (
            budget._get_unpaying_reason(self)
        )
        if not reason:
            return False
        return self.env._(
            "%(budget)s cannot pay %(invoice)s: %(reason)s.",
            budget=budget.display_name,
            invoice=self.display_name,
            reason=reason,
        )

    def _get_prepaid_unpayable_reason(self):
        """Say why no prepaid budget can pay this invoice, or return False."""
        self.ensure_one()
        if self.move_type != "out_invoice" or self.state != "posted":
            return self.env._("only posted customer invoices can be paid")
        is_open = self.currency_id.compare_amounts(self.amount_residual, 0) > 0
        if not is_open or self.payment_state in SETTLED:
            return self.env._("nothing is open any more")
        if self._is_being_paid_online():
            return self.env._(
                "a payment is in progress. Wait for its result, so that the customer "
                "does not pay twice"
            )
        if self._sells_prepaid_credit():
            return self.env._(
                "it sells prepaid credit, which is never paid from prepaid credit. "
                "Register the customer's payment"
            )
        return False

    def _is_being_paid_online(self):
        """Whether money is asked for: by an automatic payment, or by the customer."""
        self.ensure_one()
        transactions_sudo = self._get_paying_sudo()
        return bool(
            self._is_autopay_under_way() or transactions_sudo._get_in_progress()
        )

    def _sells_prepaid_credit(self):
        """Whether this invoice sells credit, or is a down payment for some (B23)."""
        self.ensure_one()
        lines = self.invoice_line_ids.filtered(lambda ln: ln.display_type == "product")
        # An accountant may not read orders.
        deposits_sudo = lines.sudo().sale_line_ids.filtered("is_downpayment")
        products_sudo = (
            lines.product_id.sudo() | deposits_sudo.order_id.order_line.product_id
        )
        return bool(lines.prepaid_budget_id or products_sudo.filtered("prepaid_ok"))

    def action_pay_from_prepaid(self):
        """Ask which budget pays."""
        self.ensure_one()
        wizard = self.env["prepaid.pay.invoice"].create({"move_id": self.id})
        return wizard._get_records_action(
            name=self.env._("Pay from prepaid budget"), target="new"
        )


class PrepaidBudget(models.Model):
    _inherit = "prepaid.budget"

    def _get_unpaying_reason(self, invoice):
        """Say why this budget does not pay an invoice of work, or return False.

        :param invoice: `account.move`
        """
        self.ensure_one()
        reason = False
        if not self._is_taxed_at_use():
            reason = self.env._(
                "the tax of its credit was paid when it was sold. Deduct time from it "
                "instead"
            )
        elif self.state != BUDGET_OPEN:
            reason = self.env._("the budget is closed or being closed")
        elif self.company_id != invoice.company_id:
            reason = self.env._("it belongs to another company")
        elif self.partner_id.commercial_partner_id != invoice.commercial_partner_id:
            reason = self.env._("it belongs to another customer")
        elif self.currency_id != invoice.currency_id:
            reason = self.env._(
                "it is kept in %(currency)s", currency=self.currency_id.name
            )
        elif not self._is_invoice_in_scope(invoice):
            reason = self.env._("the invoice is not only for what the budget pays for")
        return reason

    def _is_invoice_in_scope(self, invoice):
        """Whether all of an invoice is for what this budget pays for.

        :param invoice: `account.move`
        """
        self.ensure_one()
        if self.scope == SCOPE_ALL:
            return True
        lines = invoice.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        if self.scope == SCOPE_PRODUCTS:
            return not lines.product_id - self.scope_product_ids
        # Chosen projects and tasks: all of it is time that was logged there.
        timesheets_sudo = invoice.sudo().timesheet_ids  # whose time it is stays there
        items_sudo = lines.sudo().sale_line_ids  # an accountant may not read orders
        is_time = all(line.sudo().sale_line_ids for line in lines)  # as above
        return (
            bool(timesheets_sudo)
            and is_time
            and not items_sudo - timesheets_sudo.so_line
            and all(self._is_in_scope(time) for time in timesheets_sudo)
        )
