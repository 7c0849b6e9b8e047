from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import const
from ..tools.guards import refuse_system_fields

#: Written by the methods of a plan, never by a person or an import.
SYSTEM_FIELDS = {"payment_plan_id", "payment_plan_released_line_id"}


class AccountMove(models.Model):
    _inherit = "account.move"

    payment_plan_installment_ids = fields.One2many(
        "payment.plan.installment", "move_id", "Payments of a plan", readonly=True
    )

    payment_plan_id = fields.Many2one(
        "payment.plan",
        "In installments",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The plan whose days are the due dates of this invoice.",
    )
    #: Of a new invoice it is known to be empty; else the ORM would search plans for
    #: each change of each invoice.
    divided_plan_ids = fields.One2many(
        "payment.plan", "move_id", "Plans over this invoice", readonly=True
    )

    payment_plan_released_line_id = fields.Many2one(
        "payment.plan.installment",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Whose invoice this was until it was canceled.",
    )

    def _get_payment_plan_sudo(self):
        # Accountants, jobs and customers post and pay; not all may read plans.
        plans_sudo = self.sudo().payment_plan_installment_ids.plan_id
        # Of plans laid over an invoice one after the other, the last one counts.
        return plans_sudo.filtered(
            lambda plan: not plan.move_id or plan.move_id.payment_plan_id == plan
        )

    @api.model_create_multi
    def create(self, vals_list):
        """Let nobody make an invoice one of a plan but the plan."""
        refuse_system_fields(self.browse(), SYSTEM_FIELDS, vals_list)
        return super().create(vals_list)

    def write(self, vals):
        """Let nobody make an invoice one of a plan but the plan."""
        refuse_system_fields(self, SYSTEM_FIELDS, [vals])
        return super().write(vals)

    # === AUTOMATIC PAYMENT === #

    def _get_paying_sudo(self):
        """An extra payment of a plan may pay its invoices without naming them."""
        plan_sudo = self._get_payment_plan_sudo()
        return super()._get_paying_sudo() | plan_sudo.extra_ids._get_online_sudo()

    def _get_autopay_document(self):
        """The invoices of a plan are paid by the permission that was given for it."""
        plan_sudo = self._get_payment_plan_sudo()
        if len(plan_sudo) == 1:
            return plan_sudo
        return super()._get_autopay_document()

    def _get_autopay_mandate(self):
        """Charge nobody for what a partner finances (PF10)."""
        plan_sudo = self._get_payment_plan_sudo()
        if const.FINANCED in plan_sudo.mapped("structure"):
            return self.env["autopay.mandate"]
        if plan_sudo.sale_order_id:
            # What the customer allowed for other invoices is not for signed plans.
            return plan_sudo[:1]._get_mandate_sudo().sudo(self.env.su)
        return super()._get_autopay_mandate()

    def _follow_autopay(self):
        """Plans follow their invoices: paid in full, or open again."""
        result = super()._follow_autopay()
        plans_sudo = self._get_payment_plan_sudo()
        plans_sudo.filtered(
            lambda plan: plan.state in (const.ACTIVE, const.COMPLETED)
        )._follow()
        return result

    def _post(self, soft=True):
        """An invoice that replaces a credited payment of a plan takes its place.

        One that is posted again is paid by what was paid on its plan meanwhile (P19).
        """
        again = self.filtered("posted_before")
        for move in self.filtered(lambda move: move.move_type == "out_invoice"):
            move._restore_plan_payment()
            move._replace_credited_payment()
        posted = super()._post(soft=soft)
        (posted & again)._use_plan_credit()
        return posted

    def _restore_plan_payment(self):
        """Let a canceled invoice that is posted again be its payment again.

        :raise UserError: that payment was invoiced again meanwhile
        """
        line_sudo = self.sudo().payment_plan_released_line_id  # accountants read only
        if not line_sudo or self.payment_plan_installment_ids:
            return
        if line_sudo.move_id:
            raise UserError(
                self.env._(
                    "%(payment)s was invoiced again by %(invoice)s: leave %(old)s "
                    "canceled.",
                    payment=line_sudo.display_name,
                    invoice=line_sudo.move_id.display_name,
                    old=self.display_name,
                )
            )
        line_sudo.write({"move_id": self.id, "invoice_on": False})
        self.sudo().payment_plan_released_line_id = False  # by the system only
        line_sudo.plan_id._follow()

    def _replace_credited_payment(self):
        if self.payment_plan_installment_ids:
            return
        # Accountants may not write payments of plans.
        order_lines_sudo = self.sudo().invoice_line_ids.sale_line_ids
        siblings = order_lines_sudo.filtered("is_downpayment").invoice_lines.move_id
        credited = siblings.payment_plan_installment_ids.filtered(
            lambda line: line.state == const.CREDITED and not line.is_part
        )
        same = credited.filtered(
            lambda ln: not ln.currency_id.compare_amounts(ln.amount, self.amount_total)
        )
        if len(same) == 1:
            same.move_id = self
            same.plan_id._follow()

    # === MONEY PAID BEYOND === #

    def _use_plan_credit(self):
        """Pay these invoices by what was paid on their plans beyond what was due (P19).

        Only money of the same plan is used: see `payment.plan._use_credit`.
        """
        self._get_payment_plan_sudo()._use_credit(self)

    def _send_plan_invoices_later(self):
        """Queue the mails of these invoices in core's queue, after the commit."""
        if not self:
            return
        author = self.env.user
        self.sending_data = {
            "author_user_id": author.id,
            "author_partner_id": author.partner_id.id,
        }
        # Whoever may make these invoices may have them sent.
        self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()

    def button_draft(self):
        """Keep whether a plan is paid in line with its invoices (P31)."""
        result = super().button_draft()
        self._get_payment_plan_sudo()._follow()
        return result

    def button_cancel(self):
        """Reopen the payments whose invoices are canceled (P31)."""
        result = super().button_cancel()
        canceled = self.filtered(lambda move: move.state == "cancel")
        canceled._release_plan_payments()
        for move in canceled.filtered("payment_plan_id"):
            # Accountants may not end plans, but this one divides nothing any more.
            move.payment_plan_id.sudo()._cancel(
                self.env._("%s was canceled", move.display_name)
            )
        return result

    def _release_plan_payments(self):
        """Ask the salesperson what becomes of payments whose invoice was canceled.

        Nothing is invoiced again by itself: somebody canceled it for a reason.
        """
        lines_sudo = self.sudo().payment_plan_installment_ids  # as above
        for line in lines_sudo.filtered(lambda line: not line.is_part):
            number = line.move_id.display_name
            line.move_id.payment_plan_released_line_id = line  # sudo: as the system
            line.move_id = False
            line.plan_id._ask_responsible(
                self.env._("%s was canceled", number),
                self.env._(
                    "%s is open again: invoice it now on the plan, or agree with the "
                    "customer on what follows.",
                    line.display_name,
                ),
            )
        lines_sudo.plan_id._follow()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_payment_of_plan(self):
        for move in self:
            plan_sudo = move._get_payment_plan_sudo() or move.sudo().payment_plan_id
            if plan_sudo:
                raise UserError(
                    self.env._(
                        "%(invoice)s is a payment of %(plan)s: cancel it instead of "
                        "deleting it.",
                        invoice=move.display_name,
                        plan=plan_sudo[:1].display_name,
                    )
                )

    def action_view_payment_plan(self):
        """Open the plan whose payment this invoice is."""
        self.ensure_one()
        return self.payment_plan_installment_ids.plan_id.get_formview_action()
