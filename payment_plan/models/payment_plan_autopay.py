from odoo import models
from odoo.exceptions import UserError

from odoo.addons.invoice_autopay.const import ORIGIN_CONTRACT

from .. import const
from ..tools.money import from_units


class PaymentPlanAutopay(models.Model):
    """The customer's consent at the signature, and the permission that follows it."""

    _inherit = "payment.plan"

    def _consent(self, digest, evidence):
        """Record that the customer allows automatic payment of the shown schedule.

        The permission itself is given when there is a payment method: see `_grant`.

        :param str digest: of the version that the page showed
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: it is not offered, or the page is out of date
        """
        self.ensure_one()
        self._lock()
        version = self._get_version()
        if self.autopay == const.AUTOPAY_OFF or version.digest != digest:
            raise UserError(
                self.env._(
                    "The contract has changed since you opened this page. Reload it "
                    "and read it again."
                )
            )
        if not self._get_consent(version):
            self._log_event(
                const.EVENT_CONSENTED,
                version,
                {
                    **evidence,
                    "text": self._get_consent_text(),
                    "text_version": version.digest[:12],
                },
            )

    def _withdraw_consent(self, evidence=None):
        """Record that automatic payment is not allowed any more.

        :param dict evidence: `ip_address`, `user_agent`, `email`
        """
        self.ensure_one()
        self._log_event(const.EVENT_WITHDRAWN, self.version_id, evidence)

    def _get_consent(self, version):
        """Return the customer's consent to charge the payments of a version.

        :return: `payment.plan.event`, empty where there is none or it was withdrawn
        """
        self.ensure_one()
        events_sudo = self.sudo().event_ids  # customers may not read evidence
        last = events_sudo.filtered(
            lambda e: (
                e.kind == const.EVENT_WITHDRAWN
                or (e.kind == const.EVENT_CONSENTED and e.version_id == version)
            )
        ).sorted("id")[-1:]
        return last.filtered(lambda event: event.kind == const.EVENT_CONSENTED)

    def _get_consent_text(self):
        """Return what the customer agrees to, in the user's language (P57).

        Networks ask for: how the method is used, dates and amounts, how to stop, how
        changes are told.
        """
        self.ensure_one()
        consent = self.env._(
            "I allow %(company)s to save my payment method and to charge each payment "
            "of the plan “%(plan)s” on its day, as listed in the schedule above, "
            "never more than %(most)s at once. I can change the payment method or "
            "withdraw this permission at any time in the portal; what was charged "
            "before stays paid. Late fees, if the contract has any, are not covered "
            "by it.",
            company=self.company_id.name,
            plan=self.name,
            most=self.currency_id.format(self._get_largest_amount()),
        )
        # No notice is promised where the company sends none.
        if self.company_id.sudo().autopay_notice_days:  # as any customer
            consent += " " + self.env._("I am told before each charge.")
        return consent

    def _get_largest_amount(self):
        """Return the largest single payment, in the currency of the plan."""
        self.ensure_one()
        if self.installment_ids:
            return max(self.installment_ids.mapped("amount"))
        largest = max(line.amount for line in self._get_schedule().lines)
        return from_units(largest, self.currency_id.rounding)

    def _is_saving_method(self):
        """Whether the method that pays the deposit is to be saved."""
        self.ensure_one()
        return self.state == const.SIGNED and bool(self._get_consent(self.version_id))

    def _grant_if_possible(self, token):
        """Give the permission; the money of the deposit is booked in any case.

        :param token: `payment.token` by which the customer just paid
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._grant(token)
        except UserError as error:
            self._ask_responsible(
                self.env._("Automatic payment could not be set up"), str(error)
            )

    def _get_invoiced_partner(self):
        """Return the commercial entity that gets the invoices."""
        self.ensure_one()
        order_sudo = self.sale_order_id.sudo()  # as any customer
        partner = order_sudo.partner_invoice_id or self.partner_id
        return partner.commercial_partner_id

    def _grant(self, token):
        """Give the permission that the customer consented to, for a payment method.

        :param token: `payment.token` by which the customer just paid
        :return: `autopay.mandate`, empty where there is no consent or one already
        """
        self.ensure_one()
        Mandate = self.env["autopay.mandate"].sudo()  # written by the system only
        consent = self._get_consent(self.version_id)
        if not consent or not token or self._get_mandate_sudo():
            return Mandate
        evidence = {
            "ip_address": consent.ip_address,
            "user_agent": consent.user_agent,
            "note": self.version_id.display_name,
        }
        return Mandate._grant(
            token,
            {
                "partner_id": self._get_invoiced_partner().id,
                "currency_id": self.currency_id.id,
                "max_amount": self._get_largest_amount(),
                "consent_text": consent.text,
                "consent_version": consent.text_version,
                "res_model": self._name,
                "res_id": self.id,
            },
            ORIGIN_CONTRACT,
            evidence,
        )

    def _forget_disputes(self):
        """Release invoices that a disputed extra payment paid once, but not any more.

        An accountant may have undone that while the dispute was open.
        """
        self.ensure_one()
        plan_sudo = self.sudo()  # told by a webhook
        if any(plan_sudo.extra_ids.transaction_ids.mapped("autopay_is_disputed")):
            return
        for collection in plan_sudo.installment_ids.move_id.autopay_collection_ids:
            own = collection.move_id.transaction_ids
            collection.is_disputed = any(own.mapped("autopay_is_disputed"))

    def _get_mandate_sudo(self):
        """Return the permission in force to charge this plan, or an empty one."""
        self.ensure_one()
        return (
            self.env["autopay.mandate"]
            .sudo()  # the customer's, whoever asks
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("state", "=", "active"),
                ],
                limit=1,
            )
        )
