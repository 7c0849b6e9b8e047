from . import prepaid_credit, prepaid_deduct, prepaid_statement, prepaid_top_up
