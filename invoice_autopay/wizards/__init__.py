from . import autopay_grant, autopay_hold, base_partner_merge
