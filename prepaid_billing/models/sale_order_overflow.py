from odoo import models


class SaleOrderOverflow(models.Model):
    """Items beyond a budget belong to the time of one order (BF17)."""

    _inherit = "sale.order"

    def _get_copiable_order_lines(self):
        """A copy has no time yet: an item beyond a budget is made when it is needed."""
        lines = super()._get_copiable_order_lines()
        return lines.filtered(lambda line: not line.prepaid_base_line_id)
