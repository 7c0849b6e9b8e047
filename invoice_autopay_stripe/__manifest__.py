{
    "name": "Automatic Invoice Payment: Stripe",
    "summary": "Stripe's decline codes, lost answers, disputes and expiring cards for "
    "automatic payments",
    "version": "19.0.1.0.0",
    "category": "Accounting/Payment",
    "website": "https://github.com/prepaid-billing/prepaid-billing",
    "author": "Prepaid Billing & Payment Plans contributors",
    "license": "LGPL-3",
    "depends": ["invoice_autopay", "payment_stripe"],
    "auto_install": True,
    "external_dependencies": {"python": ["stripe"]},
    "data": [
        "data/ir_cron_data.xml",
        "views/payment_provider_views.xml",
        "views/payment_token_views.xml",
        "views/payment_transaction_views.xml",
    ],
}
