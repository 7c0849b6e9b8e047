from unittest.mock import patch

from .common import StripeCommon


class TestProvider(StripeCommon):
    def test_p59_no_secret_no_automatic_charge(self):
        self.assertFalse(self.provider._get_autopay_obstacle(self.usd))
        self.provider.stripe_webhook_secret = False
        reason = self.provider._get_autopay_obstacle(self.usd)
        self.assertIn("no webhook signing secret", reason)
        with self.assertRefused("no webhook signing secret"):
            self._grant(res_model="res.partner", res_id=self.customer.id)

    def test_other_providers_are_left_alone(self):
        demo = self.env["payment.provider"].sudo().search([("code", "=", "demo")])[:1]
        self.assertEqual(demo._get_autopay_resend_hours(), 0)
        self.assertEqual(self.provider._get_autopay_resend_hours(), 23)

    def test_stripe_is_asked_at_its_own_address(self):
        with patch.object(
            self.registry["payment.provider"], "_get_stripe_api_base", lambda _p: False
        ):
            client = self.provider._get_stripe_client()
        address = client._requestor._options.base_addresses.get("api")
        self.assertIn(address, (None, "https://api.stripe.com"))
