from odoo import http
from odoo.http import request

from odoo.addons.invoice_autopay.controllers.portal import get_evidence, try_in_portal

from .portal import PrepaidPortal


class PrepaidChargePortal(PrepaidPortal):
    """Automatic top-up: the customer allows it for one budget."""

    @http.route(
        "/my/prepaid/<int:budget_id>/autopay",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def portal_prepaid_charge(self, budget_id, **kwargs):
        """Show what automatic top-up means, and ask for the customer's consent."""
        return self._render_prepaid_charge(self._get_prepaid_budget(budget_id))

    def _render_prepaid_charge(self, budget, **values):
        return request.render(
            "prepaid_billing.portal_prepaid_charge_form",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "prepaid",
                "budget": budget,
                "offer": budget._get_portal_charge_offer(),
                "answers": {},
                **values,
            },
        )

    @http.route(
        "/my/prepaid/<int:budget_id>/autopay/allow",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_prepaid_charge_allow(self, budget_id, **answers):
        """Record the customer's consent; ask again where an answer is missing."""
        budget = self._get_prepaid_budget(budget_id)
        allow = budget._allow_charges_in_portal
        if error := try_in_portal(allow, answers, get_evidence()):
            return self._render_prepaid_charge(budget, answers=answers, error=error)
        return request.redirect(budget.access_url)
