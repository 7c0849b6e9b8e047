from odoo import models

from ..const import FAILED, IN_PROGRESS, MANDATE_ACTIVE, SCHEDULED, TELL_METHOD


class PaymentToken(models.Model):
    _inherit = "payment.token"

    def _is_same_method(self, other):
        """Whether two saved methods are the same card, entered again (B20).

        Hook for providers that know it by a fingerprint.

        :param other: `payment.token`
        """
        self.ensure_one()
        return self == other or (
            self.provider_id == other.provider_id
            and self.payment_method_id == other.payment_method_id
            and self.payment_details == other.payment_details
        )

    def _get_autopay_mandates_sudo(self):
        # The payer may not read mandates of all companies.
        return (
            self.env["autopay.mandate"]
            .sudo()  # as above
            .search([("token_id", "in", self.ids), ("state", "=", MANDATE_ACTIVE)])
        )

    def _handle_archiving(self):
        """Tell the payer what is not paid automatically any more (P48)."""
        result = super()._handle_archiving()
        collections = self._get_autopay_mandates_sudo().collection_ids.filtered(
            lambda c: c.state in (SCHEDULED, IN_PROGRESS, FAILED)
        )
        for mandate, waiting in collections.grouped("mandate_id").items():
            first = waiting.sorted("date")[:1]
            first._tell(TELL_METHOD)
            first._ask_responsible(
                self.env._(
                    "%(method)s was removed: %(mandate)s has no payment method",
                    method=mandate.token_id.display_name,
                    mandate=mandate.display_name,
                )
            )
        return result

    def get_linked_records_info(self):
        """Show what a saved method pays before the customer removes it (P48)."""
        info = super().get_linked_records_info()
        for mandate_sudo in self._get_autopay_mandates_sudo():
            info.append(
                {
                    "description": self.env._("Automatic payments"),
                    "id": mandate_sudo.id,
                    "name": mandate_sudo.document_name,
                    "url": "/my/autopay",
                }
            )
        return info

    def _get_portal_label(self):
        """Return how the customer knows this method: kind and last digits, or False."""
        if not self:
            return False
        token_sudo = self.sudo()  # its kind is not the customer's to read
        kind, name = token_sudo.payment_method_id.name, token_sudo.display_name
        is_named = name.casefold().startswith(kind.casefold())
        return name if is_named else f"{kind} {name}"
