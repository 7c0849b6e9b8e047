from . import portal_quote, portal
from . import portal_contract
from . import portal_extra
