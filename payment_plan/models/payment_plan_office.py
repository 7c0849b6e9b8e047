from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import groupby

from .. import const
from ..tools.money import from_units


class PaymentPlanOffice(models.Model):
    """What the back office sees of a plan, and approves."""

    _inherit = "payment.plan"

    state = fields.Selection(group_expand="_expand_states")
    summary = fields.Char("Payments in short", compute="_compute_summary")
    problem = fields.Char(
        compute="_compute_summary", help="Why the customer cannot sign this plan now."
    )
    can_approve = fields.Boolean(compute="_compute_can_approve")
    contract_html = fields.Html(
        "Contract", compute="_compute_contract_html", sanitize=False
    )
    is_countersigned = fields.Boolean(compute="_compute_is_countersigned")
    has_milestones = fields.Boolean(compute="_compute_columns")
    has_problems = fields.Boolean(compute="_compute_columns")
    invoice_count = fields.Integer(compute="_compute_invoice_count")
    autopay_note = fields.Char("Collected", compute="_compute_autopay_note")
    mandate_id = fields.Many2one(
        "autopay.mandate",
        compute="_compute_collections",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    collection_ids = fields.Many2many(
        "autopay.collection",
        string="Charges",
        compute="_compute_collections",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    attempt_ids = fields.Many2many(
        "autopay.attempt",
        string="Attempts",
        compute="_compute_collections",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    # === IN SHORT === #

    @api.model
    def _expand_states(self, states, _domain):
        """Show the columns in the order of a plan's life, the main ones always."""
        main = (const.OFFERED, const.ACTIVE, const.COMPLETED, *states)
        return [state for state, _label in const.PLAN_STATES if state in main]

    @api.depends(
        lambda self: [
            *self._get_rule_depends(),
            "state",
            "valid_until",
            "approved_by_id",
            "installment_ids.amount",
            "sale_order_id.amount_total",
            "sale_order_id.session_date",
            "sale_order_id.state",
            "sale_order_id.validity_date",
        ]
    )
    def _compute_summary(self):
        for plan in self:
            # A line that is just being added has the rule of its template once saved.
            is_known = bool(plan._origin)
            is_offered = is_known and plan.state == const.OFFERED
            plan.problem = plan._get_problem() if is_offered else False
            plan.summary = plan._get_summary() if is_known else False

    def _get_summary(self):
        """Return the payments in one line of text, empty where there are none."""
        self.ensure_one()
        lines = [
            (line.kind, line.amount, line.date_due)
            for line in self.installment_ids.sorted("number")
        ]
        if not lines and self.state == const.OFFERED:
            lines = self._get_offered_lines()
        if not lines:
            return ""
        parts = [
            self._get_part_text(amount, len(same))
            for (_kind, amount), same in groupby(lines, key=lambda line: line[:2])
        ]
        text = " + ".join(parts)
        last_due = lines[-1][-1]
        if len(lines) == 1 or not last_due:
            return text
        day = self.env["ir.qweb.field.date"].value_to_html(last_due, {})
        return self.env._("%(payments)s, until %(day)s", payments=text, day=day)

    def _get_offered_lines(self):
        try:
            lines = self._get_schedule().lines
        except UserError:
            return []  # `problem` says why
        rounding = self.currency_id.rounding
        return [
            (line.kind, from_units(line.amount, rounding), line.due) for line in lines
        ]

    def _get_part_text(self, amount, count):
        text = self.currency_id.format(amount)
        return f"{count} × {text}" if count > 1 else text

    # === APPROVAL === #

    def _get_norm_problem(self, schedule):
        """What goes beyond the template's approval needs one of its own."""
        self.ensure_one()
        if self.approved_by_id:
            return super()._get_norm_problem(schedule)
        most = self.company_id.plan_most_installments
        count = sum(line.kind == "installment" for line in schedule.lines)
        template = self.template_id
        approved = 0.0
        if template.approved_by_id:
            most = max(most, template._get_asked_count())
            approved = template.surcharge_percent
        if self._has_surcharge() and self.surcharge_percent > approved:
            return self.env._(
                "%s has a surcharge for paying in parts, which can be a finance "
                "charge. A sales manager must approve it first.",
                self.name,
            )
        if count <= most:
            return super()._get_norm_problem(schedule)
        return self.env._(
            "%(plan)s has %(count)s installments, more than %(most)s: in the US this "
            "can be consumer credit. A sales manager must approve it first.",
            plan=self.name,
            count=count,
            most=most,
        )

    @api.depends(lambda self: ["problem", *self._get_rule_depends()])
    @api.depends_context("uid")
    def _compute_can_approve(self):
        is_manager = self.env.user.has_group("sales_team.group_sale_manager")
        for plan in self:
            plan.can_approve = is_manager and plan._is_approval_missing()

    def _is_approval_missing(self):
        """Whether only a sales manager's approval allows to sign this plan."""
        self.ensure_one()
        if self.state != const.OFFERED or not self.sale_order_id:
            return False
        try:
            return bool(self._get_norm_problem(self._get_schedule()))
        except UserError:
            return False  # there is no schedule to approve

    def action_approve(self):
        """Approve plans as they are now; a change of them needs another approval.

        :raise UserError: the user is no sales manager, or the plan is signed
        """
        self._ensure_approver()
        self.check_access("write")
        for plan in self:
            plan._ensure_unbound()
            reason = plan._get_norm_problem(plan._get_schedule())
            plan.message_post(body=self.env._("Approved: %s", reason or "-"))
        self.sudo().approved_by_id = self.env.user  # checked above

    def _ensure_approver(self):
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise UserError(
                self.env._("Ask a sales manager to approve %s.", self[:1].display_name)
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Offer plans on open quotations only; what is offered is to be signed."""
        plans = super().create(vals_list)
        plans.sale_order_id._ensure_open_for_plans()
        plans.sale_order_id.require_signature = True
        return plans

    def write(self, vals):
        """What was approved is approved as it was."""
        if set(vals) & self._get_rule_names():
            self._end_approval()
        return super().write(vals)

    def _end_approval(self):
        approved = self.filtered("approved_by_id")
        approved.sudo().approved_by_id = False  # by the system only

    @api.onchange("template_id")
    def _onchange_template_id(self):
        """Show what a new offer is called; saving it copies the whole rule."""
        if self.template_id and not self._origin:
            vals = self.template_id._prepare_offer_vals(self.sale_order_id)
            self.name = vals["name"]
            self.description = vals["description"]
            self.valid_until = vals["valid_until"]

    # === DOCUMENTS === #

    @api.depends("installment_ids.milestone", "installment_ids.problem")
    def _compute_columns(self):
        """Show columns only where one of the payments has something in them."""
        for plan in self:
            plan.has_milestones = any(plan.installment_ids.mapped("milestone"))
            plan.has_problems = any(plan.installment_ids.mapped("problem"))

    @api.depends("version_id", "version_ids")
    def _compute_contract_html(self):
        for plan in self:
            version = plan.version_id or plan.version_ids[:1]
            plan.contract_html = version.contract_html

    @api.depends("event_ids.kind")
    def _compute_is_countersigned(self):
        for plan in self:
            plan.is_countersigned = bool(plan._get_countersignature())

    @api.depends("installment_ids.move_id", "final_move_id", "move_id")
    def _compute_invoice_count(self):
        for plan in self:
            plan.invoice_count = len(plan._get_moves())

    def _get_moves(self):
        self.ensure_one()
        return self.installment_ids.move_id | self.final_move_id | self.move_id

    def action_view_invoices(self):
        """Open the invoices of this plan."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        moves = self._get_moves()
        return {**action, "domain": [("id", "in", moves.ids)], "context": {}}

    def action_view_order(self):
        """Open the order on which this plan was offered."""
        self.ensure_one()
        return self.sale_order_id.get_formview_action()

    # === COLLECTING === #

    @api.depends("installment_ids.move_id")
    def _compute_collections(self):
        for plan in self:
            collections = plan.installment_ids.move_id.autopay_collection_ids
            plan.mandate_id = plan._get_mandate_sudo().sudo(False)
            plan.collection_ids = collections
            plan.attempt_ids = collections.attempt_ids

    @api.depends("autopay", "state")
    def _compute_autopay_note(self):
        for plan in self:
            mandate_sudo = plan._get_mandate_sudo() if plan._origin else False
            if mandate_sudo:
                plan.autopay_note = self.env._(
                    "Automatically, by %s", mandate_sudo.token_id.display_name
                )
            elif plan.autopay == const.AUTOPAY_OFF:
                plan.autopay_note = self.env._("The customer pays each payment")
            elif plan.autopay == const.AUTOPAY_OPTIONAL:
                plan.autopay_note = self.env._(
                    "The customer pays each payment, unless automatic payment is "
                    "allowed"
                )
            else:
                plan.autopay_note = self.env._(
                    "Automatically, once the customer has named a payment method"
                )
