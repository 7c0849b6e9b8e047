from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from ..const import BUDGET_OPEN, GRANT, LOT_ACTIVE, TRANSFER
from ..tools.allocation import take
from ..tools.money import is_usable


class PrepaidBudgetCredit(models.Model):
    """Credit that a person moves: each time with a reason, and with a right of its own.

    Each method is usable over Odoo's external API; the same request again, with the
    same key, returns the same entries and books nothing.
    """

    _inherit = "prepaid.budget"

    def grant(self, amount, reason, date_to=False, priority=10, key=None):
        """Give free credit: a lot without invoice, tax and price (BF9, B81).

        :param float amount: credit, in the unit of the budget
        :param str reason: why; kept on the movement
        :param date date_to: last day on which it counts; False for no end
        :param int priority: lower is used first
        :param str key: any text that is unique to this request
        :return: list of ids of the `prepaid.entry`
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: no reason, or an amount or a day that cannot be used
        """
        budget_sudo = self._start_by_hand(reason)
        if earlier := budget_sudo._get_movements_of_request(key):
            return earlier.ids
        lot_sudo = budget_sudo._create_granted_lot(amount, reason, date_to, priority)
        movement = lot_sudo._prepare_movement(
            GRANT, lot_sudo.quantity, key=f"lot/{lot_sudo.id}/0", reason=reason
        )
        return budget_sudo._post_entries([{**movement, "request_key": key}]).ids

    def adjust(self, amount, reason, key=None):
        """Correct a balance by hand: a new free lot, or less of the lots (BF67).

        :param float amount: credit, + or -, in the unit of the budget
        :param str reason: why; kept on the movements
        :param str key: any text that is unique to this request
        :return: list of ids of the `prepaid.entry`, one for each lot
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: no reason, or more than there is would be taken
        """
        budget_sudo = self._start_by_hand(reason)
        if earlier := budget_sudo._get_movements_of_request(key):
            return earlier.ids
        if is_usable(amount) and amount > 0:
            lot_sudo = budget_sudo._create_granted_lot(amount, reason)
            takes = {lot_sudo: budget_sudo._to_units(lot_sudo.quantity)}
        else:
            units = budget_sudo._read_credit(-amount if is_usable(amount) else amount)
            takes = budget_sudo._take_by_hand(units)
            takes = {lot: -taken for lot, taken in takes.items()}
        lots_sudo = self.env["prepaid.lot"].sudo()  # as the budget
        return lots_sudo._post_adjustments(takes, reason, key).ids

    def transfer(self, target, amount, reason, key=None):
        """Move credit to another budget of the same customer, lot by lot.

        Each lot keeps its origin, price, tax and expiry.

        :param target: `prepaid.budget`, or its id
        :param float amount: credit, in the unit of both budgets
        :param str reason: why; kept on the movements
        :param str key: any text that is unique to this request
        :return: list of ids of the `prepaid.entry`: out and in, for each lot
        :raise AccessError: the user is not in the group for credit by hand
        :raise UserError: the budgets do not fit, or there is not as much
        """
        target = self.browse(target) if isinstance(target, int) else target
        target.check_access("read")
        target_sudo = target.sudo()  # its ledger is written by this method
        budget_sudo = self._start_by_hand(reason, target_sudo)
        if earlier := budget_sudo._get_movements_of_request(key):
            return earlier.ids
        budget_sudo._ensure_transferable(target_sudo)
        takes = budget_sudo._take_by_hand(budget_sudo._read_credit(amount))
        return budget_sudo._post_transfer(target_sudo, takes, reason, key).ids

    # === CHECKS === #

    def _check_credit_right(self, reason):
        """Refuse those who may not move credit by hand, and movements without reason.

        :param str reason: why credit is moved
        :raise AccessError: the user is not in the group
        :raise UserError: there is no reason
        """
        if not self.env.su and not self.env.user.has_group(
            "prepaid_billing.group_credit"
        ):
            raise AccessError(
                self.env._(
                    "Granting, adjusting, moving or extending prepaid credit is for "
                    "the group Prepaid credit by hand. Ask an administrator for it."
                )
            )
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(
                self.env._(
                    "%(budget)s: credit is not moved by hand without a reason. Say "
                    "why.",
                    budget=self.display_name,
                )
            )

    def _start_by_hand(self, reason, other=None):
        """Check right, reason and state, lock the budget, and expire what is over.

        :param str reason: why credit is moved
        :param other: another `prepaid.budget` that is locked along
        :return: this budget, with the right to write its ledger
        """
        self.ensure_one()
        self.check_access("read")
        self._check_credit_right(reason)
        budget_sudo = self.sudo()  # the ledger is written by its own methods only
        budgets_sudo = budget_sudo | other if other else budget_sudo
        budgets_sudo._lock_for_ledger()
        for budget in budgets_sudo:
            if budget.state != BUDGET_OPEN:
                raise UserError(
                    self.env._(
                        "%(budget)s is closed or being closed: no credit is moved by "
                        "hand. Open it again first.",
                        budget=budget.display_name,
                    )
                )
        budgets_sudo._expire_over_lots()
        return budget_sudo

    def _read_credit(self, amount):
        """Return an amount of credit in whole smallest amounts, checked.

        :param float amount: credit, in the unit of the budget
        :raise UserError: it is no number above zero, or rounds to nothing
        """
        self.ensure_one()
        units = self._to_units(amount) if is_usable(amount) else 0
        if units <= 0:
            raise UserError(
                self.env._(
                    "%(budget)s: %(amount)s is not an amount of credit. Give a number "
                    "above zero.",
                    budget=self.display_name,
                    amount=amount,
                )
            )
        return units

    def _get_movements_of_request(self, key):
        """Return the entries that this request has booked already.

        :raise UserError: the key belongs to a request for another budget
        """
        if not key:
            return self.env["prepaid.entry"]
        # The key is unique across companies, whoever asks.
        entries = self.env["prepaid.entry"].sudo()
        entries = entries.search([("request_key", "=", key)], order="id")
        if entries and self not in entries.budget_id:
            raise UserError(
                self.env._(
                    "%(budget)s: the key %(key)s was used for another request. Use a "
                    "new key for a new request.",
                    budget=self.display_name,
                    key=key,
                )
            )
        return entries

    def _ensure_transferable(self, target):
        """Refuse a transfer to another customer, company or unit.

        :param target: `prepaid.budget`
        """
        self.ensure_one()
        same = ("company_id", "currency_id", "money_currency_id")
        owners = (self | target).partner_id.commercial_partner_id
        if (
            len(owners) > 1
            or target == self
            or any(self[name] != target[name] for name in same)
        ):
            raise UserError(
                self.env._(
                    "%(budget)s: credit moves only to another budget of the same "
                    "customer and company that is kept in the same unit, not to "
                    "%(target)s.",
                    budget=self.display_name,
                    target=target.display_name,
                )
            )

    # === LOTS === #

    def _create_granted_lot(self, amount, reason, date_to=False, priority=10):
        self.ensure_one()
        units = self._read_credit(amount)
        today = self.company_id._get_autopay_today()
        if date_to:
            Lot = self.env["prepaid.lot"]
            date_to = Lot._fields["date_to"].convert_to_cache(date_to, Lot)
            if date_to < today:
                raise UserError(
                    self.env._(
                        "%(budget)s: %(date)s has passed. Choose a later day, or none.",
                        budget=self.display_name,
                        date=format_date(self.env, date_to),
                    )
                )
        return self.env["prepaid.lot"].create(
            {
                **self._prepare_granted_vals(),
                "name": self.env._("Free credit of %s", format_date(self.env, today)),
                "state": LOT_ACTIVE,
                "quantity": self._from_units(units),
                "date_from": today,
                "date_to": date_to,
                "priority": priority,
                "reason": reason,
            }
        )

    def _take_by_hand(self, units):
        """Say which lots an amount comes from, in the order of use.

        :param int units: whole smallest amounts
        :return: dict `prepaid.lot` -> whole smallest amounts, above zero
        :raise UserError: there is not as much; a person makes no debt
        """
        self.ensure_one()
        lots = self._get_open_lots()
        left = {lot.id: self._to_units(lot.remaining) for lot in lots}
        available = sum(left.values())
        if units > available:
            raise UserError(
                self.env._(
                    "%(budget)s: %(amount)s cannot be taken, only %(left)s is left.",
                    budget=self.display_name,
                    amount=self.currency_id.format(self._from_units(units)),
                    left=self.currency_id.format(self._from_units(available)),
                )
            )
        return {lots.browse(id_): taken for id_, taken in take(units, left)}

    def _post_transfer(self, target, takes, reason, key=None):
        """Book credit out of this budget's lots and into new lots of another.

        :param target: `prepaid.budget`
        :param dict takes: `prepaid.lot` -> whole smallest amounts to move
        :param str reason: why
        :param str key: key of the request
        :return: the new `prepaid.entry`
        """
        self.ensure_one()
        counts = self.env["prepaid.lot"].union(*takes)._get_entry_counts()
        movements = []
        moved = {}
        for lot, units in takes.items():
            quantity = self._from_units(units)
            new_lot = lot.create(lot._prepare_moved_vals(target, quantity, reason))
            moved[lot] = new_lot
            columns = {"reason": reason, "request_key": key}
            movements += [
                lot._prepare_movement(
                    TRANSFER,
                    -quantity,
                    key=f"lot/{lot.id}/{counts.get(lot, 0)}",
                    **columns,
                ),
                new_lot._prepare_movement(
                    TRANSFER, quantity, key=f"lot/{new_lot.id}/0", **columns
                ),
            ]
        entries = self._post_entries(movements)
        for entry in entries.filtered(lambda e: e.lot_id in moved):
            entry.lot_id._tell_moved(entry, moved[entry.lot_id])
        return entries
