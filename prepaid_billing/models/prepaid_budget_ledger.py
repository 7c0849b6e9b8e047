from odoo import api, models
from odoo.tools import SQL

from odoo.addons.invoice_autopay.tools import lock_rows

from ..const import (
    CREDIT,
    GRANT,
    LOT_PURCHASED,
    REFUND,
    REINSTATE,
    WITHDRAW,
)
from ..tools.allocation import OVERDRAFT, Credit, take
from ..tools.money import from_units, to_units


class PrepaidBudgetLedger(models.Model):
    """The one writer of the ledger.

    Everything that moves a balance passes through :meth:`_post_entries`, after
    :meth:`_lock_for_ledger`. Amounts are whole smallest amounts of the currency inside.
    """

    _inherit = "prepaid.budget"

    # === LOCK === #

    def _lock_for_ledger(self):
        """Let one transaction at a time move these budgets; call before reading them.

        Waits for the rows in a stable order, then changes them, so that a competitor
        whose snapshot is older fails with a serialization error and is retried on fresh
        data: in REPEATABLE READ a row lock alone would let it read a stale ledger.
        """
        if not self.ids:
            return
        self.env.flush_all()
        lock_rows(self)
        self.env.cr.execute(
            SQL(
                "UPDATE prepaid_budget SET lock_seq = lock_seq + 1 WHERE id IN %s",
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(flush=False)
        self.env["prepaid.lot"].invalidate_model(flush=False)
        self.env["prepaid.entry"].invalidate_model(flush=False)
        self.env["prepaid.replenishment"].invalidate_model(flush=False)

    # === UNITS === #

    def _to_units(self, amount):
        """Return money of this budget as whole smallest amounts of its currency."""
        return to_units(amount, self.currency_id.rounding)

    def _from_units(self, units):
        """Return whole smallest amounts as money of this budget."""
        return from_units(units, self.currency_id.rounding)

    # === THE WRITER === #

    def _post_entries(self, movements):
        """Append entries with their allocations, and bring the stored sums along.

        The budgets must be locked. Lots lose or gain what the movements take or fill;
        debt that a gain can settle is settled in the same step.

        :param list movements: dicts of entry values with ``budget`` (record),
            ``quantity`` in whole smallest amounts (+ or -), ``takes``: list of
            (lot id, whole smallest amounts, + fills and - uses) and all other columns
        :return: the new `prepaid.entry`, in the order of the movements
        """
        entries = self.env["prepaid.entry"]._append(self._prepare_entries(movements))
        allocations = [
            (movement["budget"], entry_id, lot_id, units)
            for entry_id, movement in zip(entries.ids, movements, strict=True)
            for lot_id, units in movement["takes"]
        ]
        self._post_allocations(allocations)
        for budget in self.browse(
            {m["budget"].id for m in movements if self._is_settling(m)}
        ):
            budget._settle_debt()
        self.browse({m["budget"].id for m in movements})._after_balance_change()
        return entries

    @api.model
    def _is_settling(self, movement):
        """Tell whether credit may meet debt after a movement: it brings one of both.

        Lost credit that was used already is debt, and other lots may have credit left.

        :param dict movement: as of :meth:`_post_entries`
        """
        taken = sum(units for _lot_id, units in movement["takes"])
        return movement["quantity"] > 0 or movement["quantity"] < taken

    def _prepare_entries(self, movements):
        balances = {}
        vals_list = []
        companies = self.union(*(m["budget"] for m in movements)).company_id
        today = {company: company._get_autopay_today() for company in companies}
        for movement in movements:
            budget = movement["budget"]
            before = balances.get(budget, budget._to_units(budget.balance))
            balances[budget] = before + movement["quantity"]
            vals = {k: v for k, v in movement.items() if k not in ("budget", "takes")}
            vals_list.append(
                {
                    "date": today[budget.company_id],
                    **vals,
                    "budget_id": budget.id,
                    "company_id": budget.company_id.id,
                    "currency_id": budget.currency_id.id,
                    "money_currency_id": budget.money_currency_id.id,
                    "quantity": budget._from_units(movement["quantity"]),
                    "balance_after": budget._from_units(balances[budget]),
                }
            )
        for budget, units in balances.items():
            budget.balance = budget._from_units(units)
        return vals_list

    def _post_allocations(self, allocations):
        """Append allocations and bring the lots' remainders along.

        :param list allocations: (`prepaid.budget`, entry id, lot id, whole smallest
            amounts: + fills, - uses)
        """
        moved = {}
        vals_list = []
        for budget, entry_id, lot_id, units in allocations:
            moved[lot_id] = moved.get(lot_id, 0) + units
            vals_list.append(
                {
                    "entry_id": entry_id,
                    "lot_id": lot_id,
                    "company_id": budget.company_id.id,
                    "currency_id": budget.currency_id.id,
                    "quantity": budget._from_units(units),
                }
            )
        self.env["prepaid.allocation"]._append(vals_list)
        for lot in self.env["prepaid.lot"].browse(moved):
            budget = lot.budget_id
            remaining = budget._to_units(lot.remaining) + moved[lot.id]
            lot.remaining = budget._from_units(remaining)

    def _after_balance_change(self):
        """Hook: the balance of these budgets has moved; they are locked."""

    # === DEBT === #

    def _settle_debt(self):
        """Let new credit pay for what was used without credit, oldest first.

        Whatever the credit was bought for: the balance is one figure, and work that was
        deducted on overdraft is not billed another way (B43).
        """
        self.ensure_one()
        lots = self._get_open_lots()
        remaining = {lot.id: self._to_units(lot.remaining) for lot in lots}
        debt = sum(remaining.values()) - self._to_units(self.balance)
        if debt <= 0 or not remaining:
            return
        allocations = []
        for entry, owed in self._get_uncovered_entries():
            takes = take(min(owed, debt), remaining)
            allocations += [(self, entry.id, lot_id, -units) for lot_id, units in takes]
            debt -= sum(units for _lot_id, units in takes)
            if debt <= 0:
                break
        self._post_allocations(allocations)

    def _get_uncovered_entries(self):
        """Return (entry, whole smallest amounts owed) for each entry, oldest first."""
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH moved AS (
                    SELECT COALESCE(origin_id, id) AS origin_id, quantity,
                           (SELECT COALESCE(SUM(allocation.quantity), 0)
                              FROM prepaid_allocation allocation
                             WHERE allocation.entry_id = entry.id) AS allocated
                      FROM prepaid_entry entry
                     WHERE budget_id = %s
                )
                SELECT origin_id, SUM(allocated - quantity)
                  FROM moved
                 GROUP BY origin_id
                HAVING SUM(allocated - quantity) > 0
                 ORDER BY origin_id
                """,
                self.id,
            )
        )
        Entry = self.env["prepaid.entry"]
        return [(Entry.browse(id_), self._to_units(owed)) for id_, owed in rows]

    # === LOTS === #

    def _get_open_lots(self):
        """Return the lots with credit left, in the order of use."""
        lots = self.env["prepaid.lot"].search(
            [("budget_id", "in", self.ids), ("remaining", ">", 0)]
        )
        return lots._sorted_for_use()

    def _get_credits(self):
        """Return the open lots as values for the planning, in the order of use.

        :return: dict budget -> list of :class:`~..tools.allocation.Credit`
        """
        credits = {budget: [] for budget in self}
        for lot in self._get_open_lots():
            if lot._is_over():
                continue  # the nightly job books its expiry, or the next deduction
            budget = lot.budget_id
            is_paid = lot.kind == LOT_PURCHASED
            credits[budget].append(
                Credit(
                    id=lot.id,
                    remaining=budget._to_units(lot.remaining),
                    date_from=None if budget.cover_earlier_work else lot.date_from,
                    date_to=lot.date_to or None,
                    # Free credit was not taxed: it pays for any service.
                    tax_key=frozenset(lot.tax_ids.ids) if is_paid else None,
                )
            )
        return credits

    def _get_overdraft_units(self, credits):
        """Return how far the balance may still fall below zero, beyond the lots.

        :param list credits: what is left of the lots of this budget
        """
        self.ensure_one()
        if self.shortage_policy != OVERDRAFT:
            return 0
        remaining = sum(credit.remaining for credit in credits)
        debt = remaining - self._to_units(self.balance)
        return max(self._to_units(self.overdraft_limit) - debt, 0)

    def _get_shortage_reason(self, cover, credits):
        """Say why a piece of work is not accepted, and what would help.

        :param cover: :class:`~..tools.allocation.Cover`
        :param list credits: the lots of this budget before the deduction
        """
        self.ensure_one()
        taxes = cover.work.tax_key
        if not all(credit.accepts(cover.work) for credit in credits):
            if taxes is not None and any(
                c.tax_key not in (None, taxes) for c in credits
            ):
                return self.env._(
                    "The tax of this service is not that of the credit: invoice it"
                )
            if any(credit.ends_before(cover.work) for credit in credits):
                return self.env._("The credit expires before this work")
            return self.env._(
                "The credit starts after this work (see Cover earlier work on the "
                "budget)"
            )
        return self.env._(
            "Short: %(value)s needed, %(left)s left for it",
            value=self.currency_id.format(self._from_units(cover.work.value)),
            left=self.currency_id.format(self._from_units(cover.at_hand)),
        )

    def _post_lot_movement(self, lot, difference, loss_kind):
        """Book credit that a lot gains or loses with its invoice.

        :param lot: `prepaid.lot` of this budget
        :param float difference: money, + gained or - lost
        :param str loss_kind: kind of the entry when credit is lost
        :return: the `prepaid.entry`
        """
        self.ensure_one()
        units = self._to_units(difference)
        earlier = self.env["prepaid.entry"].search([("lot_id", "=", lot.id)])
        if units > 0:
            lost_before = earlier.filtered(lambda e: e.kind in (WITHDRAW, REFUND))
            first_kind = CREDIT if lot.kind == LOT_PURCHASED else GRANT
            kind = REINSTATE if lost_before else first_kind
            taken = units
        else:
            kind = loss_kind
            taken = -min(-units, self._to_units(lot.remaining))
        return self._post_entries(
            [
                {
                    "budget": self,
                    "kind": kind,
                    "name": lot.name,
                    "quantity": units,
                    "takes": [(lot.id, taken)] if taken else [],
                    "lot_id": lot.id,
                    "key": f"lot/{lot.id}/{len(earlier)}",
                }
            ]
        )

    # === RETURNING DEDUCTED TIME === #

    def _post_release(self, entries, reason=False):
        """Give back what entries used, to the very lots they used.

        :param entries: `prepaid.entry` of kind "consume", not yet returned
        :param str reason: why, shown to staff
        :return: the new entries, at least one for each
        """
        movements = []
        for entry in entries:
            movements += entry._prepare_release_movements(reason)
        releases = self._post_entries(movements)
        # What returns to a lot whose validity has passed expires at once (B49).
        self._expire_over_lots()
        return releases

    # === PROOF === #

    def _get_differences(self):
        """Compare ledger, stored balance and lots; what they do not agree on.

        :return: dict budget -> text; empty when everything agrees
        """
        self.env.flush_all()
        differences = {}
        for budget in self.with_context(active_test=False):
            entries = self.env["prepaid.entry"].search([("budget_id", "=", budget.id)])
            lots = self.env["prepaid.lot"].search([("budget_id", "=", budget.id)])
            ledger = sum(budget._to_units(e.quantity) for e in entries)
            balance = budget._to_units(budget.balance)
            left = {lot: budget._to_units(lot.remaining) for lot in lots}
            allocated = {
                lot: sum(budget._to_units(a.quantity) for a in lot.allocation_ids)
                for lot in lots
            }
            owed = sum(units for _entry, units in budget._get_uncovered_entries())
            if ledger != balance or left != allocated:
                differences[budget] = f"{ledger=} {balance=} {left=} {allocated=}"
            elif balance != sum(left.values()) - owed or (owed and any(left.values())):
                differences[budget] = f"{balance=} {left=} {owed=}"
        return differences
