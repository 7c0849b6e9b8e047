from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

#: Longer headers of browsers are cut: they are evidence, not a place to store things.
MOST_CHARACTERS = 500


def get_evidence():
    """Return from where a customer consents, changes or stops."""
    browser = request.httprequest.user_agent.string or ""
    return {
        "ip_address": request.httprequest.remote_addr,
        "user_agent": browser[:MOST_CHARACTERS],
    }


def try_in_portal(method, *args):
    """Do what the customer asked for; where it is refused, undo it and say why.

    :param method: bound method of the model that does it
    :return: text for the customer, or False when it was done
    """
    try:
        with request.env.cr.savepoint():
            method(*args)
    except UserError as error:
        return str(error)
    return False


class AutopayPortal(CustomerPortal):
    """The customer's automatic payments: see, allow, stop."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "autopay_count" in counters:
            values["autopay_count"] = request.env["autopay.mandate"]._get_portal_count()
        return values

    def _render_autopay(self, template, **values):
        return request.render(
            f"invoice_autopay.{template}",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "autopay",
                **values,
            },
        )

    def _get_autopay_mandate(self, mandate_id):
        """Return one of the user's active automatic payments.

        Somebody else's, one that has ended and none at all get the same answer, so that
        nothing can be learned by trying ids.

        :raise NotFound: it is not among them
        """
        mandate = request.env["autopay.mandate"]._get_portal_mandate(mandate_id)
        if not mandate:
            raise request.not_found()
        return mandate

    @http.route("/my/autopay", type="http", auth="user", methods=["GET"], website=True)
    def portal_my_autopay(self, done=None, **kwargs):
        """List what is paid automatically, what comes next and what went wrong."""
        Mandate = request.env["autopay.mandate"]
        company = request.env.company
        currency = Mandate._get_portal_currencies(company)[:1]
        return self._render_autopay(
            "portal_my_autopay",
            done=done,
            payments=[m._get_portal_values() for m in Mandate._get_portal_mandates()],
            ended=[
                m._get_portal_values()
                for m in Mandate._get_portal_mandates("withdrawn")
            ],
            obstacle=Mandate._get_portal_obstacle(
                company, currency or company.currency_id
            ),
        )

    @http.route(
        "/my/autopay/new", type="http", auth="user", methods=["GET"], website=True
    )
    def portal_autopay_new(self, currency=None, **kwargs):
        """Show what automatic payment means for this customer, in amounts and dates."""
        offer = request.env["autopay.mandate"]._get_portal_offer(currency)
        return self._render_autopay("portal_autopay_new", offer=offer, answers={})

    @http.route(
        "/my/autopay/new/allow",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_autopay_allow(self, **answers):
        """Record the customer's consent; ask again where an answer is missing."""
        Mandate = request.env["autopay.mandate"]
        if error := try_in_portal(Mandate._grant_in_portal, answers, get_evidence()):
            return self._render_autopay(
                "portal_autopay_new",
                offer=Mandate._get_portal_offer(answers.get("currency")),
                answers=answers,
                error=error,
            )
        return request.redirect("/my/autopay?done=allowed")

    @http.route(
        "/my/autopay/<int:mandate_id>/stop",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def portal_autopay_stop(self, mandate_id, **kwargs):
        """Ask before it is stopped, and say what then has to be paid by hand."""
        mandate = self._get_autopay_mandate(mandate_id)
        return self._render_autopay(
            "portal_autopay_stop", payment=mandate._get_portal_values()
        )

    @http.route(
        "/my/autopay/<int:mandate_id>/stop/confirm",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_autopay_stop_confirm(self, mandate_id, **kwargs):
        """Stop: nothing is charged from now on."""
        self._get_autopay_mandate(mandate_id)._withdraw_in_portal(get_evidence())
        return request.redirect("/my/autopay?done=stopped")

    @http.route(
        "/my/autopay/<int:mandate_id>/retry",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_autopay_retry(self, mandate_id, **kwargs):
        """Charge at once, by the new method, what the old one could not pay."""
        count = self._get_autopay_mandate(mandate_id)._try_again_in_portal()
        return request.redirect(f"/my/autopay{'?done=retried' if count else ''}")
