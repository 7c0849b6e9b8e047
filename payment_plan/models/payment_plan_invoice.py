from odoo import fields, models
from odoo.exceptions import UserError

from .. import const
from .payment_plan_rule_schedule import Order


class PaymentPlanInvoice(models.Model):
    """A plan over an invoice that exists already: one document with own due dates."""

    _inherit = "payment.plan"

    move_id = fields.Many2one(
        "account.move",
        "Invoice in installments",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="restrict",
        check_company=True,
    )

    _one_laid = models.UniqueIndex(
        "(move_id) WHERE state IN ('signed', 'active', 'completed')",
        "An invoice has one plan.",
    )

    def _prepare_plan_vals(self, vals):
        """Take customer and currency from the invoice where there is one."""
        move = self.env["account.move"].browse(vals.get("move_id"))
        prepared = super()._prepare_plan_vals(vals)
        if not move:
            return prepared
        return {
            **prepared,
            "company_id": move.company_id.id,
            "partner_id": move.partner_id.id,
            "user_id": move.invoice_user_id.id,
            "currency_id": move.currency_id.id,
        }

    def _get_order(self):
        """Divide the whole invoice, from today on."""
        if not self.move_id:
            return super()._get_order()
        return Order(
            total=self.move_id.amount_total,
            currency=self.currency_id,
            company=self.company_id,
            signed_on=self.company_id._get_autopay_today(),
        )

    def _get_document(self):
        return self.move_id or super()._get_document()

    def _get_problem(self):
        """Say why this invoice cannot be divided, or return an empty text."""
        if not self.move_id:
            return super()._get_problem()
        if problem := self.move_id._get_plan_obstacle():
            return problem
        if self._has_surcharge():
            return self.env._(
                "%(plan)s has a surcharge, but the total of %(invoice)s cannot change "
                "any more: choose a plan without one.",
                plan=self.name,
                invoice=self.move_id.name,
            )
        try:
            schedule = self._get_schedule()
        except UserError as error:
            return str(error)
        return self._get_norm_problem(schedule)

    def _lay_over(self, agreement, evidence=None):
        """Divide the invoice as it was agreed on with the customer.

        :param str agreement: how and when the customer agreed, kept as evidence
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: the invoice is paid, locked or not posted; says what to do
        """
        self.ensure_one()
        self.move_id._lock_for_payment()
        self._lock()
        version = self._get_version()
        self._log_event(
            const.EVENT_SIGNED,
            version,
            {**(evidence or {}), "text": agreement, "digest": version.digest},
        )
        self._bind(version)
        self.installment_ids.sudo().write(  # by the system only
            {"move_id": self.move_id.id, "is_part": True}
        )
        self.state = const.ACTIVE
        self.move_id._apply_plan_terms(self)
