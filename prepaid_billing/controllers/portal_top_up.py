from uuid import uuid4

from odoo import http
from odoo.http import request

from odoo.addons.invoice_autopay.controllers.portal import try_in_portal

from .portal import PrepaidPortal


class PrepaidTopUpPortal(PrepaidPortal):
    """The customer orders credit, and pays it with Odoo's own form."""

    @http.route(
        "/my/prepaid/<int:budget_id>/top-up",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def portal_prepaid_top_up(self, budget_id, **kwargs):
        """Show what can be ordered; while a top-up is open, show that."""
        return self._render_prepaid_top_up(self._get_top_up_budget(budget_id))

    def _get_top_up_budget(self, budget_id):
        """Return a budget that the user may top up.

        :raise NotFound: somebody else's, or not offered: the same answer
        """
        budget = self._get_prepaid_budget(budget_id)
        if not budget._can_top_up_in_portal():
            raise request.not_found()
        return budget

    def _render_prepaid_top_up(self, budget, **values):
        return request.render(
            "prepaid_billing.portal_prepaid_top_up",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "prepaid",
                "budget": budget,
                "order": budget._get_portal_order(),
                "offers": budget._get_portal_offers(),
                "limits": budget._get_portal_limits(),
                "key": uuid4().hex,
                "answers": {},
                **values,
            },
        )

    @http.route(
        "/my/prepaid/<int:budget_id>/top-up/order",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_prepaid_order(self, budget_id, **answers):
        """Make the invoice, and go on to its payment form."""
        budget = self._get_top_up_budget(budget_id)
        asked = [answers.get(name) for name in ("choice", "amount", "key")]
        if error := try_in_portal(budget._top_up_in_portal, *asked):
            return self._render_prepaid_top_up(budget, answers=answers, error=error)
        order = budget._get_portal_order()
        if order and order["is_online"]:
            return request.redirect(order["move"]._get_portal_pay_url())
        return request.redirect(f"{budget.access_url}/top-up")

    @http.route(
        "/my/prepaid/<int:budget_id>/top-up/<int:move_id>/cancel",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_prepaid_cancel(self, budget_id, move_id, **kwargs):
        """Cancel a top-up that is not paid."""
        budget = self._get_top_up_budget(budget_id)
        if error := try_in_portal(budget._cancel_in_portal, move_id):
            return self._render_prepaid_top_up(budget, error=error)
        return request.redirect(budget.access_url)
