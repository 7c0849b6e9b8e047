from odoo import models


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def _get_stripe_api_base(self):
        """Send what is for Stripe to the stand-in."""
        return self._stripe_local_base() or super()._get_stripe_api_base()
