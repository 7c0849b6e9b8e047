from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


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

    # Work that no order names the customer of; the other is found by its order.
    _prepaid_partner_index = models.Index("(partner_id) WHERE so_line IS NULL")

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
        return self._get_prepaid_work_domain(value)

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

    @api.model
    def _get_prepaid_work_domain(self, customer_ids):
        """Return the domain of work for some customers, found by indexes.

        It is that of :meth:`_get_prepaid_customer_domain`, for which PostgreSQL looks
        at the work of all customers: ids that it knows beforehand it finds at once.

        :param customer_ids: ids of commercial `res.partner`
        :return: `Domain` of `account.analytic.line`
        """
        ids = {id_ for id_ in customer_ids if id_}
        entity = Domain("commercial_partner_id", "in", ids)

        def get_ids(model_name, condition):
            # Who deducts need neither see all contacts nor have any right on orders.
            found = self.env[model_name]._search(
                condition, active_test=False, bypass_access=True
            )
            return SQL("ARRAY(%s)", found.select())

        def to_sql(model, alias, query):
            item = model._field_to_sql(alias, "so_line", query)
            return SQL(
                "(%(item)s = ANY(%(items)s)"
                " OR (%(item)s IS NULL AND %(partner)s = ANY(%(partners)s)))",
                item=item,
                items=get_ids(
                    "sale.order.line", Domain("order_partner_id", "any!", entity)
                ),
                partner=model._field_to_sql(alias, "partner_id", query),
                partners=get_ids("res.partner", entity),
            )

        def is_theirs(line):
            line_sudo = line.sudo()  # as above
            return line_sudo._get_prepaid_partners()[line_sudo].id in ids

        return Domain.custom(to_sql=to_sql, predicate=is_theirs)
