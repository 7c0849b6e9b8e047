from odoo import api, models


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    @api.model
    def _is_tokenization_required(self, sale_order_id=None, **kwargs):
        """Save the method that pays the deposit where the customer agreed to that."""
        # Customers may not read orders of others; the route checked the access.
        order_sudo = self.env["sale.order"].sudo().browse(sale_order_id).exists()
        plan_sudo = order_sudo.payment_plan_id
        user = self.env.user
        payer = plan_sudo.partner_id if user._is_public() else user.partner_id
        customer = plan_sudo.partner_id.commercial_partner_id
        is_customer = payer.commercial_partner_id == customer
        if plan_sudo and is_customer and plan_sudo._is_saving_method():
            return True
        return super()._is_tokenization_required(sale_order_id=sale_order_id, **kwargs)
