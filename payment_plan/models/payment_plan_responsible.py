from odoo import models


class PaymentPlanResponsible(models.Model):
    """Who is told what a person has to decide."""

    _inherit = "payment.plan"

    def _ask_responsible(self, summary, note):
        """Give whoever answers for this plan something to do, once.

        It is the salesperson; an accountant, where that one left or may not see it.

        :param str summary: what happened
        :param str note: details, and what to do
        """
        self.ensure_one()
        known = self.activity_ids.filtered(lambda activity: activity.summary == summary)
        if known:
            known[0].note = note  # the latest reason counts
            return
        user = self.company_id._choose_autopay_responsible(self.user_id, self)
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=summary,
            note=note,
            user_id=user.id,
        )
