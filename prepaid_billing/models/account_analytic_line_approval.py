from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..const_consumption import APPROVALS, APPROVED, REJECTED
from .account_analytic_line import GUARDED_FIELDS

#: Decided by who deducts time, never by who logs it.
APPROVAL_FIELDS = frozenset({"prepaid_approval"})


class AccountAnalyticLineApproval(models.Model):
    """A simple mark of approval: Community has none for time (BF14, B68).

    Approved time is deducted where the budget waits for that. Rejected time is neither
    deducted nor invoiced, and is held back from no budget.
    """

    _inherit = "account.analytic.line"

    prepaid_approval = fields.Selection(
        APPROVALS,
        "Approval",
        copy=False,
        falsy_value_label="Not decided",
        help="Rejected time is neither deducted nor invoiced.",
    )

    # === WHO MAY === #

    @api.model
    def default_get(self, fields):
        """No default value from anywhere approves time."""
        return super().default_get([f for f in fields if f not in APPROVAL_FIELDS])

    @api.model_create_multi
    def create(self, vals_list):
        """Time is not approved by who logs it.

        :raise AccessError: an approval is given by somebody without the right
        :raise UserError: something is decided about that is not time, or time is
            rejected that is invoiced
        """
        if not any(vals.get(name) for vals in vals_list for name in APPROVAL_FIELDS):
            return super().create(vals_list)
        self._check_prepaid_approver()
        lines = super().create(vals_list)
        decided = lines.filtered("prepaid_approval")
        # Only now: the project may follow from the task.
        decided._check_prepaid_approvable()
        decided.filtered(
            lambda t: t.prepaid_approval == REJECTED
        )._check_prepaid_rejectable()
        return lines

    def write(self, vals):
        """An approval ends when what was approved changes.

        :raise AccessError: an approval is given by somebody without the right
        :raise UserError: time is rejected of which some is deducted or invoiced, or
            something is decided about that is not time
        """
        if APPROVAL_FIELDS & vals.keys():
            self._check_prepaid_approver()
            if vals["prepaid_approval"]:
                self._check_prepaid_approvable()
            if vals["prepaid_approval"] == REJECTED:
                self._check_prepaid_rejectable()
            result = super().write(vals)
            if vals["prepaid_approval"]:
                # It may have lost its project by the same edit.
                self._check_prepaid_approvable()
            return result
        approved_sudo = self.sudo()._filtered_prepaid_reapproved(vals)  # whoever edits
        if approved_sudo:
            approved_sudo.prepaid_approval = False
        return super().write(vals)

    def _filtered_prepaid_reapproved(self, vals):
        """Return the approved time whose approval an edit ends.

        :param dict vals: what is written
        """
        changing = GUARDED_FIELDS & vals.keys()
        if not changing:
            return self.browse()
        return self.filtered(
            lambda t: (
                t.prepaid_approval == APPROVED
                and any(t._is_prepaid_changing(name, vals[name]) for name in changing)
            )
        )

    def _is_prepaid_changing(self, name, value):
        """Whether a value differs from what stands there; a date may come as text.

        :param str name: of a field
        :param value: as it is written
        """
        self.ensure_one()
        field = self._fields[name]
        return field.convert_to_cache(value, self) != field.convert_to_cache(
            self[name], self
        )

    def _check_prepaid_approver(self):
        """Refuse those who may log time but not decide about it.

        :raise AccessError: the user is not in the group that deducts
        """
        if self.env.su or self.env.user.has_group("prepaid_billing.group_user"):
            return
        raise AccessError(
            self.env._(
                "Approving and rejecting time is for the group Prepaid Billing / User. "
                "Ask an administrator for it."
            )
        )

    def _check_prepaid_approvable(self):
        """Refuse to decide about expenses and material.

        :raise UserError: some of these are not time
        """
        others = self.filtered(lambda t: not t.project_id)
        if others:
            raise UserError(
                self.env._(
                    "%(entry)s is not time: expenses and material are neither approved "
                    "nor rejected. Deduct it, or leave it to the next invoice.",
                    entry=others[0].display_name,
                )
            )

    def _check_prepaid_rejectable(self):
        """Refuse to reject what somebody paid for, or is asked to pay.

        :raise UserError: some of this time is deducted or invoiced
        """
        deducted = self._filtered_prepaid_deducted()
        if deducted:
            raise UserError(deducted._get_prepaid_locked_message())
        for timesheet in self:
            invoice = timesheet.sudo().timesheet_invoice_id  # name of the obstacle only
            if invoice and invoice.state != "cancel":
                raise UserError(
                    self.env._(
                        "%(entry)s is invoiced on %(invoice)s and cannot be rejected. "
                        "Credit or cancel that invoice first.",
                        entry=timesheet.display_name,
                        invoice=invoice.display_name,
                    )
                )

    # === ACTIONS === #

    def action_prepaid_approve(self):
        """Approve this time; the schedule of its budget deducts it.

        :raise UserError: some of it is not time
        """
        self._write_prepaid_approval(APPROVED)

    def action_prepaid_reject(self):
        """Reject this time: nobody pays for it.

        :raise UserError: some of it is deducted or invoiced, or not time
        """
        self._write_prepaid_approval(REJECTED)

    def action_prepaid_undecide(self):
        """Take an approval or a rejection back."""
        self._write_prepaid_approval(False)

    def _write_prepaid_approval(self, approval):
        self._check_prepaid_approver()
        self.check_access("read")
        # Who deducts decides about the time of all, whoever may edit it.
        self.sudo().filtered(
            lambda t: t.prepaid_approval != approval
        ).prepaid_approval = approval

    # === WHAT FOLLOWS === #

    @api.model
    def _get_prepaid_open_domain(self):
        """Rejected time is for nobody to pay."""
        return super()._get_prepaid_open_domain() & Domain(
            "prepaid_approval", "!=", REJECTED
        )

    def _get_prepaid_obstacle(self, budget, covered):
        """Say that it was rejected, before all else.

        :param budget: the matching `prepaid.budget`, may be empty
        :param float covered: hours that are deducted by the ledger
        """
        if self.prepaid_approval == REJECTED:
            return self.env._("Rejected: approve it, or take the rejection back")
        return super()._get_prepaid_obstacle(budget, covered)
