from odoo.http import request

from odoo.addons.account_payment.controllers.portal import PortalAccount


class AutopayInvoicePortal(PortalAccount):
    """The page of an invoice says when it is paid automatically."""

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        viewer = request.env.user.partner_id
        return {**values, "autopay": invoice._get_portal_autopay(viewer)}
