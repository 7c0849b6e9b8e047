from odoo import fields, models
from odoo.fields import Domain

from ..const import (
    BUDGET_OPEN,
    EPISODE_DONE,
    EPISODE_OPEN,
    EPISODE_SUPPRESSED,
    MAX_CHARGE_FAILURES,
    TRIGGER_LOW,
)
from ..const_replenishment import (
    ACTION_CHARGE,
    ACTION_NOTIFY,
    ACTION_POST,
    POLICY_ONE_OFF,
)
from ..tools.replenishment import TARGET, Refill, fixed_refill, target_refill


class PrepaidBudgetEpisode(models.Model):
    """Checking budgets: from a low balance to one open top-up invoice."""

    _inherit = "prepaid.budget"

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
        charging = self.filtered(lambda budget: budget._is_charging())
        failed = charging._get_failed_attempts()
        due = self.browse()
        for budget in self:
            note = budget._get_reason_to_wait(open_top_ups[budget], failed.get(budget))
            if note:
                budget._note_check(note)
            else:
                due |= budget
        to_tell = due.filtered(lambda b: b._get_action_now() == ACTION_NOTIFY)
        to_tell._tell_low()
        (due - to_tell)._start_episodes()

    def _get_trigger(self):
        """Say what asks for a top-up now, or return False."""
        self.ensure_one()
        return self.is_low and TRIGGER_LOW

    def _get_action_now(self):
        """Return what is to be done about that which asks for a top-up now."""
        return self._get_effective_action()

    def _get_effective_action(self):
        self.ensure_one()
        if self.replenish_policy == POLICY_ONE_OFF:
            return ACTION_NOTIFY
        return self.replenish_action

    def _get_reason_to_wait(self, invoices, failed=None):
        """Say why nothing is to be done now, or return False when the budget is due.

        :param invoices: `account.move`, the open top-ups of this budget
        :param failed: `autopay.attempt` that failed in a row, when it is to be charged
        """
        self.ensure_one()
        trigger = self._get_trigger()
        if not trigger:
            return self.env._(
                "%(balance)s is not below the threshold %(threshold)s",
                balance=self.currency_id.format(self.balance),
                threshold=self.currency_id.format(self.threshold),
            )
        if reason := self._get_leaving_reason():
            return reason
        if failed and len(failed) >= MAX_CHARGE_FAILURES:
            return self._get_suspension_reason(failed)
        episode = self._get_blocking_episode()
        if episode.state == EPISODE_SUPPRESSED:
            return self.env._(
                "Suppressed: %(outcome)s. Re-arm it to replenish again",
                outcome=episode.outcome,
            )
        if invoices:
            self._tell_if_insufficient(invoices)
            return self.env._(
                "%(invoices)s is open",
                invoices=", ".join(i.name or self.env._("Draft") for i in invoices),
            ) + self._get_charge_note(invoices)
        if episode:
            return self.env._("The responsible knows since %s", episode.date)
        is_told_low = trigger == TRIGGER_LOW and (
            self._get_action_now() == ACTION_NOTIFY
        )
        if is_told_low and not self.entry_ids:
            return self.env._("No credit was ever bought: nothing runs low")
        return False

    def _get_blocking_episode(self):
        """Return the episode that keeps a new one from being started, may be empty."""
        self.ensure_one()
        return self.episode_id

    def _get_leaving_reason(self):
        """Say why this customer gets no invoice any more; hook for ending contracts."""
        self.ensure_one()
        is_open = self.active and self.state == BUDGET_OPEN
        if not is_open or not self.partner_id.active:
            return self._get_owner_obstacle()
        return False

    def _get_open_top_ups(self):
        """Return the top-up invoices, draft or unpaid, that credit is waiting for.

        :return: dict budget -> `account.move`, empty where there are none
        """
        filling = Domain("prepaid_budget_id", "in", self.ids)
        # A draft that a salesperson made finds its budget only when it is posted.
        filling |= (
            Domain("prepaid_budget_id", "=", False)
            & Domain("product_id.prepaid_ok", "=", True)
            & Domain("partner_id.commercial_partner_id", "in", self._get_owners().ids)
        )
        lines = self.env["account.move.line"].search(
            filling
            & Domain("parent_state", "in", ("draft", "posted"))
            & Domain("move_id.move_type", "=", "out_invoice")
        )
        open_lines = lines.filtered(lambda line: line.move_id._is_prepaid_open())
        by_budget = open_lines.grouped("prepaid_budget_id")
        unassigned = by_budget.get(self.browse(), lines.browse())
        return {
            budget: (
                by_budget.get(budget, lines.browse())
                | unassigned.filtered(lambda line, b=budget: b._is_filled_by(line))
            ).move_id
            for budget in self
        }

    def _get_owners(self):
        """Return the commercial entities that these budgets belong to."""
        return self.partner_id.commercial_partner_id

    def _is_filled_by(self, line):
        """Whether an invoice line brings credit here, now or when it is posted.

        :param line: `account.move.line`
        """
        self.ensure_one()
        if line.prepaid_budget_id:
            return line.prepaid_budget_id == self
        return (
            line.product_id.prepaid_ok
            and line.partner_id.commercial_partner_id == self._get_owners()
            and line.company_id == self.company_id
            and line.currency_id == self.money_currency_id
            and line._get_prepaid_unit() == self.unit
        )

    def _get_refill(self):
        """Return the amount to invoice now, in whole smallest amounts."""
        self.ensure_one()
        balance, threshold = (
            self._to_units(self.balance),
            self._to_units(self.threshold),
        )
        largest = self._to_units(self.replenish_max)
        if self.replenish_method == TARGET:
            return target_refill(
                balance,
                threshold,
                self._to_units(self.replenish_target),
                self._to_units(self.replenish_min),
                largest,
            )
        unit = self._to_units(self.replenish_amount)
        refill = fixed_refill(balance, threshold, unit, largest)
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
        self._close_episodes(self.env._("Followed by a new top-up"))
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
            lambda m: (
                m.invoice_line_ids.prepaid_budget_id.replenish_action
                in (ACTION_POST, ACTION_CHARGE)
            )
        )
        to_post.commercial_partner_id.fetch(["user_ids"])  # else read one by one
        to_post.invoice_date = self.company_id._get_autopay_today()
        to_post._post(soft=False)
        to_post._send_prepaid_later()
        self._charge_top_ups(moves)
        for budget, move in zip(self, moves, strict=True):
            budget._note_check(budget._get_invoiced_note(move, refills[budget]))

    def _get_invoiced_note(self, move, refill):
        note = self.env._(
            "%(invoice)s over %(amount)s",
            invoice=move.name or self.env._("Draft invoice"),
            amount=self.currency_id.format(self._from_units(refill.amount)),
        )
        if refill.is_capped:
            note += ". " + self.env._("Reduced to what the cap per month allows")
        elif refill.is_cut:
            note += ". " + self.env._(
                "Target not reached: the largest top-up is %(max)s",
                max=self.currency_id.format(self.replenish_max),
            )
        return note + self._get_charge_note(move)

    def _close_episodes(self, outcome):
        """End what did not keep a new episode from being started.

        :param str outcome: what ended it, shown to staff
        """
        episodes = self.episode_id
        episodes._close(outcome)
        episodes.flush_recordset()  # the database allows one that is not done

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
                    "date": budget.company_id._get_autopay_today(),
                    "balance": budget.balance,
                    "threshold": budget.threshold,
                    "trigger": budget._get_trigger(),
                    **vals,
                }
                for budget, vals in extra_vals.items()
            ]
        )

    def _after_balance_change(self):
        """A balance that recovered ends what was suppressed, told or failed."""
        result = super()._after_balance_change()
        recovered = self.filtered(lambda budget: not budget.is_low)
        recovered.filtered("shortage_invoice_id").shortage_invoice_id = False
        recovered.filtered("is_replenish_failed").is_replenish_failed = False
        episodes = self.env["prepaid.replenishment"].search(
            [("budget_id", "in", recovered.ids), ("state", "!=", EPISODE_DONE)]
        )
        episodes.filtered(
            lambda e: e.state == EPISODE_SUPPRESSED or not e.has_invoice
        )._close(self.env._("The balance recovered"))
        return result

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
        """Tell once that the open top-up, whoever made it, will not be enough.

        Once until it is settled or the balance has recovered. A budget that never had
        credit has not fallen: its first top-up may be as small as was agreed.

        :param invoices: `account.move`, the open top-ups of this budget
        """
        self.ensure_one()
        if self.shortage_invoice_id in invoices:
            return
        if not self.entry_ids and not self.episode_id:
            return
        # What is posted and not paid waits in the lots; drafts have none yet.
        drafts = invoices.filtered(lambda move: move.state == "draft")
        pending = sum(drafts._get_prepaid_net(self))
        expected = self.balance + self.amount_pending + pending
        if self.currency_id.compare_amounts(expected, self.threshold) >= 0:
            return
        self.shortage_invoice_id = invoices.sorted("id")[-1:]
        self._schedule_activity(
            self.env._(
                "Pending top-up no longer sufficient: %(pending)s on a balance of "
                "%(balance)s",
                pending=self.currency_id.format(self.amount_pending + pending),
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

    def _note_check(self, note, is_failed=False):
        """Keep what the last check did, for staff.

        :param str note: what was done, or why nothing was
        :param bool is_failed: the check ended with an error
        """
        self.ensure_one()
        if self.replenish_note != note or self.is_replenish_failed != is_failed:
            self.write({"replenish_note": note, "is_replenish_failed": is_failed})
