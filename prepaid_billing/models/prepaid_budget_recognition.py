from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..const import TRANSFER
from ..const_accounting import INVOICE_KINDS, PERIOD_MONTH

#: Budgets whose use is recognized in one transaction; one bad one costs a bisection.
CHUNK = 100

#: What happened to lots that are a liability. Their own invoices are booked already; a
#: lot that pays for the withdrawn credit of another is used, the other is not any more.
MOVEMENTS = """
    SELECT allocation.id AS allocation_id, lot.id AS lot_id, lot.budget_id,
           COALESCE(allocation.date, entry.date) AS date,
           -allocation.quantity AS quantity, entry.kind
      FROM prepaid_allocation allocation
      JOIN prepaid_entry entry ON entry.id = allocation.entry_id
      JOIN prepaid_lot lot ON lot.id = allocation.lot_id
     WHERE lot.liability_account_id IS NOT NULL AND %(own)s
       AND NOT (
           entry.lot_id IS NOT DISTINCT FROM lot.id AND entry.kind IN %(invoice)s
       )
       AND NOT (entry.kind = %(transfer)s AND allocation.quantity > 0)
     UNION ALL
    SELECT allocation.id, lot.id, lot.budget_id,
           COALESCE(allocation.date, entry.date), allocation.quantity, entry.kind
      FROM prepaid_allocation allocation
      JOIN prepaid_entry entry ON entry.id = allocation.entry_id
      JOIN prepaid_lot lot ON lot.id = entry.lot_id
     WHERE lot.liability_account_id IS NOT NULL AND %(own)s
       AND entry.kind IN %(invoice)s
       AND allocation.lot_id != lot.id
"""

#: Posted credit notes, by lot and day.
CREDIT_NOTES = """
    SELECT lot.id AS lot_id, lot.budget_id, line.date,
           line.prepaid_refund_quantity AS quantity, line.price_subtotal AS credited,
           CASE WHEN line.account_id = lot.liability_account_id
                THEN line.balance ELSE 0 END AS booked,
           CASE WHEN line.account_id = lot.liability_account_id
                THEN line.amount_currency ELSE 0 END AS booked_money,
           CASE WHEN line.account_id != lot.liability_account_id
                THEN line.account_id END AS account_id
      FROM account_move_line line
      JOIN account_move move ON move.id = line.move_id
      JOIN prepaid_lot lot ON lot.id = line.prepaid_refund_lot_id
     WHERE lot.liability_account_id IS NOT NULL AND %(own)s
       AND line.parent_state = 'posted'
       AND move.move_type = 'out_refund'
       AND line.price_subtotal > 0
"""


