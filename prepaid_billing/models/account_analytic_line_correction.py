from dataclasses import dataclass

from odoo import models
from odoo.fields import Domain
from odoo.tools import float_compare

from ..const import CONSUME, RELEASE
from ..tools.allocation import Cover, Work
from ..tools.money import share_of
from .account_analytic_line import HOURS_DIGITS
from .account_analytic_line_deduction import Deduction
from .account_analytic_line_value import Valuation


@dataclass
class Origin:
    """Deducted time that a negative entry may give back, or time about to be."""

    valuation: Valuation
    hours: float
    units: int
    #: `prepaid.entry`; None for time that is deducted in the same go
    entry: models.BaseModel | None = None


class AccountAnalyticLineCorrection(models.Model):
    """Negative time, such as -1 h, gives back what it corrects (B62).

    It corrects time of the same employee on the same task and sales order item: the
    latest deduction that has enough hours, else the latest ones together.
    """

    _inherit = "account.analytic.line"

    def _is_prepaid_correction(self):
        """Whether this is negative time."""
        self.ensure_one()
        return bool(self.project_id) and self.unit_amount < 0

    def _get_prepaid_correction_key(self):
        """Return what time and its correction have in common."""
        self.ensure_one()
        return (self.employee_id, self.project_id, self.task_id, self.so_line)

    # === WHAT IS CORRECTED === #

    def _get_prepaid_origins(self, planned):
        """Return the deductions that these corrections may give back.

        :param dict planned: key -> list of :class:`Origin` about to be deducted
        :return: dict key -> list of :class:`Origin`, the latest first
        """
        entries_sudo = self._get_prepaid_corrected_entries_sudo()
        left = entries_sudo._get_hours_left()
        by_key = entries_sudo.grouped(
            lambda e: (e.company_id, e.timesheet_id._get_prepaid_correction_key())
        )
        origins = {}
        for timesheet in self:
            key = timesheet._get_prepaid_correction_key()
            if key in origins:
                continue
            origins[key] = list(reversed(planned.get(key, []))) + [
                self._prepare_prepaid_origin(entry, left[entry])
                for entry in by_key.get((timesheet.company_id, key), ())
            ]
        return origins

    def _get_prepaid_corrected_entries_sudo(self):
        """Return what is deducted of time that these could correct, all at once.

        :return: `prepaid.entry`, the latest first; a few of time that is only similar
        """
        Entry_sudo = self.env["prepaid.entry"].sudo()  # whoever logs time
        if not self:
            return Entry_sudo
        alike = Domain.AND(
            # With False, where some have no task, or no item.
            Domain(name, "in", [timesheet[name].id for timesheet in self])
            for name in ("employee_id", "project_id", "task_id", "so_line")
        )
        return Entry_sudo.search(
            Domain("kind", "=", CONSUME)
            & Domain("origin_id", "=", False)
            & Domain("company_id", "in", self.company_id.ids)
            & Domain("timesheet_id", "any", alike),
            order="id desc",
        )._get_unreturned()

    def _prepare_prepaid_origin(self, entry, hours):
        valuation = Valuation(
            entry.budget_id.sudo(False),
            weight=entry.weight,
            rate=entry.rate,
            source=entry.rate_source,
            reason=self.env._("Correction of %(day)s", day=entry.work_date),
        )
        return Origin(valuation, hours, entry._get_units_left(), entry)

    def _take_from_prepaid_origins(self, origins, hours):
        """Say which deductions give back how much for one correction.

        :param list origins: :class:`Origin`, the latest first; what is given back is
            subtracted from them
        :param float hours: above zero
        :return: list of (:class:`Origin`, hours, whole smallest amounts)
        """
        left = [o for o in origins if float_compare(o.hours, 0.0, HOURS_DIGITS) > 0]
        # What binary noise makes less than a tenth of a second short is enough.
        enough = [o for o in left if float_compare(o.hours, hours, HOURS_DIGITS) >= 0]
        # One row has one budget: what another budget paid for is another correction.
        chosen = enough[:1] or [
            o for o in left if o.valuation.budget == left[0].valuation.budget
        ]
        parts = []
        for origin in chosen:
            part = min(origin.hours, hours)
            units = int(share_of(origin.units, part, origin.hours, 1.0))
            origin.hours -= part
            origin.units -= units
            hours -= part
            parts.append((origin, part, units))
            if float_compare(hours, 0.0, HOURS_DIGITS) <= 0:
                break
        return parts

    # === PLAN === #

    def _get_prepaid_valuations(self):
        """Value corrections at what they would give back."""
        corrections = self.filtered(lambda t: t._is_prepaid_correction())
        valuations = super(
            AccountAnalyticLineCorrection, self - corrections
        )._get_prepaid_valuations()
        if corrections:
            planned = [
                (t, v, v.hours, v.value)
                for t, v in valuations.items()
                if not v.obstacle
            ]
            for deduction in corrections._plan_prepaid_corrections(planned):
                valuations[deduction.timesheet] = deduction.valuation
        return valuations

    def _plan_prepaid_deductions(self):
        """Plan corrections after the time that they may correct."""
        corrections = self.filtered(lambda t: t._is_prepaid_correction())
        deductions = super(
            AccountAnalyticLineCorrection, self - corrections
        )._plan_prepaid_deductions()
        if not corrections:
            return deductions
        planned = [
            (d.timesheet, d.valuation, d.cover.hours, d.cover.value)
            for d in deductions
            if not d.obstacle
        ]
        deductions += corrections._plan_prepaid_corrections(planned)
        return sorted(deductions, key=lambda d: (d.timesheet.date, d.timesheet.id))

    def _plan_prepaid_corrections(self, planned=()):
        """Say what each of these corrections would give back.

        :param planned: (timesheet, :class:`Valuation`, hours, whole smallest amounts)
            of time that is deducted in the same go
        :return: list of :class:`Deduction`; hours and values are below zero
        """
        timesheets_sudo = self.sudo()  # prices and employees of whoever
        about = {}
        for timesheet, valuation, hours, units in planned:
            key = timesheet.sudo()._get_prepaid_correction_key()  # as above
            about.setdefault(key, []).append(Origin(valuation, hours, units))
        origins = timesheets_sudo._get_prepaid_origins(about)
        covered = self._get_prepaid_ledger_hours()
        deductions = []
        for timesheet_sudo in timesheets_sudo.sorted(lambda t: (t.date, t.id)):
            deduction = timesheet_sudo._plan_prepaid_correction(
                origins[timesheet_sudo._get_prepaid_correction_key()],
                covered.get(timesheet_sudo.id, 0.0),
            )
            deduction.timesheet = timesheet_sudo.sudo(self.env.su)
            deductions.append(deduction)
        return deductions

    def _plan_prepaid_correction(self, origins, covered):
        self.ensure_one()
        Budget = self.env["prepaid.budget"].sudo(False)
        valuation = Valuation(Budget, covered=covered)
        deduction = Deduction(self, valuation)
        wanted = -self._get_prepaid_hours() + covered
        # The budget is that of what is corrected; its terms only, whoever logs time.
        budget = origins[0].valuation.budget.sudo() if origins else Budget
        obstacle = origins and self._get_prepaid_obstacle(budget, covered)
        parts = () if obstacle else self._take_from_prepaid_origins(origins, wanted)
        if not parts:
            deduction.obstacle = obstacle or self.env._(
                "Corrects no deducted time: nothing to give back"
            )
            valuation.obstacle = deduction.obstacle
            return deduction
        origin_valuation = parts[0][0].valuation
        units = sum(units for _origin, _hours, units in parts)
        hours = sum(hours for _origin, hours, _units in parts)
        valuation.budget = origin_valuation.budget
        valuation.hours = valuation.counted = -wanted
        valuation.weight = origin_valuation.weight
        valuation.rate = origin_valuation.rate
        valuation.source = origin_valuation.source
        valuation.reason = origin_valuation.reason
        valuation.value = -units
        work = Work(self.id, -units, -wanted, origin_valuation.rate, self.date)
        deduction.cover = Cover(work, hours=-hours, value=-units, is_accepted=True)
        deduction.parts = parts
        return deduction

    # === BOOK === #

    def _get_prepaid_payers_sudo(self):
        """Corrections move the budgets of what they correct."""
        budgets_sudo = super()._get_prepaid_payers_sudo()
        timesheets_sudo = self.sudo()  # whoever logs time
        corrections_sudo = timesheets_sudo.filtered(
            lambda t: t._is_prepaid_correction()
        )
        for origins in corrections_sudo._get_prepaid_origins({}).values():
            for origin in origins:
                budgets_sudo |= origin.entry.budget_id
        return budgets_sudo

    def _book_prepaid_deductions(self, accepted, key):
        """Book the corrections when all time is booked that they may correct.

        :param list accepted: of :class:`Deduction`, each with its cover
        :param str key: request key
        """
        ordinary = [d for d in accepted if not d.timesheet._is_prepaid_correction()]
        entries_sudo = super()._book_prepaid_deductions(ordinary, key)
        corrections = self.union(*(d.timesheet for d in accepted)).filtered(
            lambda t: t._is_prepaid_correction()
        )
        counts = corrections._get_prepaid_entry_counts()
        for deduction in corrections._plan_prepaid_corrections():
            number = counts.get(deduction.timesheet.id, 0)
            for origin, hours, units in deduction.parts:
                movement = {
                    **origin.entry._prepare_correction_movement(
                        deduction.timesheet, hours, units
                    ),
                    "key": f"timesheet/{deduction.timesheet.id}/{number}",
                    "request_key": key,
                }
                number += 1
                entries_sudo |= origin.entry.budget_id._post_entries([movement])
        # What returns to a lot whose validity has passed expires at once (B49).
        entries_sudo.budget_id._expire_over_lots()
        return entries_sudo

    # === RETURN === #

    def _ensure_prepaid_rest_open(self):
        """Nor is time moved while the rest of what corrects it is on an invoice.

        The correction would be open again with it, and could not give back any more.
        """
        entries_sudo = self.sudo().prepaid_entry_ids  # whoever edits or deletes
        deducted_sudo = entries_sudo.filtered(
            lambda e: e.kind == CONSUME and not e.origin_id
        )
        corrections_sudo = deducted_sudo.browse().union(
            *(entry_sudo._get_live_corrections() for entry_sudo in deducted_sudo)
        )
        timesheets = self | corrections_sudo.timesheet_id.sudo(self.env.su)
        return super(
            AccountAnalyticLineCorrection, timesheets
        )._ensure_prepaid_rest_open()

    def _prepaid_release(self, reason=False):
        """Undo what corrections among these gave back, too.

        :param str reason: why, shown to staff
        :return: the new `prepaid.entry`
        """
        released = super()._prepaid_release(reason)
        Entry_sudo = self.env["prepaid.entry"].sudo()  # nobody may create them but this
        rows_sudo = Entry_sudo.search(
            [("timesheet_id", "in", self.ids), ("kind", "=", RELEASE)]
        )
        rows_sudo = rows_sudo.filtered(lambda e: e._is_correction())
        if not rows_sudo:
            return released
        rows_sudo.budget_id._lock_for_ledger()
        live_sudo = rows_sudo.filtered(
            lambda e: e in e.origin_id._get_live_corrections()
        )
        return released | live_sudo._undo_corrections(reason)
