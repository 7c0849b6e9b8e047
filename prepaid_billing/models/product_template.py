from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_compare

from ..const import (
    PART_NOTHING,
    PART_PAYMENTS,
    UNIT_HOURS,
    UNIT_MONEY,
    UNITS,
    USABLE_PAID,
    USABLE_WHEN,
    VALIDITY_DAYS,
    VALIDITY_UNITS,
)


class ProductTemplate(models.Model):
    _inherit = "product.template"

    prepaid_ok = fields.Boolean(
        "Prepaid pack",
        help="Selling this product fills the customer's prepaid budget.",
    )
    prepaid_unit = fields.Selection(UNITS, "Brings", default=UNIT_MONEY, required=True)
    prepaid_credit = fields.Float(
        "Credit per unit sold",
        digits="Product Price",
        help="0: a pack in money brings its price without tax, a pack in hours its "
        "unit of measure. 1,000 sold for 900 brings 1,000.",
    )
    prepaid_bonus = fields.Float(
        "Free credit per unit sold",
        digits="Product Price",
        help="Comes with the paid credit and goes with it; kept apart, without tax.",
    )
    prepaid_validity = fields.Integer(
        "Valid for", help="From the day of the invoice. 0: without end."
    )
    prepaid_validity_unit = fields.Selection(
        VALIDITY_UNITS, "Unit of validity", default=VALIDITY_DAYS, required=True
    )
    prepaid_budget_type_id = fields.Many2one(
        "prepaid.budget.type",
        "Opens a budget of type",
        help="For a customer who has no budget yet.",
    )
    prepaid_usable_when = fields.Selection(
        USABLE_WHEN, "Credit counts when", default=USABLE_PAID, required=True
    )
    prepaid_part_payment = fields.Selection(
        PART_PAYMENTS, "A part payment gives", default=PART_NOTHING, required=True
    )

    _prepaid_numbers_not_negative = models.Constraint(
        "CHECK (prepaid_credit >= 0 AND prepaid_bonus >= 0 AND prepaid_validity >= 0)",
        "Credit and validity of a prepaid pack cannot be negative.",
    )

    @api.constrains("prepaid_ok", "type", "invoice_policy")
    def _check_prepaid_pack(self):
        for product in self.filtered("prepaid_ok"):
            if product.type != "service" or product.invoice_policy != "order":
                raise ValidationError(
                    self.env._(
                        "%(product)s: a prepaid pack is a service that is invoiced on "
                        "ordered quantities (Prepaid/Fixed Price).",
                        product=product.display_name,
                    )
                )

    @api.constrains("prepaid_ok", "prepaid_unit", "prepaid_credit", "uom_id")
    def _check_prepaid_hours(self):
        hour = self.env["account.analytic.line"]._get_prepaid_hour()
        for product in self.filtered("prepaid_ok"):
            if product.prepaid_unit != UNIT_HOURS or product.prepaid_credit:
                continue
            if not product.uom_id._has_common_reference(hour):
                raise ValidationError(
                    self.env._(
                        "%(product)s brings hours, but is sold in %(uom)s. Sell it in "
                        "hours or days, or say how many hours one brings.",
                        product=product.display_name,
                        uom=product.uom_id.name,
                    )
                )


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _get_prepaid_usable_when(self):
        """Return when credit sold by this product counts; any product may sell it."""
        return self.prepaid_usable_when or USABLE_PAID

    def _get_prepaid_part_payment(self):
        """Return what a part payment for this product gives."""
        return self.prepaid_part_payment or PART_NOTHING

    def _sells_prepaid_hours(self):
        """Whether this product fills budgets in hours."""
        return bool(self.prepaid_ok) and self.prepaid_unit == UNIT_HOURS

    def _has_prepaid_price(self):
        """Whether what it brings is not simply what it costs."""
        is_other = float_compare(self.prepaid_credit, 0.0, precision_digits=6) > 0
        return bool(self.prepaid_ok) and (is_other or self._sells_prepaid_hours())

    def _get_prepaid_credit_per_unit(self, currency, company, bonus=False):
        """Return the credit that one unit of measure of this pack brings.

        :param currency: `res.currency` of the invoice
        :param company: `res.company` that sells it
        :param bool bonus: the free credit instead
        :return: float: money in `currency`, or hours
        """
        self.ensure_one()
        credit = self.prepaid_bonus if bonus else self.prepaid_credit
        if not self._sells_prepaid_hours():
            return self.currency_id._convert(credit, currency, company, round=False)
        if credit or bonus:
            return credit
        hour = self.env["account.analytic.line"]._get_prepaid_hour()
        return self.uom_id._compute_quantity(1.0, hour, round=False)

    def _get_prepaid_date_to(self, date_from):
        """Return the last day on which credit bought on a day counts, or False.

        :param date date_from: first day, counted in
        """
        count = self.prepaid_validity
        if not count or not self.prepaid_ok:
            return False
        if self.prepaid_validity_unit == VALIDITY_DAYS:
            return date_from + relativedelta(days=count - 1)
        end = date_from + relativedelta(months=count)
        # 31 January and a month: to the end of February, which has no 31st before it.
        is_cut = end.day < date_from.day
        return end if is_cut else end - relativedelta(days=1)
