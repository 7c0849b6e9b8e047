"""The words of the tax on prepaid credit."""

# When the tax of what is sold in advance is due.
TAX_AT_TOP_UP = "top_up"
TAX_AT_USE = "use"

TAX_POLICIES = [
    (TAX_AT_TOP_UP, "When it is sold: on the top-up invoice"),
    (TAX_AT_USE, "When it is used: on the invoice of the work"),
]

# Only shown: credit that paid an invoice, or came back from it.
SHOWN_PAID = "paid"
SHOWN_TAKEN_BACK = "taken_back"
