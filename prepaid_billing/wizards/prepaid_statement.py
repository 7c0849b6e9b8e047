from odoo import api, fields, models


class PrepaidStatement(models.TransientModel):
    """Choose the period of a statement, see its figures, print it."""

    _name = "prepaid.statement"
    _description = "Prepaid Statement"

    budget_id = fields.Many2one("prepaid.budget", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="budget_id.currency_id", related_sudo=False)
    date_from = fields.Date(
        "From",
        required=True,
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
    )
    date_to = fields.Date(
        "To",
        required=True,
        compute="_compute_dates",
        store=True,
        readonly=False,
        precompute=True,
    )
    opening = fields.Monetary("Opening balance", compute="_compute_figures")
    credited = fields.Monetary("Added", compute="_compute_figures")
    used = fields.Monetary(compute="_compute_figures")
    closing = fields.Monetary("Closing balance", compute="_compute_figures")

    _period = models.Constraint(
        "CHECK (date_from <= date_to)", "A period cannot end before it begins."
    )

    @api.depends("budget_id")
    def _compute_dates(self):
        for wizard in self:
            budget = wizard.budget_id
            period = budget._read_statement_period() if budget else (False, False)
            wizard.date_from, wizard.date_to = period

    @api.depends("budget_id", "date_from", "date_to")
    def _compute_figures(self):
        names = ("opening", "credited", "used", "closing")
        for wizard in self:
            figures = dict.fromkeys(names, 0.0)
            if wizard.budget_id and wizard.date_from and wizard.date_to:
                figures = wizard.budget_id._get_statement(
                    wizard.date_from, wizard.date_to, limit=0
                )
            wizard.update({name: figures[name] for name in names})

    def action_pdf(self):
        """Download the statement as PDF."""
        return self._get_download_action("pdf")

    def action_xlsx(self):
        """Download the statement as a spreadsheet."""
        return self._get_download_action("xlsx")

    def _get_download_action(self, extension):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/my/prepaid/{self.budget_id.id}/statement.{extension}"
            f"?date_from={self.date_from}&date_to={self.date_to}",
            "target": "download",
        }
