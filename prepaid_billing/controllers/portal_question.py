from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .portal import PrepaidPortal


class PrepaidQuestionPortal(PrepaidPortal):
    """The customer asks about a movement."""

    @http.route(
        "/my/prepaid/<int:budget_id>/question",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_prepaid_question(
        self, budget_id, entry_id=None, question=None, **kwargs
    ):
        """Hand a question about a movement to the responsible person."""
        budget = self._get_prepaid_budget(budget_id)
        try:
            budget._ask_in_portal(int(entry_id or 0), question)
        except (UserError, ValueError):
            raise request.not_found() from None
        return request.redirect(f"{budget.access_url}?asked=1")
