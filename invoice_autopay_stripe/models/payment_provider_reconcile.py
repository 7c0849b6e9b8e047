import logging

import stripe

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import DISPUTE_OPEN_STATES, RECONCILE_DAYS, SUCCEEDED

_logger = logging.getLogger(__name__)


class PaymentProviderReconcile(models.Model):
    """The nightly comparison: what Stripe took, and what is known here."""

    _name = "payment.provider"
    _inherit = ["payment.provider", "autopay.step.mixin"]

    stripe_reconciled_on = fields.Datetime(
        "Last comparison with Stripe", readonly=True, copy=False, help="In UTC."
    )

    @api.model
    def _cron_reconcile_stripe(self):
        """Compare each account with our transactions; one failure stops no other."""
        providers = self.search([("code", "=", "stripe"), ("state", "!=", "disabled")])
        for done, provider in enumerate(providers, 1):
            provider._reconcile_stripe()
            provider._reconcile_stripe_disputes()
            remaining = len(providers) - done
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _reconcile_stripe(self):
        """Take over late successes, and name charges that nobody here knows."""
        self.ensure_one()
        now = fields.Datetime.now()
        since = fields.Datetime.subtract(now, days=RECONCILE_DAYS)
        try:
            taken = [
                intent
                for intent in self._list_stripe_intents(
                    created={"gte": self._to_stripe_time(since)}
                )
                if intent["status"] == SUCCEEDED
            ]
        except stripe.StripeError:
            _logger.warning("%s: not compared with Stripe", self, exc_info=True)
            return
        known = self._find_stripe_transactions(taken)
        strangers = [intent for intent in taken if intent["id"] not in known]
        contradicted = []
        for intent in taken:
            transaction = known.get(intent["id"])
            if transaction and not transaction._take_over_success(intent):
                contradicted.append(intent)
        self._follow_pending_stripe()
        until = fields.Datetime.subtract(now, minutes=1)  # what is under way waits
        self._try_step(lambda p: p._report_strangers(strangers, contradicted, until))

    def _reconcile_stripe_disputes(self):
        """Take over disputes whose events did not arrive: new ones, and decisions."""
        self.ensure_one()
        since = fields.Datetime.subtract(fields.Datetime.now(), days=RECONCILE_DAYS)
        undecided = self.env["payment.transaction"].search(
            [
                ("provider_id", "=", self.id),
                ("stripe_dispute_state", "in", DISPUTE_OPEN_STATES),
            ]
        )
        disputes = self._get_stripe_client().v1.disputes
        created = {"gte": self._to_stripe_time(since)}
        try:
            page = disputes.list({"limit": 100, "created": created})
            found = [dispute.to_dict() for dispute in page.auto_paging_iter()]
            found += [
                disputes.retrieve(reference).to_dict()
                for reference in undecided.mapped("stripe_dispute_ref")
            ]
        except stripe.StripeError:
            _logger.warning("%s: disputes were not compared", self, exc_info=True)
            return
        for dispute in found:
            transaction = undecided._find_disputed(dispute)
            if transaction.provider_id == self:
                transaction._try_step(lambda tx, d=dispute: tx._take_over_dispute(d))

    def _follow_pending_stripe(self):
        """Ask what became of payments that take days: their webhook may be lost (P25).

        They may be older than what is listed, and failures are not listed at all. What
        is done then, core's job books.
        """
        pending = self.env["payment.transaction"].search(
            [
                ("provider_id", "=", self.id),
                ("operation", "not in", ("refund", "validation")),
                ("state", "=", "pending"),
                ("provider_reference", "!=", False),
            ]
        )
        for transaction in pending:
            transaction._try_step(lambda tx: tx._take_over_end())

    @api.model
    def _to_stripe_time(self, moment):
        """Return a moment in UTC as Stripe wants it.

        :param moment: naive datetime in UTC
        """
        return int((moment - fields.Datetime.to_datetime("1970-01-01")).total_seconds())

    def _find_stripe_transactions(self, intents):
        """Return the transactions of intents.

        :param list intents: Stripe's payment intents
        :return: dict, id of the intent -> `payment.transaction`
        """
        references = [intent.get("description") for intent in intents]
        transactions = self.env["payment.transaction"].search(
            Domain("provider_id", "=", self.id)
            & Domain("operation", "not in", ("refund", "validation"))
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
        before = self.stripe_reconciled_on
        first = self._to_stripe_time(before) if before else 0
        last = self._to_stripe_time(until)
        self.stripe_reconciled_on = until
        ours = self._get_stripe_customers(strangers)
        named = [
            "{id}: {description}".format(**intent)
            for intent in strangers + contradicted
            if first < intent["created"] <= last
            and (intent in contradicted or intent.get("customer") in ours)
        ]
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
        group = self.env.ref("account.group_account_manager")
        accountants = group.all_user_ids.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )
        people = accountants - self.env.ref("base.user_root")
        self.company_id.partner_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=f"{self.name}: {summary}",
            note=self.env._(
                "Look them up on Stripe's site: %s", ", ".join(sorted(lines))
            ),
            user_id=(people or self.env.user)[:1].id,
        )
