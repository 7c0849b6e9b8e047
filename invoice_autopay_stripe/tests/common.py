"""A Stripe provider that never talks to Stripe; see also the tests across add-ons."""

from odoo.addons.invoice_autopay.tests.common import AutopayCommon


class StripeCommon(AutopayCommon):
    @classmethod
    def _create_provider(cls, **vals):
        Provider = cls.env["payment.provider"].sudo()
        found = Provider.search([("code", "=", "stripe")])
        own = found.filtered(lambda provider: provider.company_id == cls.company)[:1]
        provider = own or found[:1].copy({"company_id": cls.company.id})
        provider.write(
            {
                "state": "test",
                "allow_tokenization": True,
                "stripe_secret_key": "sk_test_0123456789",
                "stripe_publishable_key": "pk_test_0123456789",
                "stripe_webhook_secret": "whsec_0123456789",
                "journal_id": cls.company_data["default_journal_bank"].id,
                **vals,
            }
        )
        return provider

    @classmethod
    def _create_token(cls, partner=None, details="4242", **vals):
        return (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.env.ref("payment.payment_method_card").id,
                    "partner_id": (partner or cls.customer).id,
                    "payment_details": details,
                    "provider_ref": "cus_1",
                    "stripe_payment_method": "pm_1",
                    **vals,
                }
            )
        )

    def _create_transaction(self, **vals):
        return super()._create_transaction(
            **{"token_id": self.token.id, "operation": "offline", **vals}
        )
