{
    "name": "Stripe stand-in",
    "summary": "For tests only: talks to a local stand-in instead of Stripe",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Prepaid Billing & Payment Plans contributors",
    "depends": ["payment_stripe"],
    "data": ["views/payment_templates.xml"],
}
