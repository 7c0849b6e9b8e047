from . import payment, portal, portal_invoice, portal_method
