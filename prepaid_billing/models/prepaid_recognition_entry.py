import json
from datetime import timedelta

from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import date_utils

from ..const_accounting import PART_LAPSED, PART_USED, PERIOD_MONTH


class PrepaidRecognitionEntry(models.Model):
    """The journal entries: one for each day or month of a batch."""

    _inherit = "prepaid.recognition"

    @api.model
    def _book(self, company, rows):
        """Append rows, with the journal entries that book them.

        :param company: `res.company`
        :param list rows: dicts of columns
        :return: the new `prepaid.recognition`
        """
        if not rows:
            return self.browse()
        journal = self._get_recognition_journal(company)
        by_date = {}
        for row in rows:
            date = self._get_book_date(company, journal, row["date"])
            by_date.setdefault(date, []).append(row)
        Move = self.env["account.move"].with_company(company)
        for date, group in sorted(by_date.items()):
            booked = [
                row
                for row in group
                if row["account_id"] and (row["value"] or row["money_value"])
            ]
            lines = self._prepare_entry_lines(company, booked)
            if not lines:
                continue
            move = Move.create(
                {
                    "move_type": "entry",
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "date": date,
                    "ref": self.env._("Prepaid credit used and lapsed"),
                    "line_ids": [Command.create(line) for line in lines],
                }
            )
            move._post(soft=False)
            for row in booked:
                row["move_id"] = move.id
        return self._append(rows)

    def _get_recognition_journal(self, company):
        journal = company._get_prepaid_journal()
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no journal for miscellaneous operations: used "
                    "prepaid credit cannot be booked. Choose one in the settings of "
                    "Prepaid.",
                    company=company.display_name,
                )
            )
        return journal

    @api.model
    def _get_book_date(self, company, journal, date):
        """Return the day of the journal entry: the first open one from a day on (B83).

        :param company: `res.company`
        :param journal: `account.journal`
        :param date date: when it happened
        """
        if company.prepaid_recognition_period == PERIOD_MONTH:
            date = date_utils.end_of(date, "month")
        return self._get_open_date(company, journal, date)

    @api.model
    def _get_open_date(self, company, journal, date):
        """Return the first day from a day on that is not locked.

        :param company: `res.company`
        :param journal: `account.journal`
        :param date date: the earliest day
        """
        while locks := company._get_violated_lock_dates(date, False, journal):
            date = locks[-1][0] + timedelta(days=1)
        return date

    @api.model
    def _prepare_entry_lines(self, company, rows):
        """Return the journal items of rows: liability and counterpart, per customer.

        :param company: `res.company`
        :param list rows: dicts of columns
        """
        sums = {}
        for row in rows:
            lot = self.env["prepaid.lot"].browse(row["lot_id"])
            key = (
                lot.liability_account_id.id,
                row["account_id"],
                lot.budget_id.partner_id.commercial_partner_id.id,
                lot.money_currency_id,
                json.dumps(lot.book_analytic_distribution or {}, sort_keys=True),
                row["part"],
            )
            value, money = sums.get(key, (0.0, 0.0))
            sums[key] = (value + row["value"], money + row["money_value"])
        lines = []
        for key, (value, money) in sums.items():
            lines += self._prepare_entry_pair(company, key, value, money)
        return lines

    @api.model
    def _prepare_entry_pair(self, company, key, value, money):
        liability_id, account_id, partner_id, currency, analytic, part = key
        value = company.currency_id.round(value)
        money = currency.round(money) if currency != company.currency_id else value
        if value * money < 0:
            money = 0.0  # cents of rounding on either side, never of opposite signs
        if not value and not money:
            return []
        texts = {
            PART_USED: self.env._("Prepaid credit used"),
            PART_LAPSED: self.env._("Prepaid credit lapsed"),
        }
        common = {
            "name": texts.get(part, self.env._("Prepaid credit: credit note")),
            "partner_id": partner_id,
            "currency_id": currency.id,
            "analytic_distribution": json.loads(analytic),
            "tax_ids": [Command.clear()],
        }
        return [
            {
                **common,
                "account_id": liability_id,
                "balance": value,
                "amount_currency": money,
            },
            {
                **common,
                "account_id": account_id,
                "balance": -value,
                "amount_currency": -money,
            },
        ]
