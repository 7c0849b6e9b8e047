from odoo import fields, models

from ..const import USABLE_PAID


class AccountMovePortalTopUp(models.Model):
    """Top-up invoices that customers ordered by themselves (BF40)."""

    _inherit = "account.move"

    is_prepaid_portal = fields.Boolean(
        "Ordered in the portal",
        readonly=True,
        copy=False,
        help="The customer ordered this top-up and may cancel it until it is paid.",
    )

    def _get_portal_pay_url(self):
        """Return the address of the page with core's payment form for this invoice."""
        self.ensure_one()
        return self.get_portal_url(anchor="portal_pay", query_string="&payment=True")

    def _can_cancel_in_portal(self):
        """Whether the customer may cancel this order: nothing is or is being paid.

        A payment form that was left long ago does not count: money that arrives by it
        nevertheless is kept as the customer's credit.
        """
        self.ensure_one()
        move_sudo = self.sudo()  # transactions that customers cannot read
        is_unpaid = self.currency_id.is_zero(self.amount_total - self.amount_residual)
        return bool(
            self.is_prepaid_portal
            and self.state == "posted"
            and self.payment_state == "not_paid"
            and is_unpaid
            and not move_sudo.transaction_ids._get_in_progress()
            and not move_sudo._is_autopay_under_way()
        )

    def _cancel_prepaid_order(self):
        """Cancel an unpaid order; by a credit note where the books are sealed."""
        self.ensure_one()
        note = self.env._("Canceled in the portal by %s", self.env.user.name)
        is_sealed = bool(self.inalterable_hash) or self._get_violated_lock_dates(
            self.date, self._affect_tax_report()
        )
        if is_sealed:
            today = self.company_id._get_autopay_today()
            self._reverse_moves(
                [{"ref": note, "date": today, "invoice_date": today}], cancel=True
            )
        else:
            self.button_cancel()
        self._message_log(body=note)


class AccountMoveLinePortalTopUp(models.Model):
    _inherit = "account.move.line"

    def _prepare_prepaid_lot_vals(self):
        """Nobody gives credit to himself: what customers order counts when paid."""
        vals = super()._prepare_prepaid_lot_vals()
        if self.move_id.is_prepaid_portal:
            vals["usable_when"] = USABLE_PAID
        return vals
