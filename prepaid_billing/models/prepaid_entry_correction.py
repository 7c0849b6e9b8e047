from odoo import models
from odoo.exceptions import UserError

from ..const import CONSUME, RELEASE
from ..tools.allocation import take


class PrepaidEntryCorrection(models.Model):
    """Negative time gives back to the lots of the time that it corrects (B62).

    The row that gives back points at the deduction, which is then only returned for its
    rest. A correction that is undone is a row of that deduction, too: all of them
    together say what the deduction uses.
    """

    _inherit = "prepaid.entry"

    def _get_units_left(self):
        """Return what this deduction still takes from the balance, in whole units."""
        self.ensure_one()
        family = self | self.return_ids
        return -sum(self.budget_id._to_units(entry.quantity) for entry in family)

    # === GIVING BACK === #

    def _prepare_correction_movement(self, timesheet, hours, units):
        """Return the movement by which negative time gives back a part of this.

        What was used on debt comes first off the debt; then the lots are filled again,
        the one that was used last at first.

        :param timesheet: `account.analytic.line` with negative time
        :param float hours: to give back, above zero
        :param int units: whole smallest amounts that they were deducted for
        """
        self.ensure_one()
        used = self._get_lot_units()
        debt = self._get_units_left() - sum(used.values())
        latest_first = dict(reversed(used.items()))
        factor = self.counted_hours / self.hours
        return {
            **self._prepare_release_movement(timesheet.name),
            "kind": RELEASE,
            "name": timesheet.name or "/",
            "quantity": units,
            "takes": take(max(units - debt, 0), latest_first),
            "timesheet_id": timesheet.id,
            "work_date": timesheet.date,
            "hours": -hours,
            "counted_hours": -hours * factor,
            "reason": self.env._("Correction of %(day)s", day=self.work_date),
        }

    # === UNDOING THAT === #

    def _get_unreturned(self):
        """Add what corrections gave back in whole: it is returned together with them.

        Else its time would count as deducted for ever, however it is edited.
        """
        deducted = self.filtered(lambda e: e.kind == CONSUME and not e.origin_id)
        return super()._get_unreturned() | deducted.filtered(
            lambda e: e._get_live_corrections()
        )

    def _prepare_release_movements(self, reason=False):
        """Undo the corrections of this deduction before it is returned as it was.

        Their time is open again then, as the time that it corrects.

        :param str reason: why, shown to staff
        """
        self.ensure_one()
        undone = []
        used = self._get_lot_units()
        for correction in self._get_live_corrections():
            movement = correction._prepare_undo_movement(reason)
            # Filled and used in one go: whatever is left of the lot meanwhile.
            movement["takes"] = [
                (lot_id, -units)
                for lot_id, units in correction._get_filled_units().items()
            ]
            for lot_id, units in movement["takes"]:
                used[lot_id] = used.get(lot_id, 0) - units
            undone.append(movement)
        release = self._prepare_release_movement(reason)
        release["takes"] = [(lot_id, units) for lot_id, units in used.items() if units]
        return [*undone, release]

    def _get_live_corrections(self):
        """Return the rows by which negative time gave a part of this back."""
        self.ensure_one()
        rows = self.return_ids.filtered(lambda e: e._is_correction())
        undone = set(self.return_ids.mapped("key"))
        return rows.filtered(lambda e: e._get_undo_key() not in undone).sorted("id")

    def _is_correction(self):
        """Whether this row gives back a part: not all of its deduction, nor nothing."""
        self.ensure_one()
        is_whole = self.key == f"return/{self.origin_id.id}"
        return self.kind == RELEASE and bool(self.origin_id) and not is_whole

    def _get_undo_key(self):
        self.ensure_one()
        return f"undo/{self.id}"

    def _get_filled_units(self):
        """Return what this row filled of each lot, in whole smallest amounts."""
        self.ensure_one()
        filled = {}
        for allocation in self.allocation_ids:
            lot_id = allocation.lot_id.id
            units = self.budget_id._to_units(allocation.quantity)
            filled[lot_id] = filled.get(lot_id, 0) + units
        return filled

    def _prepare_undo_movement(self, reason=False):
        """Return the movement that deducts again what a correction gave back.

        :param str reason: why, shown to staff
        """
        self.ensure_one()
        movement = self._prepare_release_movement(reason)
        return {
            **movement,
            "kind": CONSUME,
            "takes": [],
            "origin_id": self.origin_id.id,
            "key": self._get_undo_key(),
        }

    def _undo_corrections(self, reason=False):
        """Deduct again what negative time gave back: it was edited or deleted.

        The lots that it filled pay first, then all others in their order. The budgets
        must be locked.

        :param str reason: why, shown to staff
        :return: the new `prepaid.entry`
        :raise UserError: the credit was used for other work meanwhile
        """
        Entry = self.env["prepaid.entry"]
        entries = Entry
        for correction in self:
            budget = correction.budget_id
            movement = correction._prepare_undo_movement(reason)
            lots = correction.allocation_ids.lot_id | budget._get_open_lots()
            left = {
                lot.id: budget._to_units(lot.remaining)
                for lot in lots
                if not lot._is_over()
            }
            wanted = -movement["quantity"]
            # What came off a debt becomes one again.
            filled = sum(correction._get_filled_units().values())
            takes = take(filled, left)
            short = filled - sum(units for _lot_id, units in takes)
            if short > budget._get_overdraft_left_units():
                raise UserError(
                    self.env._(
                        "%(name)s of %(day)s gave %(value)s back to %(budget)s, which "
                        "was used meanwhile. Top the budget up first.",
                        name=correction.name,
                        day=correction.work_date,
                        value=budget.currency_id.format(budget._from_units(wanted)),
                        budget=budget.display_name,
                    )
                )
            movement["takes"] = [(lot_id, -units) for lot_id, units in takes]
            entries |= budget._post_entries([movement])
        return entries


class PrepaidBudget(models.Model):
    _inherit = "prepaid.budget"

    def _get_overdraft_left_units(self):
        """Return how far the balance may still fall below zero."""
        self.ensure_one()
        credits = self._get_credits()[self]
        return self._get_overdraft_units(credits)
