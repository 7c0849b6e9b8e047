from . import autopay_grant, autopay_hold
