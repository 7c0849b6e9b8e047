from odoo import models
from odoo.exceptions import UserError

from ..const import (
    BUDGET_CLOSED,
    BUDGET_CLOSING,
    BUDGET_OPEN,
    CLOSE_CHOICES,
    CLOSE_REFUND,
    CLOSE_TRANSFER,
    LOT_GRANTED,
)


class PrepaidBudgetClosing(models.Model):
    """The end of a budget: its rest is given back, moved, or lapses (B74)."""

    _inherit = "prepaid.budget"

    def close(self, choice, reason, target=None):
        """Close a budget for good; its balance is zero afterwards.

        Usable over Odoo's external API. A refund makes a draft credit note for each
        paid lot, with the tax of its invoice: the budget is closed when they are
        posted, and pays for nothing until then. Free credit is not refunded.

        :param str choice: "refund", "transfer" or "forfeit"; needed where something
            is left
        :param str reason: why; kept on budget and movements
        :param target: `prepaid.budget`, or its id, for a transfer
        :return: list of ids of the draft credit notes
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: no choice or reason, a debt, or credit that cannot be refunded
        """
        target_sudo = self._read_target_sudo(target)
        budget_sudo = self._start_by_hand(reason, target_sudo)
        budget_sudo._ensure_closable(choice)
        budget_sudo.write({"state": BUDGET_CLOSING, "close_reason": reason})
        lots = budget_sudo._get_open_lots()
        units = {lot: budget_sudo._to_units(lot.remaining) for lot in lots}
        refunds = budget_sudo.env["account.move"]
        if units and choice == CLOSE_TRANSFER:
            budget_sudo._ensure_transferable(target_sudo)
            budget_sudo._post_transfer(target_sudo, units, reason)
        elif units:
            lapsing = lots
            if choice == CLOSE_REFUND:
                # Free credit, and less of the paid than the smallest amount of money.
                lapsing = lots.filtered(
                    lambda lot: (
                        lot.kind == LOT_GRANTED
                        or not lot._get_refundable_value(lot.remaining)
                    )
                )
                refunds = budget_sudo._create_refunds(lots - lapsing, reason)
            if lapsing:
                lapsing._post_adjustments({lot: -units[lot] for lot in lapsing}, reason)
        budget_sudo._finish_closing()
        return refunds.ids

    def action_reopen(self):
        """Open a closed budget again, or stop closing it.

        :raise AccessError: the user is not in the group for credit by hand
        """
        self.check_access("read")
        for budget in self:
            budget._check_credit_right(self.env._("Opened again"))
            budget_sudo = budget.sudo()  # its life is changed by its own actions only
            budget_sudo._lock_for_ledger()
            budget_sudo.write(
                {"state": BUDGET_OPEN, "close_reason": False, "active": True}
            )

    def _read_target_sudo(self, target):
        if not target:
            return self.browse().sudo()  # nothing
        target = self.browse(target) if isinstance(target, int) else target
        target.check_access("read")
        return target.sudo()  # its ledger is written by the transfer

    def _ensure_closable(self, choice):
        """Refuse to close a budget with a debt, or without saying what becomes of it.

        :param str choice: what happens to the rest
        """
        self.ensure_one()
        if self._to_units(self.balance) < 0:
            raise UserError(
                self.env._(
                    "%(budget)s cannot be closed: %(debt)s is owed. Top it up, or "
                    "return time that was deducted.",
                    budget=self.display_name,
                    debt=self.currency_id.format(-self.balance),
                )
            )
        if self._to_units(self.balance) and choice not in dict(CLOSE_CHOICES):
            raise UserError(
                self.env._(
                    "%(budget)s: %(left)s is left. Choose whether it is given back, "
                    "moved to another budget, or lapses.",
                    budget=self.display_name,
                    left=self.currency_id.format(self.balance),
                )
            )

    def _finish_closing(self):
        """Close and archive budgets of which nothing is left any more."""
        for budget in self.filtered(lambda b: b.state == BUDGET_CLOSING):
            if not budget._to_units(budget.balance):
                budget.write({"state": BUDGET_CLOSED, "active": False})

    def _after_balance_change(self):
        """The last credit note that is posted closes the budget."""
        result = super()._after_balance_change()
        for budget in self.filtered(lambda b: b.state == BUDGET_CLOSED):
            budget._tell_credit_is_back()
        self._finish_closing()
        return result

    def _tell_credit_is_back(self):
        """Ask what becomes of credit that returns to a budget that was closed (B74)."""
        self.ensure_one()
        if self._to_units(self.balance) <= 0:
            return
        summary = self.env._(
            "%(budget)s is closed, and %(left)s came back to it. Open it again, and "
            "give that back, move it, or let it lapse.",
            budget=self.display_name,
            left=self.currency_id.format(self.balance),
        )
        self._schedule_activity(summary)

    # === CREDIT NOTES === #

    def _create_refunds(self, lots, reason):
        """Make a draft credit note for what is left of each lot, with its own tax.

        :param lots: `prepaid.lot` that were bought
        :param str reason: why, shown on the credit notes
        :return: `account.move`
        :raise UserError: a lot has no invoice that could be credited
        """
        self.ensure_one()
        for lot in lots.filtered(lambda lot: not lot.invoice_line_id):
            raise UserError(
                self.env._(
                    "%(budget)s: %(lot)s has no invoice here that could be credited. "
                    "Move its credit back to the budget that sold it, or let it lapse.",
                    budget=self.display_name,
                    lot=lot.name,
                )
            )
        return lots.invoice_id.browse(lot._create_refund(reason).id for lot in lots)
