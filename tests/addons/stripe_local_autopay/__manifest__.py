{
    "name": "Stripe stand-in for invoice autopay",
    "summary": "For tests only: Stripe's own library talks to the stand-in, too",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Prepaid Billing & Payment Plans contributors",
    "depends": ["stripe_local", "invoice_autopay_stripe"],
}
