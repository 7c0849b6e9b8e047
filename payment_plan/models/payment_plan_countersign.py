from odoo import models
from odoo.exceptions import UserError

from .. import const
from ..tools.digest import digest_of_file


class PaymentPlanCountersign(models.Model):
    """What staff signs: the contract for our side, and what came on paper."""

    _inherit = "payment.plan"

    def action_countersign(self):
        """Sign for our side, with the user's name (PF23).

        :raise UserError: the customer has not signed, or somebody countersigned already
        """
        self.ensure_one()
        self.check_access("write")
        self._countersign(self.env.user)

    def _countersign(self, user):
        self._lock()
        if self.state not in const.BOUND_STATES:
            raise UserError(
                self.env._(
                    "%s is not signed by the customer: countersign it after that.",
                    self.display_name,
                )
            )
        if self._get_countersignature():
            raise UserError(
                self.env._("%s is countersigned already.", self.display_name)
            )
        self._log_event(
            const.EVENT_COUNTERSIGNED,
            self.version_id,
            {
                "name": user.name,
                "email": user.email,
                "user_id": user.id,
                "digest": self.version_id.digest,
            },
        )
        self._file_soon()

    def _get_countersignature(self):
        """Return the event of our signature under the signed version, if any."""
        self.ensure_one()
        events_sudo = self.sudo().event_ids  # written and read by the system
        return events_sudo.filtered(
            lambda e: (
                e.kind == const.EVENT_COUNTERSIGNED and e.version_id == self.version_id
            )
        )

    # === ON PAPER === #

    def _sign_on_paper(self, name, date, scan=None, filename=""):
        """Record that the customer signed the chosen plan on paper; confirm the order.

        :param str name: who signed
        :param date date: the day on the paper
        :param bytes scan: of the paper, if there is one
        :param str filename: of the scan
        :return: `payment.plan.version` that is signed
        :raise UserError: the plan is not the chosen one, or cannot be signed; says why
        """
        self.ensure_one()
        order = self.sale_order_id
        if order.payment_plan_id != self:
            raise UserError(
                self.env._(
                    "%(plan)s is not the chosen plan of %(order)s: choose it first.",
                    plan=self.name,
                    order=order.name,
                )
            )
        if date > self.company_id._get_autopay_today():
            raise UserError(self.env._("A signature cannot be of a day to come."))
        version = self._sign(
            self._get_version().digest,
            name,
            self._prepare_paper_evidence(date, scan, filename),
        )
        order.write({"signed_by": name.strip(), "signed_on": self.env.cr.now()})
        order.action_confirm()
        return version

    def _prepare_paper_evidence(self, date, scan, filename):
        text = self.env._(
            "Signed on paper on %(date)s, recorded by %(user)s",
            date=date,
            user=self.env.user.name,
        )
        if not scan:
            return {"text": text}
        Attachment = self.env["ir.attachment"].sudo()  # evidence, not the user's file
        attachment = Attachment.create(
            {
                "name": filename or self.env._("Signed on paper"),
                "raw": scan,
                "res_model": self._name,
                "res_id": self.id,
                "company_id": self.company_id.id,
            }
        )
        proof = self.env._("SHA-256 of the scan: %s", digest_of_file(scan))
        return {"text": f"{text}\n{proof}", "attachment_id": attachment.id}
