import base64

from odoo import models
from odoo.exceptions import UserError

from .. import const
from ..tools.money import from_units


class PaymentPlanPortalQuote(models.Model):
    """What the quotation's page shows of a plan: a card, then the contract."""

    _inherit = "payment.plan"

    # === COMPARING === #

    def _get_portal_card(self):
        """Return what the card of an offered plan shows (R59).

        Call it for plans that have no problem now.

        :return: dict: `id`, `name`, `description`, `currency`, `rows`, `today` (paid at
            the signature), `count` (payments after that), `total`, `saved`,
            `conditions` and `notes` (lists of texts), `valid_until`, `financed_by`
        """
        self.ensure_one()
        schedule = self._get_schedule()
        rounding = self.currency_id.rounding
        rows = self._get_portal_rows(schedule)
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "currency": self.currency_id,
            "rows": rows,
            "today": self._get_deposit(),
            "count": len([row for row in rows if not row["is_now"]]),
            "total": from_units(schedule.total, rounding),
            "saved": self._get_saved_amount(schedule),
            "conditions": self._get_conditions(),
            "notes": self._get_notes(schedule, self.currency_id),
            "valid_until": self.valid_until,
            "financed_by": self._get_financer_name(),
        }

    def _get_portal_rows(self, schedule):
        """Return the payments of a schedule, and which of them are paid at once.

        :return: see `_get_rows`; with `is_now`
        """
        today = self.company_id._get_autopay_today()
        rows = self._get_rows(schedule, self.currency_id)
        return [
            {**row, "is_now": line.is_due(today)}
            for line, row in zip(schedule.lines, rows, strict=True)
        ]

    def _get_financer_name(self):
        """Return who pays the whole amount instead of the customer, or False."""
        self.ensure_one()
        if self.structure != const.FINANCED:
            return False
        return self.financing_partner_id.sudo().name  # customers may not read it

    def _has_later_payments(self):
        """Whether something is paid after the signature, hence could be automatic."""
        self.ensure_one()
        if self.state in const.BOUND_STATES:
            version_sudo = self.sudo().version_id  # a contract is its customer's
            day = version_sudo.signature_day
            return any(not line._is_due_on(day) for line in self.installment_ids)
        day = self.company_id._get_autopay_today()
        return any(not line.is_due(day) for line in self._get_schedule().lines)

    def _is_autopay_offered(self):
        """Whether the customer is asked for automatic payment when signing (PF30)."""
        self.ensure_one()
        if self.autopay == const.AUTOPAY_REQUIRED:
            return True
        return (
            self.autopay == const.AUTOPAY_OPTIONAL
            and self._has_later_payments()
            and bool(self._get_providers_sudo())
        )

    def _get_conditions(self):
        """Return the conditions of a plan as sentences for the customer; hook."""
        self.ensure_one()
        conditions = [self._get_interest_text()]
        if self.structure == const.FINANCED:
            return []
        if not self._has_later_payments():
            conditions = []
        elif self.autopay == const.AUTOPAY_REQUIRED:
            conditions.append(
                self.env._(
                    "Automatic payment is required: your payment method is saved and "
                    "charged on each day of the plan."
                )
            )
        elif self._is_autopay_offered():
            conditions.append(
                self.env._("Automatic payment is possible; you decide before you sign.")
            )
        else:
            conditions.append(
                self.env._("You pay each invoice yourself; nothing is charged for you.")
            )
        if self.obligation == const.MUST_PAY:
            conditions.append(
                self.env._("With your signature you owe the whole amount.")
            )
        else:
            conditions.append(
                self.env._("You may stop; the contract says what that costs.")
            )
        return conditions

    # === READING AND SIGNING === #

    def _get_portal_quote_values(self):
        """Return what the quotation's page shows of the chosen plan.

        :return: dict: `plan`, `name`, `currency`, `is_signed`, `is_running`, `problem`
            (why it cannot be signed), `contract_html`, `digest` to sign, `today` (paid
            at the signature), `next` (the row after it), `consent` or None, `url`
        """
        self.ensure_one()
        is_bound = self.state in const.BOUND_STATES
        problem = "" if is_bound else self._get_problem()
        values = {
            "plan": self,
            "name": self.name,
            "currency": self.currency_id,
            "is_signed": is_bound,
            "is_running": self.state in (const.ACTIVE, const.COMPLETED),
            "is_canceled": self.state == const.CANCELED,
            "problem": problem,
            "contract_html": False,
            "consent": None,
            "today": 0.0,
            "has_later": is_bound and self._has_later_payments(),
            "financed_by": self._get_financer_name(),
        }
        if is_bound:
            version_sudo = self.sudo().version_id  # a contract is its customer's
            values.update(
                contract_html=version_sudo.contract_html,
                digest=version_sudo.digest,
                today=self._get_deposit(),
                is_saving=self._is_saving_method(),
                url=self.get_portal_url(),
            )
        elif not problem:
            values.update(self._get_portal_signing_values())
        return values

    def _get_portal_signing_values(self):
        version_sudo = self._get_version().sudo()  # a contract is its customer's
        return {
            "contract_html": version_sudo.contract_html,
            "digest": version_sudo.digest,
            "today": self._get_deposit(),
            "is_saving": bool(self._get_consent(version_sudo)),
            "consent": self._get_portal_consent(version_sudo),
            "missing": self._get_missing_consent(),
        }

    def _get_portal_consent(self, version):
        """Return what the box for automatic payment shows, or None without one.

        :param version: `payment.plan.version` that is shown
        """
        self.ensure_one()
        if not self._is_autopay_offered():
            return None
        return {
            "text": self._get_consent_text(),
            "is_given": bool(self._get_consent(version)),
            "is_required": self.autopay == const.AUTOPAY_REQUIRED,
        }

    def _get_missing_consent(self):
        """Say that automatic payment is to be allowed before the signature."""
        self.ensure_one()
        if self.autopay != const.AUTOPAY_REQUIRED or self.state != const.OFFERED:
            return ""
        if self._get_consent(self._find_version()):
            return ""
        return self.env._("Allow automatic payment first: this plan requires it.")

    def _find_version(self):
        """Return the version that says what would be signed now, if it was shown."""
        self.ensure_one()
        known_sudo = self.sudo().version_ids  # customers may not read versions
        digest = known_sudo._get_digest(self._prepare_version_vals())
        return known_sudo.filtered(lambda version: version.digest == digest)[:1]

    def _consent_in_portal(self, answers, evidence):
        """Record what the customer answered to the box for automatic payment.

        :param dict answers: what the browser sent: `agreed`, `digest`
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: the box is not ticked, or the page is out of date
        """
        self.ensure_one()
        if not answers.get("agreed"):
            raise UserError(
                self.env._("Tick the box to allow automatic payment; nothing changed.")
            )
        if not self.env.user.share:
            raise UserError(
                self.env._(
                    "Only the customer can allow automatic payment. Send the link of "
                    "this page, or log out to try it."
                )
            )
        self._consent(answers.get("digest"), evidence)

    def _withdraw_consent_in_portal(self):
        """Forget before the signature that automatic payment was allowed.

        :raise UserError: it is signed: a permission in force is stopped elsewhere
        """
        self.ensure_one()
        self._lock()
        if self.state != const.OFFERED:
            raise UserError(
                self.env._(
                    "%s is signed: stop automatic payment on the page of the plan.",
                    self.sale_order_id.name,
                )
            )
        self._withdraw_consent()

    def _sign_in_portal(self, digest, name, signature, evidence):
        """Sign the contract that the page showed.

        :param str digest: as the page carried it
        :param str name: as typed
        :param str signature: image as base64
        :param dict evidence: `ip_address`, `user_agent`, `email`
        :raise UserError: see `_sign`; or the drawing is missing or no image
        """
        self.ensure_one()
        self._check_drawing(signature)
        self._sign(digest, name, {**evidence, "signature": signature})

    def _check_drawing(self, signature):
        """Refuse what is no drawing before anything is written."""
        try:
            drawing = base64.b64decode(signature or "", validate=True)
        except (TypeError, ValueError):
            drawing = b""
        if not drawing:
            raise UserError(self.env._("Draw or type your signature first."))

    def _log_opened(self, evidence):
        """Write down that the customer saw the contract that is to be signed (PF24).

        :param dict evidence: `ip_address`, `user_agent`, `email`
        """
        self.ensure_one()
        if self.state == const.OFFERED and not self._get_problem():
            self._log_event(const.EVENT_OPENED, self._get_version(), evidence)
