from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..const import (
    LOT_ACTIVE,
    LOT_CLOSED,
    LOT_EXPIRED,
    LOT_GRANTED,
    LOT_ORIGINS,
    LOT_PENDING,
    LOT_PURCHASED,
    LOT_USED,
    ORDER_FREE_FIRST,
    ORDER_PAID_FIRST,
    PART_NOTHING,
    USABLE_POSTED,
)
from ..tools.money import share_of

#: What comes after every day and every priority that is given.
LAST = 10**9


class PrepaidLotTerms(models.Model):
    """Own expiry, own price, own origin: the terms on which a lot was bought."""

    _inherit = "prepaid.lot"

    kind = fields.Selection(
        LOT_ORIGINS, "Origin", required=True, readonly=True, default=LOT_PURCHASED
    )
    priority = fields.Integer(
        readonly=True, default=10, help="Lower is used first, before any other rule."
    )
    date_to = fields.Date(
        "Valid to",
        readonly=True,
        help="Last day on which it counts, in the company's time zone. Empty: without "
        "end.",
    )
    parent_id = fields.Many2one(
        "prepaid.lot",
        "Comes with",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="Free credit is usable as its paid credit is, and goes with it.",
    )
    child_ids = fields.One2many(
        "prepaid.lot", "parent_id", "Free credit with it", readonly=True
    )
    source_lot_id = fields.Many2one(
        "prepaid.lot",
        "Moved from",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Lot of another budget that this credit was transferred from.",
    )
    money_currency_id = fields.Many2one(
        "res.currency", "Sold in", required=True, readonly=True
    )
    value = fields.Monetary(
        "Price paid",
        currency_field="money_currency_id",
        readonly=True,
        default=0.0,
        help="Money of the invoice line, without tax. Free credit costs nothing.",
    )
    unit_value = fields.Float(
        "Value per unit",
        compute="_compute_unit_value",
        digits="Product Price",
        help="Price paid for one unit of credit: below 1 where more was given than "
        "paid for; the price of an hour where hours were sold.",
    )
    remaining_value = fields.Monetary(
        "Value left",
        currency_field="money_currency_id",
        compute="_compute_unit_value",
        help="What remains, at the price that was paid for it.",
    )
    is_paid_late = fields.Boolean(
        readonly=True, help="Paid after it expired, or after the budget was closed."
    )
    reason = fields.Char(readonly=True, groups="base.group_user")

    _expiry_index = models.Index("(date_to, id) WHERE date_to IS NOT NULL")
    _validity_order = models.Constraint(
        "CHECK (date_to IS NULL OR date_to >= date_from)",
        "Credit cannot expire before it starts.",
    )

    # === VALUE === #

    @api.depends("value", "quantity", "remaining")
    def _compute_unit_value(self):
        for lot in self:
            lot.unit_value = lot.value / lot.quantity if lot.quantity else 0.0
            lot.remaining_value = lot._get_value_for(lot.remaining)

    def _get_value_for(self, quantity):
        """Return what a quantity of this lot was bought for, without tax.

        :param float quantity: credit, in the unit of the budget
        :return: float, money of the invoice, rounded once
        """
        self.ensure_one()
        return share_of(
            self.value, quantity, self.quantity, self.money_currency_id.rounding
        )

    # === FREE CREDIT THAT COMES WITH PAID CREDIT === #

    def _create_bonus_lots(self):
        """Make the free lots that come with these, as their packs say (B30)."""
        vals_list = [lot._prepare_bonus_vals() for lot in self]
        return self.create([vals for vals in vals_list if vals["quantity"] > 0])

    def _prepare_bonus_vals(self):
        self.ensure_one()
        return {
            **self._prepare_granted_vals(),
            "name": self.env._("%(invoice)s: free credit", invoice=self.name),
            "state": LOT_PENDING,
            "quantity": self.invoice_line_id._get_prepaid_quantity(bonus=True),
            "date_from": self.date_from,
            "date_to": self.date_to,
            "parent_id": self.id,
        }

    def _prepare_granted_vals(self):
        """Return what all free lots of the budget of a lot have in common."""
        return self.budget_id._prepare_granted_vals()

    def _get_bonus_bought(self):
        """Return the free credit that is left by credit notes on the paid credit.

        What was used of it stays, as what was used of the paid credit does.
        """
        self.ensure_one()
        parent = self.parent_id
        refunded = parent._get_refunded()
        if not refunded:
            return self.quantity
        kept = share_of(
            self.quantity,
            max(parent.quantity - refunded, 0.0),
            parent.quantity,
            self.currency_id.rounding,
        )
        used = self._get_booked()[self] - self._get_withheld()[self] - self.remaining
        return min(max(kept, used), self.quantity)

    def _get_bonus_entitled(self):
        """Return the free credit that counts now: as much as its paid credit does."""
        self.ensure_one()
        parent = self.parent_id
        if parent.invoice_id.state != "posted":
            return 0.0
        bought = parent.quantity - parent._get_refunded()
        kept = self._get_bonus_bought()
        if self.currency_id.compare_amounts(bought, 0) <= 0:
            return kept
        return share_of(kept, parent._get_entitled(), bought, self.currency_id.rounding)

    # === ORDER OF USE === #

    def _sorted_for_use(self):
        """Return these lots in the order of use that each one's budget has chosen.

        Priority, then (if chosen) free or paid credit, then the earliest expiry, what
        never expires last, then the oldest (BF7, B45, B46).
        """
        return self.sorted(lambda lot: lot._get_use_key())

    def _get_use_key(self):
        self.ensure_one()
        order = self.budget_id.consumption_order
        first = {ORDER_FREE_FIRST: LOT_GRANTED, ORDER_PAID_FIRST: LOT_PURCHASED}
        by_kind = order in first and self.kind != first[order]
        expiry = self.date_to.toordinal() if self.date_to else LAST
        return (self.priority, by_kind, expiry, self.date_from, self.id)

    # === VALIDITY === #

    def _is_over(self):
        """Whether the validity has passed, the grace days of the budget included."""
        self.ensure_one()
        if not self.date_to:
            return False
        grace = relativedelta(days=self.budget_id.grace_days)
        return self.date_to + grace < self.company_id._get_autopay_today()

    def _is_too_late(self):
        """Whether credit that comes now can no longer be used."""
        self.ensure_one()
        return self._is_over() or self.budget_id._is_closed()

    def _note_late_payment(self, quantity):
        """Tell the responsible once that money came for credit that is gone (B41).

        The money is not lost: the invoice is paid, and can be credited in whole.

        :param float quantity: credit that is not booked
        """
        self.ensure_one()
        if self.is_paid_late:
            return
        self.is_paid_late = True
        self.budget_id._schedule_activity(
            self.env._(
                "%(lot)s was paid too late: %(quantity)s cannot be used any more. "
                "Reinstate it, or give the money back by a credit note",
                lot=self.name,
                quantity=self.currency_id.format(quantity),
            )
        )

    @api.depends("state", "remaining", "date_to")
    def _compute_display_state(self):
        for lot in self:
            is_empty = lot.currency_id.is_zero(lot.remaining)
            if lot.state == LOT_CLOSED and lot.date_to and lot._is_over():
                lot.display_state = LOT_EXPIRED
            elif lot.state == LOT_ACTIVE and is_empty:
                lot.display_state = LOT_USED
            else:
                lot.display_state = lot.state

    def _prepare_terms_on_posting(self):
        """Return the terms of credit that counts at once, whoever gave it."""
        return {"usable_when": USABLE_POSTED, "part_payment": PART_NOTHING}
