from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import BUDGET_OPEN, LEDGER_FIELDS, LOT_CLOSED
from ..tools.allocation import OVERDRAFT, PARTIAL, REFUSE

SCOPE_ALL = "all"
SCOPE_PROJECTS = "projects"
SCOPE_TASKS = "tasks"
SCOPE_PRODUCTS = "products"

ZERO_SKIP = "skip"
ZERO_DEDUCT = "deduct"

#: What a budget with history keeps.
FIXED_FIELDS = (
    "partner_id",
    "company_id",
    "unit",
    "currency_id",
    "money_currency_id",
    "tax_policy",
)


class PrepaidBudget(models.Model):
    """Credit that a customer bought in advance, drawn down by timesheets."""

    _name = "prepaid.budget"
    _inherit = [
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "autopay.step.mixin",
    ]
    _description = "Prepaid Budget"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    sequence = fields.Integer("Priority", default=10, help="Lower is used first.")
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        index=True,
        tracking=True,
        ondelete="restrict",
        check_company=True,
        help="The budget belongs to the company of this contact and all its contacts.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        tracking=True,
        domain="[('share', '=', False)]",
        help="Is told when something needs a decision.",
    )
    product_id = fields.Many2one(
        "product.product",
        "Prepaid pack",
        compute="_compute_product_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain="[('prepaid_ok', '=', True)]",
        help="Product of the top-up invoices: its account and taxes apply.",
    )

    # What the budget pays for
    scope = fields.Selection(
        [
            (SCOPE_ALL, "All work for the customer"),
            (SCOPE_PROJECTS, "Chosen projects"),
            (SCOPE_TASKS, "Chosen tasks"),
            (SCOPE_PRODUCTS, "Chosen services"),
        ],
        required=True,
        default=SCOPE_ALL,
        tracking=True,
        help="Where several budgets fit, the most specific pays: tasks, then projects, "
        "then services, then all work. Among equals the one with the higher priority, "
        "then the oldest.",
    )
    project_ids = fields.Many2many(
        "project.project",
        string="Projects",
        check_company=True,
        help="With no project left, the budget pays for nothing; it does not fall back "
        "to all work.",
    )
    hourly_rate = fields.Monetary(
        currency_field="money_currency_id",
        tracking=True,
        help="Without tax, for time without a sales order item. Empty: the customer's "
        "price list on the day of the work.",
    )
    service_product_id = fields.Many2one(
        "product.product",
        "Service",
        check_company=True,
        domain="[('type', '=', 'service')]",
        help="Service whose price list price values time without a sales order item.",
    )
    cover_earlier_work = fields.Boolean(
        default=True,
        help="Credit also pays for work done before the day it was bought.",
    )
    zero_rate_policy = fields.Selection(
        [(ZERO_SKIP, "Leave it out"), (ZERO_DEDUCT, "Deduct it at zero")],
        "Time that is not billable",
        required=True,
        default=ZERO_SKIP,
    )
    shortage_policy = fields.Selection(
        [
            (REFUSE, "Refuse: an entry is covered in whole or not at all"),
            (PARTIAL, "Cover in part: the rest stays billable"),
            (OVERDRAFT, "Overdraft: go below zero, up to a limit"),
        ],
        "When credit is short",
        required=True,
        default=PARTIAL,
        tracking=True,
    )
    overdraft_limit = fields.Monetary(
        tracking=True,
        groups="base.group_user",
        help="How far below zero the balance may go, included.",
    )

    # What is left
    balance = fields.Monetary(readonly=True, copy=False, default=0.0)
    amount_pending = fields.Monetary(
        "Waiting for payment", compute="_compute_amount_pending", compute_sudo=True
    )
    lock_seq = fields.Integer(
        default=0,
        copy=False,
        readonly=True,
        groups="base.group_no_one",
        help="Changed by every transaction that moves the balance.",
    )
    lot_ids = fields.One2many("prepaid.lot", "budget_id", "Lots", readonly=True)
    entry_ids = fields.One2many("prepaid.entry", "budget_id", "Entries", readonly=True)
    entry_count = fields.Integer(compute="_compute_entry_count")
    timesheet_count = fields.Integer(
        "Time entries to deduct", compute="_compute_timesheet_count"
    )
    note = fields.Html("Internal note", groups="base.group_user")

    _overdraft_not_negative = models.Constraint(
        "CHECK (overdraft_limit >= 0)", "An overdraft limit cannot be negative."
    )
    _hourly_rate_not_negative = models.Constraint(
        "CHECK (hourly_rate >= 0)", "An hourly rate cannot be negative."
    )

    # === COMPUTES === #

    @api.depends("partner_id")
    def _compute_name(self):
        for budget in self:
            if not budget.name:
                partner = budget.partner_id.commercial_partner_id
                budget.name = partner.name and self.env._(
                    "Prepaid %(customer)s", customer=partner.name
                )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for budget in self:
            if not budget.currency_id:
                budget.currency_id = budget.company_id.currency_id

    @api.depends("company_id")
    def _compute_product_id(self):
        for budget in self:
            if not budget.product_id:
                budget.product_id = budget.company_id._get_prepaid_product()

    @api.depends("lot_ids.state", "lot_ids.quantity", "entry_ids")
    def _compute_amount_pending(self):
        lots = self.env["prepaid.lot"].search(
            [("budget_id", "in", self.ids), ("state", "!=", LOT_CLOSED)]
        )
        pending = lots._get_pending()
        by_budget = lots.grouped("budget_id")
        for budget in self:
            own = by_budget.get(budget._origin, lots.browse())
            budget.amount_pending = sum(pending[lot] for lot in own)

    @api.depends("entry_ids")
    def _compute_entry_count(self):
        groups = self.env["prepaid.entry"]._read_group(
            [("budget_id", "in", self.ids)], ["budget_id"], ["__count"]
        )
        counts = {budget.id: count for budget, count in groups}
        for budget in self:
            budget.entry_count = counts.get(budget.id, 0)

    def _compute_timesheet_count(self):
        counts = self.partner_id._get_prepaid_timesheet_counts()
        for budget in self:
            owner = budget.partner_id.commercial_partner_id
            budget.timesheet_count = counts.get(owner.id, 0)

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for budget in self:
            budget.access_url = f"/my/prepaid/{budget.id}"
        return result

    # === CONSTRAINTS === #

    @api.constrains("money_currency_id", "company_id")
    def _check_currency_rate(self):
        for budget in self:
            budget._ensure_rate(budget.money_currency_id)

    @api.constrains("shortage_policy", "overdraft_limit")
    def _check_overdraft(self):
        for budget in self:
            if budget.shortage_policy == OVERDRAFT and budget.currency_id.is_zero(
                budget.overdraft_limit
            ):
                raise ValidationError(
                    self.env._(
                        "%(budget)s: set how far below zero the overdraft may go, or "
                        "choose another way to handle short credit.",
                        budget=budget.display_name,
                    )
                )

    def _ensure_rate(self, currency):
        """Refuse a currency that cannot be converted: core would silently use 1.

        :param currency: `res.currency` to convert from or to
        :raise ValidationError: no exchange rate exists in the budget's company
        """
        self.ensure_one()
        if not self._has_rate(currency):
            raise ValidationError(
                self.env._(
                    "%(budget)s: there is no exchange rate between %(currency)s and "
                    "%(company_currency)s in %(company)s. Add one under Accounting, "
                    "Configuration, Currencies.",
                    budget=self.display_name,
                    currency=currency.name,
                    company_currency=self.company_id.currency_id.name,
                    company=self.company_id.display_name,
                )
            )

    def _has_rate(self, currency):
        self.ensure_one()
        if currency == self.company_id.currency_id:
            return True
        root = self.company_id.root_id
        return bool(
            self.env["res.currency.rate"]
            .sudo()  # whether a rate exists is no secret
            .search_count(
                [
                    ("currency_id", "=", currency.id),
                    ("company_id", "in", (False, root.id)),
                ],
                limit=1,
            )
        )

    # === CRUD === #

    @api.model
    def default_get(self, fields):
        """No default value from anywhere opens a balance or suspends charging."""
        result = super().default_get(fields)
        return {**result, **dict.fromkeys(LEDGER_FIELDS & result.keys(), False)}

    @api.model_create_multi
    def create(self, vals_list):
        """A budget belongs to the commercial entity, whichever contact is chosen."""
        # An explicit zero: no default value from anywhere can open a balance.
        ledger_vals = {"balance": 0.0, "state": BUDGET_OPEN}
        return super().create(
            [{**self._normalize_vals(vals), **ledger_vals} for vals in vals_list]
        )

    def write(self, vals):
        """A budget with history keeps its customer, company and currency.

        :raise UserError: one of them would change although credit was ever bought, or
            the balance is written by hand
        """
        vals = self._normalize_vals(vals)
        for budget in self.filtered(lambda b: b._has_history()):
            moved = [
                self._fields[name]._description_string(self.env)
                for name in FIXED_FIELDS
                if name in vals
                and vals[name]
                != budget._fields[name].convert_to_write(budget[name], budget)
            ]
            if moved:
                raise UserError(
                    self.env._(
                        "%(budget)s has a history: its %(fields)s can no longer "
                        "change. Archive it and open a new budget.",
                        budget=budget.display_name,
                        fields=", ".join(moved),
                    )
                )
        return super().write(vals)

    def _has_history(self):
        self.ensure_one()
        budget_sudo = self.sudo()  # history counts whoever may see it
        return bool(budget_sudo.lot_ids or budget_sudo.entry_ids)

    def _normalize_vals(self, vals):
        if not self.env.su and LEDGER_FIELDS & vals.keys():
            raise UserError(
                self.env._(
                    "A balance is the sum of its ledger: it cannot be typed. Top the "
                    "budget up with an invoice, or deduct and return time."
                )
            )
        if partner_id := vals.get("partner_id"):
            partner = self.env["res.partner"].browse(partner_id)
            return {**vals, "partner_id": partner.commercial_partner_id.id}
        return vals

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_history(self):
        used = self.filtered(lambda budget: budget._has_history())
        if used:
            raise UserError(
                self.env._(
                    "%(budgets)s: a budget with history cannot be deleted. Archive it "
                    "instead.",
                    budgets=", ".join(used.mapped("display_name")),
                )
            )

    # === ACTIONS === #

    def action_view_entries(self):
        """Open the movements of these budgets."""
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "prepaid_billing.prepaid_entry_action"
            ),
            "domain": [("budget_id", "in", self.ids)],
        }

    def action_view_timesheets(self):
        """Open the customer's time that is still to deduct."""
        return self.partner_id.action_view_prepaid_timesheets()

    def action_view_invoices(self):
        """Open the invoices that bring credit to these budgets."""
        lines = self.env["account.move.line"].search(
            [("prepaid_budget_id", "in", self.ids)]
        )
        return lines.move_id._get_records_action(name=self.env._("Top-up invoices"))
