import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..const import EPISODE_DONE, EPISODE_OPEN, EPISODE_SUPPRESSED
from ..tools.replenishment import FIXED, TARGET, Refill, fixed_refill, target_refill

_logger = logging.getLogger(__name__)

POLICY_ONE_OFF = "one_off"
POLICY_THRESHOLD = "threshold"

ACTION_NOTIFY = "notify"
ACTION_DRAFT = "draft"
ACTION_POST = "post"

#: Budgets handled in one transaction of the nightly job; one bad one costs a bisection.
CHUNK = 100
#: How often a step is tried when another transaction is in the way.
TRIES = 5


class PrepaidBudgetReplenishment(models.Model):
    """What happens when a balance falls strictly below its threshold."""

    _inherit = "prepaid.budget"

    replenish_policy = fields.Selection(
        [
            (POLICY_ONE_OFF, "One-off: only tell the responsible"),
            (POLICY_THRESHOLD, "Replenish below the threshold"),
        ],
        "When low",
        required=True,
        default=POLICY_ONE_OFF,
        tracking=True,
    )
    threshold = fields.Monetary(
        tracking=True,
        help="The budget is low when its balance is strictly below this amount.",
    )
    is_low = fields.Boolean(
        "Below threshold", compute="_compute_is_low", store=True, copy=False
    )
    replenish_method = fields.Selection(
        [(FIXED, "A fixed amount"), (TARGET, "Up to a target")],
        "Top-up",
        required=True,
        default=FIXED,
        tracking=True,
    )
    replenish_amount = fields.Monetary(
        "Fixed amount",
        tracking=True,
        help="Without tax. A large gap is closed by several of it on one invoice.",
    )
    replenish_target = fields.Monetary("Target balance", tracking=True)
    replenish_min = fields.Monetary("Smallest top-up", help="0: no limit.")
    replenish_max = fields.Monetary("Largest top-up", help="0: no limit.")
    replenish_action = fields.Selection(
        [
            (ACTION_NOTIFY, "Tell the responsible"),
            (ACTION_DRAFT, "Prepare a draft invoice"),
            (ACTION_POST, "Post and send the invoice"),
        ],
        "Then",
        required=True,
        default=ACTION_POST,
        tracking=True,
    )
    invoice_partner_id = fields.Many2one(
        "res.partner",
        "Invoice contact",
        check_company=True,
        help="Empty: the customer's invoice address.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        "Payment terms",
        check_company=True,
        help="Empty: the customer's payment terms.",
    )
    customer_reference = fields.Char(
        "Purchase order", help="The customer's reference, printed on top-up invoices."
    )
    replenishment_ids = fields.One2many(
        "prepaid.replenishment", "budget_id", "Replenishments", readonly=True
    )
    episode_id = fields.Many2one(
        "prepaid.replenishment", "Current episode", compute="_compute_episode_id"
    )
    is_suppressed = fields.Boolean(compute="_compute_episode_id")
    replenish_note = fields.Char(
        "Last check",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Why the last check did what it did, or did nothing.",
    )

    replenish_checked_on = fields.Date(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Day of the last check; the job checks a low budget once a day.",
    )

    # The job asks for the low budgets only, in the order of this index.
    _low_index = models.Index("(id) WHERE is_low AND active")

    # === COMPUTES === #

    @api.depends("balance", "threshold", "currency_id")
    def _compute_is_low(self):
        for budget in self:
            currency = budget.currency_id or budget.company_id.currency_id
            budget.is_low = currency and (
                currency.compare_amounts(budget.balance, budget.threshold) < 0
            )

    @api.depends("replenishment_ids.state")
    def _compute_episode_id(self):
        episodes = self.env["prepaid.replenishment"].search(
            [("budget_id", "in", self.ids), ("state", "!=", EPISODE_DONE)]
        )
        by_budget = {episode.budget_id.id: episode for episode in episodes}
        for budget in self:
            episode = by_budget.get(budget.id, episodes.browse())
            budget.episode_id = episode
            budget.is_suppressed = episode.state == EPISODE_SUPPRESSED

    # === CONSTRAINTS === #

    @api.constrains(
        "replenish_policy",
        "replenish_method",
        "replenish_amount",
        "replenish_target",
        "replenish_min",
        "replenish_max",
        "threshold",
        "currency_id",
    )
    def _check_replenishment(self):
        for budget in self:
            if reason := budget._get_rule_obstacle():
                raise ValidationError(
                    self.env._(
                        "%(budget)s: %(reason)s",
                        budget=budget.display_name,
                        reason=reason,
                    )
                )

    def _get_rule_obstacle(self):
        """Say what is wrong with the rule of replenishment, in the user's words."""
        self.ensure_one()
        compare = self.currency_id.compare_amounts
        largest, smallest = self.replenish_max, self.replenish_min
        if compare(self.threshold, 0) < 0:
            return self.env._("the threshold cannot be negative; 0 means below zero.")
        if compare(smallest, 0) < 0 or compare(largest, 0) < 0:
            return self.env._("the smallest and largest top-up cannot be negative.")
        if self.replenish_policy == POLICY_ONE_OFF:
            return False
        if compare(largest, 0) > 0 and compare(smallest, largest) > 0:
            return self.env._(
                "the smallest top-up %(min)s is more than the largest %(max)s.",
                min=self.currency_id.format(smallest),
                max=self.currency_id.format(largest),
            )
        if self.replenish_method == FIXED:
            return self._get_fixed_obstacle()
        return self._get_target_obstacle()

    def _get_fixed_obstacle(self):
        compare = self.currency_id.compare_amounts
        if compare(self.replenish_amount, 0) <= 0:
            return self.env._(
                "the fixed amount must be at least %(smallest)s.",
                smallest=self.currency_id.format(self.currency_id.rounding),
            )
        if compare(self.replenish_max, 0) > 0 and (
            compare(self.replenish_amount, self.replenish_max) > 0
        ):
            return self.env._(
                "the fixed amount %(amount)s is more than the largest top-up %(max)s.",
                amount=self.currency_id.format(self.replenish_amount),
                max=self.currency_id.format(self.replenish_max),
            )
        return False

    def _get_target_obstacle(self):
        compare = self.currency_id.compare_amounts
        if compare(self.replenish_target, 0) <= 0 or (
            compare(self.replenish_target, self.threshold) < 0
        ):
            return self.env._(
                "the target %(target)s must be above zero and not below the threshold "
                "%(threshold)s, or every top-up would be followed by another.",
                target=self.currency_id.format(self.replenish_target),
                threshold=self.currency_id.format(self.threshold),
            )
        return False

    # === ONE CHECK === #

    def action_replenish_now(self):
        """Check these budgets now, as the nightly job would.

        :raise UserError: a budget could not be replenished
        """
        self.check_access("write")
        budgets_sudo = self.sudo()  # episodes are written by the system only
        for budget_sudo in budgets_sudo:
            budget_sudo._replenish()
        notes = [f"{b.display_name}: {b.replenish_note}" for b in budgets_sudo]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": "\n".join(notes),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _replenish(self):
        """Follow open episodes, start new ones and make their invoices.

        Locks the budgets and decides on fresh data; running it again does nothing.

        :raise UserError: an invoice cannot be made; nothing has been written then
        """
        self._lock_for_ledger()
        self.env["prepaid.replenishment"].search(
            [("budget_id", "in", self.ids), ("state", "=", EPISODE_OPEN)]
        )._close_if_settled()
        self.invalidate_recordset(["episode_id", "is_suppressed"])
        self.replenish_checked_on = fields.Date.today()
        open_top_ups = self._get_open_top_ups()
        due = self.browse()
        for budget in self:
            note = budget._get_reason_to_wait(open_top_ups[budget])
            if note:
                budget._note_check(note)
            else:
                due |= budget
        due.filtered(lambda b: b._get_effective_action() == ACTION_NOTIFY)._tell_low()
        due.filtered(
            lambda b: b._get_effective_action() != ACTION_NOTIFY
        )._start_episodes()

    def _get_effective_action(self):
        self.ensure_one()
        if self.replenish_policy == POLICY_ONE_OFF:
            return ACTION_NOTIFY
        return self.replenish_action

    def _get_reason_to_wait(self, invoices):
        """Say why nothing is to be done now, or return False when the budget is due.

        :param invoices: `account.move`, the open top-ups of this budget
        """
        self.ensure_one()
        if not self.is_low:
            return self.env._(
                "%(balance)s is not below the threshold %(threshold)s",
                balance=self.currency_id.format(self.balance),
                threshold=self.currency_id.format(self.threshold),
            )
        if reason := self._get_leaving_reason():
            return reason
        if self.is_suppressed:
            return self.env._(
                "Suppressed: %(outcome)s. Re-arm it to replenish again",
                outcome=self.episode_id.outcome,
            )
        if invoices:
            self._tell_if_insufficient(invoices)
            return self.env._(
                "%(invoices)s is open",
                invoices=", ".join(i.name or self.env._("Draft") for i in invoices),
            )
        if self.episode_id:
            return self.env._("The responsible knows since %s", self.episode_id.date)
        if self._get_effective_action() == ACTION_NOTIFY and not self.entry_ids:
            return self.env._("No credit was ever bought: nothing runs low")
        return False

    def _get_leaving_reason(self):
        """Say why this customer gets no invoice any more; hook for ending contracts."""
        self.ensure_one()
        if not self.active or not self.partner_id.active:
            return self._get_owner_obstacle()
        return False

    def _get_open_top_ups(self):
        """Return the top-up invoices, draft or unpaid, that credit is waiting for.

        :return: dict budget -> `account.move`, empty where there are none
        """
        lines = self.env["account.move.line"].search(
            [
                ("prepaid_budget_id", "in", self.ids),
                ("parent_state", "in", ("draft", "posted")),
                ("move_id.move_type", "=", "out_invoice"),
            ]
        )
        open_lines = lines.filtered(lambda line: line.move_id._is_prepaid_open())
        by_budget = open_lines.grouped("prepaid_budget_id")
        return {b: by_budget.get(b, lines.browse()).move_id for b in self}

    def _get_refill(self):
        """Return the amount to invoice now, in whole smallest amounts."""
        self.ensure_one()
        balance, threshold = self._to_units(self.balance), self._to_units(self.threshold)
        largest = self._to_units(self.replenish_max)
        if self.replenish_method == TARGET:
            return target_refill(
                balance,
                threshold,
                self._to_units(self.replenish_target),
                self._to_units(self.replenish_min),
                largest,
            )
        refill = fixed_refill(
            balance, threshold, self._to_units(self.replenish_amount), largest
        )
        smallest = self._to_units(self.replenish_min)
        return Refill(max(refill.amount, smallest), refill.is_cut)

    # === EPISODES === #

    def _start_episodes(self):
        """Make one invoice for each budget, with its episode, in one batch."""
        if not self:
            return
        refills = {budget: budget._get_refill() for budget in self}
        amounts = {b: b._from_units(refill.amount) for b, refill in refills.items()}
        moves = self._create_top_up_invoices(amounts)
        self._create_episodes(
            {
                budget: {
                    "invoice_id": move.id,
                    "has_invoice": True,
                    "quantity": amounts[budget],
                    "is_target_missed": refills[budget].is_cut,
                }
                for budget, move in zip(self, moves, strict=True)
            }
        )
        to_post = moves.filtered(
            lambda m: m.invoice_line_ids.prepaid_budget_id.replenish_action
            == ACTION_POST
        )
        to_post.commercial_partner_id.fetch(["user_ids"])  # else read one by one
        to_post.invoice_date = self.company_id._get_prepaid_today()
        to_post._post(soft=False)
        to_post._send_prepaid_later()
        for budget, move in zip(self, moves, strict=True):
            budget._note_check(budget._get_invoiced_note(move, refills[budget]))

    def _get_invoiced_note(self, move, refill):
        note = self.env._(
            "%(invoice)s over %(amount)s",
            invoice=move.name or self.env._("Draft invoice"),
            amount=self.currency_id.format(self._from_units(refill.amount)),
        )
        if refill.is_cut:
            note += ". " + self.env._(
                "Target not reached: the largest top-up is %(max)s",
                max=self.currency_id.format(self.replenish_max),
            )
        return note

    def _create_episodes(self, extra_vals):
        """Open one episode for each budget.

        :param dict extra_vals: `prepaid.budget` -> more values of its episode
        """
        return self.env["prepaid.replenishment"].create(
            [
                {
                    "budget_id": budget.id,
                    "company_id": budget.company_id.id,
                    "currency_id": budget.currency_id.id,
                    "date": budget.company_id._get_prepaid_today(),
                    "balance": budget.balance,
                    "threshold": budget.threshold,
                    **vals,
                }
                for budget, vals in extra_vals.items()
            ]
        )

    def _after_balance_change(self):
        """Re-arm by itself: a balance that recovered ends what was suppressed."""
        super()._after_balance_change()
        recovered = self.filtered(lambda budget: not budget.is_low)
        episodes = self.env["prepaid.replenishment"].search(
            [("budget_id", "in", recovered.ids), ("state", "!=", EPISODE_DONE)]
        )
        episodes.filtered(
            lambda e: e.state == EPISODE_SUPPRESSED or not e.has_invoice
        )._close(self.env._("The balance recovered"))

    def action_rearm(self):
        """Allow a new top-up although the last one was taken away by hand."""
        self.check_access("write")
        self.sudo().episode_id._rearm()  # episodes are written by the system only

    # === TELLING PEOPLE === #

    def _tell_low(self):
        """Open an episode and give the responsible one activity for it."""
        self._create_episodes({budget: {} for budget in self})
        for budget in self:
            balance = budget.currency_id.format(budget.balance)
            budget._schedule_activity(
                self.env._("%(balance)s left: top up?", balance=balance)
            )
            budget._note_check(self.env._("The responsible was told"))

    def _tell_if_insufficient(self, invoices):
        """Tell once per episode that the open top-up will not be enough any more."""
        self.ensure_one()
        episode = self.episode_id
        pending = sum(invoices._get_prepaid_net(self))
        expected = self.balance + pending
        if (
            not episode
            or episode.is_shortage_told
            or self.currency_id.compare_amounts(expected, self.threshold) >= 0
        ):
            return
        episode.is_shortage_told = True
        self._schedule_activity(
            self.env._(
                "Pending top-up no longer sufficient: %(pending)s on a balance of "
                "%(balance)s",
                pending=self.currency_id.format(pending),
                balance=self.currency_id.format(self.balance),
            )
        )

    def _schedule_activity(self, summary):
        """Give the responsible of the budget something to decide.

        :param str summary: what happened and what to decide
        """
        self.ensure_one()
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=summary,
            user_id=(self.user_id or self.partner_id.user_id or self.env.user).id,
        )

    def _note_check(self, note):
        if self.replenish_note != note:
            self.replenish_note = note

    # === THE NIGHTLY JOB === #

    @api.model
    def _cron_replenish(self, chunk=CHUNK):
        """Every night: replenish what is low, in small committed steps.

        Each low budget is checked once a day, whether that went well or not: a run that
        is out of time goes on with the others, and one that fails waits for tomorrow.

        :param int chunk: budgets in one transaction
        """
        today = fields.Date.today()
        unchecked = Domain("replenish_checked_on", "=", False)
        unchecked |= Domain("replenish_checked_on", "<", today)
        domain = Domain("is_low", "=", True) & unchecked
        last_id = 0
        remaining = self.search_count(domain)
        while budgets := self.search(
            domain & Domain("id", ">", last_id), limit=chunk, order="id"
        ):
            last_id = budgets[-1].id
            for same_company in budgets.grouped("company_id").values():
                same_company._replenish_isolated()
            remaining = max(remaining - len(budgets), 0)
            if not self.env["ir.cron"]._commit_progress(
                len(budgets), remaining=remaining
            ):
                break

    def _replenish_isolated(self):
        """Try all in one batch; where it fails, halve it until the bad one stands alone."""
        company = self.company_id
        if self.with_company(company)._try_step(lambda budgets: budgets._replenish()):
            return
        if len(self) == 1:
            return
        half = len(self) // 2
        self[:half]._replenish_isolated()
        self[half:]._replenish_isolated()

    def _try_step(self, step):
        """Run a step on these budgets in a transaction of its own.

        For scheduled actions, which Odoo does not retry: a conflict with another
        transaction is tried again on fresh data; any other failure is rolled back and,
        for a single budget, noted on it with an activity for its responsible.

        :param step: function of the budgets
        :return: True when it succeeded and was committed
        """
        for attempt in range(TRIES):
            try:
                step(self)
                self.env["ir.cron"]._commit_progress()
                return True
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                _logger.info("Budgets %s: conflict, attempt %s", self.ids, attempt + 1)
            except Exception as error:  # noqa: BLE001 - one budget's failure is its own
                self.env.cr.rollback()
                _logger.info("Budgets %s: %s", self.ids, error, exc_info=True)
                if len(self) == 1:
                    self._note_failure(error)
                return False
        return False

    def _note_failure(self, error):
        """Leave the failure on the budget, and one activity for its responsible."""
        self.ensure_one()
        reason = str(error) if isinstance(error, UserError) else repr(error)
        note = self.env._("Failed: %(reason)s", reason=reason)
        if self.replenish_note != note:
            self._schedule_activity(note)
        self._note_check(note)
        self.replenish_checked_on = fields.Date.today()
        self.env["ir.cron"]._commit_progress()
