from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.controllers.portal import PaymentPortal
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from .portal import AutopayPortal, get_evidence, try_in_portal


class AutopayMethodPortal(AutopayPortal, PaymentPortal):
    """Another payment method for automatic payments, saved without being charged."""

    @http.route(
        "/my/autopay/<int:mandate_id>/method",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def portal_autopay_method(self, mandate_id, **kwargs):
        """Offer the customer's saved methods, and core's form to save another one."""
        mandate = self._get_autopay_mandate(mandate_id)
        return self._render_autopay_method(mandate)

    def _render_autopay_method(self, mandate, **values):
        company, currency = mandate.company_id, mandate.currency_id
        providers_sudo = mandate._get_portal_providers_sudo(company, currency)
        return self._render_autopay(
            "portal_autopay_method",
            payment=mandate._get_portal_values(),
            current_id=mandate.sudo().token_id.id,  # the user is the payer
            saved_sudo=mandate._get_portal_tokens_sudo(company, currency),
            # The rest is what core's form asks for; saved methods are listed above it.
            mode="validation",
            allow_token_selection=False,
            partner_id=request.env.user.partner_id.id,
            providers_sudo=providers_sudo,
            payment_methods_sudo=mandate._get_portal_payment_methods_sudo(
                providers_sudo
            ),
            tokens_sudo=request.env["payment.token"],
            availability_report={},
            transaction_route=f"/my/autopay/{mandate.id}/transaction",
            landing_route="/my/autopay/saved",
            **values,
        )

    @http.route(
        "/my/autopay/<int:mandate_id>/method/use",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_autopay_method_use(self, mandate_id, token_id=None, **kwargs):
        """Use one of the customer's saved methods from now on."""
        mandate = self._get_autopay_mandate(mandate_id)
        change = mandate._change_method_in_portal
        if error := try_in_portal(change, token_id, get_evidence()):
            return self._render_autopay_method(mandate, error=error)
        return request.redirect("/my/autopay?done=changed")

    @http.route("/my/autopay/<int:mandate_id>/transaction", type="jsonrpc", auth="user")
    def portal_autopay_transaction(
        self,
        mandate_id,
        provider_id=None,
        payment_method_id=None,
        flow="direct",
        **kwargs,
    ):
        """Begin to save a method for an automatic payment; nothing is charged.

        Whose, for what and where to go next is known here; the browser says only which
        provider and kind of method.

        :return: what core's form needs to go on
        :raise ValidationError: this cannot be saved here
        """
        mandate = self._get_autopay_mandate(mandate_id)
        company, currency = mandate.company_id, mandate.currency_id
        providers_sudo = mandate._get_portal_providers_sudo(company, currency)
        methods_sudo = mandate._get_portal_payment_methods_sudo(providers_sudo)
        if (
            provider_id not in providers_sudo.ids
            or payment_method_id not in methods_sudo.ids
            or flow not in ("direct", "redirect")
        ):
            raise ValidationError(
                request.env._("This payment method cannot be saved here.")
            )
        mandate._forget_saving()
        transaction_sudo = self._create_transaction(
            provider_id=provider_id,
            payment_method_id=payment_method_id,
            token_id=None,
            amount=None,
            currency_id=None,
            partner_id=request.env.user.partner_id.id,
            flow=flow,
            tokenization_requested=True,
            landing_route="/my/autopay/saved",
            reference_prefix=payment_utils.singularize_reference_prefix(prefix="V"),
            is_validation=True,
            custom_create_values={"autopay_mandate_id": mandate.id},
        )
        return transaction_sudo._get_processing_values()

    @http.route(
        "/my/autopay/saved", type="http", auth="user", methods=["GET"], website=True
    )
    def portal_autopay_saved(self, **kwargs):
        """Come back from the provider, and say what became of it."""
        transaction_sudo = PaymentPostProcessing()._get_monitored_transaction()
        done = {"done": "changed", "authorized": "changed", "pending": "saving"}.get(
            transaction_sudo.state, "failed"
        )
        return request.redirect(f"/my/autopay?done={done}")
