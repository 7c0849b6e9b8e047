from odoo import api, fields, models
from odoo.exceptions import UserError

#: Delivered by what is logged: time, or expenses that are deducted one by one.
LOGGED_METHODS = ("timesheet", "analytic")

#: What was sold, and in which unit.
SOLD_FIELDS = frozenset({"product_id", "product_uom_id"})


def less(claim, deducted):
    """Return what is left of a claim; no claim on the customer turns into a debt.

    :param float claim: quantity or money that is to be invoiced; below zero: credited
    :param float deducted: how much of it a budget paid
    """
    return max(claim - deducted, min(claim, 0.0))


class SaleOrderLineProduct(models.Model):
    """Products that a budget paid for are not invoiced again (BF25).

    What is ordered and delivered stays as it is; only less of it is to be invoiced.
    """

    _inherit = "sale.order.line"

    prepaid_quantity = fields.Float(
        "Deducted",
        compute="_compute_prepaid_quantity",
        compute_sudo=True,
        store=True,
        digits="Product Unit",
        help="Quantity that prepaid budgets have paid for; it is not invoiced again.",
    )

    @api.depends(
        "analytic_line_ids.prepaid_covered_hours",
        "analytic_line_ids.is_prepaid_product",
    )
    def _compute_prepaid_quantity(self):
        groups = self.env["account.analytic.line"]._read_group(
            [("so_line", "in", self.ids), ("is_prepaid_product", "=", True)],
            ["so_line", "product_uom_id"],
            ["prepaid_covered_hours:sum"],
        )
        covered = {}
        for line, unit, quantity in groups:
            # An analytic line may be edited until it is deducted, its unit as well.
            own = (unit or line.product_uom_id)._compute_quantity(
                quantity, line.product_uom_id, round=False
            )
            covered[line.id] = covered.get(line.id, 0.0) + own
        for line in self:
            line.prepaid_quantity = covered.get(line._origin.id, 0.0)

    # === WHAT IS TO BE INVOICED === #

    @api.depends("prepaid_quantity")
    def _compute_qty_to_invoice(self):
        """What is deducted of a product is not to be invoiced.

        Nor is it credited when less turns out to be delivered: money that a budget paid
        goes back to the budget.
        """
        result = super()._compute_qty_to_invoice()
        for line in self.filtered("prepaid_quantity"):
            line.qty_to_invoice = less(line.qty_to_invoice, line.prepaid_quantity)
        return result

    @api.depends("prepaid_quantity")
    def _compute_untaxed_amount_to_invoice(self):
        """What is deducted of a product is not to be invoiced."""
        result = super()._compute_untaxed_amount_to_invoice()
        for line in self.filtered("prepaid_quantity"):
            price = self.env["account.analytic.line"]._get_prepaid_net_price(
                line._get_discounted_price(),
                line.tax_ids,
                line.currency_id,
                line.product_id,
            )
            line.untaxed_amount_to_invoice = less(
                line.untaxed_amount_to_invoice, price * line.prepaid_quantity
            )
        return result

    @api.depends("prepaid_quantity")
    def _compute_amount_to_invoice(self):
        """What is deducted of a product is not to be invoiced."""
        result = super()._compute_amount_to_invoice()
        for line in self.filtered("prepaid_quantity"):
            if line.product_uom_qty:
                price = line.price_total / line.product_uom_qty
                line.amount_to_invoice = less(
                    line.amount_to_invoice, price * line.prepaid_quantity
                )
        return result

    @api.depends("prepaid_quantity")
    def _compute_invoice_status(self):
        """Nothing is left to ask for what is deducted; a deposit least of all."""
        result = super()._compute_invoice_status()
        for line in self.filtered("prepaid_quantity"):
            settled = line.qty_invoiced + line.prepaid_quantity
            is_settled = line.product_uom_id.compare(settled, line.product_uom_qty) >= 0
            if line.invoice_status == "no" and line.state == "sale" and is_settled:
                line.invoice_status = "invoiced"
        return result

    # === GUARD === #

    @api.depends("prepaid_quantity")
    def _compute_product_updatable(self):
        """What is deducted is no other product, as if it were invoiced."""
        result = super()._compute_product_updatable()
        self.filtered("prepaid_quantity").product_updatable = False
        return result

    @api.model_create_multi
    def create(self, vals_list):
        """What is deducted follows from the ledger.

        :raise UserError: it is given
        """
        self._ensure_prepaid_untyped(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        """What is deducted was ordered and delivered.

        :raise UserError: less would be ordered or delivered than is deducted, or
            something else, or what is deducted is given
        """
        self._ensure_prepaid_untyped([vals])
        for name in SOLD_FIELDS & vals.keys():
            # Clients send it though it is the same.
            self.filtered(
                lambda line, name=name: (
                    line.prepaid_quantity and line[name].id != vals[name]
                )
            )._check_prepaid_quantity(0.0)
        result = super().write(vals)
        if {"product_uom_qty", "qty_delivered"} & vals.keys():
            for line in self.filtered("prepaid_quantity"):
                line._check_prepaid_quantity(line._get_prepaid_claimed_quantity())
        return result

    def _ensure_prepaid_untyped(self, vals_list):
        # The recompute passes through neither create nor write.
        if self.env.su or not any("prepaid_quantity" in vals for vals in vals_list):
            return
        raise UserError(
            self.env._(
                "What is deducted of a product follows from the ledger: it cannot be "
                "typed. Click Deduct products on the order, or return what is deducted."
            )
        )

    def _check_prepaid_quantity(self, quantity):
        """Refuse that less is left to ask for than is deducted.

        :param float quantity: what the customer will owe, in the unit of each item
        :raise UserError: more is deducted
        """
        for line in self:
            if line.product_uom_id.compare(quantity, line.prepaid_quantity) < 0:
                raise UserError(
                    self.env._(
                        "%(item)s: %(deducted)s %(uom)s of it are deducted from a "
                        "prepaid budget. Return them first (button Return time on the "
                        "movement of the budget), then change the order.",
                        item=line._get_prepaid_name(),
                        deducted=f"{line.prepaid_quantity:g}",
                        uom=line.product_uom_id.name,
                    )
                )

    def _check_prepaid_invoiced(self):
        """Refuse that what is deducted is on an invoice as well.

        :raise UserError: what is invoiced leaves less than is deducted
        """
        for line in self.filtered("prepaid_quantity"):
            left = line._get_prepaid_claimed_quantity()
            if line.product_uom_id.compare(left, line.prepaid_quantity) < 0:
                raise UserError(
                    self.env._(
                        "%(item)s: %(deducted)s %(uom)s of it are deducted from a "
                        "prepaid budget, and would be on an invoice, too. Lower what "
                        "is invoiced, or first return what is deducted (button Return "
                        "time on the movement of the budget).",
                        item=line._get_prepaid_name(),
                        deducted=f"{line.prepaid_quantity:g}",
                        uom=line.product_uom_id.name,
                    )
                )

    def _get_prepaid_claimed_quantity(self):
        """Return what the customer owes of this item and has no invoice for."""
        self.ensure_one()
        is_delivered = self.product_id.invoice_policy == "delivery"
        quantity = self.qty_delivered if is_delivered else self.product_uom_qty
        return quantity - self.qty_invoiced

    # === LOG === #

    def _is_prepaid_product_item(self):
        """Whether this is a product, not time, expenses, credit or a deposit."""
        self.ensure_one()
        return bool(
            self.state == "sale"
            and not self.display_type
            and not self.is_downpayment
            and not self.combo_item_id
            and self.qty_delivered_method not in LOGGED_METHODS
            and self.product_id.type != "combo"
            and not self.product_id.prepaid_ok
        )

    def _log_prepaid_products(self):
        """Log what is to be invoiced of products, so that it can be deducted.

        What was logged before and is not deducted is brought up to date: meanwhile it
        may be invoiced, and a preview may show it.

        :return: `account.analytic.line`, sudoed: what may be deducted of these items
        """
        items = self.filtered(lambda line: line._is_prepaid_product_item())
        # Who deducts need not have any right on analytic lines.
        logged_sudo = self.env["account.analytic.line"].sudo()
        logged_sudo = logged_sudo.search(
            [("so_line", "in", items.ids), ("is_prepaid_product", "=", True)]
        )
        idle = logged_sudo.filtered(lambda line: not line.prepaid_state)
        idle = idle.grouped("so_line")
        partly_sudo = logged_sudo.filtered(
            lambda line: line.prepaid_state and line.is_prepaid_open
        )
        waiting = partly_sudo.grouped("so_line")
        lines_sudo = partly_sudo
        for item in items:
            key = item.sudo()  # a key of the same record
            quantity = item.qty_to_invoice - sum(
                line.unit_amount - line.prepaid_covered_hours
                for line in waiting.get(key, ())
            )
            if item.product_uom_id.compare(quantity, 0.0) <= 0:
                continue
            vals = item._prepare_prepaid_product_vals(quantity)
            if line_sudo := idle.get(key, logged_sudo.browse())[:1]:
                line_sudo.write(vals)
                lines_sudo |= line_sudo
            else:
                lines_sudo |= lines_sudo.create(vals)
        return lines_sudo

    def _prepare_prepaid_product_vals(self, quantity):
        """Return the values of the analytic line of a product to deduct.

        :param float quantity: in the unit of this item
        """
        self.ensure_one()
        return {
            "name": self.name,
            "so_line": self.id,
            "product_id": self.product_id.id,
            "product_uom_id": self.product_uom_id.id,
            "unit_amount": quantity,
            "amount": 0.0,
            "partner_id": self.order_partner_id.id,
            "company_id": self.company_id.id,
            # Core would name whoever clicks: nobody worked here.
            "employee_id": False,
            "user_id": False,
            "date": self.company_id._get_autopay_today(),
            "is_prepaid_product": True,
        }
