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
        "Declines per method",
        default=15,
        help="After so many declined charges in 30 days a payment method is not tried "
        "any more, as the card networks ask.",
    )
    autopay_consent_text = fields.Text(
        "Consent",
        translate=True,
        default=lambda self: self._get_default_autopay_consent(),
        help="What the customer agrees to. Each change makes a new version; consents "
        "already given keep the text that was read. Where no notice is sent, the "
        "default text is shown without its promise of one.",
    )
    autopay_consent_version = fields.Integer(
        "Consent version", default=1, readonly=True
    )

    _autopay_days = models.Constraint(
        "CHECK (autopay_notice_days BETWEEN 0 AND 60"
        " AND autopay_catch_up_days BETWEEN 0 AND 60"
        " AND autopay_action_days BETWEEN 1 AND 90"
        " AND autopay_card_limit BETWEEN 1 AND 100)",
        "Automatic payments: days of notice are 0 to 60, days to confirm 1 to 90, "
        "declines per method 1 to 100.",
    )

    @api.model
    def _get_default_autopay_consent(self, is_announced=True):
        """Return the text that a company starts with.

        :param bool is_announced: whether customers are told before each charge
        """
        sentences = [
            self.env._(
                "I allow this company to charge my saved payment method for my "
                "invoices on the day they are due, up to the amount stated here for "
                "each charge."
            ),
            is_announced and self.env._("I am told before each charge."),
            self.env._(
                "I can change the payment method or withdraw this consent at any time "
                "in the portal; what was charged before stays paid."
            ),
        ]
        return " ".join(filter(None, sentences))

    def _get_autopay_consent(self):
        """Return what a customer agrees to now: no notice is promised that is not sent.

        A text of the company's own is taken as it is.
        """
        text = self.autopay_consent_text
        if self.autopay_notice_days:
            return text
        for code, _name in self.env["res.lang"].get_installed():
            company = self.with_context(lang=code)
            if text == company._get_default_autopay_consent():
                return company._get_default_autopay_consent(is_announced=False)
        return text

    def _choose_autopay_responsible(self, people, record):
        """Return who is asked about a record: the first who can see it.

        :param people: `res.users` in the order in which they are asked
        :param record: one record, what they are asked about
        :return: `res.users`; an accountant where none of them is here and may read it
        """
        self.ensure_one()
        for user in people.sudo():  # asked by jobs, webhooks and customers
            own = record.with_user(user).with_context(
                allowed_company_ids=user.company_ids.ids
            )
            if user.active and not user.share and own.has_access("read"):
                return user.sudo(False)
        return self._get_autopay_responsible()

    def _get_autopay_responsible(self):
        """Return who is told where an invoice has no salesperson: an accountant."""
        self.ensure_one()
        group = self.env.ref("account.group_account_manager")
        accountants_sudo = self.env["res.users"].sudo()  # asked by jobs and webhooks
        found = accountants_sudo.search(
            [
                ("all_group_ids", "in", group.ids),
                ("company_ids", "in", self.ids),
                ("share", "=", False),
            ],
            order="id",
            limit=1,
        )
        return found or self.env.ref("base.user_admin")

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
        return pytz.utc.localize(fields.Datetime.now()).astimezone(zone).date()

    def _get_soonest_autopay_date(self):
        """Return the first day whose charge can still be announced in time."""
        return fields.Date.add(self._get_autopay_today(), days=self.autopay_notice_days)
