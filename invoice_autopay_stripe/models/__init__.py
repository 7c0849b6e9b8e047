from . import payment_provider
from . import payment_provider_reconcile
from . import payment_token
from . import payment_token_expiry
from . import payment_transaction
from . import payment_transaction_intent
from . import payment_transaction_dispute
from . import payment_transaction_refund
