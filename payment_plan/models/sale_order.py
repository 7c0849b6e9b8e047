from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .. import const
from .payment_plan_rule_schedule import Order

#: Digits at which binary noise of a float disappears.
NOISE_DIGITS = 6


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

    @api.model_create_multi
    def create(self, vals_list):
        """Which plan was chosen is written by `_choose_plan` only."""
        for vals in vals_list:
            self._ensure_plan_not_written(vals)
        orders = super().create(vals_list)
        if not self.env.su and orders.payment_plan_id:
            orders._ensure_plan_not_written({"payment_plan_id": True})  # a default
        return orders

    def write(self, vals):
        """Which plan was chosen is written by `_choose_plan` only.

        :raise AccessError: somebody else writes it
        """
        self._ensure_plan_not_written(vals)
        result = super().write(vals)
        if "session_date" in vals:
            # What was approved was about another day.
            self.payment_plan_ids._end_approval()
        if {"partner_id", "user_id", "pricelist_id", "currency_id"} & set(vals):
            self.sudo().payment_plan_ids._follow_order()  # whoever changes the order
        return result

    def _ensure_plan_not_written(self, vals):
        if "payment_plan_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("Choose a payment plan by its button, not by writing it.")
            )

    @api.constrains("payment_plan_id")
    def _check_payment_plan(self):
        for order in self:
            if order.payment_plan_id and order != order.payment_plan_id.sale_order_id:
                raise ValidationError(
                    self.env._(
                        "%(plan)s is not a plan of %(order)s.",
                        plan=order.payment_plan_id.display_name,
                        order=order.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_offers(self):
        """Offers go with their quotation; what a customer was shown does not."""
        self.sudo().payment_plan_id = False  # see `write`
        self.payment_plan_ids.unlink()

    def action_draft(self):
        """A reopened quotation has no plan yet: the canceled one is not chosen."""
        reopened = self.filtered(lambda order: order.state == "cancel")
        result = super().action_draft()
        for order in reopened:
            if order.payment_plan_id.state == const.CANCELED:
                order._drop_plan_price()
        return result

    def action_leave_plan(self):
        """Take the customer's choice back before the signature.

        :raise UserError: it is signed
        """
        for order in self:
            order.check_access("write")
            order._lock_for_signature()
            order._ensure_open_for_plans()
            order._drop_plan_price()

    # === WHAT PLANS ARE ABOUT === #

    def _get_plan_total(self):
        """Return the total that plans divide, before what they add or take off.

        :return: money in the order's currency, taxes included
        """
        self.ensure_one()
        added = self.order_line.filtered("is_plan_price")
        return self.currency_id.round(
            self.amount_total - sum(added.mapped("price_total"))
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
        """Choose one of the offered plans; what it saves or costs is an order line.

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
        self._drop_plan_price()
        schedule = plan._get_schedule()
        self.sudo().payment_plan_id = plan  # by the system only, see `write`
        self._add_plan_price(plan, schedule)
        plan._log_event(const.EVENT_CHOSEN, None, evidence)

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
        plan = self.payment_plan_id
        if plan and plan.state != const.CANCELED and self.require_payment:
            return plan._get_deposit()
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
                "%(order)s: the plan “%(plan)s” is not signed. Send it to the "
                "customer, record a signature on paper, or remove the plan.",
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

    def _get_plan_contract_lines(self):
        """Return the lines that a contract lists: what is sold, not its payments."""
        self.ensure_one()
        return self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )

    def _serialize_plan_lines(self):
        """Return what the contract lists, to tell later whether that was changed.

        :return: list of lists: product, unit, quantity, price, discount in percent,
            taxes; empty where there is no order
        """
        return sorted(
            [
                line.product_id.id or 0,
                line.product_uom_id.id or 0,
                round(line.product_uom_qty, NOISE_DIGITS),
                round(line.price_unit, NOISE_DIGITS),
                round(line.discount, NOISE_DIGITS),
                sorted(line.tax_ids.ids),
            ]
            for order in self
            for line in order._get_plan_contract_lines()
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
