from odoo import api, fields, models
from odoo.fields import Domain


class AccountAnalyticLineCustomer(models.Model):
    """Whose work it is: the customer of the order, else that of the project (B63)."""

    _inherit = "account.analytic.line"

    prepaid_customer_id = fields.Many2one(
        "res.partner",
        "Worked for",
        compute="_compute_prepaid_customer_id",
        search="_search_prepaid_customer_id",
        compute_sudo=True,
        groups="prepaid_billing.group_user",
        help="Customer whose prepaid budgets pay for it: the one who is billed.",
    )

    @api.depends(
        "so_line.order_partner_id.commercial_partner_id",
        "partner_id.commercial_partner_id",
    )
    def _compute_prepaid_customer_id(self):
        for timesheet, customer in self._get_prepaid_partners().items():
            timesheet.prepaid_customer_id = customer

    @api.model
    def _search_prepaid_customer_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._get_prepaid_customer_domain(Domain("id", "in", value))

    def _get_prepaid_partners(self):
        """Return the commercial entity that each timesheet was worked for."""
        return {
            timesheet: timesheet.so_line.order_partner_id.commercial_partner_id
            or timesheet.partner_id.commercial_partner_id
            for timesheet in self
        }

    @api.model
    def _get_prepaid_customer_domain(self, condition):
        """Return the domain of work for customers who meet a condition.

        They are those of :meth:`_get_prepaid_partners`.

        :param condition: `Domain` of commercial `res.partner`
        :return: `Domain` of `account.analytic.line`
        """
        # Who deducts need neither see all contacts nor have any right on orders.
        ordered = Domain("order_partner_id.commercial_partner_id", "any!", condition)
        # The partner of an expense is its vendor: the order decides.
        own = Domain("so_line", "=", False) & Domain(
            "partner_id.commercial_partner_id", "any!", condition
        )
        return Domain("so_line", "any!", ordered) | own
