from odoo import api, fields, models

from .. import const
from ..tools.money import from_units, to_units
from ..tools.spread import spread


class AccountMoveCredit(models.Model):
    """A credit note on an invoice that a plan divides: which due dates it lowers."""

    _inherit = "account.move"

    payment_plan_spread = fields.Selection(
        const.CREDIT_SPREADS,
        "Credit on",
        copy=False,
        help="Which payments of the plan become smaller; the next due one stays as it "
        "is where the last ones come first.",
    )
    is_plan_credit_note = fields.Boolean(compute="_compute_is_plan_credit_note")

    @api.depends("move_type", "reversed_entry_id.payment_plan_id")
    def _compute_is_plan_credit_note(self):
        for move in self:
            # Who may credit the invoice need not read plans.
            plan_sudo = move.reversed_entry_id.sudo().payment_plan_id
            move.is_plan_credit_note = move.move_type == "out_refund" and plan_sudo

    @api.depends("payment_plan_spread", "reversed_entry_id")
    def _compute_needed_terms(self):
        """One due line of the credit note for each payment that it lowers (P29)."""
        result = super()._compute_needed_terms()
        for move in self.filtered("is_plan_credit_note"):
            if terms := move._get_credit_terms():
                move.needed_terms = terms
        return result

    def _get_credit_terms(self):
        """Return the due lines of a credit note, or nothing where core's are right.

        Once it is posted they are what they are: what is open changes by them.
        """
        self.ensure_one()
        if self.state == "posted":
            terms = self.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
            return {
                self._get_term_key(term.date_maturity): {
                    "balance": term.balance,
                    "amount_currency": term.amount_currency,
                }
                for term in terms
            }
        total = self.currency_id.round(abs(self.amount_total))
        parts = self._get_credit_parts()
        if rest := self.currency_id.round(total - sum(parts.values())):
            day = self.invoice_date_due or self.date
            parts[day] = parts.get(day, 0.0) + rest
        return self._divide_into_terms(parts, -1)

    def _get_credit_parts(self):
        """Return by how much this credit note lowers what is due on which day.

        :return: dict: day -> money, empty where the currencies differ
        """
        self.ensure_one()
        invoice = self.reversed_entry_id
        if invoice.currency_id != self.currency_id or invoice.state != "posted":
            return {}
        rounding = self.currency_id.rounding
        terms = invoice._get_open_plan_terms()
        opens = [to_units(t.amount_residual_currency, rounding) for t in terms]
        how = self.payment_plan_spread or const.LAST
        parts = spread(to_units(abs(self.amount_total), rounding), opens, how)
        return {
            term.date_maturity: from_units(part, rounding)
            for term, part in zip(terms, parts, strict=True)
            if part
        }

    def _get_open_plan_terms(self):
        """Return the due lines of this invoice that are open, the next first."""
        self.ensure_one()
        return self.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term"
                and line.amount_residual_currency > 0
                and not line.reconciled
            )
        ).sorted("date_maturity")

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Lower the payments that were chosen; core would lower the next ones (P29)."""
        for note in reverse_moves:  # several can be of one invoice
            if note.is_plan_credit_note:
                note._lower_plan_terms(note.reversed_entry_id)
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _lower_plan_terms(self, invoice):
        """Reconcile each due line of this credit note with the one of the same day.

        Where somebody paid since it was drafted, the rest lowers the last ones.
        """
        items = self.line_ids.filtered(lambda ln: ln.display_type == "payment_term")
        for term in invoice._get_open_plan_terms():
            same = items.filtered(
                lambda item, term=term: item.date_maturity == term.date_maturity
            )
            self._lower_plan_term(term, same)
        if self.payment_plan_spread in (False, const.LAST):
            for term in reversed(invoice._get_open_plan_terms()):
                self._lower_plan_term(term, items)

    def _lower_plan_term(self, term, items):
        usable = items.filtered(
            lambda item: not item.reconciled and item.account_id == term.account_id
        )
        if usable:
            (usable + term).reconcile()

    def js_assign_outstanding_line(self, line_id):
        """Use other credit notes of the customer for the last payments first (P29)."""
        item = self.env["account.move.line"].browse(line_id)
        plan_sudo = self.sudo().payment_plan_id  # as above
        if not plan_sudo or item.move_id.move_type != "out_refund":
            return super().js_assign_outstanding_line(line_id)
        for term in reversed(self._get_open_plan_terms()):
            self._lower_plan_term(term, item)
        return None
