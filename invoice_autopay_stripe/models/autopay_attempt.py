from odoo import models

from odoo.addons.invoice_autopay.const import ENDED_STATES


class AutopayAttempt(models.Model):
    _inherit = "autopay.attempt"

    def _get_resending_obstacle(self):
        """Say why the request must not be repeated: it could be the first charge.

        To be called on fresh data: a step of its own, after a commit.
        """
        self.ensure_one()
        self._lock()
        if self.state in ENDED_STATES:
            return self.env._("No longer wanted")
        return self._get_sending_obstacle()
