from odoo import Command, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..const import ADJUST, EXPIRE, EXTEND, LOT_ACTIVE, UNEXPIRE


class PrepaidLotExpiry(models.Model):
    """Validity that ends, is extended, or is given back by hand."""

    _inherit = "prepaid.lot"

    def _get_entry_counts(self):
        """Return how many movements each lot has had, for the keys of new ones.

        :return: dict `prepaid.lot` -> int, without those that have none
        """
        return dict(
            self.env["prepaid.entry"]._read_group(
                [("lot_id", "in", self.ids)], ["lot_id"], ["__count"]
            )
        )

    def _prepare_movement(self, kind, quantity, **vals):
        """Return a movement that changes this lot and nothing else.

        :param str kind: kind of the entry
        :param float quantity: credit, + or -
        :param vals: more columns; all movements of one posting need the same
        """
        self.ensure_one()
        units = self.budget_id._to_units(quantity)
        return {
            "budget": self.budget_id,
            "kind": kind,
            "name": self.name,
            "quantity": units,
            "takes": [(self.id, units)] if units else [],
            "lot_id": self.id,
            **vals,
        }

    def _prepare_expiry_movement(self, count):
        """Return the movement that takes what is left of an expired lot.

        :param int count: movements that the lot has had
        """
        return self._prepare_movement(
            EXPIRE,
            -self.remaining,
            key=f"lot/{self.id}/{count}",
            old_date=self.date_to,
        )

    # === BY HAND === #

    def extend(self, date_to, reason):
        """Let a lot count for longer, before it has expired (B71).

        Usable over Odoo's external API. Free credit that comes with it and ends on the
        same day is extended, too.

        :param date date_to: the new last day, or False for no end
        :param str reason: why; kept on the movement
        :return: list of ids of the `prepaid.entry`: one without any amount, with the
            old and the new day
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: it has expired, or the day is not later
        """
        lot_sudo = self._start_by_hand(reason)
        if lot_sudo._is_over():
            raise UserError(
                self.env._(
                    "%(lot)s expired on %(date)s: it can no longer be extended. "
                    "Reinstate it instead.",
                    lot=lot_sudo.name,
                    date=format_date(self.env, lot_sudo.date_to),
                )
            )
        date_to = lot_sudo._read_later_date(date_to)
        return lot_sudo._change_end(EXTEND, date_to, reason).ids

    def reinstate(self, date_to, reason):
        """Give back what has expired of a lot, with a new last day (B71).

        Usable over Odoo's external API.

        :param date date_to: the new last day, or False for no end
        :param str reason: why; kept on the movement
        :return: list of ids of the `prepaid.entry`
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: it has not expired, or the day is in the past
        """
        lot_sudo = self._start_by_hand(reason)
        if not lot_sudo._is_over():
            raise UserError(
                self.env._(
                    "%(lot)s has not expired: there is nothing to reinstate. Extend "
                    "it instead.",
                    lot=lot_sudo.name,
                )
            )
        date_to = lot_sudo._read_later_date(date_to)
        entries_sudo = lot_sudo._change_end(UNEXPIRE, date_to, reason)
        lot_sudo.budget_id._after_expiry(entries_sudo)
        # Credit that was paid too late counts from now on.
        lot_sudo.is_paid_late = False
        lot_sudo._sync_with_invoice()
        return entries_sudo.ids

    def revoke(self, reason, amount=None):
        """Take credit of one lot away by hand.

        Usable over Odoo's external API. What was paid is given back by a credit note
        instead; this takes it without giving anything back.

        :param str reason: why; kept on the movement
        :param float amount: credit to take; None for all that is left
        :return: list of ids of the `prepaid.entry`
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: there is not as much left
        """
        lot_sudo = self._start_by_hand(reason)
        if amount is None:
            amount = lot_sudo.remaining
        units = lot_sudo.budget_id._read_credit(amount)
        left = lot_sudo.budget_id._to_units(lot_sudo.remaining)
        if units > left:
            raise UserError(
                self.env._(
                    "%(lot)s: %(amount)s cannot be taken, only %(left)s is left.",
                    lot=lot_sudo.name,
                    amount=lot_sudo.currency_id.format(amount),
                    left=lot_sudo.currency_id.format(lot_sudo.remaining),
                )
            )
        return lot_sudo._post_adjustments({lot_sudo: -units}, reason).ids

    def _start_by_hand(self, reason):
        """Check right and reason, and lock the budget.

        :return: this lot, with the right to change it
        """
        self.ensure_one()
        self.check_access("read")
        lot_sudo = self.sudo()  # the ledger is written by its own methods only
        self.budget_id._check_credit_right(reason)
        lot_sudo.budget_id._lock_for_ledger()
        return lot_sudo

    def _read_later_date(self, date_to):
        """Return the new last day of this lot, checked.

        :param date_to: date, its text, or False for no end
        :raise UserError: it is not later than the last day, or in the past
        """
        self.ensure_one()
        if not date_to:
            return False
        new = self._fields["date_to"].convert_to_cache(date_to, self)
        today = self.company_id._get_autopay_today()
        earliest = max(today, self.date_to or new)
        if new < earliest or not self.date_to:
            raise UserError(
                self.env._(
                    "%(lot)s is valid to %(old)s: choose a later day, not before "
                    "%(today)s.",
                    lot=self.name,
                    old=format_date(self.env, self.date_to) or self.env._("no end"),
                    today=format_date(self.env, today),
                )
            )
        return new

    def _change_end(self, kind, date_to, reason):
        """Book a new last day, for the free credit with it, too.

        :param str kind: EXTEND, or UNEXPIRE to give back what has expired
        :param date date_to: the new last day, or False
        :param str reason: why
        :return: the new `prepaid.entry`
        """
        self.ensure_one()
        lots = self | self.child_ids.filtered(lambda lot: lot.date_to == self.date_to)
        self.budget_id._expire_over_lots()
        counts = lots._get_entry_counts()
        expired = lots._get_expired()
        movements = [
            lot._prepare_movement(
                kind,
                expired[lot] if kind == UNEXPIRE else 0.0,
                key=f"lot/{lot.id}/{counts.get(lot, 0)}",
                old_date=lot.date_to,
                new_date=date_to,
                reason=reason,
            )
            for lot in lots
        ]
        lots.date_to = date_to
        entries = self.budget_id._post_entries(movements)
        for lot in lots:
            lot._update_state()
        return entries

    def _get_expired(self):
        """Return what has expired of each lot and was not given back."""
        groups = self.env["prepaid.entry"]._read_group(
            [("lot_id", "in", self.ids), ("kind", "in", (EXPIRE, UNEXPIRE))],
            ["lot_id"],
            ["quantity:sum"],
        )
        expired = dict.fromkeys(self, 0.0)
        expired.update({lot.with_env(self.env): -total for lot, total in groups})
        return expired

    def _post_adjustments(self, units_by_lot, reason, request_key=None):
        """Book what a person adds to lots or takes from them, a row for each lot.

        :param dict units_by_lot: `prepaid.lot` -> whole smallest amounts, + or -
        :param str reason: why
        :param str request_key: key of the request
        :return: the new `prepaid.entry`
        """
        lots = self.union(*units_by_lot)
        counts = lots._get_entry_counts()
        entries = lots.budget_id._post_entries(
            [
                lot._prepare_movement(
                    ADJUST,
                    lot.budget_id._from_units(units),
                    key=f"lot/{lot.id}/{counts.get(lot, 0)}",
                    reason=reason,
                    request_key=request_key,
                )
                for lot, units in units_by_lot.items()
            ]
        )
        lots.budget_id._after_expiry(entries)
        return entries

    def _prepare_moved_vals(self, target, quantity, reason):
        """Return the values of the lot that takes over credit of this one.

        :param target: `prepaid.budget` that gets it
        :param float quantity: credit that moves
        :param str reason: why
        """
        self.ensure_one()
        return {
            **target._prepare_granted_vals(),
            "name": self.name,
            "kind": self.kind,
            "state": LOT_ACTIVE,
            "quantity": quantity,
            "value": self._get_value_for(quantity),
            "date_from": self.date_from,
            "date_to": self.date_to,
            "priority": self.priority,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "source_lot_id": self.id,
            "reason": reason,
        }
