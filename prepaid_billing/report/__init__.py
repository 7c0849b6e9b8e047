from . import (
    prepaid_liability,
    prepaid_liability_line,
    prepaid_statement_report,
)
