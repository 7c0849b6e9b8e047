import logging

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: How often a step is tried when another transaction is in the way.
TRIES = 5


class AutopayStepMixin(models.AbstractModel):
    """Small committed steps, for scheduled actions, which Odoo does not retry."""

    _name = "autopay.step.mixin"
    _description = "Committed Steps"

    def _commit_step(self, step):
        """Run a step and commit; again on fresh data while somebody is in the way.

        Whatever was not committed before is rolled back on a conflict: commit first.

        :param step: function of these records
        :return: tuple (True when it was committed, what the step returned)
        """
        for attempt in range(TRIES):
            try:
                result = step(self)
                self.env["ir.cron"]._commit_progress()
                return True, result
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                _logger.info("%s: conflict, attempt %s", self, attempt + 1)
        return False, None

    def _try_step(self, step):
        """Run a step in a transaction of its own; a failure is rolled back.

        :param step: function of these records
        :return: False when it was committed, else the exception, or True when somebody
            was always in the way
        """
        try:
            return not self._commit_step(step)[0]
        except Exception as error:
            self.env.cr.rollback()
            _logger.warning("%s: %s", self, error, exc_info=True)
            return error
