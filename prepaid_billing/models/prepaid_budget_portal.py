from odoo import api, models
from odoo.fields import Domain

from ..const import CONSUME, CREDIT, GRANT, RELEASE, UNIT_MONEY


class PrepaidBudgetPortal(models.Model):
    """What customers see of their budgets, with their own rights."""

    _inherit = "prepaid.budget"

    # === BUDGETS === #

    @api.model
    def _get_portal_domain(self):
        """Return the domain of the budgets of the user's commercial entity."""
        owner = self.env.user.commercial_partner_id
        return [("partner_id.commercial_partner_id", "=", owner.id)]

    @api.model
    def _get_portal_count(self):
        """Return how many budgets the user's commercial entity has."""
        if not self.has_access("read"):
            return 0
        return self.search_count(self._get_portal_domain())

    @api.model
    def _get_portal_budgets(self, offset=0, limit=None):
        """Return the budgets of the user's commercial entity."""
        if not self.has_access("read"):
            return self.browse()
        return self.search(self._get_portal_domain(), offset=offset, limit=limit)

    # === INVOICES === #

    def _get_portal_open_invoices(self):
        """Return the posted top-up invoices that wait for payment, first due first.

        :return: `account.move` that the user may read, sudoed for the page to ask
            whether a payment is under way: customers may not read transactions
        """
        self.ensure_one()
        Move = self.env["account.move"]
        if not Move.has_access("read"):
            return Move
        invoices = Move.search(
            [
                ("invoice_line_ids.prepaid_budget_id", "=", self.id),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                ("amount_residual", ">", 0),
            ],
            order="invoice_date_due, id",
        )
        invoices_sudo = invoices.sudo()  # their transactions, see above
        return invoices_sudo

    def _get_portal_today(self):
        """Return the day by which invoices of this budget are overdue."""
        self.ensure_one()
        # Customers may not read the address that tells the company's time zone.
        company_sudo = self.company_id.sudo()
        return company_sudo._get_autopay_today()

    # === MOVEMENTS === #

    def _get_portal_movements(
        self, offset=0, limit=None, sortby=None, filterby=None, search=None
    ):
        """Return movements in the customer's words, newest first.

        The number of queries does not depend on the number of movements.

        :param int offset: movements to leave out
        :param int limit: movements to return at most
        :param str sortby: key of :meth:`_get_portal_sortings`
        :param str filterby: key of :meth:`_get_portal_filters`
        :param str search: words of the description
        :return: list of dict, see :meth:`_prepare_portal_movement`
        """
        self.ensure_one()
        sortings = self._get_portal_sortings()
        entries = self.env["prepaid.entry"].search(
            self._get_portal_movement_domain(filterby, search),
            order=sortings.get(sortby, sortings["newest"])["order"],
            offset=offset,
            limit=limit,
        )
        labels = self._get_portal_labels()
        # Customers may not read timesheets: of the time that they paid for, they get
        # the name of the project and nothing else.
        timesheets_sudo = entries.timesheet_id.sudo()
        projects = {t.id: t.project_id.name for t in timesheets_sudo}
        workers = {}
        if self.show_employees:
            workers = {t.id: t.employee_id.name for t in timesheets_sudo}
        return [
            {
                **self._prepare_portal_movement(
                    entry,
                    labels[entry.kind],
                    projects.get(entry.timesheet_id.id, False),
                ),
                "employee": workers.get(entry.timesheet_id.id, False),
            }
            for entry in entries
        ]

    def _get_portal_movement_count(self, filterby=None, search=None):
        """Return how many movements a filter and a search leave."""
        self.ensure_one()
        return self.env["prepaid.entry"].search_count(
            self._get_portal_movement_domain(filterby, search)
        )

    def _get_portal_movement_domain(self, filterby=None, search=None):
        """Return the domain of the movements of this budget that a page shows.

        :param str filterby: key of :meth:`_get_portal_filters`; others show all
        :param str search: words of the description
        """
        self.ensure_one()
        filters = self._get_portal_filters()
        domain = Domain("budget_id", "=", self.id)
        domain &= Domain(filters.get(filterby, filters["all"])["domain"])
        if search:
            domain &= Domain("name", "ilike", search)
        return domain

    def _get_portal_filters(self):
        """Return the filters of the movements: key -> `label` and `domain`."""
        return {
            "all": {"label": self.env._("All"), "domain": []},
            "work": {
                "label": self.env._("Work"),
                "domain": [("kind", "in", (CONSUME, RELEASE))],
            },
            "credit": {
                "label": self.env._("Credit"),
                "domain": [("kind", "not in", (CONSUME, RELEASE))],
            },
        }

    def _get_portal_sortings(self):
        """Return the orders of the movements: key -> `label` and `order`."""
        return {
            "newest": {"label": self.env._("Newest"), "order": "id desc"},
            "oldest": {"label": self.env._("Oldest"), "order": "id"},
            "largest": {"label": self.env._("Most used"), "order": "quantity, id"},
        }

    def _prepare_portal_movement(self, entry, label, project):
        """Return what a customer sees of one entry; hook for more.

        :param entry: `prepaid.entry`
        :param str label: the customer's word for its kind
        :param project: name of the project that the time was worked for, or False
        """
        return {
            "entry": entry,
            "label": label,
            "date": entry.date,
            "work_date": entry.work_date,
            "description": self._get_portal_description(entry),
            "project": project,
            "hours": abs(entry.hours),
            "units": abs(entry.units),
            "rate": self._get_portal_rate(entry),
            "amount": entry.quantity,
            "balance": entry.balance_after,
            "currency": entry.currency_id,
            # Rates are money, also where the budget is kept in hours.
            "rate_currency": entry.money_currency_id,
        }

    def _get_portal_description(self, entry):
        """Return what the description of an entry adds to its label, or False.

        :param entry: `prepaid.entry`
        """
        # Free credit is named after its kind and its day: both stand beside it.
        return entry.name if entry.name != "/" and entry.kind != GRANT else False

    def _get_portal_rate(self, entry):
        """Return the hourly rate or price that made the amount, or 0.

        :param entry: `prepaid.entry`
        """
        # Where hours are counted, no rate made the amount.
        return entry.rate if self.unit == UNIT_MONEY else 0.0

    def _get_portal_labels(self):
        """Return the customer's word for each kind of entry."""
        kinds = self.env["prepaid.entry"]._fields["kind"]
        return {
            **dict(kinds._description_selection(self.env)),
            CREDIT: self.env._("Topped up"),
            CONSUME: self.env._("Used"),
            RELEASE: self.env._("Given back"),
        }
