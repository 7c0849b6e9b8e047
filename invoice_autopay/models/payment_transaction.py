import logging

import requests

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_round

from ..const import (
    ACTION_NEEDED,
    DECLINED,
    ENDED_STATES,
    PROCESSING,
    SENT,
    UNCLEAR,
    UNKNOWN,
)

_logger = logging.getLogger(__name__)

#: A customer who opened the payment form and left is forgotten after this time.
FORM_MINUTES = 60
#: Where a provider cannot close a form, another one waits for this time.
TAB_MINUTES = 2
#: Answers by which a provider says that it did not look at the request.
CERTAINLY_REFUSED = range(400, 500)
#: Answers of that range that do not: time-out, conflict, too many requests.
UNCERTAIN = (408, 409, 425, 429)


class PaymentTransaction(models.Model):
    _name = "payment.transaction"
    _inherit = ["payment.transaction", "autopay.step.mixin"]

    autopay_attempt_ids = fields.One2many(
        "autopay.attempt", "transaction_id", "Automatic attempts", readonly=True
    )
    autopay_is_unknown = fields.Boolean(
        "Answer unknown",
        readonly=True,
        copy=False,
        help="The provider was asked, and no answer that can be trusted came.",
    )
    autopay_code = fields.Char("Provider's code", readonly=True, copy=False)
    autopay_class = fields.Char("Class of decline", readonly=True, copy=False)

    @api.constrains("token_id")
    def _check_token_is_active(self):
        """Check each transaction by itself: core's check fails for several at once."""
        for transaction in self:
            super(PaymentTransaction, transaction)._check_token_is_active()
        return True

    # === OTHER PAYMENTS OF THE SAME DOCUMENT === #

    def _get_asked(self):
        """Return those by which money may have been taken that is not booked yet."""
        return self.filtered(
            lambda tx: (
                tx.state in ("pending", "authorized")
                or (tx.state == "done" and not tx.is_post_processed)
            )
        )

    def _get_open_forms(self):
        """Return those whose payment form a customer opened and did not finish."""
        return self.filtered(
            lambda tx: (
                tx.state == "draft"
                and tx.operation in ("online_direct", "online_redirect")
            )
        )

    def _get_in_progress(self):
        """Return those by which money may arrive while a job looks at the invoice.

        A form that the customer left long ago does not count.
        """
        recent = fields.Datetime.subtract(fields.Datetime.now(), minutes=FORM_MINUTES)
        # Core charges a saved method in the request that wrote its transaction.
        forms = self._get_open_forms() | self.filtered(
            lambda tx: tx.state == "draft" and tx.operation == "online_token"
        )
        return self._get_asked() | forms.filtered(lambda tx: tx.create_date > recent)

    def _get_just_opened(self):
        """Return those begun a moment ago: another tab may be paying right now."""
        moment = fields.Datetime.subtract(fields.Datetime.now(), minutes=TAB_MINUTES)
        return self.filtered(lambda tx: tx.state == "draft" and tx.create_date > moment)

    def _get_under_way(self):
        """Return those that forbid to begin another payment of the same.

        A form that the customer left is closed where the provider can do that.
        """
        forms = self._get_open_forms().filtered(lambda form: form._is_form_open())
        return self._get_asked() | forms._get_just_opened()

    def _is_form_open(self):
        """Whether money may still arrive from the payment form of this draft.

        Hook for providers that can close a form: they do so, or learn that it was paid.
        """
        self.ensure_one()
        return True

    # === ANSWERS === #

    def _send_api_request(self, method, endpoint, **kwargs):
        """Note whether a failed request may have been carried out (P37).

        Core treats a lost answer and a decline alike; only the first one forbids
        another attempt.
        """
        try:
            result = super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            if method == "POST":
                self.autopay_is_unknown = self._is_answer_lost(error)
            raise
        return result

    @api.model
    def _is_answer_lost(self, error):
        """Whether a failed request may have been carried out.

        :param error: the `ValidationError` that core made of the failure
        """
        cause = error.__context__
        while cause is not None:
            response = getattr(cause, "response", None)
            if response is not None:
                status = response.status_code
                return status not in CERTAINLY_REFUSED or status in UNCERTAIN
            if isinstance(cause, requests.exceptions.RequestException):
                return True
            cause = cause.__context__
        return False

    def _process(self, provider_code, payment_data):
        """Refuse data with another amount, also when the transaction has failed.

        Core compares the amount, but can only answer by setting the error state; one
        that is in error already would then be confirmed by the wrong amount.
        """
        transaction = self or self._search_by_reference(provider_code, payment_data)
        if not transaction:
            return transaction
        if not transaction._is_amount_right(payment_data):
            _logger.warning(
                "Transaction %s: data with another amount or currency was refused",
                transaction.reference,
            )
            if transaction.state in ("error", "done", "cancel"):
                return transaction
            if transaction.autopay_attempt_ids:
                # Core would go on: its error state is our pending one.
                transaction._mark_unknown(self.env._("Another amount was charged"))
                return transaction
        else:
            transaction.autopay_is_unknown = False
        return super(PaymentTransaction, transaction)._process(
            provider_code, payment_data
        )

    def _is_amount_right(self, payment_data):
        """Compare amount and currency as core's `_validate_amount` does."""
        self.ensure_one()
        if self.operation == "validation":
            return True
        data = self._extract_amount_data(payment_data)
        if not data or "amount" not in data:
            return True  # the provider does not compare amounts
        amount = data["amount"] or 0.0
        if self.operation == "refund":
            amount = -amount
        expected, digits = self.amount, data.get("precision_digits")
        if digits is not None:
            expected = float_round(
                expected, precision_digits=digits, rounding_method="DOWN"
            )
        currency = self.currency_id
        is_same = data["currency_code"] == currency.name
        return is_same and not currency.compare_amounts(amount, expected)

    def _set_error(self, state_message, extra_allowed_states=()):
        """An unknown answer is no error: it stays open until it is known (P37)."""
        unknown = self.filtered(lambda tx: tx._is_unknown_attempt())
        others = super(PaymentTransaction, self - unknown)._set_error(
            state_message, extra_allowed_states=extra_allowed_states
        )
        unknown._mark_unknown(state_message)
        return others

    def _is_unknown_attempt(self):
        self.ensure_one()
        return self.autopay_is_unknown and any(
            attempt.state not in ENDED_STATES for attempt in self.autopay_attempt_ids
        )

    def _mark_unknown(self, message):
        """Keep these pending: nothing else may be charged until the answer is known.

        :param str message: what went wrong, for the back office
        """
        self.autopay_is_unknown = True
        # From error as well: an earlier answer may have been taken for a decline.
        self._update_state(("draft", "pending", "error"), "pending", message)
        self._follow_autopay()

    def _close_unknown(self, message):
        """A person found out that no money was taken.

        :param str message: who says so
        """
        self.autopay_is_unknown = False
        self._set_error(message)

    def _update_state(self, allowed_states, target_state, state_message):
        """Let the attempt follow its transaction, whoever learned the answer."""
        changed = super()._update_state(allowed_states, target_state, state_message)
        changed._follow_autopay()
        return changed

    def _follow_autopay(self):
        # A webhook is a public user; the last attempt row is the one that counts.
        for transaction_sudo in self.sudo().filtered("autopay_attempt_ids"):
            attempts = transaction_sudo.autopay_attempt_ids.sorted("id")
            attempts[-1]._follow_transaction()

    def _get_autopay_outcome(self):
        """Return what this transaction means for its attempt.

        Hook for providers that know more than core's states.

        :return: tuple (state of the attempt or False for no news, class of decline)
        """
        self.ensure_one()
        if self.autopay_is_unknown:
            return UNKNOWN, False
        if self.state in ("pending", "authorized"):
            return PROCESSING, False
        if self.state in ("error", "cancel"):
            return DECLINED, self.autopay_class or UNCLEAR
        if self.state == "draft" and self.provider_reference:
            return ACTION_NEEDED, False
        if self.autopay_attempt_ids.filtered(lambda a: a.state == SENT):
            return UNKNOWN, False
        return False, False

    def _get_autopay_message(self):
        """Return what the provider said, in one line without core's introduction."""
        lines = (self.state_message or "").strip().splitlines()
        return lines[-1].strip() if lines else False

    def _ask_autopay_provider(self, sent_on):
        """Find out what became of this request; hook for providers.

        :param sent_on: when it was first sent, datetime in UTC
        :return: False when the provider cannot be asked and a person must look
        """
        self.ensure_one()
        hours = self.provider_id._get_autopay_resend_hours()
        limit = fields.Datetime.subtract(fields.Datetime.now(), hours=hours)
        if not hours or sent_on < limit:
            return False
        self._charge_with_token()
        return True

    def _after_autopay_declined(self):
        """Make sure that a declined request cannot succeed later.

        Hook for providers; it never raises.
        """

    # === BOOKING === #

    def _post_process(self):
        """Follow the booking: paid, collected further, or paid twice."""
        result = super()._post_process()
        done = self.filtered(lambda tx: tx.state == "done")
        for transaction_sudo in done.sudo():  # whoever's page or webhook books it
            collections = transaction_sudo.autopay_attempt_ids.collection_id
            if transaction_sudo.operation != "refund":
                collections |= transaction_sudo.invoice_ids.autopay_collection_ids
                transaction_sudo._check_surplus(collections)
            if transaction_sudo.autopay_attempt_ids:
                collections._after_booking()
        return result

    def _check_surplus(self, collections):
        """Tell when this payment found nothing open: money came twice (P23)."""
        if self.payment_id._get_autopay_receivable_lines():
            collections.invalidate_recordset(["surplus"])
            for collection in collections.filtered("surplus"):
                collection._note_surplus(self)
