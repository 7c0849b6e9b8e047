from odoo import models
from odoo.exceptions import UserError

from .. import const


class SaleOrderInvoicing(models.Model):
    """Down payments of a plan, by taxes; and no invoice beside the plan."""

    _inherit = "sale.order"

    def _create_invoices(self, grouped=False, final=False, date=None):
        """Refuse invoices beside the plan: they would be paid twice.

        :raise UserError: a plan of these orders is running
        """
        self._ensure_no_running_plan()
        return super()._create_invoices(grouped=grouped, final=final, date=date)

    def _ensure_no_running_plan(self):
        if self.env.su and self.env.context.get("payment_plan_closing"):
            return  # the plan itself; nobody else can be the superuser
        for order in self:
            if order._has_running_plan():
                raise UserError(
                    self.env._(
                        "%(order)s is invoiced by its payment plan “%(plan)s”, on the "
                        "days of the plan. Open the plan to invoice a payment now.",
                        order=order.name,
                        plan=order.payment_plan_id.name,
                    )
                )

    def _has_running_plan(self):
        """Whether a plan makes the invoices of this order."""
        self.ensure_one()
        plan = self.payment_plan_id
        return plan.state in (const.SIGNED, const.ACTIVE)

    def _create_plan_down_payments(self, installments, is_last=False):
        """Add the down payments of many orders at once; core does it order by order.

        :param installments: `payment.plan.installment` of these orders
        :param bool is_last: nothing is left of their plans after them
        :return: dict: id of `payment.plan.installment` -> its `sale.order.line`
        """
        Line = self.env["sale.order.line"].with_context(sale_no_log_for_new_lines=True)
        following, owners, vals_list = {}, [], []
        for installment in installments:
            order = self.browse(installment.sale_order_id.id).with_prefetch(self.ids)
            rows = order._prepare_plan_down_payment(installment, is_last)
            if order not in following:
                known = order.order_line
                following[order] = max(known.mapped("sequence") or [10]) + 1
                if not any(ln.display_type and ln.is_downpayment for ln in known):
                    rows.insert(0, order._prepare_down_payment_line_section_values())
            for row in rows:
                vals_list.append({**row, "sequence": following[order]})
                owners.append(installment.id)
                following[order] += 1
        lines = Line.create(vals_list)
        result = dict.fromkeys(installments.ids, lines.browse())
        for owner, line in zip(owners, lines, strict=True):
            if not line.display_type:
                result[owner] = (result[owner] | line).with_prefetch(lines.ids)
        return result

    def _prepare_plan_down_payment(self, line, is_last=False):
        """Return the lines of a down payment of exactly this payment, by taxes.

        The last one takes what earlier ones left of each tax, so that the final invoice
        is zero tax by tax (P15).

        :param line: `payment.plan.installment`
        :param bool is_last: nothing is left after it
        :return: list of values of `sale.order.line`
        """
        self.ensure_one()
        AccountTax = self.env["account.tax"]
        amount_type, amount = "fixed", line.amount
        base_lines = self._get_plan_base_lines(with_taken=is_last)
        if is_last and self._is_plan_total(base_lines, line.amount):
            amount_type, amount = "percent", 100.0
        elif is_last:
            base_lines = self._get_plan_base_lines()
        down_lines = AccountTax._prepare_down_payment_lines(
            base_lines=base_lines,
            company=self.company_id,
            amount_type=amount_type,
            amount=amount,
            computation_key=f"payment_plan,{line.id}",
        )
        return [
            self._prepare_down_payment_line_values_from_base_line(base_line)
            for base_line in down_lines
        ]

    def _get_plan_base_lines(self, with_taken=False):
        """Return what is sold, with its taxes computed.

        :param bool with_taken: less what down payments took already
        """
        AccountTax = self.env["account.tax"]
        order_lines = self.order_line  # of all orders of the batch
        sold = order_lines.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        ).with_prefetch(order_lines._prefetch_ids)
        base_lines = [line._prepare_base_line_for_taxes_computation() for line in sold]
        if with_taken:
            base_lines += self._get_plan_taken_lines()
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        return base_lines

    def _prepare_plan_items(self, down_lines):
        """Return what core will write on the invoice lines of a down payment.

        Where that is given, core need not write it line by line. In a foreign currency
        it depends on the rate of the invoice, which core looks up.

        :param down_lines: `sale.order.line` that are one down payment
        :return: list of values of `account.move.line`, one for each line
        """
        if self.currency_id != self.company_id.currency_id:
            return [{} for _line in down_lines]
        AccountTax = self.env["account.tax"]
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                quantity=1.0, sign=-1.0, special_type=False
            )
            for line in down_lines
        ]
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        AccountTax._add_accounting_data_in_base_lines_tax_details(
            base_lines, self.company_id
        )
        items = AccountTax._prepare_tax_lines(base_lines, self.company_id)
        return [vals for _line, vals in items["base_lines_to_update"]]

    def _is_plan_total(self, base_lines, amount):
        """Whether lines make exactly an amount in the order's currency."""
        details = [line["tax_details"] for line in base_lines]
        total = sum(
            d["total_included_currency"] + d.get("delta_total_excluded_currency", 0.0)
            for d in details
        )
        return self.currency_id.compare_amounts(total, amount) == 0

    def _get_plan_taken_lines(self):
        """Return what down payments took already, negative, tax by tax."""
        reverse = self.env["account.tax"]._reverse_quantity_base_line_extra_tax_data
        taken = self.order_line.filtered(
            lambda line: (
                line.is_downpayment
                and not line.display_type
                and any(m.state != "cancel" for m in line.invoice_lines.move_id)
            )
        )
        return [
            line._prepare_base_line_for_taxes_computation(
                quantity=-1.0, extra_tax_data=reverse(line.extra_tax_data)
            )
            for line in taken
        ]
