from odoo import api, fields, models

from .. import const
from ..tools.money import from_units


class PaymentPlanExtra(models.Model):
    """What somebody chose to pay beyond what is due, and how it is to be spread.

    It is written before the payment, with what was shown; whether it was paid, its
    payments say.
    """

    _name = "payment.plan.extra"
    _description = "Extra Payment of a Plan"
    _inherit = ["autopay.history.mixin"]
    _order = "id desc"

    plan_id = fields.Many2one(
        "payment.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    spread = fields.Selection(const.SPREADS, required=True, readonly=True)
    schedule = fields.Json(
        required=True,
        readonly=True,
        help="What was shown: open before and after, in whole smallest amounts.",
    )
    date = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, help="In UTC."
    )
    user_id = fields.Many2one(
        "res.users", "By", readonly=True, default=lambda self: self.env.uid
    )
    email = fields.Char(readonly=True)
    ip_address = fields.Char("Address", readonly=True)
    user_agent = fields.Char("Browser", readonly=True)
    payment_ids = fields.One2many(
        "account.payment", "payment_plan_extra_id", "Payments", readonly=True
    )
    transaction_ids = fields.One2many(
        "payment.transaction", "payment_plan_extra_id", "Transactions", readonly=True
    )
    is_paid = fields.Boolean("Paid", compute="_compute_is_paid")

    _amount = models.Constraint("CHECK (amount > 0)", "An extra payment is above zero.")

    @api.depends("plan_id.display_name", "amount")
    def _compute_display_name(self):
        for extra in self:
            extra.display_name = self.env._(
                "%(plan)s, extra payment of %(amount)s",
                plan=extra.plan_id.display_name,
                amount=extra.currency_id.format(extra.amount),
            )

    @api.depends("payment_ids.state", "transaction_ids.child_transaction_ids.state")
    def _compute_is_paid(self):
        """What was sent back in full is not paid any more."""
        for extra in self:
            extra_sudo = extra.sudo()  # salespeople see that it was paid, not how
            paid = extra_sudo.payment_ids.filtered(
                lambda payment: payment.state in ("in_process", "paid")
            )
            refunds = extra_sudo.transaction_ids.child_transaction_ids.filtered(
                lambda tx: tx.operation == "refund" and tx.state == "done"
            )
            # Refunds have negative amounts.
            left = sum(paid.mapped("amount")) + sum(refunds.mapped("amount"))
            extra.is_paid = extra.currency_id.compare_amounts(left, 0.0) > 0

    # === WHAT WAS SHOWN === #

    def _get_rows(self):
        """Return what was shown, as `payment.plan._get_spread_rows` does."""
        self.ensure_one()
        rounding = self.currency_id.rounding
        lines = {line.id: line for line in self.plan_id.installment_ids}
        return [
            {
                "label": self.plan_id._get_line_label(lines[row["id"]]),
                "date": fields.Date.to_date(row["date"]),
                "milestone": lines[row["id"]].milestone,
                "old": from_units(row["old"], rounding),
                "new": from_units(row["new"], rounding),
            }
            for row in self.schedule
        ]

    def _is_current(self):
        """Whether the payments still are what was shown when it was chosen."""
        self.ensure_one()
        return self.schedule == self.plan_id._serialize_spread(self.amount, self.spread)

    # === PAYING ONLINE === #

    def _get_online_sudo(self):
        """Return the transactions of these; a promised bank transfer hinders nobody."""
        transactions_sudo = self.sudo().transaction_ids  # customers may not read them
        return transactions_sudo.filtered(
            lambda tx: tx.provider_code not in const.MANUAL_PROVIDERS
        )

    # === BOOKING === #

    def _prepare_payment_vals(self):
        """Return what a payment of this has beside its amount and this itself.

        :return: dict, values of `account.payment`
        """
        self.ensure_one()
        terms_sudo = self.plan_id.installment_ids.move_id.sudo().line_ids.filtered(
            lambda line: line.display_type == "payment_term"  # accountants' documents
        )
        account = terms_sudo.account_id[:1]
        return {"destination_account_id": account.id} if account else {}

    def _get_parts(self, amount):
        """Return for which payments an amount is kept, as was chosen.

        What is open now counts: somebody may have paid since.

        :param float amount: in the currency of the plan
        :return: list of (`payment.plan.installment`, money)
        """
        self.ensure_one()
        if self.spread == const.NEXT:
            return []  # credit pays what comes next in any case
        rows = self.plan_id._get_spread_rows(amount, self.spread)
        return [(row["line"], row["part"]) for row in rows if row["part"]]

    def _use(self):
        """Pay by the money that arrived what it is meant for.

        What it covers in full is invoiced at once, hence paid. What is beyond the plan
        stays the customer's credit, and somebody is told (P23).
        """
        for extra in self:
            plan = extra.plan_id
            plan._note_extra(extra)
            if plan.state != const.CANCELED:
                plan._use_credit()
                plan._invoice_covered()
            plan._follow()
            extra._tell_beyond()

    def _tell_beyond(self):
        """Ask what becomes of money that the plan does not need."""
        self.ensure_one()
        plan = self.plan_id
        _used, beyond = plan._get_credit_use()
        if plan.currency_id.compare_amounts(beyond, 0.0) <= 0:
            return
        summary = self.env._(
            "%s were paid beyond what is owed", plan.currency_id.format(beyond)
        )
        if plan.state == const.CANCELED:
            summary = self.env._(
                "%s were paid after the plan ended", plan.currency_id.format(beyond)
            )
        plan._ask_responsible(
            summary,
            self.env._(
                "It is kept as the customer's credit: refund the payment, or use it "
                "for an invoice."
            ),
        )
