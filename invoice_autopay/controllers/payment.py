from odoo.exceptions import UserError, ValidationError
from odoo.http import request

from odoo.addons.account_payment.controllers.payment import PaymentPortal


class AutopayPaymentPortal(PaymentPortal):
    """One payment of an invoice at a time, from however many tabs and jobs."""

    def _process_transaction(
        self, partner_id, currency_id, invoice_ids, payment_reference, **kwargs
    ):
        """Refuse to start a payment while another one is under way (P22, PF80).

        :raise ValidationError: a payment is in progress, or nothing is open
        """
        invoices_sudo = request.env["account.move"].sudo().browse(invoice_ids)
        # The caller has checked access to these invoices.
        invoices_sudo._lock_for_payment()
        try:
            invoices_sudo._check_payable_online()
            invoices_sudo._check_online_amount(kwargs.get("amount"))
        except UserError as error:
            raise ValidationError(str(error)) from error
        return super()._process_transaction(
            partner_id, currency_id, invoice_ids, payment_reference, **kwargs
        )

    def _get_extra_payment_form_values(self, autopay=None, **kwargs):
        """Lead back to automatic payments after a method was saved for them."""
        values = super()._get_extra_payment_form_values(**kwargs)
        if autopay == "new":
            values["landing_route"] = "/my/autopay/new"
        return values
