from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import RedirectWarning, UserError

from .. import const


class PaymentPlanCredit(models.Model):
    """Money that was paid beyond what is due: what it is used for.

    Nothing that was signed changes: less of it is open. Money that is kept for certain
    payments is a journal item of its own that names its payment; all other money pays
    what comes next (P18-P20).
    """

    _inherit = "payment.plan"

    extra_ids = fields.One2many(
        "payment.plan.extra", "plan_id", "Extra payments", readonly=True
    )
    amount_credit = fields.Monetary(
        "Credit",
        compute="_compute_amount_credit",
        help="Paid beyond everything that is owed.",
    )

    @api.depends("installment_ids.amount_open")
    def _compute_amount_credit(self):
        for plan in self:
            _used, left = plan._get_credit_use()
            plan.amount_credit = left

    # === WHAT IS THERE === #

    def _get_credit_lines(self):
        """Return what was paid on these plans beyond what was due, and is not used yet.

        :return: `account.move.line`, credits on receivable accounts
        """
        moves_sudo = self.installment_ids.move_id.sudo()  # whoever posts an invoice
        transactions = self.sale_order_id.sudo().transaction_ids  # as above
        payments = (transactions | moves_sudo.transaction_ids).payment_id
        payments |= moves_sudo.matched_payment_ids | self.sudo().extra_ids.payment_ids
        items = payments.move_id.line_ids
        terms = moves_sudo.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        items |= terms.matched_credit_ids.credit_move_id.filtered(
            lambda line: line.move_id.move_type == "entry"  # payments, not credit notes
        )
        return items.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
                and line.balance < 0
                and line.parent_state == "posted"
            )
        )

    def _get_credit_use(self):
        """Return what is there for each open payment, and what is left beyond them.

        Money kept for a payment counts there, all other money from the next one on. An
        invoice says itself what is open: there money counts once it is used.

        :return: tuple (dict: id of `payment.plan.installment` -> money, money)
        """
        self.ensure_one()
        lines = self.installment_ids.sorted(lambda line: line._get_turn())
        left = {ln.id: ln._get_unpaid_amount() for ln in lines}
        left = {key: amount for key, amount in left.items() if amount > 0}
        used, free = {}, 0.0
        for item in self._get_credit_lines():
            amount, key = -self._convert_credit(item), item.payment_plan_installment_id
            part = min(amount, left.get(key.id, 0.0))
            if part:
                used[key.id] = used.get(key.id, 0.0) + part
                left[key.id] -= part
            free += amount - part
        for key, amount in left.items():
            part = min(amount, free)
            used[key] = used.get(key, 0.0) + part
            free -= part
        used = {key: self.currency_id.round(part) for key, part in used.items()}
        return used, self.currency_id.round(free)

    def _convert_credit(self, item):
        """Return what is left of a journal item, in the currency of the plan."""
        if item.currency_id == self.currency_id:
            return item.amount_residual_currency
        return item.company_currency_id._convert(
            item.amount_residual, self.currency_id, self.company_id, item.date
        )

    def _refresh_amounts(self):
        """Compute anew what is open: money of these plans came, went or was used."""
        lines = self.sudo().installment_ids  # whoever moves the money
        for name in ("amount_open", "amount_paid", "amount_credited"):
            self.env.add_to_compute(lines._fields[name], lines)

    # === USING IT === #

    def _use_credit(self, moves=None, items=None):
        """Pay open invoices by what is kept for them, and the next ones by the rest.

        Money that is for nothing else waits for the payment that comes next: it does
        not pay one that was only invoiced earlier.

        :param moves: `account.move` that may be paid, all where there is none
        :param items: `account.move.line` that may be used, all where there is none
        """
        if not self._get_credit_lines():
            return  # one look for all of them; most plans have none
        for plan in self:
            credit = plan._get_credit_lines()
            if items is not None:
                credit &= items
            if not credit:
                continue
            lines = plan.installment_ids.sorted(lambda line: line._get_turn())
            waiting = lines.filtered(lambda line: line._get_unpaid_amount() > 0)
            free = credit.filtered(
                lambda item, waiting=waiting: (
                    item.payment_plan_installment_id not in waiting
                )
            )
            for line in waiting:
                own = (credit - free).filtered(
                    lambda item, line=line: item.payment_plan_installment_id == line
                )
                if line._is_busy():
                    continue  # a charge of all that is open may be on its way
                if moves is None or line.move_id in moves:
                    line._pay_by_credit(own)
                    line._pay_by_credit(free)
                if line._get_unpaid_amount() > 0:
                    free = free.browse()

    def _invoice_covered(self):
        """Invoice what is paid already, before its day; what cannot be, waits for it.

        The money must be booked whatever else is wrong.
        """
        self.ensure_one()
        covered = self.installment_ids.filtered(
            lambda line: (
                not line.move_id
                and line.state in const.OPEN_LINES
                and self.currency_id.is_zero(line.amount_open)
            )
        )
        if self.state != const.ACTIVE or self._get_obstacle() or not covered:
            return
        try:
            with self.env.cr.savepoint():
                # Customers may not make invoices, nor are they the senders.
                moves = covered.with_user(SUPERUSER_ID)._make_invoices()
                moves._send_plan_invoices_later()
        except (UserError, RedirectWarning) as error:
            for line in covered.filtered("date_due"):
                line._note_problem(str(error))
