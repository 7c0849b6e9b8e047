from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import content_disposition, request

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..const_contract import MOST_VERIFIED_BYTES
from ..tools.digest import digest_of_file


class PlanContractPortal(CustomerPortal):
    """The signed contract: the customer's copy, and a page that proves a copy."""

    @http.route(
        "/my/plans/<int:plan_id>/contract", type="http", auth="public", website=True
    )
    def portal_plan_contract(self, plan_id, access_token=None, **kwargs):
        """Hand out the stored file, verified; somebody else's is not found."""
        try:
            plan_sudo = self._document_check_access(
                "payment.plan", plan_id, access_token=access_token
            )
        except (AccessError, MissingError):
            raise request.not_found() from None
        content, name, problem = plan_sudo._read_contract_file()
        if content is None:
            return request.render(
                "payment_plan.contract_unavailable",
                {
                    **self._prepare_portal_layout_values(),
                    "page_name": "plan",
                    "problem": problem,
                },
            )
        headers = [
            ("Content-Type", "application/pdf"),
            ("Content-Length", len(content)),
            ("Content-Disposition", content_disposition(name)),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return request.make_response(content, headers=headers)

    @http.route(
        "/plans/verify",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
        max_content_length=MOST_VERIFIED_BYTES,
    )
    def plan_contract_verify(self, contract_file=None, **kwargs):
        """Say whether an uploaded file is a signed contract; nothing of it is kept."""
        values = {"problem": "", "contract": {}, "digest": ""}
        if request.httprequest.method == "POST":
            content = contract_file.read() if hasattr(contract_file, "read") else b""
            if not content:
                values["problem"] = request.env._("Choose a file first.")
            else:
                values["digest"] = digest_of_file(content)
                # Anybody may ask about a file; whoever has it knows what it says.
                Event = request.env["payment.plan.event"].sudo()
                values["contract"] = Event._verify_file(values["digest"])
        return request.render("payment_plan.verify_page", values)
