from odoo import http
from odoo.http import request

from .portal import PrepaidPortal


class PrepaidShare(PrepaidPortal):
    """A budget by its link: whoever has it reads, nobody changes anything."""

    @http.route(
        [
            "/prepaid/<int:budget_id>/<string:token>",
            "/prepaid/<int:budget_id>/<string:token>/page/<int:page>",
        ],
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def prepaid_shared(
        self,
        budget_id,
        token,
        page=1,
        sortby=None,
        filterby=None,
        search=None,
        **kwargs,
    ):
        """Show a budget to whoever has its link; not found when it leads nowhere."""
        budget_sudo = request.env["prepaid.budget"]._find_shared(budget_id, token)
        if not budget_sudo:
            raise request.not_found()
        url = f"/prepaid/{budget_id}/{token}"
        query = {"sortby": sortby, "filterby": filterby, "search": search}
        response = request.render(
            "prepaid_billing.prepaid_shared",
            {
                **self._prepare_prepaid_movements(budget_sudo, url, page, query),
                "budget": budget_sudo,
                "chart": budget_sudo._get_burn_down(),
                "is_shared": True,
            },
        )
        # The address is the key: it is not kept, indexed or told to other pages.
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response
