from . import (
    base_partner_merge,
    prepaid_close,
    prepaid_credit,
    prepaid_deduct,
    prepaid_deduct_line,
    prepaid_deduct_summary,
    prepaid_lot_change,
    prepaid_pay_invoice,
    prepaid_statement,
    prepaid_top_up,
    sale_advance_payment_inv,
)
