from odoo import api, fields, models

from ..tools.guards import refuse_system_fields

#: Written by the routes and methods of a plan, never by a person or an import.
SYSTEM_FIELDS = {"payment_plan_extra_id"}


class PaymentTransactionExtra(models.Model):
    """A transaction that pays more than is due, and what becomes of it later."""

    _inherit = "payment.transaction"

    payment_plan_extra_id = fields.Many2one(
        "payment.plan.extra",
        "Extra payment of a plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Let nobody say what a transaction is for but the plan."""
        refuse_system_fields(self.browse(), SYSTEM_FIELDS, vals_list)
        return super().create(vals_list)

    def write(self, vals):
        """Let nobody say what a transaction is for but the plan."""
        refuse_system_fields(self, SYSTEM_FIELDS, [vals])
        return super().write(vals)

    def _create_child_transaction(self, amount, is_refund=False, **vals):
        """What is captured of an authorized extra payment is one, too."""
        if self.payment_plan_extra_id and not is_refund:
            vals = {"payment_plan_extra_id": self.payment_plan_extra_id.id, **vals}
        return super()._create_child_transaction(amount, is_refund=is_refund, **vals)

    def _create_payment(self, **extra_create_values):
        """Keep an extra payment for what the customer chose (P20)."""
        source = self.source_transaction_id
        if self.operation == "refund" and source.payment_plan_extra_id:
            extra_create_values = {
                **source._prepare_extra_refund_vals(),
                **extra_create_values,
            }
        extra = self.payment_plan_extra_id
        if not extra:
            return super()._create_payment(**extra_create_values)
        extra.plan_id._lock()
        vals = {"payment_plan_extra_id": extra.id, **extra._prepare_payment_vals()}
        payment = super()._create_payment(**vals, **extra_create_values)
        extra._use()
        return payment

    # === MONEY THAT GOES BACK === #

    def _prepare_extra_refund_vals(self):
        """Return the account where the money of a refund can be taken back from.

        :return: dict, values of `account.payment`; empty where this is not booked
        """
        self.ensure_one()
        self._book_before_refund()
        account = self.payment_id.destination_account_id
        return {"destination_account_id": account.id} if account else {}

    def _after_autopay_refund(self):
        """What an extra payment had paid is open again when it is refunded (P32)."""
        source = self.source_transaction_id
        if source.payment_plan_extra_id:
            source.payment_plan_extra_id._take_back(source.payment_id, self.payment_id)
        return super()._after_autopay_refund()

    def _get_autopay_collections(self):
        """An extra payment is one of each invoice that it pays, without naming it."""
        extras = self.filtered("payment_plan_extra_id")
        paid = extras.payment_id.move_id.line_ids.matched_debit_ids.debit_move_id
        moves_sudo = paid.move_id.sudo()  # who is told of a refund may not see them
        collections = super()._get_autopay_collections()
        return collections | moves_sudo.autopay_collection_ids

    def _after_autopay_dispute(self, amount):
        """Charge nothing of a plan while an extra payment of it is disputed (P34)."""
        result = super()._after_autopay_dispute(amount)
        for transaction_sudo in self.sudo():  # told by a webhook
            plan = transaction_sudo.payment_plan_extra_id.plan_id
            if not plan:
                continue
            plan._get_mandate_sudo().is_disputed = True
            plan._ask_responsible(
                self.env._("The bank disputes %s", transaction_sudo.reference),
                self.env._(
                    "The customer's bank disputes %(amount)s of an extra payment. "
                    "Answer on the provider's site; nothing is charged automatically. "
                    "What it paid is open again if the dispute is lost.",
                    amount=transaction_sudo.currency_id.format(amount),
                ),
            )
        return result

    def _after_autopay_dispute_closed(self, won, amount=0.0):
        """Charge the plan again once no payment of it is disputed (P34)."""
        result = super()._after_autopay_dispute_closed(won, amount)
        for plan in self.sudo().payment_plan_extra_id.plan_id:  # told by a webhook
            plan._forget_disputes()
            mandate_sudo = plan._get_mandate_sudo()
            if won and mandate_sudo:
                mandate_sudo.is_disputed = mandate_sudo._has_dispute()
        return result
