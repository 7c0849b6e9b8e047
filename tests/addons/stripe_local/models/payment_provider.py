from odoo import api, models

BASE = "stripe_local.api_base"


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def _stripe_local_base(self):
        """Return what stands for Stripe's address, False for Stripe itself.

        A provider may have its own: in a parameter with a dot and its id at the end.
        """
        # A parameter of the system; whoever pays may not read those.
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        base = self.id and parameters_sudo.get_param(f"{BASE}.{self.id}")
        base = base or parameters_sudo.get_param(BASE)
        return base and base.rstrip("/")

    @api.model
    def _stripe_local_js(self):
        """Return the address of the script that stands for Stripe.js."""
        base = self._stripe_local_base()
        return f"{base}/js.stripe.com/v3/" if base else "https://js.stripe.com/v3/"

    def _build_request_url(self, endpoint, *, is_proxy_request=False, **kwargs):
        """Send what is for Stripe to the stand-in."""
        if self.code == "stripe" and not is_proxy_request:
            if base := self._stripe_local_base():
                return f"{base}/v1/{endpoint}"
        return super()._build_request_url(
            endpoint, is_proxy_request=is_proxy_request, **kwargs
        )
