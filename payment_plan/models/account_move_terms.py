from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_date, frozendict

from .. import const
from ..tools.money import split_balance


class AccountMoveTerms(models.Model):
    """Due dates of one invoice by a plan; core's payment terms know days only."""

    _inherit = "account.move"

    def _get_plan_obstacle(self):
        """Say why this invoice cannot be paid in installments, or return an empty text.

        Its due dates are part of the entry: it is reset to draft and posted again, on
        the same day and with the same number.
        """
        self.ensure_one()
        if self.move_type != "out_invoice" or self.state != "posted":
            return self.env._(
                "%s is not a posted invoice of a customer.", self.display_name
            )
        plan_sudo = self._get_payment_plan_sudo()
        if any(p.state != const.CANCELED or not p.move_id for p in plan_sudo):
            return self.env._("%s belongs to a payment plan already.", self.name)
        if self.currency_id.compare_amounts(self.amount_residual, self.amount_total):
            return self.env._(
                "%(invoice)s is partly paid: %(open)s of %(total)s are open. Credit "
                "the rest and invoice it again to divide it.",
                invoice=self.name,
                open=self.currency_id.format(self.amount_residual),
                total=self.currency_id.format(self.amount_total),
            )
        return self._get_lock_obstacle()

    def _get_lock_obstacle(self):
        """Say what keeps the accounting entry of this invoice as it is."""
        has_tax = bool(self.line_ids.tax_ids)
        if locks := self._get_violated_lock_dates(self.date, has_tax):
            return self.env._(
                "%(invoice)s is in a period that is locked until %(day)s: its due "
                "dates cannot be changed any more. Credit it and sell the service "
                "again with a plan.",
                invoice=self.name,
                day=format_date(self.env, locks[-1][0]),
            )
        if self.inalterable_hash or self.need_cancel_request:
            return self.env._(
                "%s is secured, or was reported: its due dates cannot be changed any "
                "more. Credit it and sell the service again with a plan.",
                self.name,
            )
        try:
            self._check_payable_online()
        except UserError as error:
            return str(error)
        return ""

    def _get_plan_contract_lines(self):
        """Return the lines that a contract lists, as for an order."""
        self.ensure_one()
        return self.invoice_line_ids.filtered(lambda ln: ln.display_type == "product")

    def _apply_plan_terms(self, plan):
        """Replace the due dates of this invoice by those of a plan.

        Accountants may not reset invoices that salespeople agree on: it is done by the
        system, after `_get_plan_obstacle`.

        :param plan: `payment.plan` with its payments
        """
        self.ensure_one()
        move_sudo = self.sudo()  # as above
        number, day = move_sudo.name, move_sudo.invoice_date
        move_sudo.button_draft()
        move_sudo.write({"payment_plan_id": plan.id, "invoice_payment_term_id": False})
        move_sudo.action_post()
        if move_sudo.name != number or move_sudo.invoice_date != day:
            raise UserError(self.env._("%s would get another number or date.", number))

    @api.depends("payment_plan_id")
    def _compute_needed_terms(self):
        """One due line for each day of the plan; the sums are exact (P19)."""
        result = super()._compute_needed_terms()
        for move in self.filtered("payment_plan_id"):
            if terms := move._get_plan_terms():
                move.needed_terms = terms
        return result

    def _get_plan_terms(self):
        """Return the due lines by the plan, or nothing where its sum is another one."""
        self.ensure_one()
        plan_sudo = self.payment_plan_id.sudo()  # accountants may edit the invoice
        days = plan_sudo.installment_ids.grouped("date_due")
        total = sum(plan_sudo.installment_ids.mapped("amount"))
        if self.currency_id.compare_amounts(total, self.amount_total) or not all(days):
            return {}
        parts = {day: sum(days[day].mapped("amount")) for day in sorted(days)}
        return self._divide_into_terms(parts, 1)

    def _divide_into_terms(self, parts, sign):
        """Return the due lines of this document, as core computes them.

        :param dict parts: day -> money that is due then; all of it together
        :param int sign: 1 where the customer owes it, -1 for a credit note
        :return: dict for `needed_terms`
        """
        self.ensure_one()
        amounts = [self.currency_id.round(part) for part in parts.values()]
        balances = split_balance(
            self.amount_total_signed,
            amounts,
            self.currency_id,
            self.company_currency_id,
        )
        return {
            self._get_term_key(day): {
                "balance": balance,
                "amount_currency": sign * amount,
            }
            for day, amount, balance in zip(parts, amounts, balances, strict=True)
        }

    def _get_term_key(self, day):
        """Return the key of a due line without an early discount, as core makes it."""
        return frozendict(
            {
                "move_id": self.id,
                "date_maturity": day,
                "discount_date": False,
                "discount_balance": 0.0,
                "discount_amount_currency": 0.0,
            }
        )

    def _book_plan_exchange(self):
        """Settle what rounding of the exchange rate left of a zero invoice (P28).

        Parts are rounded one by one in the company's currency, the whole is once: a
        cent can be open there where nothing is in the customer's currency.
        """
        self.ensure_one()
        lines = self.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and not line.reconciled
                and line.currency_id.is_zero(line.amount_residual_currency)
            )
        )
        if not lines:
            return
        amounts = [{"amount_residual": line.amount_residual} for line in lines]
        vals = lines._prepare_exchange_difference_move_vals(amounts)
        lines._create_exchange_difference_moves([{**vals, "to_post": True}])

    def action_divide(self):
        """Ask for the plan by which this invoice is to be paid.

        :raise UserError: it cannot be divided; says why and what to do
        """
        self.ensure_one()
        if obstacle := self._get_plan_obstacle():
            raise UserError(obstacle)
        wizard = self.env["payment.plan.lay"]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pay in installments"),
            "res_model": wizard._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_move_id": self.id},
        }
