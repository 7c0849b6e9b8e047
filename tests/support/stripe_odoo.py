"""Odoo's side of the Stripe stand-in, for whoever has an ``env``."""

from .stripe_account import (
    PUBLISHABLE_KEY,
    SECRET_KEY,
    VISA,
    WEBHOOK_SECRET,
    StripeAccount,
    StripeRefusalError,
)

WEBHOOK_PATH = "/payment/stripe/webhook"
#: The API version that Odoo asks webhooks for.
WEBHOOK_VERSION = "2019-05-16"
#: What makes a provider usable.
SET_UP = {
    "state": "test",
    "is_published": True,
    "allow_tokenization": True,
    "stripe_secret_key": SECRET_KEY,
    "stripe_publishable_key": PUBLISHABLE_KEY,
    "stripe_webhook_secret": WEBHOOK_SECRET,
}


def connect(env, account: StripeAccount, company=None):
    """Set a company's Stripe provider to an account; return the provider."""
    company = company or env.company
    parameters = env["ir.config_parameter"].sudo()
    parameters.set_param("stripe_local.api_base", account.url)
    found = env["payment.provider"].sudo().search([("code", "=", "stripe")])
    own = found.filtered(lambda provider: provider.company_id == company)[:1]
    provider = own or found[:1].copy({"company_id": company.id})
    provider.write(SET_UP)
    return provider


def add_providers(env, accounts: list[StripeAccount], **vals):
    """Add a provider per account, beside others; return them in the same order."""
    found = env["payment.provider"].sudo().search([("code", "=", "stripe")], limit=1)
    providers = found.browse()
    for number in range(len(accounts)):
        # A journal has no two methods of the same name.
        name = f"{found.name} {number + 1}"
        providers |= found.copy({"company_id": env.company.id, "name": name})
    providers.write({**SET_UP, **vals})
    env["ir.config_parameter"].sudo().create(
        [
            {"key": f"stripe_local.api_base.{provider.id}", "value": account.url}
            for provider, account in zip(providers, accounts, strict=True)
        ]
    )
    return providers


def webhook(account: StripeAccount, server_url: str, *events: str) -> None:
    """Have events, of some types or all, sent to Odoo, as its own button does."""
    url = f"{server_url}{WEBHOOK_PATH}"
    account.webhook(url, *events, api_version=WEBHOOK_VERSION)


def saved_card(account: StripeAccount, provider, partner, number: str = VISA):
    """Return a token of a partner for a test card.

    Cards that Stripe declines at once are not attached to the customer there;
    charging them fails as it would for a card that went bad later.
    """
    customer = account.customer(partner.name)
    try:
        card = account.card(number, customer)
    except StripeRefusalError:
        card = account.card(number)
    return provider.env["payment.token"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": provider.env.ref("payment.payment_method_card").id,
            "partner_id": partner.id,
            "payment_details": number[-4:],
            "provider_ref": customer,
            "stripe_payment_method": card,
        }
    )
