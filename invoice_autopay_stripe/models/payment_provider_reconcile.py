import logging

import stripe

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import (
    DISPUTE_INQUIRY,
    DISPUTE_OPEN_STATES,
    RECONCILE_DAYS,
    SUCCEEDED,
    WITHOUT_INTENT,
)
from ..times import to_stripe_time

_logger = logging.getLogger(__name__)


class PaymentProviderReconcile(models.Model):
    """The nightly comparison: what Stripe took, and what is known here."""

    _name = "payment.provider"
    _inherit = ["payment.provider", "autopay.step.mixin"]

    stripe_reconciled_on = fields.Datetime(
        "Last comparison with Stripe", readonly=True, copy=False, help="In UTC."
    )

    stripe_named = fields.Json(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Ids of payments that an accountant was told about.",
    )

    @api.model
    def _cron_reconcile_stripe(self):
        """Compare each account with our transactions; one failure stops no other."""
        providers = self.search([("code", "=", "stripe"), ("state", "!=", "disabled")])
        for done, provider in enumerate(providers, 1):
            provider._compare_with_stripe()
            remaining = len(providers) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _compare_with_stripe(self):
        """Compare payments, disputes and refunds since the last complete comparison."""
        self.ensure_one()
        now = fields.Datetime.now()
        since = fields.Datetime.subtract(now, days=RECONCILE_DAYS)
        since = min(since, self.stripe_reconciled_on or since)
        are_known = self._reconcile_stripe(since, now)
        are_known &= self._reconcile_stripe_disputes(since)
        self._follow_pending_stripe()
        self.env["payment.transaction"]._follow_unknown_refunds(self)
        if are_known:
            self._try_step(lambda p: p.write({"stripe_reconciled_on": now}))

    def _reconcile_stripe(self, since, now):
        """Take over late successes, and name charges that nobody here knows.

        :param since: how far to look back, datetime in UTC
        :param now: datetime in UTC
        :return: False when Stripe could not be asked
        """
        try:
            taken = self._list_stripe_taken(since)
        except stripe.StripeError:
            _logger.warning("%s: not compared with Stripe", self, exc_info=True)
            return False
        known = self._find_stripe_transactions(taken)
        strangers = [intent for intent in taken if intent["id"] not in known]
        contradicted = []
        for intent in taken:
            transaction = known.get(intent["id"])
            if transaction and not transaction._take_over_success(intent):
                contradicted.append(intent)
        until = fields.Datetime.subtract(now, minutes=1)  # what is under way waits
        return not self._try_step(
            lambda p: p._report_strangers(strangers, contradicted, until)
        )

    def _list_stripe_taken(self, since):
        """Return the intents that were made or that succeeded lately, and took money.

        :param since: datetime in UTC
        :return: list of dicts
        :raise stripe.StripeError: they cannot be listed
        """
        first = to_stripe_time(since)
        found = {
            intent["id"]: intent
            for intent in self._list_stripe_intents(created={"gte": first})
        }
        for intent_id in self._list_stripe_successes(first):
            if intent_id not in found:
                found[intent_id] = self._fetch_stripe_intent(intent_id)
        return [intent for intent in found.values() if intent["status"] == SUCCEEDED]

    def _reconcile_stripe_disputes(self, since):
        """Take over disputes whose events did not arrive: new ones, and decisions.

        :param since: how far to look back, datetime in UTC
        :return: False when Stripe could not be asked
        """
        Transaction = self.env["payment.transaction"]
        disputes = self._get_stripe_client().v1.disputes
        created = {"gte": to_stripe_time(since)}
        try:
            page = disputes.list({"limit": 100, "created": created})
            found = [dispute.to_dict() for dispute in page.auto_paging_iter()]
        except stripe.StripeError:
            _logger.warning("%s: disputes were not compared", self, exc_info=True)
            return False
        listed = {dispute["id"] for dispute in found}
        found += self._fetch_undecided_disputes(listed)
        for dispute in found:
            transaction = Transaction._find_disputed(dispute)
            if transaction.provider_id == self:
                transaction._try_step(lambda tx, d=dispute: tx._take_over_dispute(d))
        return True

    def _fetch_undecided_disputes(self, listed):
        """Fetch older disputes and inquiries that wait for a decision, one by one.

        :param set listed: ids of those that are known already
        :return: list of dicts; one that cannot be fetched stops no other
        """
        undecided = self.env["payment.transaction"].search(
            [
                ("provider_id", "=", self.id),
                (
                    "stripe_dispute_state",
                    "in",
                    (DISPUTE_INQUIRY, *DISPUTE_OPEN_STATES),
                ),
            ]
        )
        disputes = self._get_stripe_client().v1.disputes
        found = []
        for reference in set(undecided.mapped("stripe_dispute_ref")) - listed:
            try:
                found.append(disputes.retrieve(reference).to_dict())
            except stripe.StripeError:
                _logger.warning("%s: not compared", reference, exc_info=True)
        return found

    def _follow_pending_stripe(self):
        """Ask what became of payments that take days: their webhook may be lost (P25).

        They may be older than what is listed, and failures are not listed at all. What
        is done then, core's job books.
        """
        pending = self.env["payment.transaction"].search(
            [
                ("provider_id", "=", self.id),
                ("operation", "not in", WITHOUT_INTENT),
                ("state", "=", "pending"),
                ("provider_reference", "!=", False),
            ]
        )
        for transaction in pending:
            transaction._try_step(lambda tx: tx._take_over_end())

    def _find_stripe_transactions(self, intents):
        """Return the transactions of intents.

        :param list intents: Stripe's payment intents
        :return: dict, id of the intent -> `payment.transaction`
        """
        references = [intent.get("description") for intent in intents]
        transactions = self.env["payment.transaction"].search(
            Domain("provider_id", "=", self.id)
            & Domain("operation", "not in", WITHOUT_INTENT)
            & (
                Domain("reference", "in", references)
                | Domain("provider_reference", "in", [i["id"] for i in intents])
            )
        )
        by_reference = {tx.reference: tx for tx in transactions}
        by_intent = {tx.provider_reference: tx for tx in transactions}
        found = {
            intent["id"]: by_intent.get(intent["id"])
            or by_reference.get(intent.get("description"))
            for intent in intents
        }
        return {key: transaction for key, transaction in found.items() if transaction}

    # === CHARGES THAT NOBODY HERE KNOWS === #

    def _report_strangers(self, strangers, contradicted, until):
        """Name charges of our customers that are not known here, each once.

        Nothing else is done: a person finds out what they are. Charges of others on
        the same account, as of another shop, are none of our business.

        :param list strangers: succeeded intents without a transaction here
        :param list contradicted: those whose transaction says something else
        :param until: later ones are for the next night, datetime in UTC
        """
        self.ensure_one()
        named_before = set(self.stripe_named or [])
        last = to_stripe_time(until)
        ours = self._get_stripe_customers(strangers)
        unexplained = {
            intent["id"]: "{id}: {description}".format(**intent)
            for intent in strangers + contradicted
            if intent["created"] <= last
            and (intent in contradicted or intent.get("customer") in ours)
        }
        # Those that are not listed any more will not come back.
        self.stripe_named = sorted(unexplained)
        named = [text for key, text in unexplained.items() if key not in named_before]
        if named:
            self._ask_accountant(
                self.env._("Stripe took payments that are not known here"), named
            )

    def _get_stripe_customers(self, intents):
        """Return those customers of intents whose payment methods are saved here."""
        tokens = (
            self.env["payment.token"]
            .with_context(active_test=False)
            .search(
                [
                    ("provider_id", "=", self.id),
                    ("provider_ref", "in", [i.get("customer") for i in intents]),
                ]
            )
        )
        return set(tokens.mapped("provider_ref"))

    def _ask_accountant(self, summary, lines):
        """Give an accountant of the company something to look at.

        :param str summary: what happened
        :param list lines: what it is about
        """
        self.company_id.partner_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=f"{self.name}: {summary}",
            note=self.env._(
                "Look them up on Stripe's site: %s", ", ".join(sorted(lines))
            ),
            user_id=self.company_id._get_autopay_responsible().id,
        )
