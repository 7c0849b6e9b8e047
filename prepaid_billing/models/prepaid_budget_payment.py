from odoo import models

from ..const import CONSUME
from ..tools.allocation import REFUSE, Work, plan, take


class PrepaidBudgetPayment(models.Model):
    """Credit that was sold without tax pays taxed invoices of the customer (B76)."""

    _inherit = "prepaid.budget"

    def _plan_payment(self, invoice):
        """Say what of an invoice this budget would pay, and from which lots.

        :param invoice: `account.move`
        :return: :class:`~..tools.allocation.Cover`
        """
        self.ensure_one()
        [cover] = plan(
            [
                Work(
                    id=invoice.id,
                    value=self._to_units(invoice.amount_residual),
                    hours=1.0,
                    rate=invoice.amount_residual,
                    work_date=invoice.invoice_date,
                )
            ],
            self._get_credits()[self],
            self.shortage_policy,
            self.currency_id.rounding,
        )
        return cover

    def _pay_invoice(self, invoice, takes, key=None):
        """Book that lots pay for an invoice, in ledger and books, and reconcile it.

        The budget must be locked.

        :param invoice: `account.move`, posted and open
        :param dict takes: lot id -> whole smallest amounts, above zero
        :param str key: request key
        :return: the new `prepaid.entry`
        """
        self.ensure_one()
        movement = self._prepare_payment_movement(invoice, takes, key)
        entry = self._post_entries([movement])
        entry._settle_invoice()
        return entry

    def _prepare_payment_movement(self, invoice, takes, key):
        earlier = self.env["prepaid.entry"].search_count(
            [("invoice_id", "=", invoice.id)]
        )
        return {
            "budget": self,
            "kind": CONSUME,
            "name": invoice.name,
            "quantity": -sum(takes.values()),
            "takes": [(lot_id, -units) for lot_id, units in takes.items()],
            "invoice_id": invoice.id,
            "work_date": invoice.invoice_date,
            "consumption_order": self.consumption_order,
            # Two transactions that both pay the same invoice compute the same key.
            "key": f"invoice/{invoice.id}/{earlier}",
            "request_key": key,
        }

    def _pays_all_or_nothing(self):
        """Whether an invoice is paid in whole or not at all."""
        self.ensure_one()
        return self.shortage_policy == REFUSE

    def _cut_takes(self, takes, units):
        """Return what is taken first of lots, up to an amount.

        :param dict takes: lot id -> whole smallest amounts, in the order of use
        :param int units: whole smallest amounts
        :return: dict lot id -> whole smallest amounts
        """
        return dict(take(units, dict(takes)))

    def _post_transfer(self, target, takes, reason, key=None):
        """Tell the books at once what moved: payments are told at once, too.

        What moves is worth what all before it left over. Told later than a payment that
        is taken back, its value would be a cent more or less than what has moved.
        """
        entries = super()._post_transfer(target, takes, reason, key)
        if self._is_taxed_at_use():
            self._recognize(until=self.company_id._get_autopay_today())
        return entries
