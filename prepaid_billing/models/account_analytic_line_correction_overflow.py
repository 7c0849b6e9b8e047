from odoo import models
from odoo.tools import float_compare

from ..const_consumption import REJECTED
from .account_analytic_line import HOURS_DIGITS


class AccountAnalyticLineCorrectionOverflow(models.Model):
    """Negative time takes back what is billed beyond a budget, too (B62, BF17).

    What was deducted is given back first. The rest of the correction lowers the item
    that bills the corrected time, not the item that the time was worked for: nothing is
    credited at a price at which it was never billed.
    """

    _inherit = "account.analytic.line"

    # === PLAN === #

    def _plan_prepaid_deductions(self):
        """Say of the rest of corrections at which rate it is taken back."""
        deductions = super()._plan_prepaid_deductions()
        # Time that is about to be beyond may be corrected in the same go.
        planned = {}
        for deduction in deductions:
            if deduction.beyond:
                # Prices and employees of whoever.
                key = deduction.timesheet.sudo()._get_prepaid_correction_key()
                planned.setdefault(key, []).append(deduction)
        taken = {}
        for deduction in deductions:
            timesheet_sudo = deduction.timesheet.sudo()  # as above
            rest = timesheet_sudo._get_prepaid_correction_rest(deduction)
            if float_compare(rest, 0.0, HOURS_DIGITS) <= 0:
                continue
            key = timesheet_sudo._get_prepaid_correction_key()
            hours, text = timesheet_sudo._get_prepaid_beyond(planned.get(key, ()))
            hours -= taken.get(key, 0.0)
            if float_compare(hours, rest, HOURS_DIGITS) >= 0:
                taken[key] = taken.get(key, 0.0) + rest
                deduction.beyond = text
        return deductions

    def _get_prepaid_correction_rest(self, deduction):
        """Return the hours of a correction that no deduction gives back.

        :param deduction: :class:`Deduction` of this time
        :return: float, above zero; 0.0 where there is nothing to take back
        """
        self.ensure_one()
        is_decided = self.prepaid_approval == REJECTED
        if is_decided or not self._is_prepaid_correction():
            return 0.0
        if not self._is_prepaid_invoice_open():
            return 0.0
        given = 0.0 if deduction.obstacle else deduction.cover.hours
        # All three are below zero.
        return deduction.valuation.covered + given - self._get_prepaid_hours()

    def _get_prepaid_beyond(self, planned):
        """Return what is billed beyond a budget of the time that this one corrects.

        :param planned: :class:`Deduction` about to be billed beyond
        :return: tuple (hours, the rate to show)
        """
        line, hours = self._get_prepaid_corrected_item()
        text = line._get_prepaid_name() if line else False
        for deduction in planned:
            valuation, cover = deduction.valuation, deduction.cover
            is_marked = deduction.timesheet.sudo().prepaid_overflow_line_id  # as above
            if not is_marked:
                hours += valuation.hours - (0.0 if deduction.obstacle else cover.hours)
            text = deduction.beyond
        return hours, text

    def _get_prepaid_corrected_item(self):
        """Return the item that bills the time that this one corrects, the latest.

        :return: tuple (`sale.order.line`, hours that it bills of such time)
        """
        self.ensure_one()
        marked = self._get_prepaid_marked_alike() - self
        line = marked[:1].prepaid_overflow_line_id
        own = marked.filtered(lambda t: t.prepaid_overflow_line_id == line)
        hours = sum(t._get_prepaid_hours() - t.prepaid_covered_hours for t in own)
        return line, hours

    def _get_prepaid_marked_alike(self):
        """Return time billed beyond budgets that one correction could be of."""
        self.ensure_one()
        return self.search(
            [
                ("prepaid_overflow_line_id", "!=", False),
                ("prepaid_approval", "!=", REJECTED),
                ("company_id", "=", self.company_id.id),
                ("employee_id", "=", self.employee_id.id),
                ("project_id", "=", self.project_id.id),
                ("task_id", "=", self.task_id.id),
                ("so_line", "=", self.so_line.id),
            ],
            order="id desc",
        )

    # === MARK === #

    def _mark_prepaid_beyond(self, deductions):
        """Corrections follow the time that they correct: it is marked first.

        :param list deductions: of :class:`Deduction`
        """
        corrections_last = sorted(
            deductions, key=lambda d: d.timesheet._is_prepaid_correction()
        )
        return super()._mark_prepaid_beyond(corrections_last)

    def _get_prepaid_beyond_line(self, deduction):
        """Corrections lower the item that bills what they correct.

        :param deduction: :class:`Deduction` of this time
        """
        if not self._is_prepaid_correction():
            return super()._get_prepaid_beyond_line(deduction)
        line, _hours = self._get_prepaid_corrected_item()
        return line

    def _set_prepaid_overflow(self, line):
        """Time that is billed as before takes its corrections along.

        :param line: `sale.order.line`, or False
        """
        before = {t: t.prepaid_overflow_line_id for t in self.sudo()}  # as in super
        result = super()._set_prepaid_overflow(line)
        for timesheet_sudo, item in before.items():
            if item and item != line and timesheet_sudo.unit_amount > 0:
                timesheet_sudo._unmark_prepaid_corrections(item)
        return result

    def _unmark_prepaid_corrections(self, item):
        """Bill corrections as before that take back more than an item bills.

        :param item: `sale.order.line` that billed this time beyond a budget
        """
        alike = self._get_prepaid_marked_alike().filtered(
            lambda t: t.prepaid_overflow_line_id == item
        )
        hours = sum(t._get_prepaid_hours() - t.prepaid_covered_hours for t in alike)
        for correction in alike.filtered(
            lambda t: t._is_prepaid_correction() and t._is_prepaid_invoice_open()
        ):
            if float_compare(hours, 0.0, HOURS_DIGITS) >= 0:
                break
            hours -= correction._get_prepaid_hours() - correction.prepaid_covered_hours
            correction._set_prepaid_overflow(line=False)
