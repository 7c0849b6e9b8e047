from odoo import Command, models

from ..tools.money import from_units


class SaleOrderPrice(models.Model):
    """What a plan takes off the price, or adds to it: lines of the order."""

    _inherit = "sale.order"

    def _get_copiable_order_lines(self):
        """What a plan saved or cost is not part of another order."""
        return (
            super()
            ._get_copiable_order_lines()
            .filtered(lambda line: not line.is_plan_price)
        )

    def _add_plan_price(self, plan, schedule):
        """Add what a plan saves or costs, divided by taxes.

        :param plan: `payment.plan` that is chosen
        :param schedule: `schedule.Schedule` of that plan
        """
        known = self.order_line
        if schedule.discount:
            self._add_plan_discount(plan._get_saved_amount(schedule))
        if schedule.surcharge:
            rounding = self.currency_id.rounding
            self._add_plan_surcharge(from_units(schedule.surcharge, rounding))
        added = self.order_line - known
        # As any customer may choose.
        added.sudo().write({"is_plan_price": True, "name": plan.name})

    def _add_plan_discount(self, amount):
        """Take an amount off, as core's wizard does it.

        :param float amount: money in the order's currency, taxes included
        """
        Wizard = self.env["sale.order.discount"].sudo()  # as any customer may choose
        wizard = Wizard.with_company(self.company_id).create(
            {
                "sale_order_id": self.id,
                "discount_type": "amount",
                "discount_amount": amount,
            }
        )
        wizard.action_apply_discount()

    def _add_plan_surcharge(self, amount):
        """Add an amount: it is taxed as what is sold.

        :param float amount: money in the order's currency, taxes included
        """
        AccountTax = self.env["account.tax"]
        product = self.env.ref("payment_plan.product_surcharge")
        base_lines = AccountTax._prepare_down_payment_lines(
            base_lines=self._get_plan_base_lines(),
            company=self.company_id,
            amount_type="fixed",
            amount=amount,
            computation_key=f"payment_plan_surcharge,{self.id}",
        )
        export = AccountTax._export_base_line_extra_tax_data
        commands = [
            Command.create(
                {
                    "product_id": product.id,
                    "product_uom_qty": line["quantity"],
                    "price_unit": line["price_unit"],
                    "technical_price_unit": 0,
                    "tax_ids": [Command.set(line["tax_ids"].ids)],
                    "extra_tax_data": export(line),
                    "sequence": 999,
                }
            )
            for line in base_lines
        ]
        self.sudo().order_line = commands  # as above

    def _drop_plan_price(self):
        """Take the choice of a plan back, with what it saved or cost."""
        self.order_line.filtered("is_plan_price").unlink()
        self.sudo().payment_plan_id = False  # by the system only, see `write`
