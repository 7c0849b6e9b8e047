from odoo import Command, api, fields, models

from ..tools.guards import refuse_system_fields
from ..tools.money import split_balance

#: Written by the methods of a plan, never by a person or an import.
SYSTEM_FIELDS = {"payment_plan_extra_id"}


class AccountPayment(models.Model):
    """An extra payment of a plan: each part that is kept is a line of its own."""

    _inherit = "account.payment"

    payment_plan_extra_id = fields.Many2one(
        "payment.plan.extra",
        "Extra payment of a plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    payment_plan_ids = fields.Many2many(
        "payment.plan", string="Payment plans", compute="_compute_payment_plan_ids"
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Let nobody say what a payment is kept for but the plan."""
        refuse_system_fields(self.browse(), SYSTEM_FIELDS, vals_list)
        return super().create(vals_list)

    def write(self, vals):
        """Let nobody say what a payment is kept for but the plan."""
        refuse_system_fields(self, SYSTEM_FIELDS, [vals])
        return super().write(vals)

    @api.depends("payment_plan_extra_id", "move_id.line_ids.matched_debit_ids")
    def _compute_payment_plan_ids(self):
        """Find the plans whose payments this money pays, or is kept for."""
        for payment in self.sudo():  # accountants may not read all that is between
            paid = payment.move_id.line_ids.matched_debit_ids.debit_move_id.move_id
            lines = paid.payment_plan_installment_ids
            payment.payment_plan_ids = (
                payment.payment_plan_extra_id.plan_id | lines.plan_id
            )

    def _generate_move_vals(
        self, write_off_line_vals=None, force_balance=None, line_ids=None
    ):
        """Divide what the customer is credited with by what it is kept for (P20)."""
        vals = super()._generate_move_vals(write_off_line_vals, force_balance, line_ids)
        extra_sudo = self.payment_plan_extra_id.sudo()  # accountants may not spread
        if extra_sudo and not line_ids and not write_off_line_vals:
            parts = extra_sudo._get_parts(self.amount)
            vals["line_ids"] = self._divide_credit(vals["line_ids"], parts)
        return vals

    def _divide_credit(self, commands, parts):
        """Return the lines of an entry with one credit for each part.

        :param commands: create commands, the second one is the receivable
        :param parts: list of (`payment.plan.installment`, money in this currency)
        """
        money, (_create, _id, whole) = commands[0], commands[1]
        rest = self.currency_id.round(
            -whole["amount_currency"] - sum(part for _line, part in parts)
        )
        amounts = [part for _line, part in parts]
        if rest:
            amounts.append(rest)
        balances = split_balance(
            whole["debit"] - whole["credit"],
            amounts,
            self.currency_id,
            self.company_id.currency_id,
        )
        divided = [
            {**whole, "amount_currency": -amount, "debit": 0.0, "credit": -balance}
            for amount, balance in zip(amounts, balances, strict=True)
        ]
        for vals, (line, _part) in zip(divided, parts, strict=False):
            vals["name"] = f"{whole['name']} - {line.display_name}"
            vals["payment_plan_installment_id"] = line.id
        return [money, *(Command.create(vals) for vals in divided)]

    def _synchronize_to_moves(self, changed_fields):
        """A payment that an accountant changes is not kept for certain payments."""
        if set(changed_fields) & set(self._get_trigger_fields_to_synchronize()):
            for payment in self.filtered("payment_plan_extra_id"):
                payment._join_credit()
        return super()._synchronize_to_moves(changed_fields)

    def _join_credit(self):
        self.ensure_one()
        _money, credits_, _others = self._seek_for_lines()
        if self.move_id.state == "posted" or not credits_.payment_plan_installment_id:
            return
        joined = Command.update(
            credits_[0].id,
            {
                "payment_plan_installment_id": False,
                "amount_currency": sum(credits_.mapped("amount_currency")),
                "balance": sum(credits_.mapped("balance")),
            },
        )
        others = [Command.delete(line.id) for line in credits_[1:]]
        self.move_id.with_context(skip_invoice_sync=True).write(
            {"line_ids": [joined, *others]}
        )

    # === WHAT IS OPEN FOLLOWS === #

    def action_post(self):
        """What is open of a plan falls by what is paid extra."""
        self._ensure_plan_entry()
        result = super().action_post()
        self._refresh_plan_amounts()
        return result

    def _ensure_plan_entry(self):
        """Give extra payments and their refunds an entry of their own.

        With an accounting app core can leave that to the bank's statement, but the
        ledger says what is open of a plan, and what is charged.
        """
        for payment in self.filtered(
            lambda payment: not payment.outstanding_account_id
        ):
            payment_sudo = payment.sudo()  # accountants may not see transactions
            source_sudo = payment_sudo.payment_transaction_id.source_transaction_id
            if payment_sudo.payment_plan_extra_id or source_sudo.payment_plan_extra_id:
                payment.outstanding_account_id = payment._get_outstanding_account(
                    payment.payment_type
                )

    def action_draft(self):
        """What is open of a plan rises again (P31)."""
        result = super().action_draft()
        self._refresh_plan_amounts()
        return result

    def action_cancel(self):
        """What is open of a plan rises again (P31)."""
        result = super().action_cancel()
        self._refresh_plan_amounts()
        return result

    def action_reject(self):
        """What is open of a plan rises again (P31)."""
        result = super().action_reject()
        self._refresh_plan_amounts()
        return result

    def _refresh_plan_amounts(self):
        # Accountants may not write payments of plans.
        self.sudo().payment_plan_extra_id.plan_id._refresh_amounts()

    # === RECEIPTS === #

    def _send_plan_receipts(self, lines):
        """Tell customers what was received, by queued mail, once for each payment.

        Whoever pays online is told by the payment itself.

        :param lines: `payment.plan.installment` that these pay
        """
        template = self.env.ref("payment_plan.mail_template_receipt", False)
        by_hand = self.filtered(
            lambda payment: (
                payment.payment_type == "inbound"
                and not payment.payment_transaction_id
                and not payment.is_sent
                and payment.company_id.plan_send_receipts
            )
        )
        for payment in by_hand if template else ():
            payment.is_sent = True
            template.send_mail(payment.id)  # queued: it goes after the commit
            for plan in lines.plan_id:
                plan.message_post(
                    body=self.env._(
                        "%s received; the receipt is on its way.",
                        payment.currency_id.format(payment.amount),
                    )
                )
