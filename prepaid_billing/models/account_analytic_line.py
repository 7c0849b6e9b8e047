from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import float_compare, float_is_zero

from ..const import RATE_SOURCES
from .prepaid_budget import ZERO_DEDUCT
from .res_company import EDIT_REBOOK

STATE_PARTIAL = "partial"
STATE_COVERED = "covered"

#: Hours are compared to a tenth of a second.
HOURS_DIGITS = 5

#: What a deduction rests on: a change would make the ledger say something else.
GUARDED_FIELDS = frozenset(
    {
        "unit_amount",
        "employee_id",
        "project_id",
        "task_id",
        "so_line",
        "date",
        "product_uom_id",
        "partner_id",
        "company_id",
        "prepaid_hour_from",
    }
)

#: Follows from the ledger; never written by a person or over RPC.
LEDGER_FIELDS = frozenset(
    {
        "prepaid_state",
        "prepaid_covered_hours",
        "prepaid_overflow_line_id",
        "prepaid_note",
        "is_prepaid_product",
    }
)


class AccountAnalyticLine(models.Model):
    """What prepaid budgets have paid of a timesheet, which itself is untouched."""

    _inherit = "account.analytic.line"

    prepaid_entry_ids = fields.One2many(
        "prepaid.entry",
        "timesheet_id",
        "Prepaid entries",
        readonly=True,
        copy=False,
        groups="prepaid_billing.group_user",
    )
    prepaid_state = fields.Selection(
        [(STATE_PARTIAL, "Partly deducted"), (STATE_COVERED, "Deducted")],
        "Prepaid",
        compute="_compute_prepaid_state",
        compute_sudo=True,
        store=True,
        copy=False,
        falsy_value_label="Not deducted",
    )
    prepaid_covered_hours = fields.Float(
        "Hours deducted",
        compute="_compute_prepaid_state",
        compute_sudo=True,
        store=True,
        copy=False,
        help="Hours that a prepaid budget has paid for; they are not invoiced again.",
    )

    is_prepaid_open = fields.Boolean(
        "May be deducted",
        compute="_compute_is_prepaid_open",
        search="_search_is_prepaid_open",
        compute_sudo=True,
        groups="prepaid_billing.group_user",
        help="Time that is neither deducted in whole nor invoiced: billable, or of a "
        "customer whose budget deducts other time at zero.",
    )

    # What it would be deducted for now; a preview, nothing is stored.
    prepaid_budget_id = fields.Many2one(
        "prepaid.budget",
        "Budget",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
    )
    prepaid_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
    )
    prepaid_money_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
    )
    prepaid_rate = fields.Monetary(
        "Rate",
        currency_field="prepaid_money_currency_id",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
    )
    prepaid_rate_source = fields.Selection(
        RATE_SOURCES,
        "Rate from",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
    )
    prepaid_rate_reason = fields.Char(
        "Why",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
    )
    prepaid_value = fields.Monetary(
        "To deduct",
        currency_field="prepaid_currency_id",
        compute="_compute_prepaid_value",
        groups="prepaid_billing.group_user",
        help="Value of the hours that are not deducted yet, without tax.",
    )

    _prepaid_state_index = models.Index("(so_line) WHERE prepaid_state IS NOT NULL")

    # === COMPUTES === #

    @api.depends("prepaid_entry_ids")
    def _compute_prepaid_state(self):
        covered = self._get_prepaid_ledger_hours()
        for timesheet in self:
            hours = covered.get(timesheet._origin.id, 0.0)
            if float_is_zero(hours, HOURS_DIGITS):
                timesheet.prepaid_covered_hours = 0.0
                timesheet.prepaid_state = False
                continue
            timesheet.prepaid_covered_hours = hours
            worked = timesheet._get_prepaid_hours()
            # What a negative entry gave back is below zero as well.
            is_whole = float_compare(abs(hours), abs(worked), HOURS_DIGITS) >= 0
            timesheet.prepaid_state = STATE_COVERED if is_whole else STATE_PARTIAL

    def _get_prepaid_ledger_hours(self):
        """Ask the ledger, not the stored fields, what is deducted; one query for all.

        :return: dict id of the timesheet -> hours deducted and not returned
        """
        if not self.ids:
            return {}
        Entry_sudo = self.env["prepaid.entry"].sudo()  # hours only, whoever logs time
        groups = Entry_sudo._read_group(
            [("timesheet_id", "in", self.ids)],
            ["timesheet_id"],
            ["hours:sum", "units:sum"],
        )
        totals = {t.id: (hours or 0.0) + (units or 0.0) for t, hours, units in groups}
        return {
            id_: hours
            for id_, hours in totals.items()
            if not float_is_zero(hours, HOURS_DIGITS)
        }

    def _filtered_prepaid_deducted(self):
        """Return the time of which the ledger has deducted something."""
        hours = self._get_prepaid_ledger_hours()
        return self.filtered(lambda t: t.id in hours)

    def _compute_prepaid_value(self):
        valuations = self._get_prepaid_valuations()
        for timesheet in self:
            valuation = valuations[timesheet]
            budget = valuation.budget
            timesheet.prepaid_budget_id = budget
            timesheet.prepaid_currency_id = budget.currency_id
            timesheet.prepaid_money_currency_id = budget.money_currency_id
            timesheet.prepaid_rate = valuation.rate
            timesheet.prepaid_rate_source = valuation.source
            timesheet.prepaid_rate_reason = valuation.obstacle or valuation.reason
            timesheet.prepaid_value = budget and (
                0.0 if valuation.obstacle else budget._from_units(valuation.value)
            )

    # === GUARDS === #

    @api.model
    def default_get(self, fields):
        """No default value from anywhere marks time as deducted."""
        return super().default_get([f for f in fields if f not in LEDGER_FIELDS])

    @api.model_create_multi
    def create(self, vals_list):
        """What the ledger says of time cannot be typed.

        :raise UserError: a field that follows from the ledger is given
        """
        self._ensure_prepaid_untyped(vals_list)
        return super().create(vals_list)

    def _ensure_prepaid_untyped(self, vals_list):
        # The recompute passes through neither create nor write.
        if self.env.su or not any(LEDGER_FIELDS & vals.keys() for vals in vals_list):
            return
        raise UserError(
            self.env._(
                "Whether time is deducted follows from the ledger: it cannot be typed. "
                "Deduct the time, or return it."
            )
        )

    def _is_readonly(self):
        """Deducted time may be edited where the company books it anew."""
        if self.prepaid_state and self._is_prepaid_rebooked():
            invoice = self.timesheet_invoice_id
            return bool(invoice) and invoice.state != "cancel"
        return super()._is_readonly()

    def _is_not_billed(self):
        """Deducted time keeps its project, customer and sales order item (B55)."""
        # Core asks for people who may not read the timesheet.
        return super()._is_not_billed() and not self.sudo().prepaid_state

    def write(self, vals):
        """Deducted time is not changed silently: refused, or returned and booked anew.

        :raise UserError: the company refuses edits of deducted time, or a field that
            follows from the ledger is given
        """
        self._ensure_prepaid_untyped([vals])
        deducted = self._filtered_prepaid_guarded(vals)
        if not deducted:
            return super().write(vals)
        refusing = deducted.filtered(lambda t: not t._is_prepaid_rebooked())
        if refusing:
            raise UserError(refusing._get_prepaid_locked_message())
        deducted._ensure_prepaid_rest_open()
        entries = deducted._prepaid_release(self.env._("The time entry was edited"))
        result = super().write(vals)
        # With it went the corrections of this time.
        released = deducted | entries.timesheet_id.sudo(self.env.su)
        released._prepaid_rebook(entries.budget_id)
        return result

    def _is_prepaid_rebooked(self):
        """Whether an edit of this deducted time is booked anew, not refused."""
        self.ensure_one()
        return self.company_id.prepaid_edit_policy == EDIT_REBOOK

    def _filtered_prepaid_guarded(self, vals):
        if not GUARDED_FIELDS & vals.keys():
            return self.browse()
        return self._filtered_prepaid_deducted()

    def _get_prepaid_locked_message(self):
        lines_sudo = self[:5].sudo()  # names of colleagues are no secret here
        names = ", ".join(
            f"{t.date} {t.employee_id.name or t.name}" for t in lines_sudo
        )
        return self.env._(
            "%(entries)s: this time is deducted from a prepaid budget. Return it first "
            "(button Return to prepaid budget on the time entry), then change it.",
            entries=names,
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_prepaid_deducted(self):
        """Deleting deducted time returns its value, by those who may return it."""
        deducted_sudo = self.sudo()._filtered_prepaid_deducted()  # whoever deletes
        if not deducted_sudo:
            return
        refusing = deducted_sudo.filtered(lambda t: not t._is_prepaid_rebooked())
        may_return = self.env.su or self.env.user.has_group(
            "prepaid_billing.group_user"
        )
        if refusing and not may_return:
            raise UserError(refusing._get_prepaid_locked_message())
        deducted_sudo._ensure_prepaid_rest_open()
        deducted_sudo._prepaid_release(self.env._("The time entry was deleted"))

    def _get_timesheets_to_merge(self):
        """Deducted entries are not merged: their value is booked entry by entry."""
        timesheets = super()._get_timesheets_to_merge()
        return timesheets - timesheets._filtered_prepaid_deducted()

    # === WHAT IS LEFT TO DEDUCT === #

    def _compute_is_prepaid_open(self):
        open_ones = self.filtered_domain(self._get_prepaid_open_domain())
        for timesheet in self:
            timesheet.is_prepaid_open = timesheet in open_ones

    def _search_is_prepaid_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._get_prepaid_open_domain()

    @api.model
    def _get_prepaid_open_domain(self):
        """Return the domain of time that may still be deducted or invoiced."""
        return Domain.AND(
            [
                [("project_id", "!=", False), ("unit_amount", "!=", 0)],
                [("timesheet_invoice_type", "in", ("billable_time", "non_billable"))],
                [("prepaid_state", "!=", STATE_COVERED)],
                self._get_prepaid_billable_domain() | self._get_prepaid_free_domain(),
                # Who deducts need not have any right on invoices.
                Domain("timesheet_invoice_id", "=", False)
                | Domain("timesheet_invoice_id", "any!", [("state", "=", "cancel")]),
            ]
        )

    @api.model
    def _get_prepaid_billable_domain(self):
        """Return the domain of time that is meant to be billed."""
        # Whoever emptied the sales order item said: not billable.
        meant = Domain("so_line", "!=", False) | Domain("is_so_line_edited", "=", False)
        return Domain("project_id.allow_billable", "=", True) & meant

    @api.model
    def _get_prepaid_free_domain(self):
        """Return the domain of customers who are shown free time, deducted at zero."""
        at_zero = Domain("zero_rate_policy", "=", ZERO_DEDUCT)
        return self._get_prepaid_customer_domain(
            Domain("prepaid_budget_ids", "any", at_zero)
        )

    @api.model
    def _get_prepaid_hour(self):
        """Return the unit hour; `env.ref` would ask the database for every line."""
        id_ = self.env["ir.model.data"]._xmlid_to_res_id(
            "uom.product_uom_hour", raise_if_not_found=True
        )
        return self.env["uom.uom"].browse(id_)

    def _get_prepaid_hours(self):
        """Return the duration in hours, whatever unit the company logs time in."""
        self.ensure_one()
        hour = self._get_prepaid_hour()
        uom = self.product_uom_id or hour
        return uom._compute_quantity(self.unit_amount, hour, round=False)

    # === ACTIONS === #

    def _check_prepaid_right(self):
        """Refuse those who may log time but not deduct it.

        :raise AccessError: the user is not in the group that deducts
        """
        if self.env.su or self.env.user.has_group("prepaid_billing.group_user"):
            return
        raise AccessError(
            self.env._(
                "Deducting time from prepaid budgets is for the group Prepaid Billing "
                "/ User. Ask an administrator for it."
            )
        )

    def action_prepaid_deduct(self):
        """Show what would be deducted from these timesheets, and what is short."""
        self._check_prepaid_right()
        wizard = self.env["prepaid.deduct"].create({"timesheet_ids": self.ids})
        return wizard._get_records_action(
            name=self.env._("Deduct time"),
            target="new",
            context={"dialog_size": "extra-large"},
        )

    def action_prepaid_return(self):
        """Give deducted time back to the budget; it is offered for invoicing again."""
        self._check_prepaid_returnable()
        deducted = self._filtered_prepaid_deducted()
        if not deducted:
            raise UserError(
                self.env._("None of these time entries is deducted: nothing to return.")
            )
        deducted._prepaid_release(
            self.env._("Returned by %(user)s", user=self.env.user.name)
        )

    def _check_prepaid_returnable(self):
        """Refuse to return time whose rest is on an invoice.

        :raise AccessError: the user may not deduct, or not see a timesheet
        :raise UserError: the rest would be neither deducted nor invoiced
        """
        self._check_prepaid_right()
        self.check_access("read")
        self._filtered_prepaid_deducted()._ensure_prepaid_rest_open()
