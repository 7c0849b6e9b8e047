from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_date

from ..const import TRANSFER
from ..const_accounting import AGE_LIMITS

#: Per account and customer on a day: what the lots are worth, by age; what the books
#: should say after what was booked so far; what the account says, and how much of it
#: are down payments of sales orders, for which charts of accounts have one account.
LIABILITY = """
    WITH gone AS (
        SELECT lot_id, SUM(quantity) AS quantity
          FROM (%(movements)s) movement WHERE date <= %(date)s GROUP BY lot_id
    ), note AS (
        SELECT lot_id, SUM(quantity) AS quantity, SUM(booked) AS booked
          FROM (%(notes)s) note WHERE date <= %(date)s GROUP BY lot_id
    ), done AS (
        SELECT recognition.lot_id, SUM(recognition.value) AS value
          FROM prepaid_recognition recognition
          JOIN account_move move ON move.id = recognition.move_id
         WHERE move.date <= %(date)s GROUP BY recognition.lot_id
    ), lot AS (
        SELECT lot.*, partner.commercial_partner_id AS owner_id,
               invoice.state = 'posted' AND invoice.date <= %(date)s AS is_booked,
               lot.source_lot_id IS NOT NULL AND (
                   SELECT MIN(COALESCE(allocation.date, entry.date))
                     FROM prepaid_allocation allocation
                     JOIN prepaid_entry entry ON entry.id = allocation.entry_id
                    WHERE allocation.lot_id = lot.id AND entry.kind = %(transfer)s
               ) <= %(date)s AS is_moved_here,
               COALESCE(note.quantity, 0) + COALESCE(gone.quantity, 0) AS gone,
               COALESCE(note.booked, 0) + COALESCE(done.value, 0) AS booked
          FROM prepaid_lot lot
          JOIN prepaid_budget budget ON budget.id = lot.budget_id
          JOIN res_partner partner ON partner.id = budget.partner_id
          LEFT JOIN account_move invoice ON invoice.id = lot.invoice_id
          LEFT JOIN gone ON gone.lot_id = lot.id
          LEFT JOIN note ON note.lot_id = lot.id
          LEFT JOIN done ON done.lot_id = lot.id
         WHERE lot.liability_account_id IS NOT NULL AND lot.company_id = %(company)s
    ), worth AS (
        SELECT liability_account_id AS account_id, owner_id AS partner_id,
               %(date)s - date_from AS age,
               CASE WHEN is_booked OR is_moved_here THEN book_value ELSE 0 END - ROUND(
                   book_value * LEAST(GREATEST(gone, 0), quantity) / quantity
                   / %(rounding)s
               ) * %(rounding)s AS value,
               CASE WHEN is_booked THEN book_value ELSE 0 END - booked AS booked
          FROM lot
    ), lots AS (
        SELECT account_id, partner_id, SUM(value) AS value, SUM(booked) AS booked,
               %(ages)s
          FROM worth GROUP BY account_id, partner_id
    ), ledger AS (
        SELECT line.account_id, partner.commercial_partner_id AS partner_id,
               -SUM(line.balance) AS balance,
               -SUM(line.balance) FILTER (WHERE line.is_downpayment) AS deposits
          FROM account_move_line line
          LEFT JOIN res_partner partner ON partner.id = line.partner_id
         WHERE line.account_id IN (SELECT account_id FROM lots)
           AND line.company_id = %(company)s
           AND line.parent_state = 'posted' AND line.date <= %(date)s
         GROUP BY line.account_id, partner.commercial_partner_id
    )
    SELECT COALESCE(lots.account_id, ledger.account_id) AS account_id,
           COALESCE(lots.partner_id, ledger.partner_id) AS partner_id,
           %(age_names)s,
           COALESCE(lots.value, 0) AS lots,
           COALESCE(lots.booked - lots.value, 0) AS waiting,
           COALESCE(ledger.deposits, 0) AS deposits,
           COALESCE(ledger.balance, 0) AS ledger,
           COALESCE(ledger.balance, 0) - COALESCE(ledger.deposits, 0)
           - COALESCE(lots.booked, 0) AS difference
      FROM lots
      FULL JOIN ledger ON ledger.account_id = lots.account_id
       AND ledger.partner_id = lots.partner_id
"""

