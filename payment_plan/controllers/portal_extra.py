from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .portal import PlanPaymentPortal, PlanPortal
from .portal_quote import get_plan_evidence


class PlanExtraPortal(PlanPortal):
    """Pay more than is due: choose, see what follows, pay."""

    @http.route(
        "/my/plans/<int:plan_id>/extra",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
    )
    def portal_plan_extra(self, plan_id, access_token=None, **kwargs):
        """Ask for an amount, and what it is to be used for."""
        plan_sudo = self._get_plan_sudo(plan_id, access_token)
        extra = plan_sudo._get_portal_extra()
        if not extra:
            return request.redirect(plan_sudo.get_portal_url())
        return self._render_plan(
            "portal_plan_extra",
            plan_sudo,
            access_token,
            {"extra": extra, "plan_step": request.env._("Pay more")},
        )

    @http.route(
        "/my/plans/<int:plan_id>/extra/choose",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_extra_choose(self, plan_id, access_token=None, **answers):
        """Write down the choice, then show what it changes."""
        plan_sudo = self._get_plan_sudo(plan_id, access_token)
        url = plan_sudo.get_portal_url(suffix="/extra")
        try:
            with request.env.cr.savepoint():
                extra = plan_sudo._choose_extra_in_portal(answers, get_plan_evidence())
            url = plan_sudo.get_portal_url(suffix=f"/extra/{extra.id}")
        except UserError as error:
            request.session[self._get_plan_error_key(plan_sudo)] = str(error)
        return request.redirect(url)

    @http.route(
        "/my/plans/<int:plan_id>/extra/<int:extra_id>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
    )
    def portal_plan_extra_pay(self, plan_id, extra_id, access_token=None, **kwargs):
        """Show what an extra payment changes, and the form to pay it."""
        plan_sudo = self._get_plan_sudo(plan_id, access_token)
        extra_sudo = plan_sudo._find_extra(extra_id)
        if not extra_sudo:
            raise request.not_found()
        values = plan_sudo._get_portal_extra_values(extra_sudo)
        form = {}
        if values["is_current"] and not values["is_busy"] and not values["is_paid"]:
            route = f"/my/plans/{plan_id}/extra/{extra_id}/transaction"
            form = self._get_plan_form(plan_sudo, values["amount"], route)
        return self._render_plan(
            "portal_plan_extra_pay",
            plan_sudo,
            access_token,
            {"extra": values, "plan_step": request.env._("Pay more"), **form},
        )


class PlanExtraPaymentPortal(PlanPaymentPortal):
    """One payment of exactly what was chosen."""

    @http.route(
        "/my/plans/<int:plan_id>/extra/<int:extra_id>/transaction",
        type="jsonrpc",
        auth="public",
    )
    def portal_plan_extra_transaction(self, plan_id, extra_id, access_token, **kwargs):
        """Begin to pay what was chosen.

        :return: what core's form needs to go on
        :raise ValidationError: in plain words
        """
        plan_sudo, payer, extra_sudo = self._check_plan_payment(
            plan_id,
            access_token,
            kwargs,
            lambda plan: plan._check_extra_payment(extra_id, kwargs),
        )
        tx_sudo = self._create_transaction(
            **kwargs,
            partner_id=payer.id,
            currency_id=plan_sudo.currency_id.id,
            reference_prefix=plan_sudo._get_document().sudo().name,  # the customer's
            custom_create_values={"payment_plan_extra_id": extra_sudo.id},
        )
        return tx_sudo._get_processing_values()
