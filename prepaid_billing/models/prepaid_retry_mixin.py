from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import PENDING


class PrepaidRetryMixin(models.AbstractModel):
    """What is told after the commit, and told again where that fails.

    A model with this mixin has a `state` with PENDING until it was told or given up.
    """

    _name = "prepaid.retry.mixin"
    _inherit = "autopay.step.mixin"
    _description = "Prepaid Retries"

    #: Minutes to the second try; each further one waits four times as long.
    _retry_minutes = 10

    tries = fields.Integer(readonly=True)
    next_try = fields.Datetime(readonly=True)
    error = fields.Char(readonly=True)

    @api.model
    def _tell_due(self, limit, tell, note_failure):
        """Tell what is due, in its order, each record in steps of its own.

        :param int limit: records of one run of a job; the rest follows at once
        :param tell: function of a record that tells it; the state says when it is done
        :param note_failure: function of a record and of what went wrong (str)
        """
        domain = Domain("state", "=", PENDING) & (
            Domain("next_try", "=", False)
            | Domain("next_try", "<=", fields.Datetime.now())
        )
        records = self.search(domain, limit=limit, order="id")
        remaining = self.search_count(domain)
        for record in records:
            # Counted first: what kills the process is not repeated without end.
            if not record._try_step(lambda r: r._count_try()):
                failure = record._try_step(tell)
                if isinstance(failure, Exception):
                    record._try_step(lambda r, f=failure: note_failure(r, str(f)))
            remaining -= 1
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                break

    def _count_try(self):
        self.ensure_one()
        minutes = self._retry_minutes * 4**self.tries
        self.write(
            {
                "tries": self.tries + 1,
                "next_try": fields.Datetime.now() + timedelta(minutes=minutes),
            }
        )
