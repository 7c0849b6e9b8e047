from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.invoice_autopay.const import ASKED_STATES

from .. import const


class PaymentPlanInstallment(models.Model):
    """One payment of a signed plan. Whether it is paid, its invoice says."""

    _name = "payment.plan.installment"
    _description = "Payment of a Plan"
    _order = "date_due, number, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "payment.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(related="plan_id.partner_id", store=True, index=True)
    sale_order_id = fields.Many2one(related="plan_id.sale_order_id")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    number = fields.Integer(
        required=True, readonly=True, aggregator=None, help="0 is the deposit."
    )
    kind = fields.Selection(const.LINE_KINDS, required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    date_due = fields.Date(
        "Due", readonly=True, index=True, help="In the company's time zone."
    )
    date_planned = fields.Date(
        readonly=True, help="By the rule, before it was moved off a day off."
    )
    timed_by = fields.Selection(const.STEP_DUES, readonly=True)
    milestone = fields.Char(readonly=True)
    invoice_on = fields.Date(
        readonly=True,
        copy=False,
        help="The day on which its invoice is made; empty once it is made, and while "
        "the plan is not running.",
    )
    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    is_part = fields.Boolean(
        "Part of one invoice",
        readonly=True,
        help="The plan divides an invoice that existed before.",
    )
    problem = fields.Char(
        readonly=True, copy=False, help="Why its invoice could not be made."
    )
    amount_open = fields.Monetary("Open", compute="_compute_amounts", store=True)
    amount_paid = fields.Monetary("Paid", compute="_compute_amounts", store=True)
    amount_credited = fields.Monetary(
        "Credited",
        compute="_compute_amounts",
        store=True,
        help="Settled by credit notes: neither owed nor paid.",
    )
    credit_item_ids = fields.One2many(
        "account.move.line",
        "payment_plan_installment_id",
        "Money kept for it",
        readonly=True,
    )
    state = fields.Selection(
        const.LINE_STATES, compute="_compute_state", search="_search_state"
    )

    _amount = models.Constraint("CHECK (amount > 0)", "A payment is above zero.")
    _number_unique = models.Constraint(
        "UNIQUE (plan_id, number)", "Payments of a plan are numbered."
    )
    _move_unique = models.UniqueIndex(
        "(move_id) WHERE move_id IS NOT NULL AND is_part IS NOT TRUE",
        "An invoice is of one payment.",
    )
    #: The order of the job is the order of the index: it never walks the whole table.
    _to_invoice = models.Index("(invoice_on, id) WHERE invoice_on IS NOT NULL")

    @api.depends("plan_id.display_name", "number", "kind")
    def _compute_display_name(self):
        for line in self:
            label = line.plan_id._get_line_label(line)
            line.display_name = f"{line.plan_id.display_name}, {label}"

    def _is_due_on(self, day):
        """Whether this is due on a day or before; never before its milestone."""
        self.ensure_one()
        return bool(self.date_due) and self.date_due <= day

    # === STATE === #

    @api.depends(
        "amount",
        "move_id.state",
        "move_id.amount_residual",
        "move_id.payment_state",
        "credit_item_ids.amount_residual_currency",
        "credit_item_ids.parent_state",
    )
    def _compute_amounts(self):
        """Whether money arrived, the ledger says; stored so that it can be summed.

        Money of the plan that no invoice used yet changes all payments of the plan: see
        `payment.plan._refresh_amounts`.
        """
        plans = self.plan_id
        # One look for all of them; most plans have none.
        holders = plans if plans._get_credit_lines() else plans.browse()
        uses = {plan: plan._get_credit_use()[0] for plan in holders}
        for line in self:
            is_open = line._get_open_amount()
            # Of an invoice, what is open counts: an accountant may have undone more.
            is_invoiced = line.move_id.sudo().state == "posted"
            kept = 0.0 if is_invoiced else uses.get(line.plan_id, {}).get(line.id, 0.0)
            line.amount_credited = line._get_credited_amount()
            line.amount_open = line.currency_id.round(is_open - kept)
            line.amount_paid = line.currency_id.round(
                line.amount - line.amount_open - line.amount_credited
            )

    @api.depends(
        "amount_open",
        "date_due",
        "plan_id.state",
        "move_id.state",
        "move_id.amount_residual",
        "move_id.payment_state",
        "move_id.autopay_collection_ids.state",
        "move_id.autopay_collection_ids.is_disputed",
    )
    def _compute_state(self):
        for line in self:
            line.state = line._get_state()

    def _get_open_amount(self):
        """Return what is not paid yet, in the currency of the plan."""
        self.ensure_one()
        move_sudo = self.move_id.sudo()  # customers and salespeople may not see it
        if not move_sudo or move_sudo.state != "posted":
            return self.amount
        if self.is_part:
            return self._get_open_part(move_sudo)
        return move_sudo.amount_residual

    def _get_open_part(self, move_sudo):
        """Return what is open of the due date that several payments can share (P14).

        What is paid on a day pays its payments in their order.
        """
        if move_sudo.payment_plan_id != self.plan_id:
            return self.amount  # its due dates are not those of the plan
        terms = move_sudo.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and line.date_maturity == self.date_due
            )
        )
        if not terms:
            return self.amount
        same_day = self.plan_id.installment_ids.filtered(
            lambda line: line.date_due == self.date_due
        ).sorted("number")
        paid = sum(same_day.mapped("amount"))
        paid -= sum(terms.mapped("amount_residual_currency"))
        earlier = same_day.filtered(lambda line: line.number < self.number)
        paid -= sum(earlier.mapped("amount"))
        part = min(max(paid, 0.0), self.amount)
        return self.currency_id.round(self.amount - part)

    def _get_state(self):
        self.ensure_one()
        move_sudo = self.move_id.sudo()  # as above
        if move_sudo.payment_state == "reversed":
            return const.CREDITED
        is_settled = self.currency_id.is_zero(self._get_open_amount())
        if is_settled and move_sudo.state == "posted":
            is_credited = not self.currency_id.compare_amounts(
                self.amount_credited, self.amount
            )
            return const.CREDITED if is_credited else const.PAID
        if self.plan_id.state == const.CANCELED:
            return const.LINE_CANCELED
        if move_sudo and move_sudo.autopay_collection_ids.is_disputed:
            return const.DISPUTED
        if move_sudo and self._is_in_progress():
            return const.PROCESSING
        if not self.date_due:
            return const.WAITING
        today = self.company_id._get_autopay_today()
        if self.date_due < today:
            return const.OVERDUE
        return const.DUE if self.date_due == today else const.SCHEDULED

    def _is_in_progress(self):
        """Whether a payment was started whose result is not known yet (P25)."""
        move_sudo = self.move_id.sudo()  # as above
        attempts = move_sudo.autopay_collection_ids.attempt_ids
        if any(attempt.state in ASKED_STATES for attempt in attempts):
            return True
        return any(tx.state == "pending" for tx in move_sudo.transaction_ids)

    @api.model
    def _search_state(self, operator, value):
        """Find payments by their state: paid, overdue, due and scheduled."""
        if operator != "in":
            return NotImplemented
        found = Domain.FALSE
        for state in value:
            found |= self._get_state_domain(state)
        return found

    @api.model
    def _get_state_domain(self, state):
        """Return the domain of one state; progress and disputes count as open."""
        credited = Domain("move_id.payment_state", "=", "reversed") | (
            Domain("amount_credited", ">", 0)
            & Domain("amount_open", "=", 0)
            & Domain("amount_paid", "=", 0)
        )
        paid = Domain("move_id.state", "=", "posted") & Domain("amount_open", "=", 0)
        paid &= ~credited
        canceled = Domain("plan_id.state", "=", const.CANCELED)
        is_open = ~paid & ~canceled & ~credited
        days = {
            const.WAITING: Domain("date_due", "=", False),
            const.SCHEDULED: self._get_day_domain(">"),
            const.DUE: self._get_day_domain("="),
            const.OVERDUE: self._get_day_domain("<"),
        }
        if state == const.PAID:
            return paid
        if state == const.CREDITED:
            return credited
        if state == const.LINE_CANCELED:
            return ~paid & ~credited & canceled
        if state in days:
            return is_open & days[state]
        ids = self.search(is_open & Domain("move_id", "!=", False)).filtered(
            lambda line: line.state == state
        )
        return Domain("id", "in", ids.ids)

    @api.model
    def _get_day_domain(self, operator):
        """Return the domain of payments due before, on or after the day where they are.

        :param str operator: `<`, `=` or `>`
        """
        companies_sudo = self.env["res.company"].sudo().search(Domain.TRUE)
        by_day = companies_sudo.grouped(lambda company: company._get_autopay_today())
        return Domain.OR(
            Domain("company_id", "in", companies.ids)
            & Domain("date_due", operator, day)
            for day, companies in by_day.items()
        )
