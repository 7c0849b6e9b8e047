from datetime import date

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import UNIT_MONEY

#: Rows of one page of the statement in the portal.
STATEMENT_PAGE = 100


class PrepaidBudgetStatement(models.Model):
    """What happened on a budget in a period: opening, rows, closing.

    Portal, PDF, spreadsheet and form all print what :meth:`_get_statement` returns. It
    rests on stored rows and the day on which they were booked, so that a statement of a
    period that is over never changes (B94).
    """

    _inherit = "prepaid.budget"

    def _format_quantity(self, amount):
        """Return a quantity of this budget as people read it.

        :param float amount: in the unit of the budget: money or hours
        :return: str with the unit
        """
        self.ensure_one()
        currency_sudo = self.currency_id.sudo()  # its symbol, whoever reads the page
        return currency_sudo.format(amount)

    def _get_statement_tax_note(self):
        """Return what a statement says about tax; nothing where hours are counted."""
        self.ensure_one()
        if self.unit != UNIT_MONEY:
            return ""
        if self._is_taxed_at_use():
            return self.env._("All amounts with tax.")
        return self.env._("All amounts without tax.")

    def _get_rate_currency_sudo(self):
        """Return the currency of hourly rates, which are money in any budget."""
        self.ensure_one()
        budget_sudo = self.sudo()  # the unit of a figure that the reader may see
        return budget_sudo.money_currency_id

    # === PERIOD === #

    def _read_statement_period(self, date_from=False, date_to=False):
        """Return the period that a reader asked for, from words that may be anything.

        :param date_from: date or its ISO text; else the first day of the month
        :param date_to: date or its ISO text; else today
        :return: tuple of two dates, both counted in
        :raise UserError: the period ends before it begins
        """
        self.ensure_one()
        today = self._get_portal_today()
        last = self._read_day(date_to) or today
        first = self._read_day(date_from) or min(today, last).replace(day=1)
        if first > last:
            raise UserError(
                self.env._(
                    "%(budget)s: the period from %(first)s to %(last)s ends before it "
                    "begins. Choose a later end.",
                    budget=self.name,
                    first=first,
                    last=last,
                )
            )
        return first, last

    def _read_day(self, day):
        if isinstance(day, date):
            return day
        try:
            return date.fromisoformat(day)
        except (TypeError, ValueError):
            return None

    # === FIGURES === #

    def _get_statement(self, date_from, date_to, offset=0, limit=None):
        """Return the statement of one budget for a period.

        :param date date_from: first day, counted in
        :param date date_to: last day, counted in
        :param int offset: rows to leave out, from the oldest
        :param int limit: rows to return at most; figures are those of the whole period
        :return: dict: `budget`, `date_from`, `date_to`, `opening`, `credited`, `used`,
            `closing`, `count` and `rows`, oldest first, each a dict as of
            :meth:`_prepare_statement_row`
        """
        self.ensure_one()
        self.check_access("read")
        self.env["prepaid.entry"].flush_model()
        opening, credited, used, count = self._get_statement_sums(date_from, date_to)
        return {
            "budget": self,
            "date_from": date_from,
            "date_to": date_to,
            "opening": opening,
            "credited": credited,
            "used": used,
            "closing": self._from_units(
                self._to_units(opening)
                + self._to_units(credited)
                + self._to_units(used)
            ),
            "count": count,
            "rows": self._get_statement_rows(date_from, date_to, offset, limit),
        }

    def _get_balance_on(self, day):
        """Return the balance at the end of a day.

        :param date day: in the company's time zone
        """
        self.ensure_one()
        self.env["prepaid.entry"].flush_model()
        opening, credited, used, _count = self._get_statement_sums(day, day)
        return self._from_units(
            sum(self._to_units(part) for part in (opening, credited, used))
        )

    def _get_statement_sums(self, date_from, date_to):
        """Return (opening, credited, used, number of rows) of the period."""
        [row] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(SUM(quantity) FILTER (WHERE date < %(first)s), 0),
                       COALESCE(SUM(quantity) FILTER (
                           WHERE date >= %(first)s AND quantity > 0), 0),
                       COALESCE(SUM(quantity) FILTER (
                           WHERE date >= %(first)s AND quantity < 0), 0),
                       COUNT(*) FILTER (WHERE date >= %(first)s)
                  FROM prepaid_entry
                 WHERE budget_id = %(budget)s AND date <= %(last)s
                """,
                budget=self.id,
                first=date_from,
                last=date_to,
            )
        )
        *sums, count = row
        return (*(self._from_units(self._to_units(total)) for total in sums), count)

    def _get_statement_rows(self, date_from, date_to, offset, limit):
        lines = self.env.execute_query(
            SQL(
                """
                SELECT id, balance
                  FROM (SELECT id, date,
                               SUM(quantity) OVER (ORDER BY date, id) AS balance
                          FROM prepaid_entry
                         WHERE budget_id = %(budget)s AND date <= %(last)s) AS row
                 WHERE date >= %(first)s
                 ORDER BY date, id
                OFFSET %(offset)s LIMIT %(limit)s
                """,
                budget=self.id,
                first=date_from,
                last=date_to,
                offset=offset,
                limit=limit,
            )
        )
        labels = self._get_portal_labels()
        entries = self.env["prepaid.entry"].browse([id_ for id_, _balance in lines])
        return [
            self._prepare_statement_row(entry, labels[entry.kind], balance)
            for entry, (_id, balance) in zip(entries, lines, strict=True)
        ]

    def _prepare_statement_row(self, entry, label, balance):
        """Return what a statement says of one entry; hook for more.

        Only what the entry itself has stored: a project that is renamed tomorrow must
        not change the statement of today.

        :param entry: `prepaid.entry`
        :param str label: the customer's word for its kind
        :param balance: running balance after it, in the unit of the budget
        """
        return {
            "entry": entry,
            "label": label,
            "date": entry.date,
            "work_date": entry.work_date,
            "description": self._get_portal_description(entry),
            "hours": entry.hours,
            "units": entry.units,
            "rate": self._get_portal_rate(entry),
            "amount": entry.quantity,
            "balance": self._from_units(self._to_units(balance)),
        }

    def _get_statement_filename(self, date_from, date_to):
        """Return the name of the file, without its extension."""
        self.ensure_one()
        name = "".join(c if c.isalnum() or c in " -_" else "_" for c in self.name)
        return self.env._(
            "Statement %(budget)s %(first)s to %(last)s",
            budget=name.strip(),
            first=date_from,
            last=date_to,
        )

    # === DOCUMENTS === #

    def _in_customer_language(self):
        """Return this budget such that texts are in the language of its customer."""
        self.ensure_one()
        budget_sudo = self.sudo()  # the language only
        return self.with_context(lang=budget_sudo.partner_id.lang)

    def _render_statement_pdf(self, date_from, date_to):
        """Return the statement as PDF.

        :param date date_from: first day, counted in
        :param date date_to: last day, counted in
        :return: bytes
        """
        self.ensure_one()
        self.check_access("read")
        # The same paper whoever prints it: see the language in the report.
        Report_sudo = self.env["ir.actions.report"].sudo()  # letterhead and addresses
        content, _type = Report_sudo._render_qweb_pdf(
            "prepaid_billing.prepaid_statement_report",
            self.ids,
            data={"date_from": date_from, "date_to": date_to},
        )
        return content

    def action_statement(self):
        """Ask for the period of a statement."""
        self.ensure_one()
        wizard = self.env["prepaid.statement"].create({"budget_id": self.id})
        return wizard._get_records_action(name=self.env._("Statement"), target="new")
