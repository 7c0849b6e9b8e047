import io
from datetime import datetime

import xlsxwriter

from odoo import models

#: Width of the columns, in characters.
WIDTHS = (12, 22, 44, 12, 18, 11, 14, 14)


class PrepaidBudgetStatementXlsx(models.Model):
    """The statement as a spreadsheet, with the figures of all its other forms."""

    _inherit = "prepaid.budget"

    def _render_statement_xlsx(self, date_from, date_to):
        """Return the statement as a spreadsheet.

        :param date date_from: first day, counted in
        :param date date_to: last day, counted in
        :return: bytes
        """
        self.ensure_one()
        return self._in_customer_language()._build_statement_xlsx(date_from, date_to)

    def _build_statement_xlsx(self, date_from, date_to):
        statement = self._get_statement(date_from, date_to)
        output = io.BytesIO()
        # Text that a person typed stays text: no formula, no link.
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(output, options) as book:
            # The same statement is the same file, whenever it is made.
            book.set_properties({"created": _to_datetime(date_to)})
            sheet = book.add_worksheet(self.env._("Statement"))
            self._write_statement(sheet, statement, self._get_sheet_formats(book))
        return output.getvalue()

    def _get_sheet_formats(self, book):
        """Return the formats of cells: heading, day, number, total."""
        budget_sudo = self.sudo()  # how many decimals a figure has
        decimals = budget_sudo.currency_id.decimal_places
        number = "#,##0" + ("." + "0" * decimals if decimals else "")
        return {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "head": book.add_format({"bold": True, "bottom": 1}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
            "hours": book.add_format({"num_format": "0.00", "valign": "top"}),
            "number": book.add_format({"num_format": number, "valign": "top"}),
            "rate": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
            "total": book.add_format({"num_format": number, "bold": True}),
            "bold": book.add_format({"bold": True}),
        }

    def _write_statement(self, sheet, statement, formats):
        """Write title, opening, rows and closing of a statement.

        :param sheet: worksheet of xlsxwriter
        :param dict statement: as of `_get_statement`
        :param dict formats: as of :meth:`_get_sheet_formats`
        """
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, self.name, formats["title"])
        budget_sudo = self.sudo()  # the name of the customer's own company
        sheet.write_string(1, 0, budget_sudo.partner_id.display_name)
        sheet.write_string(
            2,
            0,
            self.env._(
                "%(first)s to %(last)s, in %(unit)s. %(tax)s",
                first=statement["date_from"],
                last=statement["date_to"],
                unit=budget_sudo.currency_id.symbol or budget_sudo.currency_id.name,
                tax=self._get_statement_tax_note(),
            ).strip(),
        )
        for column, head in enumerate(self._get_statement_heads()):
            sheet.write_string(4, column, head, formats["head"])
        sheet.write_string(5, 1, self.env._("Opening balance"), formats["bold"])
        sheet.write_number(5, 7, statement["opening"], formats["total"])
        for line, row in enumerate(statement["rows"], start=6):
            self._write_statement_row(sheet, line, row, formats)
        last = 6 + len(statement["rows"])
        sheet.write_string(last, 1, self.env._("Closing balance"), formats["bold"])
        sheet.write_number(last, 7, statement["closing"], formats["total"])
        sheet.freeze_panes(5, 0)

    def _get_statement_heads(self):
        """Return the headings of the columns."""
        return (
            self.env._("Booked on"),
            self.env._("What"),
            self.env._("Description"),
            self.env._("Worked on"),
            self.env._("Hours or quantity"),
            self.env._("Rate"),
            self.env._("Amount"),
            self.env._("Balance"),
        )

    def _write_statement_row(self, sheet, line, row, formats):
        sheet.write_datetime(line, 0, _to_datetime(row["date"]), formats["day"])
        sheet.write_string(line, 1, row["label"], formats["wrap"])
        sheet.write_string(line, 2, row["description"] or "", formats["wrap"])
        if row["work_date"]:
            day = _to_datetime(row["work_date"])
            sheet.write_datetime(line, 3, day, formats["day"])
        if quantity := row["hours"] or row["units"]:
            sheet.write_number(line, 4, quantity, formats["hours"])
            if row["rate"]:
                sheet.write_number(line, 5, row["rate"], formats["rate"])
        sheet.write_number(line, 6, row["amount"], formats["number"])
        sheet.write_number(line, 7, row["balance"], formats["number"])


def _to_datetime(day):
    """Return the first moment of a day, as spreadsheets store days."""
    return datetime.combine(day, datetime.min.time())
