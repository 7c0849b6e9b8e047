from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .. import const

#: States of a payment whose invoice cannot be paid now.
CLOSED_LINES = (const.PAID, const.CREDITED, const.LINE_CANCELED)
BUSY_LINES = (const.PROCESSING, const.DISPUTED)


class PaymentPlanPortal(models.Model):
    """The customer's page of a plan: what is paid, what comes next, pay it now.

    Who comes here has shown the right to see the plan, by login or link; the records
    are written by the system.
    """

    _inherit = "payment.plan"

    # === MINE === #

    @api.model
    def _get_portal_domain(self):
        """Return the domain of the signed plans of the user's company or person."""
        customer = self.env.user.partner_id.commercial_partner_id
        return Domain("partner_id", "child_of", customer.ids) & Domain(
            "version_id", "!=", False
        )

    @api.model
    def _get_portal_count(self):
        """Return what the card of the portal's home page counts; zero hides it."""
        if not self.has_access("read"):
            return 0
        return self.search_count(self._get_portal_domain())

    @api.model
    def _get_portal_plans(self, offset=0, limit=None):
        """Return the user's plans, the latest first.

        :param int offset: how many to leave out
        :param int limit: how many at most
        """
        if not self.has_access("read"):
            return self.browse()
        return self.search(
            self._get_portal_domain(), offset=offset, limit=limit, order="id desc"
        )

    def _is_shown_in_portal(self):
        """Whether there is a signed contract, hence a page."""
        self.ensure_one()
        return bool(self.sudo().version_id)  # customers may not read versions

    def _get_portal_summary(self):
        """Return one entry of the list: name, amounts, the next payment, state.

        :return: dict, money in `currency`
        """
        self.ensure_one()
        return {
            "url": self.get_portal_url(),
            "name": self.name,
            "document": self._get_document().sudo().name,  # the customer's own
            "currency": self.currency_id,
            "total": self.amount_total,
            "paid": self.amount_paid,
            "percent": self._get_paid_percent(),
            "next_date": self.next_date,
            "next_amount": self.next_amount,
            "overdue": self.amount_overdue,
            "state": self.state,
            "is_credited": self.is_credited,
        }

    def _get_paid_percent(self):
        """Return how much is paid, 0 to 100, never rounded up to all of it."""
        self.ensure_one()
        if not self.amount_total:
            return 0
        return max(0, min(100, int(100 * self.amount_paid / self.amount_total)))

    # === ONE PLAN === #

    def _get_portal_values(self):
        """Return what the page of a plan shows.

        :return: dict: the summary, `rows` (see `_get_portal_row`), `open` (money),
            `session`, `is_waiting`, `payoff`, `extra` and `autopay` (dicts or None),
            `credit` (money beyond all that is owed), `contract_url`, `order_url`
        """
        self.ensure_one()
        lines = self.installment_ids.sorted(lambda ln: (not ln.date_due, ln.number))
        obstacle = self.state == const.ACTIVE and self._get_obstacle()
        order_sudo = self.sudo().sale_order_id  # the customer's own
        return {
            **self._get_portal_summary(),
            "plan": self,
            "open": self.amount_open,
            "session": self.session_date,
            "rows": [self._get_portal_row(line, obstacle) for line in lines],
            # Why, is told to the staff: the customer cannot change it.
            "is_waiting": bool(obstacle),
            "payoff": self._get_portal_payoff(),
            "extra": self._get_portal_extra(),
            "credit": self.amount_credit,
            "autopay": self._get_portal_autopay(),
            "contract_url": self.get_portal_url(suffix="/contract"),
            "order_url": order_sudo and order_sudo.get_portal_url(),
            "contact": self.user_id.sudo().partner_id,  # as on core's pages
        }

    def _get_portal_row(self, line, obstacle=""):
        """Return what the page shows of one payment.

        :param line: `payment.plan.installment`
        :param str obstacle: why nothing is invoiced now
        :return: dict: `label`, `date`, `milestone`, `amount`, `open`, `state`,
            `state_label`, `invoice` and `invoice_url`, `pay_url` of its invoice, or
            `pay_early` to make it first
        """
        move_sudo = line.move_id.sudo()  # the customer's own
        is_payable = (
            self.state == const.ACTIVE
            and line.state not in CLOSED_LINES + BUSY_LINES
            and line.state != const.WAITING
            and self.structure != const.FINANCED
            and not obstacle
        )
        has_invoice = move_sudo.state == "posted"
        states = dict(line._fields["state"]._description_selection(self.env))
        return {
            "id": line.id,
            "label": self._get_line_label(line),
            "date": line.date_due,
            "milestone": line.milestone,
            "amount": line.amount,
            "open": line.amount_open,
            "is_partly_paid": 0 < line.amount_paid < line.amount,
            "state": line.state,
            "state_label": states[line.state],
            "invoice": has_invoice and move_sudo.name,
            "invoice_url": has_invoice and move_sudo.get_portal_url(),
            "pay_url": is_payable
            and has_invoice
            and move_sudo._has_to_be_paid()
            and move_sudo.get_portal_url(query_string="&payment=True"),
            "pay_early": is_payable and not move_sudo,
        }

    # === PAYING EARLY === #

    def _pay_early_in_portal(self, line_id):
        """Make the invoice of one later payment now, so that it can be paid (PF34).

        :param int line_id: `payment.plan.installment` as the browser sent it
        :return: `account.move`, posted
        :raise UserError: this payment cannot be made now; says why
        """
        self.ensure_one()
        line = self.installment_ids.filtered(
            lambda ln: ln.id == line_id and ln.state != const.WAITING
        )
        if not line:
            raise UserError(self.env._("This payment is not part of %s.", self.name))
        return self._invoice_early(line)

    def _invoice_early(self, lines):
        """Make the invoices of these payments before their days.

        :param lines: `payment.plan.installment` of this plan
        :return: `account.move`, all of their invoices
        :raise UserError: the plan is not running, or waits for a decision
        """
        self.ensure_one()
        self._lock()
        if self.state != const.ACTIVE:
            raise UserError(
                self.env._("%s is not running: nothing can be paid.", self.name)
            )
        if self._get_obstacle():
            raise UserError(
                self.env._(
                    "%s is being changed: please ask us before you pay.", self.name
                )
            )
        # Customers may not make invoices; nor are they the senders of the mails.
        lines = lines.with_user(SUPERUSER_ID)
        lines._make_invoices()._send_plan_invoices_later()
        self._use_credit()
        return lines.move_id

    # === PAYING EVERYTHING === #

    def _get_payoff_lines(self):
        """Return the payments that can be paid now; hook for what else is owed.

        What waits for a milestone is not owed before it: invoiced, it would be charged.
        """
        self.ensure_one()
        closed = (*CLOSED_LINES, const.WAITING)
        return self.installment_ids.filtered(lambda ln: ln.state not in closed)

    def _get_portal_payoff(self):
        """Return what paying everything now costs, and until when (PF36, P21).

        The amount holds until the next payment falls due: then that one may be
        collected on its own.

        :return: dict: `amount`, `currency`, `valid_until`, `invoices_sudo`,
            `is_invoiced` (all is ready to be paid), `is_busy` (a payment is in
            progress); or None where at most one payment is open
        """
        self.ensure_one()
        lines = self._get_payoff_lines()
        if self.state != const.ACTIVE or len(lines) < 2 or self._get_obstacle():
            return None
        today = self.company_id._get_autopay_today()
        later = [day for day in lines.mapped("date_due") if day and day > today]
        until = fields.Date.subtract(min(later), days=1) if later else today
        moves_sudo = lines.move_id.sudo()  # the customer's own
        return {
            "amount": sum(lines.mapped("amount_open")),
            "currency": self.currency_id,
            "valid_until": until,
            "rows": [self._get_portal_row(line) for line in lines],
            "invoices_sudo": moves_sudo,
            "is_invoiced": all(line.move_id for line in lines),
            "is_busy": any(line.state in BUSY_LINES for line in lines)
            or bool(self.extra_ids._get_online_sudo()._get_under_way()),
        }

    def _prepare_payoff_in_portal(self):
        """Make the invoices of all that is open, so that it can be paid together.

        :raise UserError: nothing is left to be paid together
        """
        self.ensure_one()
        payoff = self._get_portal_payoff()
        if not payoff or payoff["is_busy"]:
            raise UserError(
                self.env._(
                    "%s cannot be paid together now. Reload the page.", self.name
                )
            )
        self._invoice_early(self._get_payoff_lines())

    def _check_payoff(self, payment):
        """Return the invoices that a payment of everything pays (P90).

        :param dict payment: what the browser sent: `amount`, `is_validation`
        :return: `account.move` as the system
        :raise UserError: it is not exactly what is open
        """
        self.ensure_one()
        self._lock()
        payoff = self._get_portal_payoff()
        amount = payment.get("amount")
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if (
            payoff
            and payoff["is_invoiced"]
            and not payoff["is_busy"]
            and not payment.get("is_validation")
            and is_number
            and self.currency_id.compare_amounts(amount, payoff["amount"]) == 0
        ):
            return payoff["invoices_sudo"]
        raise UserError(
            self.env._(
                "What is open of %s has changed, or a payment is in progress. Reload "
                "the page; nothing was charged.",
                self.name,
            )
        )

    # === AUTOMATIC PAYMENT === #

    def _get_portal_autopay(self):
        """Return what the page says about automatic payment, or None (PF30-PF33).

        The payment method is the payer's business: nobody else sees it (P27).

        :return: dict: `is_on`, `method` and `mandate_id` for the payer, or `text`,
            `tokens_sudo` and `digest` to allow it
        """
        self.ensure_one()
        is_over = self.state not in (const.SIGNED, const.ACTIVE)
        if is_over or not self._get_payoff_lines():
            return None
        viewer = self.env.user.partner_id.commercial_partner_id
        if mandate_sudo := self._get_mandate_sudo():
            is_payer = mandate_sudo.payer_id.commercial_partner_id == viewer
            return {
                "is_on": True,
                "is_payer": is_payer,
                "method": is_payer and mandate_sudo.token_id._get_portal_label(),
                "mandate_id": is_payer and mandate_sudo.id,
            }
        if not self._can_allow_autopay():
            return {"is_on": False, "text": ""}
        Mandate = self.env["autopay.mandate"]
        return {
            "is_on": False,
            "text": self._get_consent_text(),
            "digest": self.sudo().version_id.digest,  # customers may not read it
            "tokens_sudo": Mandate._get_portal_tokens_sudo(
                self.company_id, self.currency_id
            ),
        }

    def _can_allow_autopay(self):
        """Whether the user is the customer and could allow automatic payment now."""
        self.ensure_one()
        viewer = self.env.user.partner_id.commercial_partner_id
        return (
            self.state == const.ACTIVE
            and self.autopay != const.AUTOPAY_OFF
            and viewer == self.partner_id.sudo().commercial_partner_id  # the user's
            and bool(self._get_providers_sudo())
        )

    def _allow_autopay_in_portal(self, answers, evidence):
        """Charge a saved method of the customer from now on, as was agreed to.

        :param dict answers: what the browser sent: `agreed`, `token_id`, `digest`
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: an answer is missing or not possible
        """
        self.ensure_one()
        self._lock()
        autopay = self._get_portal_autopay() or {}
        if autopay.get("is_on") or not autopay.get("text"):
            raise UserError(
                self.env._("Automatic payment cannot be allowed for %s.", self.name)
            )
        if answers.get("digest") != autopay["digest"]:
            raise UserError(self.env._("Reload the page and read it again."))
        if not answers.get("agreed"):
            raise UserError(
                self.env._("Tick the box to allow automatic payment; nothing changed.")
            )
        chosen = str(answers.get("token_id"))
        token_sudo = autopay["tokens_sudo"].filtered(lambda t: str(t.id) == chosen)
        if not token_sudo:
            raise UserError(self.env._("Choose a payment method."))
        version_sudo = self.sudo().version_id  # customers may not read versions
        self._log_event(
            const.EVENT_CONSENTED,
            version_sudo,
            {
                **evidence,
                "text": autopay["text"],
                "text_version": version_sudo.digest[:12],
            },
        )
        self.invalidate_recordset(["event_ids"])
        self._grant(token_sudo)
