from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

#: Budgets handled in one transaction of the nightly job; one bad one costs a bisection.
CHUNK = 100


class PrepaidBudgetJob(models.Model):
    """Every night: all budgets that are due, each one's failure its own."""

    _inherit = "prepaid.budget"

    @api.model
    def _cron_replenish(self, chunk=CHUNK):
        """Every night: replenish what is due, in small committed steps.

        Each of them is checked once a day, whether that went well or not: a run that is
        out of time goes on with the others, and one that fails waits for tomorrow.

        :param int chunk: budgets in one transaction
        """
        today = fields.Date.today()
        unchecked = Domain("replenish_checked_on", "=", False)
        unchecked |= Domain("replenish_checked_on", "<", today)
        domain = self._get_due_domain() & unchecked
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

    @api.model
    def _get_due_domain(self):
        """Return the domain of the budgets that may need a top-up today."""
        return Domain("is_low", "=", True)

    def _replenish_isolated(self):
        """Try all in one batch; where it fails, halve it until one stands alone."""
        company = self.company_id
        if self.with_company(company)._try_and_note(lambda b: b._replenish()):
            return
        if len(self) == 1:
            # A budget in use without end is not even stamped, and stops no other.
            today = fields.Date.today()
            self._try_step(lambda b: b.write({"replenish_checked_on": today}))
            return
        half = len(self) // 2
        self[:half]._replenish_isolated()
        self[half:]._replenish_isolated()

    def _try_and_note(self, step):
        """Run a step in a transaction of its own; its failure is kept on the budget.

        A failure of several at once is only rolled back: whose it is, is not known.

        :param step: function of the budgets
        :return: True when it succeeded and was committed
        """
        failure = self._try_step(step)
        if isinstance(failure, Exception) and len(self) == 1:
            self._commit_step(lambda budget: budget._note_failure(failure))
        return not failure

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
