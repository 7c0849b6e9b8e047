from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError

from .. import const


class PaymentPlanProgress(models.Model):
    """A running plan: started by the order, led by its invoices, closed at zero."""

    _name = "payment.plan"
    _inherit = ["payment.plan", "autopay.step.mixin"]

    lock_seq = fields.Integer(readonly=True, copy=False, groups="base.group_system")
    amount_paid = fields.Monetary("Paid", compute="_compute_amounts")
    amount_open = fields.Monetary("Open", compute="_compute_amounts")
    amount_overdue = fields.Monetary("Overdue", compute="_compute_amounts")
    next_date = fields.Date("Next due", compute="_compute_amounts")
    next_amount = fields.Monetary("Next payment", compute="_compute_amounts")
    is_out_of_sync = fields.Boolean(
        "Out of sync",
        compute="_compute_is_out_of_sync",
        store=True,
        help="Customer, total or lines of the order are not the signed ones any more: "
        "nothing is charged until they are. Contracts that were signed without their "
        "lines are compared by customer and total.",
    )
    final_move_id = fields.Many2one(
        "account.move", "Final invoice", readonly=True, copy=False, ondelete="restrict"
    )

    @api.depends("installment_ids.state", "installment_ids.amount")
    def _compute_amounts(self):
        for plan in self:
            lines = plan.installment_ids
            closed = (const.LINE_CANCELED, const.CREDITED)
            live = lines.filtered(lambda i, closed=closed: i.state not in closed)
            still_open = live.filtered(lambda i: i.state != const.PAID and i.date_due)
            late = still_open.filtered(lambda i: i.state == const.OVERDUE)
            following = still_open.sorted("date_due")[:1]
            kept = lines.filtered(lambda i: i.state != const.CREDITED)
            plan.amount_paid = sum(kept.mapped("amount_paid"))
            plan.amount_open = sum(live.mapped("amount_open"))
            plan.amount_overdue = sum(late.mapped("amount_open"))
            plan.next_date = following.date_due
            plan.next_amount = following.amount_open

    @api.depends(
        "amount_total",
        "state",
        "sale_order_id.amount_total",
        "sale_order_id.currency_id",
        "sale_order_id.partner_id",
        "sale_order_id.order_line.product_id",
        "sale_order_id.order_line.product_uom_id",
        "sale_order_id.order_line.product_uom_qty",
        "sale_order_id.order_line.price_unit",
        "sale_order_id.order_line.discount",
        "sale_order_id.order_line.tax_ids",
        "move_id.amount_total",
    )
    def _compute_is_out_of_sync(self):
        for plan in self:
            is_running = plan.state in (const.SIGNED, const.ACTIVE)
            plan.is_out_of_sync = is_running and plan._differs_from_document()

    def _differs_from_document(self):
        """Whether the document is not about what was signed any more (P74)."""
        self.ensure_one()
        document_sudo = self._get_document().sudo()  # whoever changed it
        total = document_sudo.amount_total
        return bool(document_sudo) and (
            document_sudo.currency_id != self.currency_id
            or document_sudo.partner_id != self.partner_id
            or self.currency_id.compare_amounts(self.amount_total, total) != 0
            or self._has_other_lines()
        )

    def _has_other_lines(self):
        """Whether the order's lines are not those of the contract any more.

        What a plan adds, down payments, and the texts of lines do not count.
        """
        self.ensure_one()
        order_sudo = self.sale_order_id.sudo()  # whoever changed it
        signed = (self.version_id.sudo().terms or {}).get("lines")  # as above
        if not order_sudo or signed is None:
            return False
        return signed != order_sudo._serialize_plan_lines()

    # === RUNNING === #

    def _start(self):
        """Run signed plans: what is due is invoiced, the rest has its day."""
        for plan in self.filtered(lambda plan: plan.state == const.SIGNED):
            plan.state = const.ACTIVE
            plan.installment_ids._schedule_invoices()
            plan._invoice_at_start()

    def _invoice_at_start(self):
        """Invoice what is due at once; what cannot be is left to the job (P54).

        The money of a deposit must be booked whatever else is wrong.
        """
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        due = self.installment_ids.filtered(lambda line: line._is_due_on(today))
        try:
            with self.env.cr.savepoint():
                if obstacle := self._get_obstacle():
                    raise UserError(obstacle)
                due._make_invoices()
        except (UserError, RedirectWarning) as error:
            for line in due:
                line._note_problem(str(error))

    def _follow(self):
        """Complete plans that are settled, and reopen those whose money went back."""
        self._refresh_amounts()
        for plan in self:
            is_settled = bool(plan.installment_ids) and all(
                line.state in (const.PAID, const.CREDITED)
                for line in plan.installment_ids
            )
            if plan.state == const.ACTIVE and is_settled:
                plan._complete()
            elif plan.state == const.COMPLETED and not is_settled:
                plan._reopen()

    def _after_completion(self):
        """React to a plan that is paid in full; hook."""
        # Whoever paid, the job closes the order.
        self.env.ref("payment_plan.ir_cron_close").sudo()._trigger()

    def _get_obstacle(self):
        """Say why nothing may be charged or invoiced now, or return an empty text."""
        self.ensure_one()
        document = self._get_document()
        if self.state == const.CANCELED:
            return self.env._("%s was canceled.", self.display_name)
        move_sudo = self.move_id.sudo()  # whoever asks
        if move_sudo and move_sudo.state != "posted":
            return self.env._("%s is not posted.", move_sudo.display_name)
        if self.is_out_of_sync and not self.currency_id.compare_amounts(
            document.amount_total, self.amount_total
        ):
            return self.env._(
                "%s is not what was signed any more, though its total is the same: "
                "undo the change of its customer or lines, or agree on it with the "
                "customer.",
                document.name,
            )
        if self.is_out_of_sync:
            return self.env._(
                "%(order)s is about %(total)s now, %(signed)s were signed: undo the "
                "change of the order, or agree on it with the customer.",
                order=document.name,
                total=document.currency_id.format(document.amount_total),
                signed=self.currency_id.format(self.amount_total),
            )
        return ""

    # === CLOSING === #

    @api.model
    def _cron_close(self):
        """Make the final invoices, which are exactly zero, of plans paid in full.

        Where the order has a session, on its day: the service is sold when rendered.
        """
        domain = [
            ("state", "=", const.COMPLETED),
            ("final_move_id", "=", False),
            ("is_credited", "=", False),  # its order is to be changed first
        ]
        plans = self.search(domain + [("sale_order_id", "!=", False)], order="id")
        remaining = len(plans)
        for plan in plans:
            remaining -= 1
            failure = plan._try_step(lambda plan: plan._close_if_rendered())
            if isinstance(failure, Exception):
                plan._try_step(lambda plan, why=failure: plan._note_problem(str(why)))
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _note_problem(self, problem):
        """Ask the salesperson, once, to look at what a scheduled action could not do.

        :param str problem: why, in words for a person
        """
        self._ask_responsible(
            self.env._("The final invoice could not be made"), problem
        )

    def _close_if_rendered(self):
        today = self.company_id._get_autopay_today()
        if not self.session_date or self.session_date <= today:
            self._close()

    def _close(self):
        """Invoice the order itself, less what the payments of the plan took (P15).

        :return: `account.move`, whose total is exactly zero
        :raise UserError: it would not be zero
        """
        self.ensure_one()
        self._lock()
        if self.final_move_id or self.state != const.COMPLETED:
            return self.final_move_id
        order = self.sale_order_id.with_company(self.company_id)
        order._force_lines_to_invoice_policy_order()
        closing = order.with_context(
            payment_plan_closing=True, raise_if_nothing_to_invoice=False
        )
        move = closing._create_invoices(final=True)
        if not move:  # somebody closed it by hand
            self.final_move_id = self._find_final_invoice()
            return self.final_move_id
        if not move.currency_id.is_zero(move.amount_total):
            raise UserError(
                self.env._(
                    "The final invoice of %(order)s would be %(total)s instead of "
                    "zero: compare its lines with the order.",
                    order=order.name,
                    total=move.currency_id.format(move.amount_total),
                )
            )
        move.action_post()
        move._book_plan_exchange()
        self.final_move_id = move
        return move

    def _find_final_invoice(self):
        """Return the latest invoice of the order that is no payment of the plan."""
        moves = self.sale_order_id.invoice_ids - self.installment_ids.move_id
        return moves.filtered(lambda move: move.state == "posted")[:1]

    def action_close(self):
        """Make the final invoice now, before the session.

        :raise UserError: the plan is not paid in full, or it would not be zero
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != const.COMPLETED:
            raise UserError(
                self.env._(
                    "%(plan)s is not paid in full: %(open)s are open.",
                    plan=self.display_name,
                    open=self.currency_id.format(self.amount_open),
                )
            )
        self.sudo()._close()  # salespeople may not post invoices

    # === CANCELING === #

    def action_cancel(self):
        """End these plans by hand: the rest is invoiced as any order is.

        :raise UserError: one of them is paid in full
        """
        for plan in self:
            plan.check_access("write")
            if plan.state == const.COMPLETED:
                raise UserError(
                    self.env._("%s is paid in full: nothing to end.", plan.display_name)
                )
            reason = self.env._("Ended by %s", self.env.user.name)
            plan.sudo()._cancel(reason)  # plans are written by the system only

    def _cancel(self, reason):
        """End these plans: nothing more is invoiced or charged.

        What is invoiced stays as it is; the accountant credits it where agreed.

        :param str reason: shown to the back office
        """
        live = self.filtered(lambda plan: plan.state != const.CANCELED)
        for plan in live:
            plan._log_event(const.EVENT_CANCELED, plan.version_id, {"text": reason})
        for plan in live.filtered(lambda plan: plan.state == const.OFFERED):
            if plan.sale_order_id.payment_plan_id == plan:
                plan.sale_order_id._drop_plan_price()
        live.write({"state": const.CANCELED, "cancel_reason": reason})
        live.installment_ids.sudo().invoice_on = False  # by the system only
        live._refresh_amounts()  # money kept for what is not invoiced is free now
        moves_sudo = live.installment_ids.move_id.sudo()
        moves_sudo._get_autopay_collections_sudo()._stop(reason)
