from odoo import models


class AccountMoveProduct(models.Model):
    """What is deducted of products is on no invoice as well (BF25)."""

    _inherit = "account.move"

    def _post(self, soft=True):
        """Invoices and credit notes are edited, and canceled ones come back.

        :raise UserError: what is invoiced is deducted
        """
        posted = super()._post(soft=soft)
        # An accountant may not read sales orders.
        posted.invoice_line_ids.sudo().sale_line_ids._check_prepaid_invoiced()
        return posted

    def button_cancel(self):
        """A canceled credit note credits nothing: its invoice stands again.

        :raise UserError: what that invoices is deducted
        """
        result = super().button_cancel()
        notes = self.filtered(lambda move: move.move_type == "out_refund")
        # As above.
        notes.invoice_line_ids.sudo().sale_line_ids._check_prepaid_invoiced()
        return result


class AccountMoveLineProduct(models.Model):
    _inherit = "account.move.line"

    def unlink(self):
        """Nor does a credit note that is deleted, in whole or in part.

        :raise UserError: what its invoice invoices is deducted
        """
        notes = self.filtered(lambda line: line.move_id.move_type == "out_refund")
        items_sudo = notes.sudo().sale_line_ids  # an accountant may not read them
        result = super().unlink()
        items_sudo._check_prepaid_invoiced()
        return result
