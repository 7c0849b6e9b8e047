from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.http import request

from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.invoice_autopay.controllers.payment import AutopayPaymentPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from .portal_quote import get_plan_evidence


class PlanPortal(PortalAccount):
    """The customer's plans: what is paid, what comes next, pay it, automatically."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "plan_count" in counters:
            values["plan_count"] = request.env["payment.plan"]._get_portal_count()
        return values

    def _get_plan_sudo(self, plan_id, access_token):
        """Return a signed plan that the visitor may see.

        Somebody else's, one that is not signed and none at all get the same answer.

        :raise NotFound: it is none of those
        """
        try:
            self._document_check_access("payment.plan", plan_id, access_token)
        except (AccessError, MissingError):
            raise request.not_found() from None
        # Access was checked; core's answer would act as the system, not as the user.
        plan_sudo = request.env["payment.plan"].sudo().browse(plan_id)
        if not plan_sudo._is_shown_in_portal():
            raise request.not_found()
        return plan_sudo

    def _get_plan_error_key(self, plan_sudo):
        return f"payment_plan_error_{plan_sudo._name}_{plan_sudo.id}"

    def _render_plan(self, template, plan_sudo, access_token, page_values):
        """Render a page of a plan.

        :param dict page_values: what only this page shows
        """
        error = request.session.pop(self._get_plan_error_key(plan_sudo), None)
        values = self._get_page_view_values(
            plan_sudo,
            access_token,
            {
                **self._prepare_portal_layout_values(),
                "page_name": "plan",
                "res_company": plan_sudo.company_id,
                "plan": plan_sudo,
                "plan_error": error,
            },
            "my_plans_history",
            False,
        )
        values.update(page_values)
        return request.render(f"payment_plan.{template}", values)

    def _act_on_plan(self, plan_id, access_token, action):
        """Do something with a plan in one step.

        :param action: function of the plan, returns where to go next or nothing; its
            `UserError` is shown on the page of the plan
        """
        plan_sudo = self._get_plan_sudo(plan_id, access_token)
        url = None
        try:
            with request.env.cr.savepoint():
                url = action(plan_sudo)
        except UserError as error:
            request.session[self._get_plan_error_key(plan_sudo)] = str(error)
        return request.redirect(url or plan_sudo.get_portal_url())

    # === SEEING === #

    @http.route(
        ["/my/plans", "/my/plans/page/<int:page>"],
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def portal_my_plans(self, page=1, **kwargs):
        """List the user's plans."""
        Plan = request.env["payment.plan"]
        pager = portal_pager(
            url="/my/plans",
            total=Plan._get_portal_count(),
            page=page,
            step=self._items_per_page,
        )
        plans = Plan._get_portal_plans(pager["offset"], self._items_per_page)
        request.session["my_plans_history"] = plans.ids[:100]
        return request.render(
            "payment_plan.portal_my_plans",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "plan",
                "default_url": "/my/plans",
                "pager": pager,
                # The user may read these plans; their links are made by the system.
                "summaries": [plan._get_portal_summary() for plan in plans.sudo()],
            },
        )

    @http.route(
        "/my/plans/<int:plan_id>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
    )
    def portal_my_plan(self, plan_id, access_token=None, **kwargs):
        """Show one plan: its payments, what is next, automatic payment."""
        plan_sudo = self._get_plan_sudo(plan_id, access_token)
        return self._render_plan(
            "portal_my_plan",
            plan_sudo,
            access_token,
            {"values": plan_sudo._get_portal_values()},
        )

    # === PAYING === #

    @http.route(
        "/my/plans/<int:plan_id>/pay/<int:line_id>",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_pay(self, plan_id, line_id, access_token=None, **kwargs):
        """Make the invoice of one payment now, and open it to be paid."""

        def pay(plan_sudo):
            move_sudo = plan_sudo._pay_early_in_portal(line_id)
            return move_sudo.get_portal_url(query_string="&payment=True")

        return self._act_on_plan(plan_id, access_token, pay)

    @http.route(
        "/my/plans/<int:plan_id>/payoff",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
    )
    def portal_plan_payoff(self, plan_id, access_token=None, **kwargs):
        """Show what paying everything costs now, and the form once it is invoiced."""
        plan_sudo = self._get_plan_sudo(plan_id, access_token)
        payoff = plan_sudo._get_portal_payoff()
        if not payoff:
            return request.redirect(plan_sudo.get_portal_url())
        form = {}
        if payoff["is_invoiced"] and not payoff["is_busy"]:
            route = f"/my/plans/{plan_sudo.id}/payoff/transaction"
            form = self._get_plan_form(plan_sudo, payoff["amount"], route)
        return self._render_plan(
            "portal_plan_payoff",
            plan_sudo,
            access_token,
            {
                "payoff": payoff,
                "plan_step": request.env._("Pay everything"),
                **form,
            },
        )

    def _get_plan_form(self, plan_sudo, amount, route):
        """Return the values of core's payment form.

        :param float amount: in the currency of the plan
        :param str route: where the payment begins
        """
        values = self._get_common_page_view_values(
            {
                "partner": plan_sudo.partner_id,
                "company": plan_sudo.company_id,
                "total_amount": amount,
                "currency": plan_sudo.currency_id,
                "amount_residual": amount,
                "landing_route": plan_sudo.get_portal_url(),
                "transaction_route": route,
            },
            access_token=plan_sudo._portal_ensure_token(),
        )
        return {**values, "amount": amount}

    @http.route(
        "/my/plans/<int:plan_id>/payoff/invoice",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_plan_payoff_invoice(self, plan_id, access_token=None, **kwargs):
        """Make the invoices of all that is open, then offer to pay them together."""

        def prepare(plan_sudo):
            plan_sudo._prepare_payoff_in_portal()
            return plan_sudo.get_portal_url(suffix="/payoff")

        return self._act_on_plan(plan_id, access_token, prepare)

    # === AUTOMATIC PAYMENT === #

    @http.route(
        "/my/plans/<int:plan_id>/autopay",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_plan_autopay(self, plan_id, access_token=None, **answers):
        """Allow automatic payment by a saved method from now on."""
        return self._act_on_plan(
            plan_id,
            access_token,
            lambda plan: plan._allow_autopay_in_portal(answers, get_plan_evidence()),
        )


class PlanPaymentPortal(AutopayPaymentPortal):
    """What all payments that begin on the page of a plan have in common."""

    def _check_plan_payment(self, plan_id, access_token, kwargs, check):
        """Make sure that a visitor may begin a payment of a plan.

        :param dict kwargs: what the browser sent beside that
        :param check: function of the plan, returns what is paid; its `UserError` says
            why it cannot be
        :return: tuple (plan, `res.partner` who pays, what the check returned)
        :raise ValidationError: in plain words
        """
        try:
            plan_sudo = self._document_check_access(
                "payment.plan", plan_id, access_token
            )
        except (AccessError, MissingError):
            raise ValidationError(
                request.env._("The access token is invalid.")
            ) from None
        self._validate_transaction_kwargs(kwargs)
        try:
            paid_sudo = check(plan_sudo)
        except UserError as error:
            raise ValidationError(str(error)) from error
        user = request.env.user
        payer = plan_sudo.partner_id if user._is_public() else user.partner_id
        return plan_sudo, payer, paid_sudo


class PlanPayoffPortal(PlanPaymentPortal):
    """One payment for all that is open of a plan."""

    @http.route(
        "/my/plans/<int:plan_id>/payoff/transaction", type="jsonrpc", auth="public"
    )
    def portal_plan_payoff_transaction(self, plan_id, access_token, **kwargs):
        """Begin to pay exactly what is open.

        :return: what core's form needs to go on
        :raise ValidationError: in plain words
        """
        plan_sudo, payer, moves_sudo = self._check_plan_payment(
            plan_id, access_token, kwargs, lambda plan: plan._check_payoff(kwargs)
        )
        return self._process_transaction(
            payer.id, plan_sudo.currency_id.id, moves_sudo.ids, plan_sudo.name, **kwargs
        )

    def _get_extra_payment_form_values(self, plan=None, **kwargs):
        """Lead back to the plan after a method was saved for it."""
        values = super()._get_extra_payment_form_values(**kwargs)
        if plan and plan.isdecimal():
            values["landing_route"] = f"/my/plans/{plan}"
        return values
