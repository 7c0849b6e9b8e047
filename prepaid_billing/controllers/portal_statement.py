from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.prepaid_budget_statement import STATEMENT_PAGE
from .portal import PrepaidPortal

PDF_TYPE = "application/pdf"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PrepaidStatementPortal(PrepaidPortal):
    """Statement of a period: page, PDF and spreadsheet. Staff downloads here, too."""

    @http.route(
        [
            "/my/prepaid/<int:budget_id>/statement",
            "/my/prepaid/<int:budget_id>/statement/page/<int:page>",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def portal_prepaid_statement(
        self, budget_id, page=1, date_from=None, date_to=None, **kwargs
    ):
        """Show the statement of a period that the customer chooses."""
        budget = self._get_prepaid_budget(budget_id)
        error = False
        try:
            period = budget._read_statement_period(date_from, date_to)
        except UserError as refusal:
            error = str(refusal)
            period = budget._read_statement_period()
        url = f"{budget.access_url}/statement"
        query = {"date_from": period[0], "date_to": period[1]}
        offset = (max(page, 1) - 1) * STATEMENT_PAGE
        statement = budget._get_statement(*period, offset, STATEMENT_PAGE)
        return request.render(
            "prepaid_billing.portal_prepaid_statement",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "prepaid",
                "budget": budget,
                "statement": statement,
                "error": error,
                "pager": portal_pager(
                    url=url,
                    url_args=query,
                    total=statement["count"],
                    page=page,
                    step=STATEMENT_PAGE,
                ),
            },
        )

    @http.route("/my/prepaid/<int:budget_id>/statement.pdf", type="http", auth="user")
    def portal_prepaid_statement_pdf(self, budget_id, **query):
        """Download the statement of a period as PDF."""
        return self._download_statement(
            budget_id, query, "_render_statement_pdf", PDF_TYPE, "pdf"
        )

    @http.route("/my/prepaid/<int:budget_id>/statement.xlsx", type="http", auth="user")
    def portal_prepaid_statement_xlsx(self, budget_id, **query):
        """Download the statement of a period as a spreadsheet."""
        return self._download_statement(
            budget_id, query, "_render_statement_xlsx", XLSX_TYPE, "xlsx"
        )

    def _download_statement(self, budget_id, query, method, mimetype, extension):
        budget = self._get_prepaid_budget(budget_id)
        try:
            period = budget._read_statement_period(
                query.get("date_from"), query.get("date_to")
            )
        except UserError:
            raise request.not_found() from None
        filename = f"{budget._get_statement_filename(*period)}.{extension}"
        return request.make_response(
            getattr(budget, method)(*period),
            headers=[
                ("Content-Type", mimetype),
                ("Content-Disposition", content_disposition(filename)),
                ("Cache-Control", "no-store"),
            ],
        )
