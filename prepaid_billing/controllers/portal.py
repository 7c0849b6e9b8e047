from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager


class PrepaidPortal(CustomerPortal):
    """The customer's view of what was bought in advance, after logging in."""

    _prepaid_movements_per_page = 20

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "prepaid_count" in counters:
            values["prepaid_count"] = request.env["prepaid.budget"]._get_portal_count()
        return values

    @http.route(
        ["/my/prepaid", "/my/prepaid/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_prepaid(self, page=1, **kwargs):
        """List the customer's budgets; go straight to the only one."""
        Budget = request.env["prepaid.budget"]
        pager = portal_pager(
            url="/my/prepaid",
            total=Budget._get_portal_count(),
            page=page,
            step=self._items_per_page,
        )
        budgets = Budget._get_portal_budgets(pager["offset"], self._items_per_page)
        if len(budgets) == 1 and pager["page_count"] == 1:
            return request.redirect(budgets.access_url)
        return request.render(
            "prepaid_billing.portal_my_prepaid",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "prepaid",
                "budgets": budgets,
                "pager": pager,
            },
        )

    @http.route(
        [
            "/my/prepaid/<int:budget_id>",
            "/my/prepaid/<int:budget_id>/page/<int:page>",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def portal_prepaid_budget(
        self, budget_id, page=1, sortby=None, filterby=None, search=None, **kwargs
    ):
        """Show one budget: what is left, what is to pay, and every movement."""
        budget = self._get_prepaid_budget(budget_id)
        url = budget.access_url
        query = {"sortby": sortby, "filterby": filterby, "search": search}
        return request.render(
            "prepaid_billing.portal_prepaid_budget",
            {
                **self._prepare_portal_layout_values(),
                **self._prepare_prepaid_movements(budget, url, page, query),
                "page_name": "prepaid",
                "budget": budget,
                "invoices_sudo": budget._get_portal_open_invoices(),
                "can_top_up": budget._can_top_up_in_portal(),
                "charge": budget._get_portal_charge(),
                "chart": budget._get_burn_down(),
                "today": budget._get_portal_today(),
                "is_asked": "asked" in kwargs,
            },
        )

    def _prepare_prepaid_movements(self, budget, url, page, query):
        """Return what the list of movements shows.

        :param budget: `prepaid.budget`, sudoed for who came by a link
        :param str url: address of the page
        :param int page: number of the page
        :param dict query: `sortby`, `filterby`, `search`, as they came
        """
        sortings = budget._get_portal_sortings()
        filters = budget._get_portal_filters()
        sortby = query["sortby"] if query["sortby"] in sortings else "newest"
        filterby = query["filterby"] if query["filterby"] in filters else "all"
        search = (query["search"] or "").strip()
        pager = portal_pager(
            url=url,
            url_args={k: v for k, v in query.items() if v},
            total=budget._get_portal_movement_count(filterby, search),
            page=page,
            step=self._prepaid_movements_per_page,
        )
        return {
            "movements": budget._get_portal_movements(
                pager["offset"],
                self._prepaid_movements_per_page,
                sortby,
                filterby,
                search,
            ),
            "pager": pager,
            "default_url": url,
            "sortby": sortby,
            "filterby": filterby,
            "search": search,
            "is_narrowed": bool(search) or filterby != "all",
            "movement_sortings": sortings,
            "movement_filters": filters,
        }

    def _get_prepaid_budget(self, budget_id):
        """Return a budget with the rights of the user who asks.

        Somebody else's, another company's, an archived and a missing budget get the
        same answer, so that nothing can be learned by trying ids. Staff sees archived
        ones, too.

        :raise NotFound: the user may not see it, or there is none
        """
        try:
            budget_sudo = self._document_check_access("prepaid.budget", budget_id)
        except (AccessError, MissingError):
            raise request.not_found() from None
        if not budget_sudo.active and request.env.user.share:
            raise request.not_found()
        return request.env["prepaid.budget"].browse(budget_sudo.id)
