from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import ASKED_STATES, MANDATE_ACTIVE, STOPPED
from ..tools import lock_rows


class AccountMove(models.Model):
    _inherit = "account.move"

    autopay_collection_ids = fields.One2many(
        "autopay.collection", "move_id", "Automatic payment", readonly=True
    )
    autopay_state = fields.Selection(related="autopay_collection_ids.state")
    autopay_date = fields.Date(
        related="autopay_collection_ids.date", string="Next automatic charge"
    )
    autopay_reason = fields.Char(
        related="autopay_collection_ids.reason",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    #: Changed by whoever takes money for the invoice; see `_lock_for_payment`.
    autopay_lock = fields.Integer(readonly=True, copy=False, groups="base.group_system")

    def _lock_for_payment(self):
        """Make every other way to take money for these invoices wait, then start over.

        A concurrent payment, its reconciliation included, fails with a serialization
        error, which Odoo answers by trying again on fresh data.
        """
        if not self:
            return
        self.env.flush_all()
        lock_rows(self)
        self.env.cr.execute(
            SQL(
                "UPDATE account_move SET autopay_lock = COALESCE(autopay_lock, 0) + 1"
                " WHERE id IN %s",
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(flush=False)

    # === ENROLLING === #

    def _post(self, soft=True):
        """Collect posted invoices by the mandates that their customers gave."""
        posted = super()._post(soft=soft)
        posted._enroll_autopay()
        return posted

    def _enroll_autopay(self):
        """Schedule the automatic payment of these invoices where a mandate allows it.

        Usable again: an invoice that is collected already is left alone.

        :return: the new `autopay.collection`
        """
        # Whoever posts an invoice, the customer's mandate counts.
        Collection = self.env["autopay.collection"].sudo()
        invoices = self.filtered(
            lambda m: (
                m.move_type == "out_invoice"
                and m.state == "posted"
                and not m.currency_id.is_zero(m.amount_residual)
            )
        )
        invoices = invoices._filter_autopay_customers()
        if not invoices:
            return Collection
        known = Collection.search([("move_id", "in", invoices.ids)]).move_id
        new_sudo = (invoices - known).sudo()
        mandates = {invoice: invoice._get_autopay_mandate() for invoice in new_sudo}
        return Collection.create(
            [
                {
                    "move_id": invoice.id,
                    "mandate_id": mandate.id,
                    "company_id": invoice.company_id.id,
                    "partner_id": invoice.commercial_partner_id.id,
                    **invoice._prepare_autopay_dates(),
                }
                for invoice, mandate in mandates.items()
                if mandate
            ]
        )

    def _filter_autopay_customers(self):
        """Return those whose customers gave any mandate: one look-up for a batch."""
        if not self:
            return self
        mandates_sudo = (
            self.env["autopay.mandate"]
            .sudo()  # whoever posts an invoice, as above
            .search(
                [
                    ("state", "=", MANDATE_ACTIVE),
                    ("partner_id", "in", self.commercial_partner_id.ids),
                ]
            )
        )
        return self.filtered(
            lambda move: move.commercial_partner_id in mandates_sudo.partner_id
        )

    def _prepare_autopay_dates(self):
        """Return the days of a new automatic payment.

        An app can have agreed with the customer on a day before the due date, or so
        soon that no notice was promised.
        """
        self.ensure_one()
        date = self._get_autopay_date()
        soonest = self.company_id._get_soonest_autopay_date()
        due = self._get_first_due_date()
        return {
            "date": date,
            "early_until": due if due and due > date else False,
            "noticed_date": date if date < soonest else False,
        }

    def _get_autopay_document(self):
        """Return the record whose own mandate pays this invoice; hook for the apps.

        :return: a record, or None when only the customer's common mandate counts
        """
        self.ensure_one()
        return

    def _get_autopay_mandate(self):
        """Return the active mandate that pays this invoice, possibly empty."""
        self.ensure_one()
        return self.env["autopay.mandate"]._find(
            self.partner_id,
            self.currency_id,
            self.company_id,
            self._get_autopay_document(),
        )

    def _get_autopay_date(self):
        """Return the day of the first charge; hook for the apps.

        It is the first due date, but never so soon that the notice would come late.

        :return: day in the company's time zone
        """
        self.ensure_one()
        soonest = self.company_id._get_soonest_autopay_date()
        return max(self._get_first_due_date() or soonest, soonest)

    def _get_first_due_date(self):
        terms = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        return min(filter(None, terms.mapped("date_maturity")), default=False)

    def _get_next_autopay_number(self):
        """Return the number of the next attempt on this invoice."""
        self.ensure_one()
        [(last,)] = self.env["autopay.attempt"]._read_group(
            [("move_id", "=", self.id)], [], ["number:max"]
        )
        return (last or 0) + 1

    def action_view_autopay(self):
        """Open the automatic payment of this invoice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "autopay.collection",
            "res_id": self.autopay_collection_ids.id,
            "view_mode": "form",
        }

    # === WHAT ACCOUNTANTS DO === #

    def button_draft(self):
        """Charge nothing for an invoice that is being changed (P31)."""
        canceled = self.filtered(lambda move: move.state == "cancel")
        result = super().button_draft()
        reason = self.env._("The invoice was reset to draft: release it after checking")
        canceled.autopay_collection_ids.sudo()._reopen_canceled()  # as any collection
        self._get_autopay_collections_sudo()._freeze(reason)
        self._get_autopay_collections_sudo()._forget_notice()
        self.origin_payment_id._freeze_autopay()  # the entry of a payment, by hand
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        attempts_sudo = self.env["autopay.attempt"].sudo()  # whoever deletes
        charged = attempts_sudo.search([("move_id", "in", self.ids)]).move_id
        for move in charged:
            raise UserError(
                self.env._(
                    "%s was charged automatically, or that was tried: its history "
                    "cannot be deleted. Cancel the invoice instead.",
                    move.display_name,
                )
            )

    def button_cancel(self):
        """Charge nothing for a canceled invoice (P31)."""
        result = super().button_cancel()
        canceled = self.filtered(lambda move: move.state == "cancel")
        collections_sudo = canceled._get_autopay_collections_sudo()
        collections_sudo._stop(self.env._("The invoice was canceled"))
        collections_sudo.is_canceled = True
        return result

    def _get_autopay_collections_sudo(self):
        # Who pays or changes an invoice may not see automatic payments.
        return (
            self.env["autopay.collection"]
            .sudo()  # as above
            .search([("move_id", "in", self.ids), ("state", "!=", STOPPED)])
        )

    def _follow_autopay(self):
        """Tell the automatic payments of these invoices that money came or went."""
        if self:
            self._get_autopay_collections_sudo()._follow_invoices()

    # === PAYING BY HAND === #

    def _check_online_amount(self, amount):
        """Make sure that a customer pays something, and not more than is open.

        :param amount: what the browser says, in the currency of the invoices
        :raise UserError: it is no such amount
        """
        if any(m.move_type != "out_invoice" or m.state != "posted" for m in self):
            return  # core knows what to do with those
        currency = self.currency_id[:1]
        most = sum(self.mapped("amount_residual"))
        is_possible = isinstance(amount, int | float) and 0 < amount < float("inf")
        if not is_possible or currency.compare_amounts(amount, most) > 0:
            raise UserError(
                self.env._(
                    "This amount cannot be paid. %(amount)s are open on %(invoices)s.",
                    amount=currency.format(most),
                    invoices=", ".join(self.mapped("name")),
                )
            )

    def _get_paying_sudo(self):
        """Return the transactions by which this invoice may be paid; hook.

        :return: `payment.transaction` as the system: customers pay, too
        """
        self.ensure_one()
        # Customers may not read transactions, not even their own.
        return self.sudo().transaction_ids

    def _check_payable_online(self):
        """Make sure that paying these invoices now cannot take money twice (P22, PF80).

        Call it under the lock, before a transaction is made.

        :raise UserError: another payment is under way, or nothing is open
        """
        attempts_sudo = (
            self.env["autopay.attempt"]
            .sudo()  # customers pay too
            .search([("move_id", "in", self.ids), ("state", "in", ASKED_STATES)])
        )
        for invoice in self:
            is_tried = invoice in attempts_sudo.move_id
            if not is_tried and not invoice._get_paying_sudo()._get_under_way():
                continue
            raise UserError(
                self.env._(
                    "%s: a payment is in progress. Wait for its result before you pay "
                    "again; you are not charged twice.",
                    invoice.name,
                )
            )
        for invoice in self.filtered(lambda move: move.state == "posted"):
            if invoice.payment_state in ("paid", "in_payment", "reversed"):
                raise UserError(self.env._("%s is paid already.", invoice.name))
