from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import (
    EVENT_GRANTED,
    EVENT_METHOD,
    EVENT_WITHDRAWN,
    MANDATE_ACTIVE,
    MANDATE_STATES,
    MANDATE_WITHDRAWN,
    ORIGIN_STAFF,
    ORIGINS,
)

#: Larger than any charge, and not infinite.
LARGEST_AMOUNT = 1e12
#: What a mandate says is fixed; the method behind it and its end are not.
CHANGEABLE = ("token_id", "state", "method_failures", "is_disputed")


class AutopayMandate(models.Model):
    """The customer's permission to charge a saved payment method.

    What was agreed is never changed: another limit or document is another mandate. The
    payment method can change, and the permission can be withdrawn; both leave an event.
    """

    _name = "autopay.mandate"
    _description = "Automatic Payment Mandate"
    _inherit = ["mail.thread", "autopay.history.mixin"]
    _order = "id desc"
    _check_company_auto = True
    _mail_post_access = "read"
    _history_changeable_columns = (
        "create_uid",
        "write_uid",
        "write_date",
        "partner_id",  # contacts are merged
        "payer_id",
        *CHANGEABLE,
    )
    #: Withdrawn is withdrawn, in the database too.
    _history_final_condition = (
        f"OLD.state = '{MANDATE_WITHDRAWN}' AND (NEW.state <> OLD.state"
        " OR NEW.token_id IS DISTINCT FROM OLD.token_id)"
    )

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="Whose invoices are paid: a commercial entity.",
    )
    payer_id = fields.Many2one(
        "res.partner",
        "Given by",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="Whose payment method is charged.",
    )
    token_id = fields.Many2one(
        "payment.token",
        "Payment method",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    max_amount = fields.Monetary(
        "Largest charge", required=True, readonly=True, help="For each single charge."
    )
    res_model = fields.Char("Document model", readonly=True)
    res_id = fields.Many2oneReference(
        "Document",
        model_field="res_model",
        readonly=True,
        help="Empty: all invoices of the customer in this currency.",
    )
    document_name = fields.Char("For", compute="_compute_document_name")
    state = fields.Selection(
        MANDATE_STATES, required=True, readonly=True, default=MANDATE_ACTIVE
    )
    method_failures = fields.Integer(
        readonly=True, help="Charges of the present method that failed in a row."
    )
    is_disputed = fields.Boolean(
        "Disputed",
        readonly=True,
        help="The customer's bank disputes a charge: nothing is charged until it is "
        "decided, or somebody allows it again.",
    )
    is_live = fields.Boolean(
        "Real money",
        readonly=True,
        help="Given while the provider was enabled, not in test mode.",
    )
    database_uuid = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="A copy of the database has another one and never charges.",
    )
    consent_text = fields.Text("Consent", required=True, readonly=True)
    consent_version = fields.Char(required=True, readonly=True)
    granted_on = fields.Datetime(
        "Given on",
        required=True,
        readonly=True,
        default=fields.Datetime.now,
        help="In UTC.",
    )
    origin = fields.Selection(ORIGINS, required=True, readonly=True)
    event_ids = fields.One2many(
        "autopay.mandate.event", "mandate_id", "History", readonly=True
    )
    collection_ids = fields.One2many(
        "autopay.collection", "mandate_id", "Automatic payments", readonly=True
    )

    _limit = models.Constraint(
        "CHECK (max_amount > 0)", "The largest charge of a mandate is above zero."
    )
    _one_active = models.UniqueIndex(
        "(company_id, partner_id, currency_id, COALESCE(res_model, ''),"
        f" COALESCE(res_id, 0)) WHERE state = '{MANDATE_ACTIVE}'",
        "There is already an active mandate for this customer and document.",
    )

    @api.depends("partner_id", "res_model", "res_id")
    def _compute_display_name(self):
        for mandate in self:
            mandate.display_name = self.env._(
                "%(customer)s: %(document)s",
                customer=mandate.partner_id.display_name,
                document=mandate.document_name,
            )

    @api.depends("res_model", "res_id")
    def _compute_document_name(self):
        for mandate in self:
            document_sudo = mandate._get_document_sudo()
            mandate.document_name = (
                document_sudo.display_name
                if document_sudo
                else self.env._("All invoices")
            )

    # === GIVING === #

    @api.model
    def _grant(self, token, vals, origin, evidence=None):
        """Record the customer's permission to charge this payment method.

        :param token: `payment.token` of the payer
        :param dict vals: `partner_id` (whose invoices), `currency_id`, `max_amount`
            (in that currency), `consent_text` and `consent_version` as they were read,
            and for one document only `res_model` and `res_id`
        :param str origin: one of `ORIGINS`
        :param dict evidence: `ip_address`, `user_agent`, `note`
        :return: `autopay.mandate`
        :raise UserError: the method cannot be charged in this currency or company, or
            is not the payer's
        """
        provider_sudo = token.provider_id.sudo()  # customers may not read providers
        currency = self.env["res.currency"].browse(vals["currency_id"])
        if reason := provider_sudo._get_autopay_grant_obstacle(currency):
            raise UserError(reason)
        amount = vals["max_amount"]
        if not 0 < amount < LARGEST_AMOUNT or not (vals["consent_text"] or "").strip():
            raise UserError(
                self.env._(
                    "A consent has a text that was read, and a largest charge above "
                    "zero; %s is none.",
                    amount,
                )
            )
        if not token.active:
            raise UserError(
                self.env._("%s was removed. Choose another one.", token.display_name)
            )
        partner = self.env["res.partner"].browse(vals["partner_id"])
        mandate = self.create(
            {
                **vals,
                "partner_id": partner.commercial_partner_id.id,
                "payer_id": token.partner_id.id,
                "company_id": token.company_id.id,
                "token_id": token.id,
                "is_live": provider_sudo.state == "enabled",
                "database_uuid": self._get_database_uuid(),
                "origin": origin,
            }
        )
        mandate._log_event(EVENT_GRANTED, origin, evidence)
        return mandate

    @api.model
    def _get_database_uuid(self):
        # Whoever charges or consents, it is the same database.
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def _log_event(self, kind, origin, evidence=None):
        """Write down what happened to these mandates.

        :param str kind: one of `MANDATE_EVENTS`
        :param str origin: one of `ORIGINS`
        :param dict evidence: `ip_address`, `user_agent`, `note`
        """
        self.env["autopay.mandate.event"].create(
            [
                {
                    "mandate_id": mandate.id,
                    "kind": kind,
                    "origin": origin,
                    "user_id": self.env.uid,
                    "user_name": self.env.user.name,
                    "method": mandate.token_id.display_name,
                    **(evidence or {}),
                }
                for mandate in self
            ]
        )

    # === CHANGING THE METHOD, WITHDRAWING === #

    def _change_method(self, token, origin, evidence=None):
        """Charge another payment method from now on; the mandate stays (PF33, P47).

        What had failed is scheduled again: old retries are dropped.

        :param token: `payment.token` of the same payer
        :param str origin: one of `ORIGINS`
        :param dict evidence: `ip_address`, `user_agent`, `note`
        :raise UserError: it is not the payer's, or of another company
        """
        self.ensure_one()
        self._ensure_active()
        payer = self.payer_id.commercial_partner_id
        if token.partner_id.commercial_partner_id != payer or not token.active:
            raise UserError(
                self.env._(
                    "%(method)s does not belong to %(payer)s. Choose one of their "
                    "saved payment methods.",
                    method=token.display_name,
                    payer=self.payer_id.display_name,
                )
            )
        is_other = not self.token_id or not token._is_same_method(self.token_id)
        self.token_id = token
        if is_other:
            self.method_failures = 0
        self._log_event(EVENT_METHOD, origin, evidence)
        self._after_method_change(is_other)

    def _after_method_change(self, is_other):
        """React to another payment method; hook for what was waiting for one.

        :param bool is_other: False when the same card was entered again
        """
        if is_other:
            self.collection_ids._rearm()

    def action_withdraw(self):
        """Withdraw these mandates on behalf of the customer.

        :raise AccessError: the user may not invoice
        """
        self.check_access("read")
        self.env["account.move"].check_access("write")
        self.sudo()._withdraw(ORIGIN_STAFF)  # the rows themselves are history

    def action_end_dispute(self):
        """Allow charges again after a dispute was settled with the customer.

        :raise AccessError: the user may not invoice
        """
        self.check_access("read")
        self.env["account.move"].check_access("write")
        self.sudo().is_disputed = False  # the rows themselves are history

    def _has_dispute(self):
        """Whether a payment that this mandate is for is disputed; hook for the apps."""
        self.ensure_one()
        return any(self.collection_ids.mapped("is_disputed"))

    def write(self, vals):
        """Keep a withdrawn mandate withdrawn.

        :raise UserError: it was withdrawn, or what was agreed would change
        """
        if {"token_id", "state"} & set(vals):
            self._ensure_active()
        return super().write(vals)

    def _withdraw(self, origin, evidence=None):
        """End the permission: nothing is charged from now on (PF32, P55).

        :param str origin: one of `ORIGINS`
        :param dict evidence: `ip_address`, `user_agent`, `note`
        """
        mandates = self.filtered(lambda mandate: mandate.state == MANDATE_ACTIVE)
        mandates.write({"state": MANDATE_WITHDRAWN})
        mandates.flush_recordset()  # before a new one of the same customer is inserted
        mandates._log_event(EVENT_WITHDRAWN, origin, evidence)
        mandates.collection_ids._stop(self.env._("The customer withdrew the consent"))
        mandates._after_withdrawal()

    def _after_withdrawal(self):
        """React to a withdrawn permission; hook for documents that need one."""

    def _ensure_active(self):
        for mandate in self:
            if mandate.state != MANDATE_ACTIVE:
                raise UserError(
                    self.env._(
                        "%s was withdrawn. Ask the customer for a new consent.",
                        mandate.display_name,
                    )
                )
