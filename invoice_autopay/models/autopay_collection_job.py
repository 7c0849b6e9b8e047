from odoo import Command, api, fields, models
from odoo.fields import Domain

from ..const import IN_PROGRESS, NEW, SCHEDULED

#: Attempts written, then sent one by one, then booked together.
CHUNK = 50


class AutopayCollectionJob(models.Model):
    """The job: write the attempt, commit, ask, commit the answer, then book."""

    _inherit = "autopay.collection"

    @api.model
    def _cron_collect(self, chunk=CHUNK):
        """Finish what was begun, then charge what is due, in small committed steps.

        Running it twice, in two workers, or killing it anywhere charges nothing twice.

        :param int chunk: invoices whose attempts are written in one transaction
        """
        self.env["autopay.attempt"]._finish_begun()
        skipped = self.browse()
        remaining = self._count_due()
        while collections := self._search_due(skipped, chunk):
            done = collections._collect()
            # What stays due was in somebody's hands: the next run looks again.
            skipped |= collections
            remaining = max(remaining - len(collections), 0)
            if not self.env["ir.cron"]._commit_progress(done, remaining=remaining):
                break

    @api.model
    def _get_due_domain(self):
        """Return the domain of what is due somewhere: the latest date on earth."""
        companies_sudo = self.env["res.company"].sudo().search(Domain.TRUE)
        latest = max(company._get_autopay_today() for company in companies_sudo)
        return Domain("state", "=", SCHEDULED) & Domain("date", "<=", latest)

    @api.model
    def _count_due(self):
        return self.search_count(self._get_due_domain())

    @api.model
    def _search_due(self, skipped, limit):
        """Return what is due, oldest first, by the partial index."""
        domain = self._get_due_domain()
        if skipped:
            domain &= Domain("id", "not in", skipped.ids)
        found = self.search(domain, limit=limit, order="date, id")
        due = found.filtered(lambda c: c.date <= c.company_id._get_autopay_today())
        if due or not found:
            return due
        # In all their companies that day has not begun yet: look behind them.
        return self._search_due(skipped | found, limit)

    def _collect(self):
        """Charge these: all that can be, each exactly once.

        :return: int, how many were handled
        """
        attempts = self.env["autopay.attempt"]
        for same_company in self.grouped("company_id").values():
            attempts |= same_company._start_isolated()
        attempts._send_all()
        return len(self)

    # === COMMIT 1: ATTEMPTS AND TRANSACTIONS === #

    def _start_isolated(self):
        """Write attempts in one transaction; where it fails, one by one (P54)."""
        company = self.company_id
        started = []
        failure = self.with_company(company)._try_step(
            lambda collections: started.append(collections._start())
        )
        if not failure:
            return started[-1]
        if len(self) == 1:
            if failure is not True:  # not only in somebody's hands
                self._try_step(lambda c: c._note_failure(failure))
            return self.env["autopay.attempt"]
        half = len(self) // 2
        return self[:half]._start_isolated() | self[half:]._start_isolated()

    def _start(self):
        """Check each on fresh data under the lock, and write the attempts.

        :return: the new `autopay.attempt`
        """
        self._lock()
        ready = self.filtered(lambda collection: collection._is_ready())
        amounts = {
            c: c._get_amount_due(c.company_id._get_autopay_today()) for c in ready
        }
        transactions = ready._create_transactions(amounts)
        attempts = self.env["autopay.attempt"].create(
            [
                collection._prepare_attempt_vals(transaction)
                for collection, transaction in zip(ready, transactions, strict=True)
            ]
        )
        ready.write({"state": IN_PROGRESS, "reason": False, "is_blocked": False})
        return attempts

    def _is_ready(self):
        """Whether this is due and may be charged; what it waits for is noted."""
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        if self.state != SCHEDULED or not self.date or self.date > today:
            return False
        if not self._get_open_terms():
            self._follow_invoices()  # paid meanwhile (P24), or not posted any more
            if self.state == SCHEDULED:
                self._freeze(self.env._("The invoice is not posted"))
            return False
        amount = self._get_amount_due(today)
        if not amount:
            self._move_to_next_part()  # what was due is paid meanwhile
            return False
        if self._is_customer_paying():
            return False
        if reason := self._get_obstacle(amount):
            self._note_obstacle(reason, amount)
            return False
        return not self._postpone_unannounced(today)

    def _is_customer_paying(self):
        """Whether another payment is under way: the next run looks again (P22, P26)."""
        move_sudo = self.move_id.sudo()  # whoever runs the job
        # With an accounting app a payment can have no entry until the bank confirms it:
        # core calls the invoice "in payment", while its items stay open.
        recorded = move_sudo.matched_payment_ids.filtered(
            lambda payment: (
                not payment.move_id and payment.state in ("in_process", "paid")
            )
        )
        in_progress = self.move_id._get_paying_sudo()._get_in_progress()
        return bool(self._get_open_attempt() or recorded or in_progress)

    def _postpone_unannounced(self, today):
        """Announce a charge first that was not, or that was missed for days (P53)."""
        company = self.company_id
        announced = self.noticed_date
        patience = max(company.autopay_catch_up_days, 1)
        if not company.autopay_notice_days:
            return False
        if announced and (today - announced).days < patience:
            return False
        self._schedule(
            company._get_soonest_autopay_date(),
            self.env._("To be announced first: it was due on %s", self.date),
            self.tries,
        )
        return True

    def _get_obstacle(self, amount):
        """Say why this cannot be charged now; hook for the apps.

        :param float amount: in the currency of the invoice
        :return: text for the back office, or False
        """
        self.ensure_one()
        if reason := self._get_mismatch():
            return self.env._("The invoice %s", reason)
        if reason := self.mandate_id._get_obstacle(amount):
            return reason
        limit = self.company_id.autopay_card_limit
        token = self.mandate_id.token_id
        if self.env["autopay.attempt"]._count_declined(token) >= limit:
            return self.env._("The method was declined %s times in 30 days", limit)
        return False

    def _create_transactions(self, amounts):
        """Write one transaction per invoice, to be sent after the commit.

        :param dict amounts: `autopay.collection` -> money in the invoice's currency
        """
        Transaction = self.env["payment.transaction"].sudo()  # by the system only
        transactions = Transaction
        for collection in self:
            token = collection.mandate_id.token_id
            transactions |= Transaction.create(
                {
                    "provider_id": token.provider_id.id,
                    "payment_method_id": token.payment_method_id.id,
                    "token_id": token.id,
                    "amount": amounts[collection],
                    "currency_id": collection.move_id.currency_id.id,
                    "partner_id": token.partner_id.id,
                    "operation": "offline",
                    "invoice_ids": [Command.set(collection.move_id.ids)],
                }
            )
        return transactions

    def _prepare_attempt_vals(self, transaction):
        self.ensure_one()
        return {
            "collection_id": self.id,
            "move_id": self.move_id.id,
            "number": self.move_id._get_next_autopay_number(),
            "company_id": self.company_id.id,
            "mandate_id": self.mandate_id.id,
            "token_id": transaction.token_id.id,
            "transaction_id": transaction.id,
            "currency_id": transaction.currency_id.id,
            "amount": transaction.amount,
            "state": NEW,
        }

    # === WHAT STOOD IN THE WAY === #

    def _note_obstacle(self, reason, amount):
        """Leave the reason, tell those concerned once, and look again tomorrow."""
        self.ensure_one()
        is_news = self.reason != reason
        tomorrow = fields.Date.add(self.company_id._get_autopay_today(), days=1)
        self.write({"reason": reason, "is_blocked": True, "date": tomorrow})
        if is_news:
            self._tell_obstacle(reason, amount)

    def _note_failure(self, error):
        """A failure of ours is noted here and stops nobody else (P54)."""
        self.ensure_one()
        self._note_obstacle(
            self.env._("Failed: %s", str(error) or type(error).__name__), amount=0.0
        )
