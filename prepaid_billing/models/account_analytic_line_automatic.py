import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..const import BUDGET_OPEN
from ..const_consumption import APPROVED, MODE_SAVE
from .account_analytic_line import GUARDED_FIELDS

_logger = logging.getLogger(__name__)


class AccountAnalyticLineAutomatic(models.Model):
    """Time that is deducted by itself; saving it never fails for that (BF15)."""

    _inherit = "account.analytic.line"

    prepaid_note = fields.Char(
        "Why not deducted",
        readonly=True,
        copy=False,
        groups="prepaid_billing.group_user",
        help="What kept the last automatic deduction from this time.",
    )

    # === ON SAVE === #

    @api.model_create_multi
    def create(self, vals_list):
        """Deduct new time at once where its budget says so."""
        lines = super().create(vals_list)
        lines._prepaid_consume_on_save()
        return lines

    def write(self, vals):
        """Deduct time that was saved again, unless it ever was deducted."""
        result = super().write(vals)
        if GUARDED_FIELDS & vals.keys():
            self._filtered_prepaid_untouched()._prepaid_consume_on_save()
        return result

    def _filtered_prepaid_untouched(self):
        """Return the time that no movement of a budget was ever made for."""
        if not self.ids or not self._has_prepaid_on_save():
            return self.browse()
        Entry_sudo = self.env["prepaid.entry"].sudo()  # whoever logs time
        groups = Entry_sudo._read_group(
            [("timesheet_id", "in", self.ids)], ["timesheet_id"]
        )
        touched = {timesheet.id for (timesheet,) in groups}
        return self.filtered(lambda t: t.id not in touched)

    def _has_prepaid_on_save(self):
        """Whether any budget of these companies is drawn down on saving."""
        Budget_sudo = self.env["prepaid.budget"].sudo()  # whoever logs time
        domain = (
            Domain("consumption_mode", "=", MODE_SAVE)
            & Domain("state", "=", BUDGET_OPEN)
            & Domain("company_id", "in", self.company_id.ids)
        )
        return bool(Budget_sudo.search_count(domain, limit=1))

    def _prepaid_consume_on_save(self):
        """Deduct what belongs to budgets that are drawn down on saving.

        Each budget apart. Whatever goes wrong is undone and kept as the reason: the
        time itself is saved all the same, and the next scheduled run tries again.
        """
        timesheets_sudo = self.sudo()  # whoever logs time
        timesheets_sudo = timesheets_sudo.filtered("project_id")
        if not timesheets_sudo or not timesheets_sudo._has_prepaid_on_save():
            return
        # An error of the time itself is none of the deduction: it comes up here.
        self.env.flush_all()
        # Not the field: its value may be that before this very edit.
        open_domain = timesheets_sudo._get_prepaid_open_domain()
        timesheets_sudo = timesheets_sudo.filtered_domain(open_domain)
        matches_sudo = timesheets_sudo._match_prepaid_budgets_sudo()
        for budget_sudo, own_sudo in timesheets_sudo.grouped(matches_sudo.get).items():
            if budget_sudo._is_consumed_on_save():
                own_sudo._prepaid_consume_safely()

    def _prepaid_consume_safely(self):
        """Deduct this time, or undo all of that and keep the reason."""
        try:
            with self.env.cr.savepoint():
                self._prepaid_consume()
        except UserError as error:
            self._note_prepaid_reason(str(error))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Somebody moves the budget just now. A scheduled action has fresh data.
            _logger.info("%s: left to the scheduled action", self, exc_info=True)
            self._note_prepaid_reason(
                self.env._("The budget was in use; the next scheduled run deducts it")
            )
            self._trigger_prepaid_consumption()
        except Exception as error:
            _logger.warning("%s was not deducted", self, exc_info=True)
            self._note_prepaid_reason(f"{type(error).__name__}: {error}")

    def _trigger_prepaid_consumption(self):
        """Let the scheduled action run as soon as this is committed."""
        cron = self.env.ref("prepaid_billing.ir_cron_consume", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()  # whoever logs or approves time

    # === THE DEDUCTION === #

    def _prepaid_consume(self):
        """Deduct what can be deducted of this time, and keep why the rest cannot.

        Nobody asked for it: that credit is short is no error.
        """
        deductions = self._plan_prepaid_deductions()
        possible = [d.timesheet.id for d in deductions if not d.obstacle or d.beyond]
        if possible:
            self.browse(possible)._prepaid_deduct()
        for deduction in deductions:
            # What somebody else has deducted meanwhile needs no reason.
            is_done = bool(deduction.valuation.covered)
            deduction.timesheet._note_prepaid_reason(
                False if is_done else deduction.obstacle
            )

    def _note_prepaid_reason(self, reason):
        """Keep why time was not deducted; nothing is written that stands there.

        :param reason: text, or False when it was
        """
        # Whoever logs time; the note is for those who deduct it.
        noted_sudo = self.sudo().filtered(lambda t: (t.prepaid_note or False) != reason)
        if noted_sudo:
            noted_sudo.prepaid_note = reason

    def _prepaid_deduct(self, key=None):
        """Time that is deducted has no reason any more why it was not.

        :param str key: request key
        """
        entries = super()._prepaid_deduct(key)
        # The time only, whoever deducts it.
        entries.sudo().timesheet_id._note_prepaid_reason(False)
        return entries

    def _write_prepaid_approval(self, approval):
        """What was approved is deducted within minutes, not at the next full hour."""
        result = super()._write_prepaid_approval(approval)
        if approval == APPROVED:
            self._trigger_prepaid_consumption()
        return result

    # === EDITS === #

    def _is_prepaid_rebooked(self):
        """Time that nobody chose is corrected as it was deducted: by itself (B48)."""
        return super()._is_prepaid_rebooked() or self._is_prepaid_paid_on_save()

    def _is_prepaid_paid_on_save(self):
        """Whether this time was paid by a budget that is drawn down on saving."""
        self.ensure_one()
        budgets_sudo = self.sudo().prepaid_entry_ids.budget_id  # its mode only
        return bool(budgets_sudo) and all(
            budget_sudo._is_consumed_on_save() for budget_sudo in budgets_sudo
        )

    def _prepaid_rebook(self, budgets):
        """Time that moved to a budget that is drawn down on saving is deducted there.

        :param budgets: `prepaid.budget` that paid before the edit
        """
        result = super()._prepaid_rebook(budgets)
        (self - self._filtered_prepaid_deducted())._prepaid_consume_on_save()
        return result
