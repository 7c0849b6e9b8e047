from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import ORIGIN_STAFF


class AutopayGrant(models.TransientModel):
    """A consent that the customer gave on paper or by phone."""

    _name = "autopay.grant"
    _description = "Record a Consent"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one("res.partner", "Customer", required=True)
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id")
    token_id = fields.Many2one(
        "payment.token",
        "Payment method",
        required=True,
        check_company=True,
        domain="[('partner_id', 'child_of', commercial_partner_id)]",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    max_amount = fields.Monetary("Largest charge", required=True)
    consent_text = fields.Text(
        required=True,
        compute="_compute_consent_text",
        store=True,
        readonly=False,
        precompute=True,
    )
    note = fields.Char(
        "Evidence", required=True, help="For example: signed form of 3 March, filed."
    )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for grant in self:
            grant.currency_id = grant.company_id.currency_id

    @api.depends("company_id", "partner_id")
    def _compute_consent_text(self):
        for grant in self:
            company = grant.company_id.with_context(lang=grant.partner_id.lang)
            grant.consent_text = company._get_autopay_consent()

    def action_grant(self):
        """Record the consent.

        :return: action that opens the mandate
        :raise UserError: the method cannot be charged in this currency or company
        """
        self.env["account.move"].check_access("create")
        owner = self.token_id.partner_id.commercial_partner_id
        if owner != self.commercial_partner_id:
            raise UserError(
                self.env._(
                    "%(method)s belongs to %(owner)s, not to %(customer)s.",
                    method=self.token_id.display_name,
                    owner=owner.display_name,
                    customer=self.partner_id.display_name,
                )
            )
        mandate_sudo = (
            self.env["autopay.mandate"]
            .sudo()  # mandates are written by the system only
            ._grant(
                self.token_id,
                {
                    "partner_id": self.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "max_amount": self.max_amount,
                    "consent_text": self.consent_text,
                    "consent_version": str(self.company_id.autopay_consent_version),
                },
                ORIGIN_STAFF,
                {"note": self.note},
            )
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "autopay.mandate",
            "res_id": mandate_sudo.id,
            "view_mode": "form",
        }
