import logging

import stripe

from odoo import api, fields, models

from ..const import RECONCILE_DAYS, SUCCEEDED

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
        strangers = []
        for intent in taken:
            transaction = self._find_stripe_transaction(intent)
            if not transaction:
                strangers.append(intent)
            elif transaction.state != "done":
                transaction._try_step(lambda tx, i=intent: tx._take_over_success(i))
        self._try_step(lambda provider: provider._report_strangers(strangers, now))

    @api.model
    def _to_stripe_time(self, moment):
        """Return a moment in UTC as Stripe wants it.

        :param moment: naive datetime in UTC
        """
        return int((moment - fields.Datetime.to_datetime("1970-01-01")).total_seconds())

    def _find_stripe_transaction(self, intent):
        """Return the transaction of an intent.

        :param dict intent: Stripe's payment intent
        """
        return self.env["payment.transaction"].search(
            [
                ("provider_id", "=", self.id),
                ("operation", "not in", ("refund", "validation")),
                "|",
                ("reference", "=", intent.get("description")),
                ("provider_reference", "=", intent["id"]),
            ],
            limit=1,
        )

    # === CHARGES THAT NOBODY HERE KNOWS === #

    def _report_strangers(self, intents, now):
        """Name charges of our customers that no transaction knows, each once.

        Nothing else is done: a person finds out what they are. Charges of others on
        the same account, as of another shop, are none of our business.

        :param list intents: succeeded intents without a transaction here
        :param now: when the comparison began, datetime in UTC
        """
        self.ensure_one()
        known_until = self.stripe_reconciled_on
        if known_until:
            since = self._to_stripe_time(known_until)
            intents = [intent for intent in intents if intent["created"] >= since]
        self.stripe_reconciled_on = now
        ours = self._get_stripe_customers(intents)
        strangers = [intent for intent in intents if intent.get("customer") in ours]
        if strangers:
            self._ask_accountant(
                self.env._("Stripe took payments that are not known here"),
                ["{id}: {description}".format(**intent) for intent in strangers],
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
        people = accountants.filtered(lambda u: u.id != self.env.ref("base.user_root").id)
        self.company_id.partner_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=f"{self.name}: {summary}",
            note=self.env._(
                "Look them up on Stripe's site: %s", ", ".join(sorted(lines))
            ),
            user_id=(people or self.env.user)[:1].id,
        )
