from odoo import models
from odoo.exceptions import UserError


class AccountAnalyticLineRest(models.Model):
    """What of deducted time is left to be billed."""

    _inherit = "account.analytic.line"

    def _ensure_prepaid_rest_open(self):
        """Refuse to move deducted time whose rest is on an invoice.

        It is neither returned nor booked anew: its rest is billed, and would keep the
        whole of it from being deducted again.

        :raise UserError: an invoice that is not canceled bills the rest
        """
        for timesheet_sudo in self.sudo():  # name of the obstacle only
            invoice = timesheet_sudo.timesheet_invoice_id
            if invoice and invoice.state != "cancel":
                raise UserError(
                    self.env._(
                        "The rest of %(entry)s is invoiced on %(invoice)s. Credit or "
                        "cancel that invoice first.",
                        entry=timesheet_sudo.display_name,
                        invoice=invoice.display_name,
                    )
                )
