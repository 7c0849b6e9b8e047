from datetime import datetime, timezone

import pytz

from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    autopay_notice_days = fields.Integer(
        "Notice before a charge",
        default=3,
        help="Days between the message to the customer and the charge; 0: no message.",
    )
    autopay_catch_up_days = fields.Integer(
        "New notice when late by",
        default=3,
        help="A charge that is this many days late, because the server was down, is "
        "announced again before it is made.",
    )
    autopay_action_days = fields.Integer(
        "Days to confirm",
        default=7,
        help="A payment that the customer must confirm fails after this many days.",
    )
    autopay_card_limit = fields.Integer(
        "Attempts per method",
        default=15,
        help="Largest number of charges of one payment method in 30 days, as the card "
        "networks ask.",
    )
    autopay_consent_text = fields.Text(
        "Consent",
        translate=True,
        default=lambda self: self._get_default_autopay_consent(),
        help="What the customer agrees to. Each change makes a new version; consents "
        "already given keep the text that was read.",
    )
    autopay_consent_version = fields.Integer(
        "Consent version", default=1, readonly=True
    )

    _autopay_days = models.Constraint(
        "CHECK (autopay_notice_days >= 0 AND autopay_catch_up_days >= 0"
        " AND autopay_action_days > 0 AND autopay_card_limit > 0)",
        "Days of automatic payment are zero or more; days to confirm and attempts per "
        "method are above zero.",
    )

    @api.model
    def _get_default_autopay_consent(self):
        return self.env._(
            "I allow this company to charge my saved payment method for my invoices on "
            "the day they are due, up to the amount stated here for each charge. I am "
            "told before each charge. I can change the payment method or withdraw this "
            "consent at any time in the portal; what was charged before stays paid."
        )

    def write(self, vals):
        """A changed consent text is a new version."""
        if "autopay_consent_text" in vals:
            changed = self.filtered(
                lambda c: c.autopay_consent_text != vals["autopay_consent_text"]
            )
            for company in changed:
                company.autopay_consent_version += 1
        return super().write(vals)

    def _get_autopay_today(self):
        """Return today's date where the company is.

        The zone is that of its address, else of its working hours, else UTC.
        """
        self.ensure_one()
        company_sudo = self.sudo()  # whoever asks, the day is the same
        name = company_sudo.partner_id.tz
        if not name and "resource_calendar_id" in company_sudo._fields:
            name = company_sudo.resource_calendar_id.tz
        zone = pytz.timezone(name or "UTC")
        now = fields.Datetime.now().replace(tzinfo=timezone.utc)
        return datetime.astimezone(now, zone).date()
