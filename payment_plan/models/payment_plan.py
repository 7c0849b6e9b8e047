from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import clean_context

from .. import const
from ..tools.guards import refuse_system_fields
from ..tools.money import from_units

#: Written by the methods of a plan, never by a person or an import.
SYSTEM_FIELDS = {
    "state",
    "move_id",
    "version_id",
    "amount_total",
    "final_move_id",
    "approved_by_id",
    "cancel_reason",
    "lock_seq",
    "completed_on",
    "completed_early_on",
    "is_credited",
    "is_out_of_sync",
}


class PaymentPlan(models.Model):
    """A plan offered on an order; the one that the customer signs is carried out.

    Until the signature its schedule is computed from the rule and the order, so that
    both can change. What is signed is a version, and its payments are installments.
    """

    _name = "payment.plan"
    _description = "Payment Plan"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "portal.mixin",
        "payment.plan.rule.mixin",
    ]
    _order = "sequence, id"
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10)
    state = fields.Selection(
        const.PLAN_STATES,
        required=True,
        readonly=True,
        default=const.OFFERED,
        index=True,
        copy=False,
        tracking=True,
    )
    sale_order_id = fields.Many2one(
        "sale.order",
        "Order",
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        check_company=True,
    )
    template_id = fields.Many2one(
        "payment.plan.template", ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    user_id = fields.Many2one("res.users", "Salesperson", index=True, tracking=True)
    description = fields.Text(translate=True)
    step_ids = fields.One2many(
        "payment.plan.step", "plan_id", "Steps after the deposit", copy=True
    )
    valid_until = fields.Date(
        "Offer valid until", help="The last day, in the company's time zone."
    )
    session_date = fields.Date(
        related="sale_order_id.session_date", string="Session", store=True
    )
    installment_ids = fields.One2many(
        "payment.plan.installment", "plan_id", "Payments", readonly=True
    )
    version_ids = fields.One2many(
        "payment.plan.version", "plan_id", "Versions", readonly=True
    )
    version_id = fields.Many2one(
        "payment.plan.version",
        "Signed version",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    event_ids = fields.One2many(
        "payment.plan.event", "plan_id", "Evidence", readonly=True
    )
    amount_total = fields.Monetary(
        "Signed total", readonly=True, copy=False, help="With taxes, as it was signed."
    )
    preview_html = fields.Html(
        "Schedule", compute="_compute_preview_html", sanitize=False
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    cancel_reason = fields.Char(readonly=True, copy=False)

    _one_bound = models.UniqueIndex(
        "(sale_order_id) WHERE state IN ('signed', 'active', 'completed')",
        "An order has one signed plan.",
    )

    # === OFFERING === #

    @api.model_create_multi
    def create(self, vals_list):
        """Copy the rule of the template, in which later revisions change nothing."""
        if not self.env.su:
            # Defaults of a context would get past the guard.
            self = self.with_context(clean_context(self.env.context))
        refuse_system_fields(self.browse(), SYSTEM_FIELDS, vals_list)
        prepared = [self._prepare_plan_vals(vals) for vals in vals_list]
        plans = super().create(prepared)
        plans._check_currency()
        return plans

    @api.model
    def _prepare_plan_vals(self, vals):
        order = self.env["sale.order"].browse(vals.get("sale_order_id"))
        template = self.env["payment.plan.template"].browse(vals.get("template_id"))
        base = {}
        if order:
            base = {
                "company_id": order.company_id.id,
                "partner_id": order.partner_id.id,
                "currency_id": order.currency_id.id,
            }
            vals = {"user_id": order.user_id.id, **vals}
        rule = template._prepare_offer_vals(order) if template else {}
        return {**rule, **vals, **base}

    @api.constrains("currency_id", "sale_order_id")
    def _check_currency(self):
        for plan in self:
            template, order = plan.template_id, plan.sale_order_id
            is_other = template.currency_id != order.currency_id
            if template and order and is_other and template._has_amounts():
                raise ValidationError(
                    self.env._(
                        "%(plan)s contains amounts in %(own)s, %(order)s is in "
                        "%(other)s: choose another plan.",
                        plan=template.name,
                        own=template.currency_id.name,
                        order=order.name,
                        other=order.currency_id.name,
                    )
                )

    def write(self, vals):
        """Keep what a customer signed, and what a template was approved for.

        :raise UserError: the rule of a signed plan would change, or the template of any
        """
        refuse_system_fields(self, SYSTEM_FIELDS, [vals])
        if "template_id" in vals:
            self._ensure_same_template(vals["template_id"])
        fixed = {"name", "sale_order_id", "partner_id", "company_id"}
        if set(vals) & (self._get_rule_names() | fixed):
            for plan in self:
                plan._ensure_unbound()
        return super().write(vals)

    def _follow_order(self):
        """Offers are made to the customer of the order, in its currency (P28)."""
        for plan in self.filtered("sale_order_id"):
            order = plan.sale_order_id
            plan.user_id = order.user_id
            if plan.state == const.OFFERED:
                plan.write(
                    {
                        "partner_id": order.partner_id.id,
                        "currency_id": order.currency_id.id,
                    }
                )

    def _ensure_same_template(self, template_id):
        for plan in self:
            if plan.template_id.id != template_id:
                raise UserError(
                    self.env._(
                        "%s is a copy of its template: offer another plan instead.",
                        plan.display_name,
                    )
                )

    def _ensure_unbound(self):
        if self.state in const.BOUND_STATES:
            raise UserError(
                self.env._(
                    "%s was signed by the customer: it cannot be changed here.",
                    self.display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        for plan in self:
            if plan.version_ids or plan.event_ids:
                raise UserError(
                    self.env._(
                        "%s was shown to the customer as a contract: cancel it instead "
                        "of deleting it.",
                        plan.display_name,
                    )
                )

    @api.depends("name", "sale_order_id.name", "move_id.name")
    def _compute_display_name(self):
        for plan in self:
            document = plan._get_document().sudo().name  # the name only
            plan.display_name = f"{document}: {plan.name}" if document else plan.name

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for plan in self:
            plan.access_url = f"/my/plans/{plan.id}"
        return result

    # === SCHEDULE === #

    def _get_schedule(self):
        """Return what the customer would pay if the contract were signed today.

        :return: `schedule.Schedule` in whole smallest amounts of the order's currency
        :raise UserError: there is no such schedule; says why
        """
        self.ensure_one()
        return self._make_schedule(self._get_order())

    def _get_order(self):
        """Return what the rule is applied to: total, currency, days; hook."""
        self.ensure_one()
        return self.sale_order_id._get_plan_order(self)

    def _get_document(self):
        """Return the document that this plan divides; hook."""
        self.ensure_one()
        return self.sale_order_id

    def _get_problem(self):
        """Say why this plan cannot be chosen or signed now, or return an empty text."""
        self.ensure_one()
        order = self.sale_order_id
        today = self.company_id._get_autopay_today()
        invoices_sudo = order.sudo().invoice_ids  # as any customer
        if invoices_sudo.filtered(lambda move: move.state != "cancel"):
            return self.env._(
                "%s is invoiced in part: credit or cancel these invoices before it is "
                "paid by a plan.",
                order.name,
            )
        if self.state != const.OFFERED:
            return self.env._("%s is not offered any more.", self.name)
        if self.valid_until and self.valid_until < today:
            return self.env._("The offer of %s has ended.", self.name)
        if order.is_expired or order.state not in ("draft", "sent"):
            return self.env._("%s cannot be signed any more.", order.name)
        try:
            schedule = self._get_schedule()
        except UserError as error:
            return str(error)
        reason = self._get_norm_problem(schedule)
        return reason or self._get_autopay_problem()

    def _get_norm_problem(self, schedule):
        """Say what needs an approval that was not given."""
        self.ensure_one()
        session = self.session_date
        if self.approved_by_id or not session or not schedule.last_due:
            return ""
        if schedule.last_due <= session:
            return ""
        return self.env._(
            "%s: payments are due after the session, which can be credit. A sales "
            "manager must approve it first.",
            self.name,
        )

    def _get_autopay_problem(self):
        """Say that automatic payment is required, but not possible (P51)."""
        self.ensure_one()
        if self.autopay != const.AUTOPAY_REQUIRED or self._get_providers_sudo():
            return ""
        return self.env._(
            "%(plan)s requires automatic payment, but no payment provider of "
            "%(company)s can save payment methods. Set one up, or make automatic "
            "payment optional.",
            plan=self.name,
            company=self.company_id.name,
        )

    def _get_providers_sudo(self):
        """Return the providers that can charge the customer of this plan by a token."""
        self.ensure_one()
        Provider = self.env["payment.provider"].sudo()  # salespeople may not read them
        found = Provider._get_compatible_providers(
            self.company_id.id,
            self.partner_id.id,
            0.0,
            currency_id=self.currency_id.id,
            force_tokenization=True,
            is_validation=True,
        )
        return found.filtered(
            lambda p: not p._get_autopay_grant_obstacle(self.currency_id)
        )

    @api.depends(
        lambda self: [
            *self._get_rule_depends(),
            "state",
            "sale_order_id.amount_total",
            "sale_order_id.session_date",
        ]
    )
    def _compute_preview_html(self):
        for plan in self:
            plan.preview_html = plan._render_preview()

    def _render_preview(self):
        """Return the schedule as it would be signed today, or why there is none."""
        self.ensure_one()
        if not self.sale_order_id or self.state != const.OFFERED:
            return False
        return self._render_today()

    def _render_today(self):
        try:
            schedule = self._get_schedule()
        except UserError as error:
            return self.env["ir.qweb"]._render(
                "payment_plan.schedule_problem", {"problem": str(error)}
            )
        return self._render_schedule(schedule, self.currency_id)

    def _get_deposit(self):
        """Return what is to be paid at the signature, in the order's currency.

        Whatever is due on that day is paid together: one charge (P58).
        """
        self.ensure_one()
        if self.structure == const.FINANCED or self.state == const.CANCELED:
            return 0.0
        if self.state in const.BOUND_STATES:
            day = fields.Date.to_date(self.version_id.signature_day)
            first = self.installment_ids.filtered(lambda line: line._is_due_on(day))
            return sum(first.mapped("amount"))
        schedule = self._get_schedule()
        day = self.company_id._get_autopay_today()
        first = [line for line in schedule.lines if line.is_due(day)]
        return from_units(sum(ln.amount for ln in first), self.currency_id.rounding)

    def _get_saved_amount(self, schedule):
        """Return what paying in full saves, in the order's currency.

        :param schedule: `schedule.Schedule` of this plan
        """
        return from_units(schedule.discount, self.currency_id.rounding)
