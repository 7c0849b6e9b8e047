from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import const
from .payment_plan_rule_schedule import Order


class SaleOrder(models.Model):
    _inherit = "sale.order"

    session_date = fields.Date(
        "Session", help="When the service is rendered; plans can end before it."
    )
    payment_plan_ids = fields.One2many(
        "payment.plan", "sale_order_id", "Payment plans", copy=False
    )
    payment_plan_id = fields.Many2one(
        "payment.plan",
        "Chosen plan",
        readonly=True,
        copy=False,
        tracking=True,
        domain="[('sale_order_id', '=', id)]",
    )
    payment_plan_count = fields.Integer(compute="_compute_payment_plan_count")

    @api.depends("payment_plan_ids")
    def _compute_payment_plan_count(self):
        for order in self:
            order.payment_plan_count = len(order.payment_plan_ids)

    def write(self, vals):
        """Which plan was chosen is written by `_choose_plan` only.

        :raise AccessError: somebody else writes it
        """
        if "payment_plan_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("Choose a payment plan by its button, not by writing it.")
            )
        return super().write(vals)

    # === WHAT PLANS ARE ABOUT === #

    def _get_plan_total(self):
        """Return the total that plans divide, before what paying in full saves.

        :return: money in the order's currency, taxes included
        """
        self.ensure_one()
        saved = self.order_line.filtered("is_plan_discount")
        return self.currency_id.round(
            self.amount_total - sum(saved.mapped("price_total"))
        )

    def _get_plan_order(self, plan=None):
        """Return what this order adds to the rule of a plan, if signed today.

        :param plan: `payment.plan` that is asked for
        """
        self.ensure_one()
        return Order(
            total=self._get_plan_total(),
            currency=self.currency_id,
            company=self.company_id,
            signed_on=self.company_id._get_autopay_today(),
            session_date=self.session_date or None,
        )

    # === OFFERING === #

    def action_propose_payment_plans(self):
        """Offer all plans that fit this quotation and are not offered yet.

        :raise UserError: there is none; says why for each
        """
        self.ensure_one()
        self.check_access("write")
        self._ensure_open_for_plans()
        offered = self.payment_plan_ids.filtered(lambda p: p.state == const.OFFERED)
        Template = self.env["payment.plan.template"]
        templates = Template._get_proposed(self) - offered.template_id
        if not templates and not offered:
            raise UserError(self._get_no_plan_message())
        self.env["payment.plan"].create(
            [
                {"sale_order_id": self.id, "template_id": template.id}
                for template in templates
            ]
        )
        self._require_plan_signature()

    def _get_no_plan_message(self):
        templates = self.env["payment.plan.template"].search([], limit=20)
        reasons = [f"- {t.name}: {t._get_obstacle(self)}" for t in templates]
        return self.env._(
            "No payment plan fits %(order)s.\n%(reasons)s",
            order=self.name,
            reasons="\n".join(reasons) or self.env._("There are no templates."),
        )

    def _ensure_open_for_plans(self):
        for order in self:
            if order.state not in ("draft", "sent") or order.signature:
                raise UserError(
                    self.env._(
                        "%s is signed or confirmed: its payment plans cannot be "
                        "changed here.",
                        order.name,
                    )
                )

    def _require_plan_signature(self):
        """A plan is a contract: it is signed; its deposit is paid where that works."""
        for order in self:
            providers_sudo = (
                self.env["payment.provider"]
                .sudo()  # salespeople may not read them
                ._get_compatible_providers(
                    order.company_id.id,
                    order.partner_id.id,
                    0.0,
                    currency_id=order.currency_id.id,
                )
            )
            order.require_signature = True
            order.require_payment = bool(providers_sudo)
            order.prepayment_percent = order.prepayment_percent or 1.0

    # === CHOOSING === #

    def _choose_plan(self, plan, evidence=None):
        """Choose one of the offered plans; what paying in full saves is an order line.

        :param plan: `payment.plan` of this order
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: it is not offered, or the order is signed already
        """
        self.ensure_one()
        self._lock_for_signature()
        self._ensure_open_for_plans()
        if plan not in self.payment_plan_ids:
            raise UserError(self.env._("This plan is not offered on %s.", self.name))
        if problem := plan._get_problem():
            raise UserError(problem)
        self._drop_plan_discount()
        schedule = plan._get_schedule()
        self.sudo().payment_plan_id = plan  # by the system only, see `write`
        if schedule.discount:
            self._add_plan_discount(plan, schedule)
        plan._log_event(const.EVENT_CHOSEN, None, evidence)

    def _add_plan_discount(self, plan, schedule):
        """Add the discount for paying in full, divided by taxes as core does it."""
        known = self.order_line
        Wizard = self.env["sale.order.discount"].sudo()  # as any customer may choose
        wizard = Wizard.with_company(self.company_id).create(
            {
                "sale_order_id": self.id,
                "discount_type": "amount",
                "discount_amount": plan._get_saved_amount(schedule),
            }
        )
        wizard.action_apply_discount()
        added = self.order_line - known
        added.sudo().write({"is_plan_discount": True, "name": plan.name})  # as above

    def _drop_plan_discount(self):
        self.order_line.filtered("is_plan_discount").unlink()
        self.sudo().payment_plan_id = False  # as above

    def _lock_for_signature(self):
        """Make two people who choose or sign at once wait for each other (P72)."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET write_date = write_date WHERE id IN %s",
            [tuple(self.ids)],
        )
        self.invalidate_recordset(flush=False)

    # === CORE'S FLOW: SIGN, PAY, CONFIRM === #

    def _get_prepayment_required_amount(self):
        """The deposit of the chosen plan confirms the order."""
        self.ensure_one()
        if self.payment_plan_id and self.require_payment:
            return self.payment_plan_id._get_deposit()
        return super()._get_prepayment_required_amount()

    def _has_to_be_signed(self):
        """What is to be signed is the contract of a chosen plan."""
        if self._is_plan_missing():
            return False
        return super()._has_to_be_signed()

    def _has_to_be_paid(self):
        """Nothing is paid before the contract is signed (PF26)."""
        if self._is_plan_missing():
            return False
        plan = self.payment_plan_id
        if plan and (plan.state == const.OFFERED or not plan._get_deposit()):
            # Before the signature core asks here what follows it.
            return (
                plan.state == const.OFFERED
                and plan._get_deposit() > 0
                and super()._has_to_be_paid()
            )
        return super()._has_to_be_paid()

    def _is_plan_missing(self):
        """Whether plans are offered, and none is chosen yet."""
        self.ensure_one()
        offered = self.payment_plan_ids.filtered(lambda p: p.state == const.OFFERED)
        return bool(offered) and not self.payment_plan_id

    def _confirmation_error_message(self):
        """An order with a plan is confirmed by its signature."""
        self.ensure_one()
        plan = self.payment_plan_id
        if plan and plan.state == const.OFFERED:
            return self.env._(
                "%(order)s: the plan “%(plan)s” is not signed. Send it to the customer, "
                "record a signature on paper, or remove the plan.",
                order=self.name,
                plan=plan.name,
            )
        return super()._confirmation_error_message()

    def _action_confirm(self):
        """Start the signed plans; those not chosen are not offered any more."""
        result = super()._action_confirm()
        for order in self.sudo():  # plans are carried out by the system only
            plan = order.payment_plan_id
            others = order.payment_plan_ids - plan
            others.filtered(lambda p: p.state == const.OFFERED)._cancel(
                self.env._("Another plan was chosen")
                if plan
                else self.env._("The order was confirmed without a plan")
            )
            plan._start()
        return result

    def _action_cancel(self):
        """Nothing more is invoiced or charged for a canceled order."""
        result = super()._action_cancel()
        plans_sudo = self.sudo().payment_plan_ids  # as above
        live = plans_sudo.filtered(lambda p: p.state != const.COMPLETED)
        live._cancel(self.env._("The order was canceled"))
        return result

    # === INVOICING === #

    def _create_invoices(self, grouped=False, final=False, date=None):
        """Refuse invoices beside the plan: they would be paid twice.

        :raise UserError: a plan of these orders is running
        """
        self._ensure_no_running_plan()
        return super()._create_invoices(grouped=grouped, final=final, date=date)

    def _ensure_no_running_plan(self):
        if self.env.context.get("payment_plan_closing"):
            return
        for order in self:
            if order._has_running_plan():
                raise UserError(
                    self.env._(
                        "%(order)s is invoiced by its payment plan “%(plan)s”, on the "
                        "days of the plan. Open the plan to invoice a payment now.",
                        order=order.name,
                        plan=order.payment_plan_id.name,
                    )
                )

    def _has_running_plan(self):
        """Whether a plan makes the invoices of this order."""
        self.ensure_one()
        plan = self.payment_plan_id
        return plan.state in const.BOUND_STATES and not plan.final_move_id

    def _create_plan_down_payments(self, installments, is_last=False):
        """Add the down payments of many orders at once; core does it order by order.

        :param installments: `payment.plan.installment` of these orders
        :param bool is_last: nothing is left of their plans after them
        :return: dict: id of `payment.plan.installment` -> its `sale.order.line`
        """
        Line = self.env["sale.order.line"].with_context(sale_no_log_for_new_lines=True)
        following, owners, vals_list = {}, [], []
        for installment in installments:
            order = self.browse(installment.sale_order_id.id).with_prefetch(self.ids)
            rows = order._prepare_plan_down_payment(installment, is_last)
            if order not in following:
                known = order.order_line
                following[order] = max(known.mapped("sequence") or [10]) + 1
                if not any(ln.display_type and ln.is_downpayment for ln in known):
                    rows.insert(0, order._prepare_down_payment_line_section_values())
            for row in rows:
                vals_list.append({**row, "sequence": following[order]})
                owners.append(installment.id)
                following[order] += 1
        lines = Line.create(vals_list)
        result = dict.fromkeys(installments.ids, lines.browse())
        for owner, line in zip(owners, lines, strict=True):
            if not line.display_type:
                result[owner] = (result[owner] | line).with_prefetch(lines.ids)
        return result

    def _prepare_plan_down_payment(self, line, is_last=False):
        """Return the lines of a down payment of exactly this payment, by taxes.

        The last one takes what earlier ones left of each tax, so that the final invoice
        is zero tax by tax (P15).

        :param line: `payment.plan.installment`
        :param bool is_last: nothing is left after it
        :return: list of values of `sale.order.line`
        """
        self.ensure_one()
        AccountTax = self.env["account.tax"]
        amount_type, amount = "fixed", line.amount
        base_lines = self._get_plan_base_lines(with_taken=is_last)
        if is_last and self._is_plan_total(base_lines, line.amount):
            amount_type, amount = "percent", 100.0
        elif is_last:
            base_lines = self._get_plan_base_lines()
        down_lines = AccountTax._prepare_down_payment_lines(
            base_lines=base_lines,
            company=self.company_id,
            amount_type=amount_type,
            amount=amount,
            computation_key=f"payment_plan,{line.id}",
        )
        return [
            self._prepare_down_payment_line_values_from_base_line(base_line)
            for base_line in down_lines
        ]

    def _get_plan_base_lines(self, with_taken=False):
        """Return what is sold, with its taxes computed.

        :param bool with_taken: less what down payments took already
        """
        AccountTax = self.env["account.tax"]
        sold = self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )
        base_lines = [line._prepare_base_line_for_taxes_computation() for line in sold]
        if with_taken:
            base_lines += self._get_plan_taken_lines()
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        return base_lines

    def _is_plan_total(self, base_lines, amount):
        """Whether lines make exactly an amount in the order's currency."""
        details = [line["tax_details"] for line in base_lines]
        total = sum(
            d["total_included_currency"] + d.get("delta_total_excluded_currency", 0.0)
            for d in details
        )
        return self.currency_id.compare_amounts(total, amount) == 0

    def _get_plan_taken_lines(self):
        """Return what down payments took already, negative, tax by tax."""
        reverse = self.env["account.tax"]._reverse_quantity_base_line_extra_tax_data
        taken = self.order_line.filtered(
            lambda line: (
                line.is_downpayment
                and not line.display_type
                and any(m.state != "cancel" for m in line.invoice_lines.move_id)
            )
        )
        return [
            line._prepare_base_line_for_taxes_computation(
                quantity=-1.0, extra_tax_data=reverse(line.extra_tax_data)
            )
            for line in taken
        ]

    def _get_plan_contract_lines(self):
        """Return the lines that a contract lists: what is sold, not its payments."""
        self.ensure_one()
        return self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )

    def action_view_payment_plans(self):
        """Open the chosen plan, or those that are offered."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "payment_plan.payment_plan_action"
        )
        plan = self.payment_plan_id or self.payment_plan_ids
        if len(plan) == 1:
            return {**action, "views": [(False, "form")], "res_id": plan.id}
        return {**action, "domain": [("id", "in", plan.ids)], "context": {}}