class PrepaidBudgetRecognition(models.Model):
    """Used credit becomes income, in batches (BF42).

    Each row of the ledger is told to the books once: under the lock of its budget, with
    a row of `prepaid.recognition` that a unique index guards.
    """

    _inherit = "prepaid.budget"

    # === WHAT HAPPENED === #

    @api.model
    def _get_movement_query(self, own):
        """Return SQL of all that happened to lots that are a liability.

        :param own: SQL condition on `lot`; it is asked before anything is summed up
        """
        return SQL(MOVEMENTS, own=own, invoice=INVOICE_KINDS, transfer=TRANSFER)

    @api.model
    def _get_credit_note_query(self, own):
        """Return SQL of what credit notes took off lots that are a liability.

        :param own: SQL condition on `lot`
        """
        return SQL(CREDIT_NOTES, own=own)

    @api.model
    def _get_book_movements(self, lots):
        """Return all uses of lots, booked or not.

        :param lots: `prepaid.lot`
        :return: list of dicts with allocation_id, lot_id, date, quantity (+ is gone)
        """
        if not lots:
            return []
        self.env.flush_all()
        own = SQL("lot.id IN %s", tuple(lots.ids))
        return self._read_rows(self._get_movement_query(own))

    def _read_rows(self, query):
        self.env.cr.execute(query)
        return self.env.cr.dictfetchall()

    @api.model
    def _get_unbooked_query(self, company, budgets=None, until=None):
        """Return SQL of what the books do not know yet, oldest first.

        :param company: `res.company`
        :param budgets: `prepaid.budget`, None for all of the company
        :param date until: last day; None for what is told to the books now
        """
        own = SQL("lot.company_id = %s", company.id)
        if budgets is not None:
            own = SQL("%s AND lot.budget_id IN %s", own, tuple(budgets.ids))
        return SQL(
            """
            SELECT unbooked.* FROM (
                SELECT allocation_id, lot_id, budget_id, date, quantity, kind,
                       0.0 AS credited, 0.0 AS booked, 0.0 AS booked_money,
                       NULL::integer AS account_id
                  FROM (%(movements)s) movement
                 WHERE NOT EXISTS (
                       SELECT FROM prepaid_recognition done
                        WHERE done.allocation_id = movement.allocation_id
                          AND done.lot_id = movement.lot_id)
                 UNION ALL
                SELECT NULL, lot_id, budget_id, date, SUM(quantity), NULL,
                       SUM(credited), SUM(booked), SUM(booked_money), MAX(account_id)
                  FROM (
                    %(notes)s
                     UNION ALL
                    SELECT done.lot_id, lot.budget_id, done.date, -done.quantity,
                           -done.credited, -done.credited_book_value,
                           -done.credited_money_value, done.account_id
                      FROM prepaid_recognition done
                      JOIN prepaid_lot lot ON lot.id = done.lot_id
                     WHERE done.allocation_id IS NULL AND %(own)s) note
                 GROUP BY lot_id, budget_id, date
                HAVING SUM(credited) != 0 OR SUM(booked) != 0 OR SUM(quantity) != 0
            ) unbooked
             WHERE date <= %(until)s
             ORDER BY lot_id, date, allocation_id
            """,
            movements=self._get_movement_query(own),
            notes=self._get_credit_note_query(own),
            until=until or self._get_recognized_until(company),
            own=own,
        )

    @api.model
    def _get_recognized_until(self, company):
        """Return the last day that is told to the books now."""
        today = company._get_autopay_today()
        if company.prepaid_recognition_period == PERIOD_MONTH:
            return today.replace(day=1) - timedelta(days=1)
        return today

    # === BATCH === #

    @api.model
    def _cron_recognize(self, chunk=CHUNK):
        """Every night: tell the books what was used, in small committed steps.

        :param int chunk: budgets in one transaction
        """
        budgets = self._get_unbooked_budgets()
        remaining = len(budgets)
        for start in range(0, len(budgets), chunk):
            step = budgets[start : start + chunk]
            step._recognize_isolated()
            remaining -= len(step)
            if not self.env["ir.cron"]._commit_progress(len(step), remaining=remaining):
                break

    def _get_unbooked_budgets(self):
        self.env.flush_all()
        groups = self.env["prepaid.lot"]._read_group(
            [("liability_account_id", "!=", False)], ["company_id"]
        )
        ids = set()
        for (company,) in groups:
            rows = self._read_rows(
                SQL(
                    "SELECT DISTINCT budget_id FROM (%s) unbooked",
                    self._get_unbooked_query(company),
                )
            )
            ids |= {row["budget_id"] for row in rows}
        return self.browse(sorted(ids))

    def _recognize_isolated(self):
        """Try all in one batch; where it fails, halve it until one stands alone."""
        if self._try_and_note(lambda budgets: budgets._recognize()):
            return
        if len(self) > 1:
            half = len(self) // 2
            self[:half]._recognize_isolated()
            self[half:]._recognize_isolated()

    def _recognize(self, until=None):
        """Book what happened to the lots of these budgets since the last time.

        Running it again, or in two workers, books nothing twice.

        :param date until: last day, also within a period that is not over
        :return: the new `prepaid.recognition`
        :raise UserError: a company has no journal for it
        """
        self._lock_for_ledger()
        recognitions = self.env["prepaid.recognition"]
        for company, budgets in self.grouped("company_id").items():
            movements = {}
            query = self._get_unbooked_query(company, budgets, until)
            for row in self._read_rows(query):
                movements.setdefault(row["lot_id"], []).append(row)
            lots = self.env["prepaid.lot"].browse(movements)
            done = lots._get_recognized()
            rows = [
                row
                for lot in lots
                for row in lot._prepare_recognitions(movements[lot.id], done[lot])
            ]
            recognitions |= recognitions._book(company, rows)
        return recognitions
