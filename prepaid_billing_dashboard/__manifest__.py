{
    "name": "Prepaid Billing: Dashboard",
    "summary": "A ready-made spreadsheet dashboard of prepaid budgets",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "website": "https://github.com/prepaid-billing/prepaid-billing",
    "author": "Prepaid Billing & Payment Plans contributors",
    "license": "LGPL-3",
    "depends": ["prepaid_billing", "spreadsheet_dashboard"],
    "auto_install": True,
    "data": ["data/spreadsheet_dashboard_data.xml"],
}
