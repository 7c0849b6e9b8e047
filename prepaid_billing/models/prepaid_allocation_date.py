from odoo import api, fields, models


class PrepaidAllocationDate(models.Model):
    """The day on which a lot was used: for a debt, when credit came to pay for it."""

    _inherit = "prepaid.allocation"

    date = fields.Date("Booked on", readonly=True, help="In the company's time zone.")

    @api.model
    def _append(self, vals_list):
        """Stamp new rows with the day on which they are booked."""
        companies = self.env["res.company"].browse(
            {vals["company_id"] for vals in vals_list}
        )
        today = {company.id: company._get_autopay_today() for company in companies}
        return super()._append(
            [{"date": today[vals["company_id"]], **vals} for vals in vals_list]
        )
