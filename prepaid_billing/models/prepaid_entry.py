from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..const import (
    CONSUME,
    CONSUMPTION_ORDERS,
    ENTRY_KINDS,
    MATCH_RULES,
    RATE_SOURCES,
    RELEASE,
    USE_KINDS,
)
from .account_analytic_line import HOURS_DIGITS


class PrepaidEntry(models.Model):
    """One movement of a budget. The sum of a budget's entries is its balance.

    Entries are created by :meth:`prepaid.budget._post_entries` and by nothing else.
    Amounts are stored as booked and never computed again from hours and rates.
    """

    _name = "prepaid.entry"
    _inherit = "prepaid.ledger.mixin"
    _description = "Prepaid Entry"
    _order = "id desc"
    _rec_name = "name"
    _history_erasable_columns = ("create_uid", "write_uid", "timesheet_id")

    budget_id = fields.Many2one(
        "prepaid.budget", required=True, readonly=True, ondelete="restrict"
    )
    # Plain columns, copied when the entry is booked: history follows no later edit.
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    kind = fields.Selection(ENTRY_KINDS, required=True, readonly=True)
    name = fields.Char("Description", required=True, readonly=True)
    date = fields.Date(
        "Booked on", required=True, readonly=True, help="In the company's time zone."
    )
    work_date = fields.Date("Worked on", readonly=True)
    quantity = fields.Monetary(
        "Amount", required=True, readonly=True, help="Added (+) or used (-)."
    )
    balance_after = fields.Monetary("Balance", required=True, readonly=True)
    key = fields.Char(
        required=True,
        readonly=True,
        groups="base.group_user",
        help="What this entry books, so that nothing is booked twice.",
    )
    request_key = fields.Char(
        readonly=True,
        groups="base.group_user",
        index="btree_not_null",
        help="Key of the request that booked this entry; the same request again "
        "returns the same entries.",
    )
    lot_id = fields.Many2one(
        "prepaid.lot",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The lot whose credit this entry brings or takes back.",
    )
    origin_id = fields.Many2one(
        "prepaid.entry",
        "Corrects",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    return_ids = fields.One2many(
        "prepaid.entry", "origin_id", "Corrected by", readonly=True
    )
    is_returned = fields.Boolean("Returned", compute="_compute_is_returned")
    timesheet_id = fields.Many2one(
        "account.analytic.line",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    hours = fields.Float(readonly=True, help="Deducted (+) or returned (-) hours.")
    units = fields.Float(
        "Quantity",
        readonly=True,
        help="Deducted (+) or returned (-) quantity of an expense or of material.",
    )
    counted_hours = fields.Float(
        "Counted hours",
        readonly=True,
        help="Hours that count: rounded up to the steps of the budget, and weighted.",
    )
    weight = fields.Float(readonly=True, help="2: an hour counts twice.")
    weight_reason = fields.Char(readonly=True, groups="base.group_user")
    consumption_order = fields.Selection(
        CONSUMPTION_ORDERS,
        "Lots in order of",
        readonly=True,
        help="The order of use on that day; a return follows what was taken then.",
    )
    match_rule = fields.Selection(
        MATCH_RULES,
        "Validity",
        readonly=True,
        help="By which rule the lots were chosen.",
    )
    old_date = fields.Date("Valid to, before", readonly=True)
    new_date = fields.Date("Valid to, now", readonly=True)
    money_currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    rate = fields.Monetary(
        "Hourly rate", currency_field="money_currency_id", readonly=True
    )
    rate_source = fields.Selection(RATE_SOURCES, readonly=True)
    # Names price lists and rules in words that are not meant for customers.
    rate_reason = fields.Char(readonly=True, groups="base.group_user")
    reason = fields.Char(readonly=True, groups="base.group_user")
    allocation_ids = fields.One2many("prepaid.allocation", "entry_id", readonly=True)

    _key_unique = models.UniqueIndex("(key)")
    _budget_index = models.Index("(budget_id, id)")
    # What moved lately, and the pace at which it did, among years of history.
    _date_index = models.Index("(budget_id, date)")
    _use_index = models.Index(
        f"(budget_id, COALESCE(work_date, date)) WHERE kind IN {USE_KINDS}"
    )
    _consume_sign = models.Constraint(
        f"CHECK (kind != '{CONSUME}' OR quantity <= 0)",
        "Deducted time cannot raise a balance.",
    )

    # === RETURNING === #

    @api.depends("return_ids")
    def _compute_is_returned(self):
        deducted = self.filtered(lambda entry: entry.kind == CONSUME)
        left = deducted._get_hours_left()
        for entry in self:
            entry.is_returned = bool(entry.return_ids)
        for entry in deducted:
            is_used_up = float_compare(left[entry], 0.0, HOURS_DIGITS) <= 0
            entry.is_returned = bool(entry.origin_id) or is_used_up

    def _get_hours_left(self):
        """Return how many hours, or units, of each deduction were not returned."""
        groups = self._read_group(
            [("origin_id", "in", self.ids)], ["origin_id"], ["hours:sum", "units:sum"]
        )
        returned = {
            origin.id: (hours or 0.0) + (units or 0.0)
            for origin, hours, units in groups
        }
        return {
            entry: entry.hours + entry.units + returned.get(entry.id, 0.0)
            for entry in self
        }

    def _get_unreturned(self):
        """Return the deductions that have not been returned, or not in whole."""
        deducted = self.filtered(lambda e: e.kind == CONSUME and not e.origin_id)
        left = deducted._get_hours_left()
        return deducted.filtered(
            lambda e: float_compare(left[e], 0.0, HOURS_DIGITS) > 0
        )

    def _get_lot_units(self):
        """Return what a deduction and its corrections use of each lot.

        :return: dict id of the lot -> whole smallest amounts used, in the order of use
        """
        self.ensure_one()
        used = {}
        for allocation in (self | self.return_ids).allocation_ids.sorted("id"):
            lot_id = allocation.lot_id.id
            units = self.budget_id._to_units(allocation.quantity)
            used[lot_id] = used.get(lot_id, 0) - units
        return {lot_id: units for lot_id, units in used.items() if units}

    def _prepare_release_movement(self, reason=False):
        """Return the movement that gives back what this entry used.

        :param str reason: why, shown to staff
        """
        self.ensure_one()
        budget = self.budget_id
        return {
            "budget": budget,
            "kind": RELEASE,
            "name": self.name,
            "quantity": -budget._to_units(self.quantity),
            "takes": list(self._get_lot_units().items()),
            "origin_id": self.id,
            "timesheet_id": self.timesheet_id.id,
            "work_date": self.work_date,
            "hours": -self.hours,
            "counted_hours": -self.counted_hours,
            "units": -self.units,
            "weight": self.weight,
            "weight_reason": self.weight_reason,
            "consumption_order": self.consumption_order,
            "rate": self.rate,
            "rate_source": self.rate_source,
            "rate_reason": self.rate_reason,
            "reason": reason,
            "key": f"return/{self.id}",
        }

    def _prepare_release_movements(self, reason=False):
        """Return all movements that give back what this entry used; hook for more.

        :param str reason: why, shown to staff
        """
        self.ensure_one()
        return [self._prepare_release_movement(reason)]

    def action_return_time(self):
        """Return what these entries deducted to the lots that paid for it.

        :raise UserError: nothing of it is deducted any more, or its rest is invoiced
        """
        self.timesheet_id._check_prepaid_returnable()
        self.check_access("read")
        # Nobody may create entries but the ledger.
        entries_sudo = self.sudo()
        entries_sudo.budget_id._lock_for_ledger()
        unreturned = entries_sudo._get_unreturned()
        if not unreturned:
            raise UserError(
                self.env._("This time was returned already: nothing to return.")
            )
        entries_sudo.budget_id._post_release(
            unreturned, self.env._("Returned by %(user)s", user=self.env.user.name)
        )
