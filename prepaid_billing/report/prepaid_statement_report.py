from odoo import api, models


class PrepaidStatementReport(models.AbstractModel):
    """The statement on paper."""

    _name = "report.prepaid_billing.report_prepaid_statement"
    _description = "Prepaid Statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return the statements of budgets for one period.

        :param list docids: ids of `prepaid.budget`
        :param dict data: `date_from` and `date_to`, dates or ISO texts
        """
        data = data or {}
        budgets = self.env["prepaid.budget"].browse(docids)
        return {
            "docs": budgets,
            "statements": {
                budget.id: budget._in_customer_language()._get_statement(
                    *budget._read_statement_period(
                        data.get("date_from"), data.get("date_to")
                    )
                )
                for budget in budgets
            },
        }
