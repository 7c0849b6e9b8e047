from odoo.addons.payment.controllers.portal import PaymentPortal


class AutopayPortal(PaymentPortal):
    """The customer's automatic payments: see, change the method, stop."""
