from odoo import fields, models

from .. import const


class PaymentPlanCompletion(models.Model):
    """How a plan ended: paid, early or not, or by a credit note."""

    _inherit = "payment.plan"

    completed_on = fields.Date(
        "Paid in full on",
        readonly=True,
        copy=False,
        help="In the company's time zone; empty again when money goes back.",
    )
    completed_early_on = fields.Date(
        "Paid early on",
        readonly=True,
        copy=False,
        help="The first day on which it was paid in full before its last payment was "
        "due. It stays when money goes back: what an early completion earns is granted "
        "once.",
    )
    is_credited = fields.Boolean(
        "Credited",
        readonly=True,
        copy=False,
        help="It ended by a credit note, in whole or in part, not by payments alone.",
    )

    def _complete(self):
        """Note that nothing is owed any more, and let others react to it."""
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        self.is_credited = bool(sum(self.installment_ids.mapped("amount_credited")))
        self.write({"state": const.COMPLETED, "completed_on": today})
        if self.is_credited:
            self._after_credit()
            return
        self._after_completion()
        if not self.completed_early_on and self._is_early(today):
            self.completed_early_on = today
            self._on_completed_early()

    def _reopen(self):
        """Go on: money went back, or a credited payment was invoiced again."""
        self.ensure_one()
        self.write({"state": const.ACTIVE, "completed_on": False, "is_credited": False})
        self._on_completion_undone()

    def _is_early(self, day):
        """Whether a plan that is paid in full on a day is paid before its time.

        What is paid at once is not early; what did not wait for its milestone is.

        :param day: in the company's time zone
        """
        self.ensure_one()
        days = self.installment_ids.mapped("date_due")
        return not all(days) or max(days) > day

    def _on_completed_early(self):
        """React to a plan that is paid in full before its last payment is due; hook.

        It is called once for a plan, also where money goes back and is paid again: a
        bonus is granted here. Whether it is to be taken back, see
        `_on_completion_undone`. A plan that a credit note ended gets none (P21, P30).
        """
        self.ensure_one()

    def _on_completion_undone(self):
        """React to a plan whose money went back after it was paid in full; hook.

        It is called each time; `completed_early_on` says whether a bonus was granted.
        """
        self.ensure_one()

    def _after_credit(self):
        """Ask the salesperson what becomes of an order that was credited in part.

        Its final invoice would not be zero: what was credited was not paid.
        """
        self.ensure_one()
        order = self.sale_order_id
        if not order:
            return
        credited = sum(self.installment_ids.mapped("amount_credited"))
        self._ask_responsible(
            self.env._("%s ended by a credit note", self.display_name),
            self.env._(
                "%(amount)s were credited. Lower the price of %(order)s by that and "
                "make the final invoice, or invoice the credited payment again.",
                amount=self.currency_id.format(credited),
                order=order.name,
            ),
        )
