from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import BUDGET_OPEN, LOT_PENDING, UNIT_HOURS, UNIT_MONEY
from ..const_consumption import REJECTED
from .account_analytic_line import STATE_COVERED


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    prepaid_budget_id = fields.Many2one(
        "prepaid.budget",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="Budget that this line fills. Empty on a prepaid pack: the customer's "
        "budget, or a new one.",
    )
    prepaid_refund_lot_id = fields.Many2one(
        "prepaid.lot",
        "Prepaid lot credited",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    prepaid_refund_quantity = fields.Float(
        "Prepaid credit taken back",
        digits=(16, 6),
        readonly=True,
        copy=False,
        help="In the unit of the budget; fixed when the credit note is posted.",
    )

    def _copy_data_extend_business_fields(self, values):
        """A credit note knows which lot each of its lines takes back."""
        result = super()._copy_data_extend_business_fields(values)
        lot = self.env["prepaid.lot"].sudo()  # an accountant may have no right on lots
        lot = lot.search([("invoice_line_id", "=", self.id)])
        if lot:
            values["prepaid_refund_lot_id"] = lot.id
        return result

    # === GUARDS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Only a line that reverses the invoice of a lot takes that lot back.

        The reversal sets the lot as the user. Debit notes and new invoices made from a
        credit note carry it along: they lose it here.
        """
        lines = super().create(vals_list)
        if not self.env.su:
            strays = lines.filtered(
                lambda ln: (
                    ln.prepaid_refund_lot_id
                    and not ln._is_reversing(ln.prepaid_refund_lot_id)
                )
            )
            # The guard of `write` is for people.
            strays.sudo().prepaid_refund_lot_id = False
        return lines

    def write(self, vals):
        """Which credit a line gives or takes back is not rewritten by hand.

        :raise UserError: the lot of a credit note is given, or the budget of a line
            that is posted
        """
        if not self.env.su:
            self._ensure_prepaid_untyped(vals)
        return super().write(vals)

    def _ensure_prepaid_untyped(self, vals):
        if {"prepaid_refund_lot_id", "prepaid_refund_quantity"} & vals.keys():
            raise UserError(
                self.env._(
                    "Which credit a credit note takes back follows from its invoice. "
                    "Use the button Credit Note on that invoice."
                )
            )
        if "prepaid_budget_id" not in vals:
            return
        for line in self.filtered(lambda ln: ln.parent_state == "posted"):
            raise UserError(
                self.env._(
                    "%(invoice)s is posted: the budget that it fills can no longer "
                    "change. Reset it to draft, or make a credit note.",
                    invoice=line.move_id.display_name,
                )
            )

    def _is_reversing(self, lot):
        """Whether this line belongs to a credit note on the invoice of a lot.

        :param lot: `prepaid.lot`
        """
        self.ensure_one()
        move = self.move_id
        invoice = lot.sudo().invoice_id  # an accountant may have no right on lots
        is_refund = move.move_type == "out_refund"
        return is_refund and bool(invoice) and invoice == move.reversed_entry_id

    def _ensure_prepaid_refundable(self):
        """Refuse a credit note that takes back the credit of somebody else.

        :raise UserError: not the lot's invoice, customer, company or currency, or not
            above zero
        """
        self.ensure_one()
        lot_sudo = self.prepaid_refund_lot_id.sudo()  # as in _is_reversing
        owner = lot_sudo.budget_id.partner_id.commercial_partner_id
        reason = False
        if not self._is_reversing(lot_sudo) or lot_sudo.company_id != self.company_id:
            reason = self.env._(
                "it was sold by another invoice. Use the button Credit Note on that "
                "invoice"
            )
        elif owner != self.move_id.partner_id.commercial_partner_id:
            reason = self.env._(
                "it belongs to %(owner)s. Make the credit note for that customer",
                owner=owner.display_name,
            )
        elif lot_sudo.money_currency_id != self.currency_id:
            reason = self.env._(
                "it is kept in %(currency)s. Make the credit note in that currency",
                currency=lot_sudo.money_currency_id.name,
            )
        elif self.currency_id.compare_amounts(self.price_subtotal, 0) <= 0:
            reason = self.env._(
                "%(amount)s is not above zero. Remove the line if nothing of the pack "
                "is given back",
                amount=self.currency_id.format(self.price_subtotal),
            )
        if reason:
            raise UserError(
                self.env._(
                    "%(refund)s cannot take back %(lot)s: %(reason)s.",
                    refund=self.move_id.display_name,
                    lot=lot_sudo.name,
                    reason=reason,
                )
            )

    # === CREDIT === #

    def _is_prepaid_without_lot(self):
        """Whether this line of a credit note gives credit back that we cannot find.

        Packs that never made a lot (worth nothing, or sold before they were packs) are
        credited like anything else.
        """
        self.ensure_one()
        if self.prepaid_refund_lot_id or not self.product_id.prepaid_ok:
            return False
        origin_sudo = self.move_id.reversed_entry_id.sudo()  # whether it made lots
        is_worth_something = not self.currency_id.is_zero(self.price_subtotal)
        return is_worth_something and (not origin_sudo or origin_sudo.prepaid_lot_ids)

    def _create_prepaid_lots(self):
        """Make a lot for each prepaid pack on these posted invoice lines.

        :raise UserError: a pack cannot become credit; the message says why
        """
        lines = self.filtered(
            lambda ln: (
                (ln.prepaid_budget_id or ln.product_id.prepaid_ok)
                and ln.display_type == "product"
                and not ln.currency_id.is_zero(ln.price_subtotal)
            )
        )
        if not lines:
            return
        lines_sudo = lines.sudo()  # selling a pack needs no right on budgets
        lines_sudo._assign_prepaid_budgets()
        for line in lines_sudo:
            line._ensure_prepaid_sellable()
        lots_sudo = lines_sudo.env["prepaid.lot"].create(
            [line._prepare_prepaid_lot_vals() for line in lines_sudo]
        )
        lots_sudo._create_bonus_lots()

    def _assign_prepaid_budgets(self):
        """Fill in the budget where it was left open: the customer's, or a new one."""
        Budget = self.env["prepaid.budget"]
        for line in self.filtered(lambda ln: not ln.prepaid_budget_id):
            owner = line.partner_id.commercial_partner_id
            budgets = Budget.search(
                [
                    ("partner_id.commercial_partner_id", "=", owner.id),
                    ("company_id", "=", line.company_id.id),
                    ("money_currency_id", "=", line.currency_id.id),
                    ("unit", "=", line._get_prepaid_unit()),
                    ("tax_policy", "=", line._get_prepaid_tax_policy()),
                    ("state", "=", BUDGET_OPEN),
                ]
            )
            same_pack = budgets.filtered(
                lambda b, ln=line: b.product_id == ln.product_id
            )
            budget = (same_pack or budgets)[:1] or Budget.create(
                line._prepare_prepaid_budget_vals()
            )
            line.with_context(skip_readonly_check=True).prepaid_budget_id = budget

    def _prepare_prepaid_budget_vals(self):
        """Return the values of the budget that a customer without one gets."""
        self.ensure_one()
        unit = self._get_prepaid_unit()
        currency_field = "currency_id" if unit == UNIT_MONEY else "money_currency_id"
        return {
            "partner_id": self.partner_id.commercial_partner_id.id,
            "company_id": self.company_id.id,
            "type_id": self.product_id.prepaid_budget_type_id.id,
            "unit": unit,
            currency_field: self.currency_id.id,
            "product_id": self.product_id.id,
            "user_id": self.move_id.invoice_user_id.id,
        }

    def _ensure_prepaid_sellable(self):
        self.ensure_one()
        budget = self.prepaid_budget_id
        reason = False
        owner = budget.partner_id.commercial_partner_id
        buyers = owner | (budget and budget._get_charged_partner())
        if self.partner_id.commercial_partner_id not in buyers:
            reason = self.env._(
                "the budget belongs to %(owner)s", owner=owner.display_name
            )
        elif budget.money_currency_id != self.currency_id:
            reason = self.env._(
                "the budget is kept in %(currency)s. Invoice it in that currency, or "
                "choose another budget",
                currency=budget.money_currency_id.name,
            )
        elif budget.unit != self._get_prepaid_unit():
            reason = self.env._(
                "%(product)s does not bring what the budget is kept in. Choose "
                "another pack or another budget",
                product=self.product_id.display_name or self.name,
            )
        elif self.price_subtotal < 0:
            reason = self.env._(
                "credit cannot be sold for less than zero. Use a credit note"
            )
        if reason:
            raise UserError(
                self.env._(
                    "%(invoice)s cannot fill %(budget)s: %(reason)s.",
                    invoice=self.move_id.display_name,
                    budget=budget.display_name,
                    reason=reason,
                )
            )

    def _get_prepaid_unit(self):
        """Return the unit of the budgets that this line can fill."""
        self.ensure_one()
        return UNIT_HOURS if self.product_id._sells_prepaid_hours() else UNIT_MONEY

    def _get_prepaid_quantity(self, bonus=False):
        """Return the credit that this line buys: money, or hours.

        :param bool bonus: the free credit that comes with it, instead
        :return: float, rounded at the unit of the budget
        """
        self.ensure_one()
        product = self.product_id
        is_hours = product._sells_prepaid_hours()
        currency = self.currency_id
        if is_hours:
            currency = self.env["res.currency"]._get_prepaid_hours()
        if not bonus and not product._has_prepaid_price():
            return self.price_subtotal
        if is_hours and not bonus and not product.prepaid_credit:
            # By the unit on the invoice: a pack in hours may be sold in days.
            hour = self.env["account.analytic.line"]._get_prepaid_hour()
            uom = self.product_uom_id
            return currency.round(
                uom._compute_quantity(self.quantity, hour, round=False)
            )
        units = self.product_uom_id._compute_quantity(
            self.quantity, product.uom_id, round=False
        )
        credit = product._get_prepaid_credit_per_unit(
            self.currency_id, self.company_id, bonus
        )
        return currency.round(units * credit)

    def _prepare_prepaid_lot_vals(self):
        self.ensure_one()
        product = self.product_id
        return {
            "name": self.move_id.name,
            "budget_id": self.prepaid_budget_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.prepaid_budget_id.currency_id.id,
            "money_currency_id": self.currency_id.id,
            "state": LOT_PENDING,
            "quantity": self._get_prepaid_quantity(),
            "value": self.price_subtotal,
            "remaining": 0.0,
            "date_from": self.move_id.invoice_date,
            "date_to": product._get_prepaid_date_to(self.move_id.invoice_date),
            "invoice_id": self.move_id.id,
            "invoice_line_id": self.id,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "usable_when": product._get_prepaid_usable_when(),
            "part_payment": product._get_prepaid_part_payment(),
        }

    # === TIME THAT IS DEDUCTED IS NOT INVOICED === #

    @api.model
    def _timesheet_domain_get_invoiced_lines(self, sale_line_delivery):
        """Leave time that is covered in whole, or rejected, out of the invoice."""
        domain = super()._timesheet_domain_get_invoiced_lines(sale_line_delivery)
        return (
            Domain(domain)
            & Domain("prepaid_state", "!=", STATE_COVERED)
            & Domain("prepaid_approval", "!=", REJECTED)
        )
