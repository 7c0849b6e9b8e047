from odoo import Command, models
from odoo.exceptions import UserError

from ..tools.money import refundable_value, refunded_quantity


class PrepaidLotRefund(models.Model):
    """What is left of a lot, given back by a credit note."""

    _inherit = "prepaid.lot"

    def _get_refundable_values(self):
        """Return the money that a credit note may still give back, per lot."""
        refundable = self._get_refundable()
        return {lot: lot._get_refundable_value(refundable[lot]) for lot in self}

    def _get_refundable_value(self, unused):
        """Return the money that is given back for credit that is left of this lot.

        :param float unused: credit, in the unit of the budget
        """
        self.ensure_one()
        return refundable_value(
            self.value,
            self.quantity,
            unused,
            self._get_refunded_value(),
            self.money_currency_id.rounding,
        )

    def _take_refunds(self, lines):
        """Fix the credit that credit notes take off: the unused part at most.

        Called before they are posted, the budgets locked. Stored on the lines, as a
        price does not say it to the last unit where credit has no round price.

        :param lines: `account.move.line` of the credit notes
        :raise UserError: the message says how much is refundable
        """
        refundable = self._get_refundable()
        for lot in self:
            unused, refunded = refundable[lot], lot._get_refunded_value()
            own = lines.filtered(lambda ln, lot=lot: ln.prepaid_refund_lot_id == lot)
            for line in own:
                taken = refunded_quantity(
                    line.price_subtotal,
                    lot.value,
                    lot.quantity,
                    unused,
                    refunded,
                    (lot.money_currency_id.rounding, lot.currency_id.rounding),
                )
                if taken is None:
                    lot._refuse_refund(sum(own.mapped("price_subtotal")))
                line.sudo().prepaid_refund_quantity = taken  # nobody may type it
                unused -= taken
                refunded += line.price_subtotal

    def _refuse_refund(self, wanted):
        """Say how much of a lot is refundable.

        :param float wanted: money without tax that was to be given back
        :raise UserError: always
        """
        self.ensure_one()
        money = self.money_currency_id
        raise UserError(
            self.env._(
                "%(lot)s: %(wanted)s cannot be credited, %(refundable)s refundable. "
                "The rest has been used.",
                lot=self.name,
                wanted=money.format(wanted),
                refundable=money.format(self._get_refundable_values()[self]),
            )
        )

    def _create_refund(self, reason):
        """Make a draft credit note for what is left of this lot.

        :param str reason: why, shown on the credit note
        :return: `account.move`
        """
        self.ensure_one()
        invoice = self.invoice_id
        today = self.company_id._get_autopay_today()
        refund = invoice._reverse_moves(
            [{"invoice_date": today, "date": today, "ref": reason}]
        )
        line = refund.invoice_line_ids.filtered(
            lambda ln: ln.prepaid_refund_lot_id == self
        )
        amount = self._get_refundable_value(self.remaining)
        price = self.budget_id._get_price_for_net(amount, line.tax_ids)
        others = refund.invoice_line_ids - line
        refund.write(
            {
                "invoice_line_ids": [
                    *map(Command.delete, others.ids),
                    Command.update(
                        line.id, {"quantity": 1.0, "discount": 0.0, "price_unit": price}
                    ),
                ]
            }
        )
        return refund
