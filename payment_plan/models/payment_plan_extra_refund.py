from collections import namedtuple

from odoo import models
from odoo.tools import format_list

from .. import const

#: What money of an extra payment is used for: a `payment.plan.installment` (none: it
#: waits for whatever comes next), the `account.move.line`, the
#: `account.partial.reconcile` with the invoice (none: not used yet).
Use = namedtuple("Use", ["line", "item", "partial"])


class PaymentPlanExtraRefund(models.Model):
    """An extra payment that goes back: what it had paid is open again."""

    _inherit = "payment.plan.extra"

    def _take_back(self, payment, refund):
        """Open again what an extra payment had paid, as far as it went back (P32, P34).

        It is as if only the rest had been paid: what the choice had reached last is
        open first. Running it again changes nothing.

        :param payment: `account.payment` that went back, in whole or in part
        :param refund: `account.payment` by which it went back
        """
        self.ensure_one()
        plan = self.plan_id
        plan._lock()
        debits = refund._get_autopay_receivable_lines()
        if not debits:
            return
        before = {line: line.amount_open for line in plan.installment_ids}
        for use in self._get_uses(payment, debits.account_id):
            still_open = debits.filtered(lambda debit: not debit.reconciled)
            if not still_open:
                break
            use.partial.unlink()
            if not use.item.reconciled:  # taken along with another use of it
                (still_open | use.item).reconcile()
            if use.partial and not use.item.reconciled:
                use.line._pay_by_credit(use.item)
        plan._follow()
        opened = {
            line: line.amount_open - amount
            for line, amount in before.items()
            if plan.currency_id.compare_amounts(line.amount_open, amount) > 0
        }
        self._hold_opened(opened)
        self._tell_taken_back(refund, opened)

    def _hold_opened(self, opened):
        """Charge nothing of invoices that were announced as paid, or as smaller ones.

        :param dict opened: `payment.plan.installment` -> money
        """
        moves = self.env["account.move"].union(*(line.move_id for line in opened))
        collections_sudo = moves._get_autopay_collections_sudo()
        collections_sudo._forget_notice()
        collections_sudo._freeze(
            self.env._("An extra payment went back: release it after asking")
        )

    def _tell_taken_back(self, refund, opened):
        """Tell the responsible what is open again, and what to do.

        :param refund: `account.payment` by which the money went back
        :param dict opened: `payment.plan.installment` -> money
        """
        plan, currency = self.plan_id, self.currency_id
        note = self.env._("Nothing of the plan is open again by that.")
        if opened:
            rows = [
                f"{plan._get_line_label(line)}: {currency.format(amount)}"
                for line, amount in opened.items()
            ]
            note = self.env._(
                "Open again: %(payments)s. Invoices among them are not charged "
                "automatically: agree with the customer on what follows, then release "
                "them. What is not invoiced yet follows on its day, as it was signed.",
                payments=format_list(self.env, rows),
            )
        left = sum(
            refund._get_autopay_receivable_lines().mapped("amount_residual_currency")
        )
        if left:
            note += " " + self.env._(
                "%(rest)s of it had been used for something else: reconcile "
                "%(refund)s with what is owed for it.",
                rest=currency.format(left),
                refund=refund.display_name,
            )
        plan._ask_responsible(
            self.env._(
                "%(amount)s of an extra payment went back (%(refund)s)",
                amount=currency.format(refund.amount),
                refund=refund.display_name,
            ),
            note,
        )

    def _get_uses(self, payment, accounts):
        """Return what the money of a payment was used for, its last use first.

        Invoices beside the plan are not looked at: somebody chose to pay them by it.

        :param payment: `account.payment` of this
        :param accounts: `account.account` from which money can be taken back
        :return: list of `Use`
        """
        items = payment.move_id.line_ids.filtered(
            lambda item: (
                item.account_id in accounts
                and item.balance < 0
                and item.parent_state == "posted"
            )
        )
        uses = []
        for item in items:
            if not item.reconciled:
                none = item.matched_debit_ids.browse()
                uses.append(Use(item.payment_plan_installment_id, item, none))
            uses.extend(
                Use(line, item, partial)
                for partial in item.matched_debit_ids
                if (line := self._find_paid_line(partial.debit_move_id))
            )
        # Money that waits for whatever comes next goes first; then, of each payment,
        # what no invoice has used yet.
        uses.sort(key=lambda use: bool(use.partial))
        first_is_last = self.spread != const.LAST
        waiting = [use for use in uses if not use.line]
        used = [use for use in uses if use.line]
        used.sort(key=lambda use: use.line._get_turn(), reverse=first_is_last)
        return waiting + used

    def _find_paid_line(self, debit):
        """Return the payment of the plan that a due line of an invoice is of.

        :param debit: `account.move.line`
        :return: `payment.plan.installment`, empty where it is of something else
        """
        lines = self.plan_id.installment_ids.sorted("number", reverse=True)
        return lines.filtered(lambda line: debit in line._get_terms_sudo())[:1]
