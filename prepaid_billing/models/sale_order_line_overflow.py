from odoo import api, fields, models
from odoo.fields import Domain

from ..const_consumption import REJECTED
from .account_analytic_line import STATE_COVERED


class SaleOrderLineOverflow(models.Model):
    """Items that bill what budgets do not cover, at a rate of its own (BF17).

    The time stays on the item that it was worked for; only what is beyond the budget is
    delivered on the item beside it.
    """

    _inherit = "sale.order.line"

    prepaid_base_line_id = fields.Many2one(
        "sale.order.line",
        "Beyond the budget of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Item whose time this one bills where a prepaid budget does not cover it.",
    )
    prepaid_overflow_timesheet_ids = fields.One2many(
        "account.analytic.line",
        "prepaid_overflow_line_id",
        "Time beyond the budget",
        readonly=True,
    )

    # === WHAT IS DELIVERED === #

    @api.depends(
        "timesheet_ids.prepaid_overflow_line_id",
        "prepaid_overflow_timesheet_ids.unit_amount",
        "prepaid_overflow_timesheet_ids.prepaid_covered_hours",
        "prepaid_overflow_timesheet_ids.prepaid_approval",
    )
    def _compute_qty_delivered(self):
        return super()._compute_qty_delivered()

    def _get_delivered_quantity_by_analytic(self, additional_domain):
        """What is beyond a budget is delivered on the item beside that of the time."""
        own = Domain("prepaid_overflow_line_id", "=", False)
        delivered = super()._get_delivered_quantity_by_analytic(
            Domain.AND([additional_domain, own])
        )
        if not self:
            return delivered
        beyond = Domain.AND(
            [
                additional_domain,
                [("prepaid_overflow_line_id", "in", self.ids)],
                [("prepaid_state", "!=", STATE_COVERED)],
                [("prepaid_approval", "!=", REJECTED)],
            ]
        )
        hour = self.env["account.analytic.line"]._get_prepaid_hour()
        for line, uom, worked, covered in self.env["account.analytic.line"]._read_group(
            beyond,
            ["prepaid_overflow_line_id", "product_uom_id"],
            ["unit_amount:sum", "prepaid_covered_hours:sum"],
        ):
            hours = (uom or hour)._compute_quantity(worked, hour, round=False) - covered
            delivered[line.id] += hour._compute_quantity(
                hours, line.product_uom_id, rounding_method="HALF-UP"
            )
        return delivered

    # === THE ITEM BESIDE === #

    def _timesheet_service_generation(self):
        """No task or project is made for what is beyond a budget: the work is done."""
        ordinary = self.filtered(lambda line: not line.prepaid_base_line_id)
        return super(SaleOrderLineOverflow, ordinary)._timesheet_service_generation()

    def unlink(self):
        """Time whose item goes is billed as before; the database tells nobody."""
        # Whoever edits the order need not see the time.
        self.sudo().prepaid_overflow_timesheet_ids._set_prepaid_overflow(line=False)
        return super().unlink()

    def _get_prepaid_overflow_line(self, budget):
        """Return the item that bills what a budget does not cover of this one.

        An item at the same price is used again; a new rate makes a new one, so that
        what is marked already keeps its rate.

        :param budget: `prepaid.budget` with a rate of its own
        :return: `sale.order.line`
        """
        self.ensure_one()
        vals = self._prepare_prepaid_overflow_vals(budget)
        alike = self.search(
            [
                ("prepaid_base_line_id", "=", self.id),
                ("product_id", "=", vals["product_id"]),
                ("product_uom_id", "=", vals["product_uom_id"]),
            ],
            order="id desc",
        )
        # Without a rate: the price that the price list says today.
        price = (
            vals["price_unit"] if "price_unit" in vals else self.new(vals).price_unit
        )
        for line in alike:
            if self.currency_id.compare_amounts(line.price_unit, price) == 0:
                return line
        return self.create(vals)

    def _prepare_prepaid_overflow_vals(self, budget):
        self.ensure_one()
        product = budget.overflow_product_id or self.product_id
        taxes = self.tax_ids
        if product != self.product_id:
            own = product.taxes_id._filter_taxes_by_company(self.company_id)
            taxes = self.order_id.fiscal_position_id.map_tax(own)
        vals = {
            "order_id": self.order_id.id,
            "prepaid_base_line_id": self.id,
            "product_id": product.id,
            "name": self.env._(
                "%(service)s, beyond the prepaid budget", service=product.display_name
            ),
            "product_uom_id": product.uom_id.id,
            "product_uom_qty": 0.0,
            "discount": 0.0,
            "tax_ids": taxes.ids,
            "sequence": self.sequence,
            "analytic_distribution": self.analytic_distribution,
            "project_id": self.project_id.id,
            "task_id": self.task_id.id,
        }
        if not budget.money_currency_id.is_zero(budget.overflow_rate):
            hour = self.env["account.analytic.line"]._get_prepaid_hour()
            vals["product_uom_id"] = hour.id
            vals["price_unit"] = self._get_prepaid_overflow_price(budget, taxes)
        return vals

    def _get_prepaid_overflow_price(self, budget, taxes):
        """Return the rate beyond a budget as a price of this order.

        :param budget: `prepaid.budget`; its rate is without tax
        :param taxes: `account.tax`; what their price includes is added
        """
        self.ensure_one()
        rate = budget.money_currency_id._convert(
            budget.overflow_rate,
            self.currency_id,
            self.company_id,
            self.company_id._get_autopay_today(),
        )
        included = taxes.flatten_taxes_hierarchy().filtered("price_include")
        if not included:
            return rate
        return included.with_context(force_price_include=False).compute_all(
            rate, currency=self.currency_id
        )["total_included"]
