from odoo import fields, models


class AccountMove(models.Model):
    """What remains of the customer's credit, on paper (BF53)."""

    _inherit = "account.move"

    def _get_prepaid_balance_lines(self):
        """Return what this invoice says of the customer's prepaid budgets.

        The balances at the end of the day of the invoice, so that a later copy says the
        same.

        :return: list of (name of the budget, text of its balance)
        """
        self.ensure_one()
        if self.move_type not in ("out_invoice", "out_refund") or not self.invoice_date:
            return []
        owner = self.commercial_partner_id
        Budget_sudo = self.env["prepaid.budget"].sudo()  # whoever prints the invoice
        budgets_sudo = Budget_sudo.search(
            [
                ("partner_id", "=", owner.id),
                ("company_id", "=", self.company_id.id),
                ("print_on_invoices", "=", True),
                ("entry_ids", "!=", False),
            ]
        )
        return [
            (
                budget_sudo.name,
                budget_sudo._format_quantity(
                    budget_sudo._get_balance_on(self.invoice_date)
                ),
            )
            for budget_sudo in budgets_sudo
        ]


class PrepaidBudget(models.Model):
    _inherit = "prepaid.budget"

    print_on_invoices = fields.Boolean(
        "Print the balance on invoices",
        default=True,
        help="Each invoice of the customer says what is left at the end of its day.",
    )