#: Columns of the ages, youngest first.
AGES = [f"age_{position}" for position in range(len(AGE_LIMITS) + 1)]
AMOUNTS = [*AGES, "lots", "waiting", "deposits", "ledger", "difference"]


class PrepaidLiability(models.TransientModel):
    """What is owed to customers on a day, and the proof by the books (BF49, B79)."""

    _name = "prepaid.liability"
    _description = "Prepaid Liability"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    date = fields.Date(
        "On",
        required=True,
        default=lambda self: self.env.company._get_autopay_today(),
        help="At the end of this day.",
    )
    line_ids = fields.One2many("prepaid.liability.line", "report_id", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")

    def _compute_rows(self):
        """Return the rows of the report, those that are zero left out.

        :return: list of dicts: account_id, partner_id and amounts, in the currency of
            the company. ``lots``: what is sold and not used; ``waiting``: used, not yet
            booked; ``deposits``: down payments of sales orders on the same account;
            ``ledger``: balance of the account; ``difference``: what none of them
            explains, expected zero
        :raise AccessError: the company is none of the user's
        """
        self.ensure_one()
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._(
                    "The prepaid liability of %(company)s is shown in that company "
                    "only. Switch to it.",
                    company=self.company_id.sudo().display_name,  # its name only
                )
            )
        self.env.flush_all()
        self.env.cr.execute(self._get_query())
        currency = self.currency_id
        rows = [
            {**row, **{name: currency.round(row[name]) for name in AMOUNTS}}
            for row in self.env.cr.dictfetchall()
        ]
        return [row for row in rows if any(row[name] for name in AMOUNTS)]

    def _get_query(self):
        Budget = self.env["prepaid.budget"]
        starts = (None, *AGE_LIMITS)
        ends = (*AGE_LIMITS, None)
        ages = [
            SQL(
                "COALESCE(SUM(value) FILTER (WHERE %s AND %s), 0) AS %s",
                SQL("age > %s", start) if start is not None else SQL("TRUE"),
                SQL("age <= %s", end) if end is not None else SQL("TRUE"),
                SQL.identifier(name),
            )
            for name, start, end in zip(AGES, starts, ends, strict=True)
        ]
        age_names = [
            SQL("COALESCE(%s, 0) AS %s", SQL.identifier("lots", name), SQL(name))
            for name in AGES
        ]
        own = SQL("lot.company_id = %s", self.company_id.id)
        return SQL(
            LIABILITY,
            movements=Budget._get_movement_query(own),
            notes=Budget._get_credit_note_query(own),
            transfer=TRANSFER,
            date=SQL("%s::date", self.date),
            company=self.company_id.id,
            rounding=SQL("%s::numeric", str(self.currency_id.rounding)),
            ages=SQL(", ").join(ages),
            age_names=SQL(", ").join(age_names),
        )

    def _fill(self):
        """Read the rows of today's choice into the report."""
        self.ensure_one()
        self.line_ids.sudo().unlink()  # rows are written by the report only
        self.env["prepaid.liability.line"].sudo().create(  # as above
            [{**row, "report_id": self.id} for row in self._compute_rows()]
        )

    # === ACTIONS === #

    def action_open(self):
        """Show the rows as a list, to group and to export."""
        self._fill()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "prepaid_billing.prepaid_liability_line_action"
            ),
            "domain": [("report_id", "=", self.id)],
            "display_name": self.env._(
                "Prepaid liability on %s", format_date(self.env, self.date)
            ),
        }

    def action_print(self):
        """Print the rows."""
        self._fill()
        report = self.env.ref("prepaid_billing.prepaid_liability_report")
        return report.report_action(self)

    def action_book(self):
        """Have what is waiting booked now, by the scheduled action."""
        self.check_access("write")
        # Whoever sees what waits may have it booked; the job decides what.
        cron_sudo = self.env.ref("prepaid_billing.ir_cron_recognize").sudo()
        cron_sudo._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "What was used is booked in a minute. Open the report again then."
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _get_totals(self):
        """Return the sum of each amount, for the print."""
        self.ensure_one()
        return {name: sum(self.line_ids.mapped(name)) for name in AMOUNTS}
