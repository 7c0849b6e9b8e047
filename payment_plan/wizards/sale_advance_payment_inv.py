from odoo import models


class SaleAdvancePaymentInv(models.TransientModel):
    _inherit = "sale.advance.payment.inv"

    def _create_invoices(self, sale_orders):
        """Refuse invoices beside a running plan.

        :raise UserError: a plan of these orders is running
        """
        sale_orders._ensure_no_running_plan()
        return super()._create_invoices(sale_orders)
