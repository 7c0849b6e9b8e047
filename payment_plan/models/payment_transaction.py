from odoo import models

from .. import const


class PaymentTransaction(models.Model):
    """The deposit: it starts the plan, pays its first invoice, and saves the method."""

    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        """Pay the deposit's invoice by the payment that confirmed the order."""
        if plans := self.sale_order_ids.payment_plan_id:
            # Whoever books it at the same time starts over, and finds it booked.
            plans._lock()
        # Money that was sent before a plan was chosen does not sign it.
        unsigned = self.filtered(
            lambda tx: (
                const.OFFERED in tx.sale_order_ids.payment_plan_id.mapped("state")
            )
        )
        confirmed = super(
            PaymentTransaction, self - unsigned
        )._check_amount_and_confirm_order()
        for transaction in self:
            transaction._pay_plan()
        return confirmed

    def _pay_plan(self):
        """Link this payment of an order with the open invoices of its plan."""
        self.ensure_one()
        plans = self.sale_order_ids.payment_plan_id
        running = plans.filtered(lambda plan: plan.state in const.BOUND_STATES)
        if self.operation == "validation" or not running:
            return
        moves = running.installment_ids.move_id.filtered(
            lambda move: move.state == "posted" and move.amount_residual
        )
        self.invoice_ids = self.invoice_ids | moves
        running._refresh_amounts()
        payer = self.partner_id.commercial_partner_id
        for plan in running:
            # Whoever else pays did not consent: their method is not used (P27).
            if payer == plan.partner_id.commercial_partner_id:
                plan._grant_if_possible(self.token_id)

    def _invoice_sale_orders(self):
        """Leave orders with a running plan alone: the plan makes their invoices."""
        others = self.filtered(
            lambda tx: not any(o._has_running_plan() for o in tx.sale_order_ids)
        )
        return super(PaymentTransaction, others)._invoice_sale_orders()
