from . import (
    base_partner_merge,
    prepaid_credit,
    prepaid_deduct,
    prepaid_pay_invoice,
    prepaid_statement,
    prepaid_top_up,
)
