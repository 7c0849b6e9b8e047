from odoo import models
from odoo.exceptions import UserError

from .. import const
from ..tools.dates import milestone_due


class PaymentPlanMilestone(models.Model):
    """A payment without a date waits for what was agreed on, then gets its day."""

    _inherit = "payment.plan.installment"

    def action_confirm_milestone(self):
        """Confirm that the milestone is reached: the payment is due some days later.

        The customer is told at once; nothing is due or charged before (P11).

        :raise UserError: the plan is not running, or the payment has its day already
        """
        for line in self:
            line.plan_id.check_access("write")
            # Salespeople read payments only; that is checked on the plan above.
            line.sudo()._confirm_milestone()

    def _confirm_milestone(self):
        self.ensure_one()
        self.plan_id._lock()
        if self.state != const.WAITING or self.plan_id.state != const.ACTIVE:
            raise UserError(
                self.env._(
                    "%s does not wait for a milestone: its plan is not running, or it "
                    "has its day already.",
                    self.display_name,
                )
            )
        day = self._get_milestone_day()
        self.write({"date_due": day, "date_planned": day})
        self._schedule_invoices()
        self.env.ref("payment_plan.ir_cron_invoice")._trigger()
        template = self.env.ref("payment_plan.mail_template_milestone")
        template.send_mail(self.id)  # queued: it goes after the commit
        self.plan_id.message_post(
            body=self.env._(
                "Milestone reached: %(milestone)s. %(payment)s is due on %(day)s.",
                milestone=self.milestone or "",
                payment=self.plan_id._get_line_label(self),
                day=self.env["ir.qweb.field.date"].value_to_html(day, {}),
            )
        )

    def _get_milestone_day(self):
        """Return the due day of a milestone confirmed today, in the company's zone.

        Never after the last day before the session, where the plan has one.
        """
        plan = self.plan_id
        order = plan._get_order()
        return milestone_due(
            self.company_id._get_autopay_today(),
            self.company_id.plan_milestone_days,
            calendar=plan._get_business_days(order),
            not_after=plan._get_booking(order).last_allowed(plan._get_terms(order)),
        )
