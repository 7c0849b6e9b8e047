from odoo import Command, models


class PrepaidLotRefund(models.Model):
    """What is left of a lot, given back by a credit note."""

    _inherit = "prepaid.lot"

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
        amount = self._get_value_for(self.remaining)
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
