from . import prepaid_liability, prepaid_statement_report
