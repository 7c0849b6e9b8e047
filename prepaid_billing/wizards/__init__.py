from . import prepaid_deduct, prepaid_top_up
