from odoo import fields, http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.invoice_autopay.controllers.portal import get_evidence
from odoo.addons.sale.controllers.portal import CustomerPortal, PaymentPortal


def get_plan_evidence():
    """Return who acts, and from where; of a visitor with a link only from where."""
    user = request.env.user
    email = False if user._is_public() else user.email
    return {**get_evidence(), "email": email}


class PlanQuotePortal(CustomerPortal):
    """The quotation's page: compare plans, choose, allow automatic payment, sign."""

    def _get_plan_order_sudo(self, order_id, access_token):
        """Return the order that the visitor may see, or None."""
        try:
            self._document_check_access("sale.order", order_id, access_token)
        except (AccessError, MissingError):
            return None
        # Access was checked; core's answer would act as the system, not as the user.
        return request.env["sale.order"].sudo().browse(order_id)

    @http.route()
    def portal_order_page(self, order_id, payment_amount=None, **kwargs):
        """Take no amount from a link where a plan says what is paid (P90)."""
        order_sudo = self._get_plan_order_sudo(order_id, kwargs.get("access_token"))
        if order_sudo and order_sudo.payment_plan_ids:
            payment_amount = None
            self._note_opened(order_sudo)
        return super().portal_order_page(
            order_id, payment_amount=payment_amount, **kwargs
        )

    def _note_opened(self, order_sudo):
        """Note once a day and browser that the customer saw the contract."""
        is_preview = request.httprequest.headers.get("Odoo-Link-Preview") == "True"
        plan_sudo = order_sudo.payment_plan_id
        if not plan_sudo or is_preview or not request.env.user.share:
            return
        key, today = f"payment_plan_opened_{plan_sudo.id}", str(fields.Date.today())
        if request.session.get(key) != today:
            request.session[key] = today
            plan_sudo._log_opened(get_plan_evidence())

    def _get_page_view_values(self, document, *args, **kwargs):
        values = super()._get_page_view_values(document, *args, **kwargs)
        if document._name == "sale.order" and document.payment_plan_ids:
            values.update(
                document._get_portal_plan_values(),
                plan_error=request.session.pop(self._get_error_key(document), None),
            )
        return values

    def _get_error_key(self, document):
        return f"payment_plan_error_{document._name}_{document.id}"

    def _get_payment_values(
        self, order_sudo, is_down_payment=False, payment_amount=None, **kwargs
    ):
        """Ask for the deposit of the plan, whatever the link says."""
        if order_sudo.payment_plan_id:
            is_down_payment, payment_amount = True, None
        return super()._get_payment_values(
            order_sudo,
            is_down_payment=is_down_payment,
            payment_amount=payment_amount,
            **kwargs,
        )

    def _act_on_order(self, order_id, access_token, action):
        """Do something with an order in one step, then show its page again.

        :param action: function of the order; its `UserError` is shown on the page
        """
        order_sudo = self._get_plan_order_sudo(order_id, access_token)
        if not order_sudo:
            return request.redirect("/my")
        try:
            with request.env.cr.savepoint():
                action(order_sudo)
        except UserError as error:
            request.session[self._get_error_key(order_sudo)] = str(error)
        return request.redirect(order_sudo.get_portal_url(anchor="payment_plan"))

    @http.route(
        "/my/orders/<int:order_id>/plan/<int:plan_id>/choose",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_choose(self, order_id, plan_id, access_token=None, **kwargs):
        """Choose the plan of a card."""
        return self._act_on_order(
            order_id,
            access_token,
            lambda order: order._choose_plan_in_portal(plan_id, get_plan_evidence()),
        )

    @http.route(
        "/my/orders/<int:order_id>/plan/leave",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_leave(self, order_id, access_token=None, **kwargs):
        """Go back to the cards."""
        return self._act_on_order(
            order_id, access_token, lambda order: order._leave_plan_in_portal()
        )

    @http.route(
        "/my/orders/<int:order_id>/plan/consent",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_consent(self, order_id, access_token=None, **answers):
        """Allow automatic payment of the schedule that is shown."""
        return self._act_on_order(
            order_id,
            access_token,
            lambda order: order.payment_plan_id._consent_in_portal(
                answers, get_plan_evidence()
            ),
        )

    @http.route(
        "/my/orders/<int:order_id>/plan/consent/withdraw",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_consent_withdraw(self, order_id, access_token=None, **kwargs):
        """Forget before the signature that automatic payment was allowed."""
        return self._act_on_order(
            order_id,
            access_token,
            lambda order: order.payment_plan_id._withdraw_consent_in_portal(),
        )

    @http.route()
    def portal_quote_accept(
        self, order_id, access_token=None, name=None, signature=None
    ):
        """Sign the contract that the page showed, together with core's signature.

        Either both are written or none.
        """
        args = request.httprequest.args
        access_token = access_token or args.get("access_token")
        order_sudo = self._get_plan_order_sudo(order_id, access_token)
        if not order_sudo or not order_sudo.payment_plan_id:
            return super().portal_quote_accept(order_id, access_token, name, signature)
        try:
            with request.env.cr.savepoint():
                order_sudo.payment_plan_id._sign_in_portal(
                    args.get("plan_digest"), name, signature, get_plan_evidence()
                )
                answer = super().portal_quote_accept(
                    order_id, access_token, name, signature
                )
                if answer.get("error"):
                    raise UserError(answer["error"])
        except UserError as error:
            return {"error": str(error)}
        return answer


class PlanPaymentPortal(PaymentPortal):
    """The deposit: exactly what was signed, once, and not before."""

    @http.route()
    def portal_order_transaction(self, order_id, access_token, **kwargs):
        """Refuse what is not the deposit of a signed plan (PF26, P90).

        :raise ValidationError: in plain words
        """
        try:
            order_sudo = self._document_check_access(
                "sale.order", order_id, access_token
            )
        except (AccessError, MissingError):
            order_sudo = None  # core answers
        if order_sudo:
            order_sudo._check_plan_payment(kwargs)
        return super().portal_order_transaction(order_id, access_token, **kwargs)
