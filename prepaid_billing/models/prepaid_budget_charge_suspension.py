from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.invoice_autopay.const import DECLINED, FAILED, SCHEDULED, SUCCEEDED

from ..const import MAX_CHARGE_FAILURES

#: The job looks at all answers of so many days: a missed run is caught up.
FOLLOW_DAYS = 3

FAILED_ATTEMPTS = """
    SELECT budget.id, array_agg(DISTINCT attempt.id ORDER BY attempt.id)
      FROM prepaid_budget budget
      JOIN account_move_line line ON line.prepaid_budget_id = budget.id
      JOIN autopay_attempt attempt ON attempt.move_id = line.move_id
     WHERE budget.id IN %(budgets)s
       AND attempt.state = %(declined)s
       AND attempt.id > COALESCE(budget.charge_mark, 0)
       AND NOT EXISTS (
           SELECT
             FROM account_move_line other
             JOIN autopay_attempt later ON later.move_id = other.move_id
            WHERE other.prepaid_budget_id = budget.id
              AND later.state = %(succeeded)s
              AND later.id > attempt.id)
     GROUP BY budget.id
"""


class PrepaidBudgetChargeSuspension(models.Model):
    """Automatic payments that fail again and again are given up (BF37, B20).

    What counts are the attempts themselves; whether something may be charged is always
    asked of them. The fields here are what people see, written by a step of its own:
    the answer of a payment provider is never held up by a budget that is in use.
    """

    _inherit = "prepaid.budget"

    charge_failures = fields.Integer(
        "Failed charges",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Automatic payments of top-ups that failed in a row.",
    )
    is_charge_suspended = fields.Boolean(
        "Charging suspended",
        readonly=True,
        copy=False,
        tracking=True,
        groups="base.group_user",
        help="Nothing is charged, and no invoice made to be charged, until the "
        "customer names a different payment method or somebody re-arms it.",
    )
    charge_mark = fields.Integer(
        readonly=True,
        copy=False,
        groups="base.group_no_one",
        help="Failures up to this attempt do not count any more.",
    )

    # === COUNTING === #

    def _get_failed_attempts(self):
        """Return the automatic payments that failed since the last that went well.

        Those before the budget was re-armed do not count.

        :return: dict `prepaid.budget` -> `autopay.attempt`, oldest first
        """
        Attempt = self.env["autopay.attempt"]
        if not self.ids:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                FAILED_ATTEMPTS,
                budgets=tuple(self.ids),
                declined=DECLINED,
                succeeded=SUCCEEDED,
            )
        )
        ids = dict(rows)
        return {budget: Attempt.browse(ids.get(budget.id, ())) for budget in self}

    def _get_charge_obstacle(self):
        """Say why nothing may be charged for these budgets, or return False."""
        for budget, failed in self._get_failed_attempts().items():
            if len(failed) >= MAX_CHARGE_FAILURES:
                return budget._get_suspension_reason(failed)
        return False

    def _get_suspension_reason(self, failed):
        """Say why charging is suspended and what to do.

        :param failed: `autopay.attempt` that failed in a row
        """
        self.ensure_one()
        last = failed[-1:]
        return self.env._(
            "Charging is suspended: %(count)s automatic payments failed in a row, the "
            "last of %(invoice)s: %(reason)s. Ask %(customer)s for a different payment "
            "method, or re-arm it",
            count=len(failed),
            invoice=last.move_id.name,
            reason=(last.message or self.env._("declined")).rstrip("."),
            customer=self._get_charged_partner().display_name,
        )

    # === FOLLOWING THE ANSWERS === #

    def _follow_charges_later(self):
        """Have counter and suspension brought up to date within a minute."""
        if self:
            cron = self.env.ref("prepaid_billing.ir_cron_follow_charges")
            cron.sudo()._trigger()  # whoever learned the answer

    @api.model
    def _cron_follow_charges(self):
        """Count what failed or went well lately, each budget in a step of its own."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=FOLLOW_DAYS)
        attempts = self.env["autopay.attempt"].search(
            [("ended_on", ">=", since), ("state", "in", (DECLINED, SUCCEEDED))]
        )
        budgets = attempts.move_id.prepaid_budget_ids
        for done, budget in enumerate(budgets, 1):
            budget._try_step(lambda b: b._follow_charges())
            remaining = len(budgets) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _follow_charges(self):
        """Show how many charges failed, and suspend or resume accordingly.

        Who is to be told is told once: by the transaction that suspends.
        """
        for budget, failed in self._get_failed_attempts().items():
            is_suspended = len(failed) >= MAX_CHARGE_FAILURES
            is_news = is_suspended and not budget.is_charge_suspended
            is_same = is_suspended == budget.is_charge_suspended
            if not is_same or budget.charge_failures != len(failed):
                budget.charge_failures = len(failed)
                budget.is_charge_suspended = is_suspended
                budget.flush_recordset()  # a second worker fails before it tells
            if is_news:
                budget._tell_suspended(failed)

    def _tell_suspended(self, failed):
        """Tell the responsible and the customer that nothing is charged any more.

        :param failed: `autopay.attempt` that failed in a row
        """
        self.ensure_one()
        reason = self._get_suspension_reason(failed)
        self._note_check(reason)
        self._schedule_activity(reason)
        template = self.env.ref("prepaid_billing.mail_template_charge_suspended")
        template.send_mail(
            self.id,
            force_send=False,
            email_layout_xmlid="mail.mail_notification_light",
        )

    def _get_charge_payer(self):
        """Return whom to tell about failed charges; for the mail template."""
        self.ensure_one()
        return self._get_charge_mandate().payer_id or self._get_charged_partner()

    # === CHARGING AGAIN === #

    def action_rearm_charges(self):
        """Charge again although automatic payments failed: what is open, and new ones.

        :raise AccessError: the user may not change budgets
        """
        self.check_access("write")
        note = self.env._("Charging was re-armed by %s", self.env.user.name)
        for budget_sudo in self.sudo():  # counted and charged by the system only
            budget_sudo._forget_failures(note)
            budget_sudo._schedule_failed_top_ups(note)

    def _rearm_by_method(self, token):
        """Charge again by a payment method that is none of those that failed (B20).

        :param token: `payment.token` that is charged from now on
        """
        self.ensure_one()
        failed = self._get_failed_attempts()[self]
        if not failed or any(token._is_same_method(a.token_id) for a in failed):
            return
        self._forget_failures(
            self.env._("Charged by another payment method: %s", token.display_name)
        )

    def _forget_failures(self, note):
        """Count from zero again.

        :param str note: who or what re-armed it
        """
        self.ensure_one()
        last = self.env["autopay.attempt"].search([], order="id desc", limit=1)
        self.write(
            {"charge_failures": 0, "is_charge_suspended": False, "charge_mark": last.id}
        )
        self._note_check(note)

    def _schedule_failed_top_ups(self, reason):
        """Charge today what had failed or waited for a retry.

        :param str reason: why now, shown to the back office
        """
        self.ensure_one()
        collections = self.env["autopay.collection"].search(
            [
                ("move_id.invoice_line_ids.prepaid_budget_id", "=", self.id),
                ("state", "in", (FAILED, SCHEDULED)),
            ]
        )
        waiting = collections.filtered(lambda collection: collection._has_failed())
        for collection in waiting:
            collection._schedule(collection.company_id._get_autopay_today(), reason)
        if waiting:
            self.env.ref("invoice_autopay.ir_cron_collect")._trigger()
