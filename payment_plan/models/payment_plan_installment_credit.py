from datetime import date

from odoo import models

from .. import const


class PaymentPlanInstallmentCredit(models.Model):
    """What credit notes and money on account did to one payment."""

    _inherit = "payment.plan.installment"

    def _get_turn(self):
        """Return by what payments are sorted that money is used for: the next first.

        What waits for its milestone comes last.
        """
        self.ensure_one()
        return (self.date_due or date.max, self.number)

    def _get_unpaid_amount(self):
        """Return what money can still be used for, without what is kept for it.

        What was paid on a plan that ended is the accountant's to use.
        """
        self.ensure_one()
        if self.plan_id.state == const.CANCELED:
            return 0.0
        return self._get_open_amount()

    def _is_busy(self):
        """Whether money may be on its way, or is disputed."""
        self.ensure_one()
        return self.state in (const.PROCESSING, const.DISPUTED)

    def _get_terms_sudo(self):
        """Return the due line of its invoice, where that is posted."""
        self.ensure_one()
        move_sudo = self.move_id.sudo()  # salespeople and customers may not see it
        is_laid_anew = self.is_part and move_sudo.payment_plan_id != self.plan_id
        if move_sudo.state != "posted" or is_laid_anew:
            return move_sudo.line_ids.browse()
        return move_sudo.line_ids.filtered(
            lambda item: (
                item.display_type == "payment_term"
                and (not self.is_part or item.date_maturity == self.date_due)
            )
        )

    def _pay_by_credit(self, credit):
        """Reconcile its invoice with money on account, the oldest first.

        :param credit: `account.move.line`
        """
        self.ensure_one()
        for item in credit.sorted(lambda item: (item.date, item.id)):
            terms = self._get_terms_sudo().filtered(
                lambda term, item=item: (
                    not term.reconciled and term.account_id == item.account_id
                )
            )
            if terms and not item.reconciled:
                (item + terms).reconcile()

    # === CREDIT NOTES === #

    def _get_credited_amount(self):
        """Return what credit notes settled, in the currency of the plan."""
        self.ensure_one()
        move_sudo = self.move_id.sudo()  # as above
        if self.currency_id.is_zero(move_sudo.amount_total - move_sudo.amount_residual):
            return 0.0
        partials = self._get_terms_sudo().matched_credit_ids.filtered(
            lambda partial: partial.credit_move_id.move_id.move_type == "out_refund"
        )
        credited = sum(partials.mapped("debit_amount_currency"))
        if self.is_part:
            credited -= self._get_credited_later()
        settled = self.amount - self._get_open_amount()
        return self.currency_id.round(max(min(credited, settled), 0.0))

    def _get_credited_later(self):
        """Return what credit notes settled of later payments of the same day (P14)."""
        later = self.plan_id.installment_ids.filtered(
            lambda line: line.date_due == self.date_due and line.number > self.number
        )
        return sum(line.amount - line._get_open_amount() for line in later)
