from odoo import fields, models
from odoo.exceptions import UserError

#: A change of these makes time that of another item.
MOVING_FIELDS = frozenset({"so_line", "project_id", "task_id", "employee_id"})


class AccountAnalyticLineOverflow(models.Model):
    """Time, or the rest of it, that is billed beyond the budget (BF17).

    Decided when it is deducted: a later top-up does not change it, unless somebody asks
    to deduct it again or takes it back (B44).
    """

    _inherit = "account.analytic.line"

    prepaid_overflow_line_id = fields.Many2one(
        "sale.order.line",
        "Rest billed on",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Sales order item that bills what the prepaid budget does not cover.",
    )

    # === PLAN === #

    def _plan_prepaid_deductions(self):
        """Say of what is short at which rate it is billed."""
        deductions = super()._plan_prepaid_deductions()
        for deduction in deductions:
            budget_sudo = deduction.valuation.budget.sudo()  # its terms only
            if deduction.is_short and deduction.timesheet._is_prepaid_beyond(
                budget_sudo
            ):
                deduction.beyond = budget_sudo._get_overflow_text()
        return deductions

    def _is_prepaid_beyond(self, budget_sudo):
        """Whether what this budget does not cover has a rate of its own.

        :param budget_sudo: `prepaid.budget`
        """
        self.ensure_one()
        is_billed_time = bool(self.project_id and self.so_line)
        return is_billed_time and budget_sudo._has_own_overflow()

    # === MARK === #

    def _mark_prepaid_beyond(self, deductions):
        """Say on which item the rest is billed; covered time has none.

        :param list deductions: of :class:`Deduction`
        """
        is_marked = super()._mark_prepaid_beyond(deductions)
        for deduction in deductions:
            timesheet_sudo = deduction.timesheet.sudo()  # whoever deducts
            if deduction.beyond:
                line = timesheet_sudo._get_prepaid_beyond_line(deduction)
                is_marked |= timesheet_sudo.prepaid_overflow_line_id != line
                timesheet_sudo._set_prepaid_overflow(line)
            elif not deduction.obstacle:
                timesheet_sudo._set_prepaid_overflow(line=False)
        return is_marked

    def _get_prepaid_beyond_line(self, deduction):
        """Return the item that bills what is beyond the budget; hook.

        :param deduction: :class:`Deduction` of this time
        :return: `sale.order.line`
        """
        self.ensure_one()
        return self.so_line._get_prepaid_overflow_line(
            deduction.valuation.budget.sudo()  # whoever deducts
        )

    def _set_prepaid_overflow(self, line):
        """Bill the rest of this time on an item, or as before.

        :param line: `sale.order.line`, or False
        """
        changed_sudo = self.sudo().filtered(  # follows from the deduction
            lambda t: t.prepaid_overflow_line_id != (line or t.env["sale.order.line"])
        )
        if changed_sudo:
            changed_sudo.prepaid_overflow_line_id = line

    def _is_prepaid_marked(self):
        """Whether this time is billed beyond the budget, and nothing of it deducted."""
        self.ensure_one()
        return bool(self.prepaid_overflow_line_id) and not self.prepaid_state

    # === EDITS === #

    def write(self, vals):
        """Time of another item is not beyond the budget of this one."""
        if MOVING_FIELDS & vals.keys():
            marked_sudo = self.sudo().filtered(lambda t: t._is_prepaid_marked())
            marked_sudo.filtered(
                lambda t: t._is_prepaid_invoice_open()
            )._set_prepaid_overflow(line=False)
        return super().write(vals)

    def _is_prepaid_invoice_open(self):
        """Whether no invoice bills this time, or only a canceled one."""
        self.ensure_one()
        invoice_sudo = self.sudo().timesheet_invoice_id  # its state only
        return not invoice_sudo or invoice_sudo.state == "cancel"

    def _is_not_billed(self):
        """Time that is marked keeps its sales order item, as deducted time does."""
        # Core asks for people who may not read the timesheet.
        return super()._is_not_billed() and not self.sudo().prepaid_overflow_line_id

    def _is_readonly(self):
        """Time that is only marked may be edited until it is invoiced."""
        if self._is_prepaid_marked():
            return not self._is_prepaid_invoice_open()
        return super()._is_readonly()

    # === TAKE BACK === #

    def action_prepaid_return(self):
        """Take the decision back as well: the item of the time bills it again.

        :raise UserError: it is on an invoice
        """
        marked = self.filtered(lambda t: t.sudo()._is_prepaid_marked())  # seen by all
        if not marked:
            return super().action_prepaid_return()
        marked._check_prepaid_right()
        marked.check_access("read")
        invoiced = marked.filtered(lambda t: not t._is_prepaid_invoice_open())
        if invoiced:
            raise UserError(
                self.env._(
                    "%(entry)s is invoiced beyond the budget. Credit or cancel that "
                    "invoice first.",
                    entry=invoiced[:1].display_name,
                )
            )
        marked._set_prepaid_overflow(line=False)
        others = self - marked
        return (
            super(AccountAnalyticLineOverflow, others).action_prepaid_return()
            if others
            else None
        )
