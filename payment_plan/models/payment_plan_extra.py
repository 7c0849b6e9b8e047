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

    @api.depends("payment_ids.state")
    def _compute_is_paid(self):
        for extra in self:
            # Salespeople see that it was paid, not the payment itself.
            states = extra.sudo().payment_ids.mapped("state")
            extra.is_paid = bool({"in_process", "paid"} & set(states))

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
        """Return what a payment of this has beside its amount.

        :return: dict, values of `account.payment`
        """
        self.ensure_one()
        terms_sudo = self.plan_id.installment_ids.move_id.sudo().line_ids.filtered(
            lambda line: line.display_type == "payment_term"  # accountants' documents
        )
        account = terms_sudo.account_id[:1]
        return {
            "payment_plan_extra_id": self.id,
            **({"destination_account_id": account.id} if account else {}),
        }

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

        What it covers in full is invoiced at once, hence paid.
        """
        for extra in self:
            plan = extra.plan_id
            plan._use_credit()
            plan._invoice_covered()
            plan._note_extra(extra)
            plan._follow()
