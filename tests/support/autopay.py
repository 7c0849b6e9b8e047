"""What automatic charges need, for whoever has an ``env``: a consent, and invoices."""

from odoo import Command, fields


def allow_charges(token, **vals):
    """Let the owner of a saved payment method allow charges; return the mandate."""
    return (
        token.env["autopay.mandate"]
        .sudo()
        ._grant(
            token,
            {
                "partner_id": token.partner_id.id,
                "currency_id": token.env.company.currency_id.id,
                "max_amount": 100.0,
                "consent_text": "I agree.",
                "consent_version": "1",
                **vals,
            },
            "portal",
            {"ip_address": "192.0.2.1", "user_agent": "Test"},
        )
    )


def prepare_invoice(partner, amount):
    """Return the values of an invoice that is due today."""
    return {
        "move_type": "out_invoice",
        "partner_id": partner.id,
        "invoice_date": fields.Date.today(),
        "invoice_payment_term_id": False,
        "invoice_line_ids": [
            Command.create({"name": "Work", "price_unit": amount, "tax_ids": []})
        ],
    }
