from . import portal_quote, portal
from . import portal_contract
