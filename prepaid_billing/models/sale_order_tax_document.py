from odoo import Command, models

from ..tools.money import exact


class SaleOrder(models.Model):
    """The invoice of chosen time, as core would make it, with the tax of its day."""

    _inherit = "sale.order"

    def _get_prepaid_fiscal_position(self):
        """Return the fiscal position of the customer on the day of the use (B78)."""
        self.ensure_one()
        return (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(
                self.partner_invoice_id, delivery=self.partner_shipping_id
            )
        )

    def _create_prepaid_tax_document(self, deductions):
        """Make, post and queue the invoice of time that a budget pays for.

        :param list deductions: `account_analytic_line_deduction.Deduction`, of this
            order
        :return: `account.move`, posted
        """
        self.ensure_one()
        groups = {}
        for deduction in deductions:
            timesheet = deduction.timesheet.sudo()  # who deducts may not invoice
            key = (timesheet.so_line, float(exact(deduction.valuation.factor)))
            groups[key] = groups.get(key, 0.0) + deduction.valuation.hours
        lines = [
            Command.create(line._prepare_prepaid_tax_line(hours, factor))
            for (line, factor), hours in groups.items()
        ]
        today = self.company_id._get_autopay_today()
        invoice = (
            self.env["account.move"]
            .with_company(self.company_id)
            .create(
                {
                    **self._prepare_invoice(),
                    "fiscal_position_id": self._get_prepaid_fiscal_position().id,
                    "invoice_date": today,
                    "invoice_line_ids": lines,
                }
            )
        )
        timesheets = self.env["account.analytic.line"].browse(
            [deduction.timesheet.id for deduction in deductions]
        )
        timesheets.timesheet_invoice_id = invoice
        invoice._post(soft=False)
        if invoice.partner_id.email:
            invoice._send_prepaid_later()
        return invoice


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_prepaid_taxes_today(self):
        """Return the taxes of this item by the rule of today.

        What was chosen on the order stays while the customer's fiscal position does.

        :return: `account.tax`
        """
        self.ensure_one()
        position = self.order_id._get_prepaid_fiscal_position()
        if position == self.order_id.fiscal_position_id:
            return self.tax_ids
        return position.map_tax(
            self.product_id.taxes_id._filter_taxes_by_company(self.company_id)
        )

    def _prepare_prepaid_tax_line(self, hours, factor):
        """Return the invoice line of time that was worked on this item.

        :param float hours: hours that were worked
        :param float factor: hours that count for each of them
        """
        self.ensure_one()
        hour = self.env["account.analytic.line"]._get_prepaid_hour()
        taxes = self._get_prepaid_taxes_today()
        vals = self._prepare_invoice_line(
            quantity=hour._compute_quantity(hours, self.product_uom_id, round=False)
        )
        price = self.price_unit
        if taxes != self.tax_ids:
            price = self.env["account.tax"]._fix_tax_included_price_company(
                price, self.tax_ids, taxes, self.company_id
            )
        return {
            **vals,
            "price_unit": price * factor,
            "tax_ids": [Command.set(taxes.ids)],
        }
