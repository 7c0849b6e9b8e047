from odoo import models
from odoo.tools import groupby

from ..const import MANDATE_WITHDRAWN, OPEN_STATES, SCHEDULED, STOPPED


class AccountMovePortal(models.Model):
    """The invoice's portal page: who pays it, when, and whether that is under way."""

    _inherit = "account.move"

    # === ONE PAYMENT AT A TIME === #

    def _is_autopay_under_way(self):
        """Whether an automatic payment was sent and its answer is not known (P22)."""
        self.ensure_one()
        # Whoever looks at an invoice may not pay it twice.
        return self.sudo().autopay_collection_ids._is_under_way()

    def _has_to_be_paid(self):
        """Offer no payment while an automatic one is under way (P22)."""
        return super()._has_to_be_paid() and not self._is_autopay_under_way()

    def _get_online_payment_error(self):
        """Say that an automatic payment is under way, and nothing else."""
        if self._is_autopay_under_way():
            return self.env._(
                "A payment is in progress. You need not do anything: we tell you when "
                "it arrived."
            )
        return super()._get_online_payment_error()

    # === WHAT THE PAGE SHOWS === #

    def _get_portal_autopay(self, viewer):
        """Return what this invoice's page says about automatic payment.

        The payment method is the payer's business: nobody else sees it (P27).

        :param viewer: `res.partner` of the user who looks
        :return: dict: `is_under_way`, `date` of the next charge, `method` and
            `mandate_id` for the payer, `is_others` for the customer whose invoices
            somebody else pays, `can_allow` where automatic payment could be offered
        """
        self.ensure_one()
        collection_sudo = self.sudo().autopay_collection_ids  # see below: only parts
        values = {
            "is_under_way": self._is_autopay_under_way(),
            "can_allow": self._can_offer_autopay(viewer),
        }
        is_expected = collection_sudo._is_expected() if collection_sudo else False
        if is_expected and not values["is_under_way"]:
            mandate_sudo = collection_sudo.mandate_id
            payer = mandate_sudo.payer_id.commercial_partner_id
            is_payer = payer == viewer.commercial_partner_id
            is_customer = self.commercial_partner_id == viewer.commercial_partner_id
            values.update(
                date=collection_sudo._get_portal_day(),
                method=is_payer and mandate_sudo.token_id._get_portal_label(),
                mandate_id=is_payer and mandate_sudo.id,
                is_others=is_customer and not is_payer,
            )
        return values

    def _can_offer_autopay(self, viewer):
        """Whether this customer just paid by a saved method and could go on like that.

        :param viewer: `res.partner` of the user who looks
        """
        self.ensure_one()
        if self.commercial_partner_id != viewer.commercial_partner_id:
            return False
        transaction_sudo = self.get_portal_last_transaction()
        is_saved = transaction_sudo.state == "done" and transaction_sudo.token_id.active
        owner = transaction_sudo.token_id.partner_id.commercial_partner_id
        if not is_saved or owner != viewer.commercial_partner_id:
            return False
        provider_sudo = transaction_sudo.provider_id
        return not (
            provider_sudo._get_autopay_grant_obstacle(self.currency_id)
            or self.sudo()._get_autopay_mandate()  # somebody may pay already
        )

    # === BEFORE IT IS ALLOWED === #

    def _is_free_for_autopay(self):
        """Whether a new consent makes this open invoice be paid automatically.

        That is so when nothing collects it, or when it was stopped because the consent
        before was withdrawn.
        """
        self.ensure_one()
        collection = self.autopay_collection_ids
        if self.currency_id.is_zero(self.amount_residual):
            return False
        if not collection:
            return True
        was_withdrawn = collection.mandate_id.state == MANDATE_WITHDRAWN
        is_open = any(a.state in OPEN_STATES for a in collection.attempt_ids)
        return collection.state == STOPPED and was_withdrawn and not is_open

    def _get_autopay_preview(self):
        """Return the charges that follow if automatic payment is allowed now (P57).

        :return: list of dict: `invoice`, `url`, `date`, `amount`, `currency`
        """
        charges = []
        for invoice in self:
            for date, amount in invoice._get_autopay_parts():
                charges.append(
                    {
                        "invoice": invoice.name,
                        "url": invoice.get_portal_url(),
                        "date": date,
                        "amount": amount,
                        "currency": invoice.currency_id,
                    }
                )
        return sorted(charges, key=lambda charge: (charge["date"], charge["invoice"]))

    def _get_autopay_parts(self):
        """Return when which part of this invoice would be charged.

        :return: list of (day, amount)
        """
        self.ensure_one()
        Collection = self.env["autopay.collection"]
        planned = Collection.new({"move_id": self.id, "state": SCHEDULED})
        first = self._get_autopay_date()
        terms = planned._get_open_terms()
        later = terms.filtered(lambda t: (t.date_maturity or t.date) > first)
        parts = [(first, planned._get_amount_due(first))]
        for date, same_day in groupby(later, lambda t: t.date_maturity or t.date):
            parts.append((date, sum(t.amount_residual_currency for t in same_day)))
        return parts
