from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.invoice_autopay.tools import lock_rows

from ..const import REFUND, WITHDRAW

#: Which request made an invoice; never written by a person or over RPC.
REQUEST_FIELDS = frozenset({"prepaid_request_key", "is_prepaid_portal"})


class AccountMove(models.Model):
    _inherit = "account.move"

    prepaid_lot_ids = fields.One2many(
        "prepaid.lot", "invoice_id", "Prepaid lots", readonly=True
    )
    prepaid_request_key = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Key of the request that made this top-up invoice.",
    )
    prepaid_budget_ids = fields.Many2many(
        "prepaid.budget",
        string="Prepaid budgets",
        compute="_compute_prepaid_budget_ids",
        compute_sudo=True,
    )

    _prepaid_request_unique = models.UniqueIndex(
        "(prepaid_request_key) WHERE prepaid_request_key IS NOT NULL"
    )

    @api.depends("invoice_line_ids.prepaid_budget_id")
    def _compute_prepaid_budget_ids(self):
        for move in self:
            move.prepaid_budget_ids = move.invoice_line_ids.prepaid_budget_id

    # === GUARDS === #

    @api.model
    def default_get(self, fields):
        """No default value from anywhere says who asked for a top-up."""
        return super().default_get([f for f in fields if f not in REQUEST_FIELDS])

    @api.model_create_multi
    def create(self, vals_list):
        """Who asked for a top-up is written by the top-up, never by hand.

        :raise UserError: such a field is given
        """
        for vals in vals_list:
            self._ensure_prepaid_untyped(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Who asked for a top-up stays as it is.

        :raise UserError: such a field is given
        """
        self._ensure_prepaid_untyped(vals)
        return super().write(vals)

    def _ensure_prepaid_untyped(self, vals):
        if REQUEST_FIELDS & vals.keys() and not self.env.su:
            raise UserError(
                self.env._(
                    "Which request made a top-up invoice, and whether the customer "
                    "ordered it, cannot be typed. Make the invoice with Top up on the "
                    "budget."
                )
            )

    # === LIFE OF AN INVOICE === #

    def _post(self, soft=True):
        """Credit is born with its posted invoice and withdrawn by a credit note."""
        self._take_prepaid_refunds()
        posted = super()._post(soft=soft)
        invoices = posted.filtered(lambda m: m.move_type == "out_invoice")
        invoices.invoice_line_ids._create_prepaid_lots()
        refunds = posted.filtered(lambda m: m.move_type == "out_refund")
        # As in _get_prepaid_lots_sudo.
        refunded_sudo = refunds.invoice_line_ids.prepaid_refund_lot_id.sudo()
        refunded_sudo._sync_with_invoice(loss_kind=REFUND)
        # Payments that stayed reconciled with a draft count again from now on.
        (invoices | posted._get_prepaid_paid_invoices())._sync_prepaid_lots()
        return posted

    def button_draft(self):
        """Take the credit of these invoices back, unless it was ever used.

        :raise UserError: work was deducted from the credit of an invoice
        """
        lots = self._get_prepaid_lots_sudo()
        for move in self:
            used = lots.filtered(lambda lot, move=move: lot.invoice_id == move)
            used._ensure_not_credited()
            if used and used._is_ever_used():
                raise UserError(
                    self.env._(
                        "%(invoice)s cannot be reset to draft: work was deducted from "
                        "its prepaid credit. Make a credit note for the unused part "
                        "instead (%(amount)s).",
                        invoice=move.name,
                        amount=move.currency_id.format(
                            sum(used._get_refundable_values().values())
                        ),
                    )
                )
        refunded = self.invoice_line_ids.prepaid_refund_lot_id.sudo()  # as above
        result = super().button_draft()
        lots._detach()
        refunded._sync_with_invoice()
        self._get_prepaid_paid_invoices()._sync_prepaid_lots()
        return result

    def button_cancel(self):
        """A canceled top-up is not made again by itself."""
        result = super().button_cancel()
        self._get_prepaid_episodes_sudo()._close_if_settled()
        return result

    def unlink(self):
        """A deleted top-up is not made again by itself."""
        episodes_sudo = self._get_prepaid_episodes_sudo()
        result = super().unlink()
        episodes_sudo.invalidate_recordset(["invoice_id"])
        episodes_sudo._close_if_settled()
        return result

    # === CREDIT === #

    def _get_prepaid_paid_invoices(self):
        """Return the invoices that these payment entries settle.

        An entry that is reset to draft stays reconciled; its payment stays as it is.
        """
        return self.line_ids.matched_debit_ids.debit_move_id.move_id

    def _get_prepaid_lots_sudo(self):
        # An accountant without rights on budgets still moves their credit.
        return self.env["prepaid.lot"].sudo().search([("invoice_id", "in", self.ids)])

    def _get_prepaid_episodes_sudo(self):
        # As above.
        return (
            self.env["prepaid.replenishment"]
            .sudo()  # whoever cancels or deletes a top-up
            .search([("invoice_id", "in", self.ids)])
        )

    def _sync_prepaid_lots(self, loss_kind=WITHDRAW):
        """Bring the credit of these invoices to what was received for them.

        :param str loss_kind: kind of the entry when credit is taken back
        """
        lots_sudo = (self | self._get_prepaid_final_invoices())._get_prepaid_lots_sudo()
        if lots_sudo:
            lots_sudo._sync_with_invoice(loss_kind)

    def _get_prepaid_final_invoices(self):
        """Return the invoices that these down payments were taken off."""
        deposits = self.invoice_line_ids.filtered("is_downpayment")
        # An accountant may not read sales orders.
        return deposits.sudo().sale_line_ids.invoice_lines.move_id - self

    def _take_prepaid_refunds(self):
        """Fix what these credit notes take back before they are posted.

        :raise UserError: a credit note takes more than is left unused, gives back
            prepaid credit without naming its invoice, or is that of somebody else
        """
        refunds = self.filtered(lambda move: move.move_type == "out_refund")
        lines = refunds.invoice_line_ids.filtered(
            lambda line: line.prepaid_refund_lot_id or line._is_prepaid_without_lot()
        )
        for line in lines.filtered(lambda line: not line.prepaid_refund_lot_id):
            raise UserError(
                self.env._(
                    "%(refund)s gives back %(product)s without naming the invoice that "
                    "sold it. Use the button Credit Note on that invoice.",
                    refund=line.move_id.display_name,
                    product=line.product_id.display_name,
                )
            )
        lots = lines.prepaid_refund_lot_id.sudo()  # as in _get_prepaid_lots_sudo
        if not lots:
            return
        for line in lines:
            line._ensure_prepaid_refundable()
        lock_rows(lots.invoice_id)  # before the budgets, as payments do
        lots.budget_id._lock_for_ledger()
        lots._take_refunds(lines)

    def _get_prepaid_received_share(self):
        """Return the share of the invoice that was received as money, 0 to 1.

        Money is what a live payment or a bank statement line brought. A credit note or
        a journal entry settles an invoice without any money. What a credit note takes
        off the packs is no longer due; what it takes off other lines lowers those only.
        Money for a down payment counts for the invoice it was taken off.
        """
        self.ensure_one()
        deposits = self._get_prepaid_deposits()
        due = self.amount_total + sum(deposits.mapped("amount_total"))
        refunds = self.reversal_move_ids.filtered(
            lambda m: m.state == "posted" and m.move_type == "out_refund"
        )
        others = sum(
            refunds.invoice_line_ids.filtered(
                lambda line: not line.prepaid_refund_lot_id
            ).mapped("price_total")
        )
        packs = sum(refunds.mapped("amount_total")) - others
        packs_sold = sum(self.prepaid_lot_ids.invoice_line_id.mapped("price_total"))
        due -= packs + min(others, max(due - packs_sold, 0.0))
        if self.currency_id.compare_amounts(due, 0) <= 0:
            return 0.0
        received = sum(m._get_prepaid_payments()[0] for m in self | deposits)
        return max(0.0, min(received / due, 1.0))

    def _get_prepaid_deposits(self):
        """Return the posted down payment invoices that this invoice takes off."""
        self.ensure_one()
        taken_off = self.invoice_line_ids.filtered(
            lambda line: line.is_downpayment and line.price_subtotal < 0
        )
        # An accountant may not read sales orders.
        deposits = taken_off.sudo().sale_line_ids.invoice_lines.move_id - self
        return deposits.filtered(
            lambda m: m.state == "posted" and m.move_type == "out_invoice"
        )

    def _get_prepaid_payments(self):
        """Return (received, in doubt): what live and other payments settle.

        :return: tuple of money in the currency of the invoice; "in doubt" are payments
            that were reset, rejected or canceled but are still reconciled
        """
        self.ensure_one()
        received = doubtful = 0.0
        receivable = self.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        for partial in receivable.matched_credit_ids:
            counterpart = partial.credit_move_id.move_id
            payment = counterpart.origin_payment_id
            if not payment and not counterpart.statement_line_id:
                continue
            money = self._get_prepaid_money(partial)
            is_live = counterpart.state == "posted" and (
                not payment or payment.state in ("in_process", "paid")
            )
            if is_live:
                received += money
            else:
                doubtful += money
        return received, doubtful

    def _get_prepaid_money(self, partial):
        """Return what of a partial reconciliation was received, not written off.

        A payment entry may settle more than it brought: the difference is written off
        inside it. Such lines count for nothing, with one exception: the discount for
        early payment that the invoice's own term grants, on a day it is granted.

        :param partial: `account.partial.reconcile` of a receivable of this invoice
        :return: money in the currency of the invoice
        """
        self.ensure_one()
        settled = partial.debit_amount_currency
        entry = partial.credit_move_id.move_id
        source = entry.origin_payment_id or entry.statement_line_id
        liquidity = sum(source._seek_for_lines()[0].mapped("balance"))
        receivable = -sum(
            entry.line_ids.filtered(
                lambda line: (
                    line.account_id.account_type == "asset_receivable"
                    and line.balance < 0
                )
            ).mapped("balance")
        )
        if entry.company_currency_id.compare_amounts(liquidity, receivable) >= 0:
            return settled
        received = settled * liquidity / receivable if liquidity > 0 else 0.0
        due = partial.debit_move_id
        granted = 0.0
        if due.discount_date and entry.date <= due.discount_date:
            granted = due.amount_currency - due.discount_amount_currency
        return received + min(settled - received, granted)

    def _is_prepaid_open(self):
        """Whether credit may still come from this invoice as it stands."""
        self.ensure_one()
        if self.state == "draft":
            return True
        if self.state != "posted":
            return False
        residual_left = not self.currency_id.is_zero(self.amount_residual)
        return residual_left or self._get_prepaid_payments()[1] > 0

    def _get_prepaid_net(self, budget):
        """Return the credit that each of these invoices will bring to a budget.

        :param budget: `prepaid.budget`
        :return: list of quantities in the unit of the budget
        """
        return [
            sum(
                line._get_prepaid_quantity()
                for line in move.invoice_line_ids.filtered(budget._is_filled_by)
            )
            for move in self
        ]

    def _send_prepaid_later(self):
        """Queue the mails of these invoices; they go out after the commit.

        Core's own queue renders the PDF and sends, in its own transaction.
        """
        if not self:
            return
        author = self.env.user
        self.sending_data = {
            "author_user_id": author.id,
            "author_partner_id": author.partner_id.id,
        }
        # Anyone who may post a top-up may have it sent.
        self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()
