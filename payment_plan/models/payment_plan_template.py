from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .. import const
from .payment_plan_rule_schedule import Order


class PaymentPlanTemplate(models.Model):
    """A plan that can be offered: the rule, for which orders, under which contract."""

    _name = "payment.plan.template"
    _description = "Payment Plan Template"
    _inherit = ["mail.thread", "payment.plan.rule.mixin"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Empty: for all companies.",
    )
    description = fields.Text(
        translate=True, help="What the customer reads on the card of the plan."
    )
    step_ids = fields.One2many(
        "payment.plan.step", "template_id", "Steps after the deposit", copy=True
    )
    # Which orders
    product_ids = fields.Many2many(
        "product.template",
        "payment_plan_template_product_rel",
        "plan_template_id",
        "product_template_id",
        string="Products",
        help="An order with one of them; empty: any order.",
    )
    category_ids = fields.Many2many(
        "product.category", string="Product categories", help="With those below them."
    )
    amount_min = fields.Monetary("Totals from")
    amount_max = fields.Monetary("Totals up to", help="0: no limit.")
    date_from = fields.Date("Offered from")
    date_to = fields.Date("Offered until", help="The last day, in the company's zone.")
    offer_days = fields.Integer(
        "Offer valid for",
        help="Days from the day on which it is added to a quotation; 0: as long as the "
        "quotation.",
    )
    # Norms
    approval_reason = fields.Text(compute="_compute_approval_reason")
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)

    _limits = models.Constraint(
        "CHECK (offer_days >= 0 AND amount_min >= 0 AND amount_max >= 0)",
        "Limits of a plan are zero or more.",
    )

    @api.constrains("amount_min", "amount_max", "date_from", "date_to")
    def _check_limits(self):
        for template in self:
            if template.amount_max and template.amount_max < template.amount_min:
                raise ValidationError(
                    self.env._("%s: no total is in these limits.", template.name)
                )
            if (
                template.date_from
                and template.date_to
                and template.date_to < template.date_from
            ):
                raise ValidationError(
                    self.env._("%s: the offer ends before it starts.", template.name)
                )

    # === NORMS === #

    @api.depends("structure", "installment_count", "step_ids", "surcharge_percent")
    def _compute_approval_reason(self):
        for template in self:
            template.approval_reason = "\n".join(template._get_approval_reasons())

    def _get_approval_reasons(self):
        """Return why this template needs a manager's approval before it is offered."""
        self.ensure_one()
        reasons = []
        count = self._get_asked_count()
        most = (self.company_id or self.env.company).plan_most_installments
        if count > most:
            reasons.append(
                self.env._(
                    "%(count)s installments: in the US a written agreement in more "
                    "than %(most)s, the deposit not counted, can be consumer credit "
                    "(Regulation Z). Approve it only after advice.",
                    count=count,
                    most=most,
                )
            )
        if self._has_surcharge():
            reasons.append(
                self.env._(
                    "A surcharge for paying in parts can be a finance charge, which "
                    "makes the plan consumer credit (Regulation Z). Approve it only "
                    "after advice."
                )
            )
        return reasons

    def _get_asked_count(self):
        if self.structure == const.INSTALLMENTS:
            return self.installment_count
        is_stepped = self.structure in (const.PROGRESSIVE, const.CUSTOM)
        return len(self.step_ids) if is_stepped else 0

    def action_approve(self):
        """Approve templates that exceed the company's norms.

        :raise UserError: the user is no sales manager
        """
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise UserError(
                self.env._("Ask a sales manager to approve %s.", self[:1].name)
            )
        for template in self:
            template.message_post(
                body=self.env._("Approved: %s", template.approval_reason or "-")
            )
        self.write(
            {"approved_by_id": self.env.uid, "approved_on": fields.Datetime.now()}
        )

    def write(self, vals):
        """What was approved is approved as it was: a change needs another approval."""
        if set(vals) & self._get_rule_names():
            vals = {**vals, "approved_by_id": False, "approved_on": False}
        return super().write(vals)

    # === ELIGIBILITY === #

    @api.model
    def _get_proposed(self, order):
        """Return the templates that an order can have, those it asks for first.

        :param order: `sale.order`
        :return: `payment.plan.template`
        """
        wanted = order.order_line.product_id.product_tmpl_id.payment_plan_template_ids
        wanted |= order.sale_order_template_id.payment_plan_template_ids
        company = Domain("company_id", "in", [False, order.company_id.id])
        templates = wanted or self.search(company)
        return templates.filtered(lambda t: not t._get_obstacle(order))

    def _get_obstacle(self, order):
        """Say why this plan cannot be offered on an order, or return an empty text.

        :param order: `sale.order`
        """
        self.ensure_one()
        return self._get_limit_obstacle(order) or self._get_schedule_obstacle(order)

    def _get_limit_obstacle(self, order):
        today = order.company_id._get_autopay_today()
        products = order.order_line.product_id
        total = order._get_plan_total()
        if self.company_id and self.company_id != order.company_id:
            return self.env._("It belongs to %s.", self.company_id.name)
        if not self.active:
            return self.env._("It is archived.")
        if (self.date_from and today < self.date_from) or (
            self.date_to and today > self.date_to
        ):
            return self.env._("It is not offered today.")
        if self.product_ids or self.category_ids:
            fits = products.product_tmpl_id & self.product_ids
            below = self.env["product.category"].search(
                [("id", "child_of", self.category_ids.ids)]
            )
            if not fits and not products.categ_id & below:
                return self.env._("It is for other products.")
        if total < self.amount_min or (self.amount_max and total > self.amount_max):
            return self.env._("The total is outside its limits.")
        if self._get_approval_reasons() and not self.approved_by_id:
            return self.env._("A sales manager has not approved it.")
        return ""

    def _get_schedule_obstacle(self, order):
        try:
            self._make_schedule(order._get_plan_order())
        except UserError as error:
            return str(error)
        return ""

    def _prepare_offer_vals(self, order):
        """Return the values of this plan on an order.

        :param order: `sale.order`, possibly empty
        """
        self.ensure_one()
        until = False
        if self.offer_days:
            company = order.company_id or self.env.company
            until = fields.Date.add(company._get_autopay_today(), days=self.offer_days)
        ends = [day for day in (until, self.date_to) if day]
        return {
            **self._prepare_rule_vals(),
            "name": self.name,
            "description": self.description,
            "sequence": self.sequence,
            "valid_until": min(ends, default=False),
        }

    # === EXAMPLE === #

    example_total = fields.Monetary("Example", default=2000.0)
    example_session = fields.Date("Session in the example")
    example_html = fields.Html(compute="_compute_example_html", sanitize=False)

    @api.depends(
        lambda self: [
            *self._get_rule_depends(),
            "example_total",
            "example_session",
            "company_id",
        ]
    )
    def _compute_example_html(self):
        for template in self:
            company = template.company_id or self.env.company
            order = Order(
                total=template.example_total,
                currency=template.currency_id or company.currency_id,
                company=company,
                signed_on=company._get_autopay_today(),
                session_date=template._get_example_session(),
            )
            template.example_html = template._render_example(order)

    def _get_example_session(self):
        """Return the session of the example; one in 90 days where the plan needs it."""
        self.ensure_one()
        today = (self.company_id or self.env.company)._get_autopay_today()
        if self.example_session and self.example_session > today:
            return self.example_session
        needs = self.has_cutoff or self.start == const.BACK_FROM_SESSION
        needs = needs or const.BACK_FROM_SESSION in self.step_ids.mapped("due")
        return fields.Date.add(today, days=90) if needs else None

    def _render_example(self, order):
        """Return the table of an example, or the reason why there is none."""
        try:
            schedule = self._make_schedule(order)
        except UserError as error:
            return self.env["ir.qweb"]._render(
                "payment_plan.schedule_problem", {"problem": str(error)}
            )
        return self._render_schedule(schedule, order.currency)
