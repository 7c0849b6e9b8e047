import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: Budgets handled in one transaction of the nightly job; one bad one costs a bisection.
CHUNK = 100
#: How often a step is tried when another transaction is in the way.
TRIES = 5


class PrepaidBudgetJob(models.Model):
    """Every night: all low budgets, each one's failure its own."""

    _inherit = "prepaid.budget"

    @api.model
    def _cron_replenish(self, chunk=CHUNK):
        """Every night: replenish what is low, in small committed steps.

        Each low budget is checked once a day, whether that went well or not: a run that
        is out of time goes on with the others, and one that fails waits for tomorrow.

        :param int chunk: budgets in one transaction
        """
        today = fields.Date.today()
        unchecked = Domain("replenish_checked_on", "=", False)
        unchecked |= Domain("replenish_checked_on", "<", today)
        domain = Domain("is_low", "=", True) & unchecked
        last_id = 0
        remaining = self.search_count(domain)
        while budgets := self.search(
            domain & Domain("id", ">", last_id), limit=chunk, order="id"
        ):
            last_id = budgets[-1].id
            for same_company in budgets.grouped("company_id").values():
                same_company._replenish_isolated()
            remaining = max(remaining - len(budgets), 0)
            if not self.env["ir.cron"]._commit_progress(
                len(budgets), remaining=remaining
            ):
                break

    def _replenish_isolated(self):
        """Try all in one batch; where it fails, halve it until one stands alone."""
        company = self.company_id
        if self.with_company(company)._try_step(lambda budgets: budgets._replenish()):
            return
        if len(self) == 1:
            # A budget in use without end is not even stamped, and stops no other.
            today = fields.Date.today()
            self._try_step(lambda b: b.write({"replenish_checked_on": today}))
            return
        half = len(self) // 2
        self[:half]._replenish_isolated()
        self[half:]._replenish_isolated()

    def _try_step(self, step):
        """Run a step on these budgets in a transaction of its own.

        For scheduled actions, which Odoo does not retry: a failure is rolled back and,
        for a single budget, noted on it with an activity for its responsible.

        :param step: function of the budgets
        :return: True when it succeeded and was committed
        """
        try:
            return self._commit_step(step)
        except Exception as error:
            self.env.cr.rollback()
            _logger.info("Budgets %s: %s", self.ids, error, exc_info=True)
            failure = error
        if len(self) == 1:
            self._commit_step(lambda budget: budget._note_failure(failure))
        return False

    def _commit_step(self, step):
        """Run a step and commit; again on fresh data while somebody is in the way.

        :param step: function of the budgets
        :return: False when somebody always was; nothing has been written then
        """
        for attempt in range(TRIES):
            try:
                step(self)
                self.env["ir.cron"]._commit_progress()
                return True
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                _logger.info("Budgets %s: conflict, attempt %s", self.ids, attempt + 1)
        return False

    def _note_failure(self, error):
        """Leave the failure on the budget, and one activity for its responsible."""
        self.ensure_one()
        reason = str(error)
        if not isinstance(error, UserError):
            reason = f"{type(error).__name__}: {error}"
        note = self.env._("Failed: %(reason)s", reason=reason)
        if self.replenish_note != note:
            self._schedule_activity(note)
        self._note_check(note, is_failed=True)
