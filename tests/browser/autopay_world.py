"""A customer with invoices, and Odoo's demo provider that keeps payment methods."""

from datetime import date, timedelta


class AutopayWorld:
    """One customer who can log in; the password equals the login."""

    def __init__(self, rpc, login: str, name: str):
        self.rpc, self.login = rpc, login
        self._prepare_provider()
        company = rpc.ref("base.main_company")
        rpc.call("res.company", "write", [company], {"autopay_notice_days": 0})
        self.customer = rpc.create(
            "res.partner", name=name, is_company=True, email=f"{login}@example.com"
        )
        rpc.create(
            "res.users",
            login=login,
            password=login,
            name=name,
            partner_id=self.customer,
            group_ids=[(6, 0, [rpc.ref("base.group_portal")])],
        )

    def _prepare_provider(self) -> None:
        provider = self.rpc.search("payment.provider", ("code", "=", "demo"))[:1]
        journal = self.rpc.search("account.journal", ("type", "=", "bank"))[0]
        for vals in (
            {"state": "test", "is_published": True},
            {"allow_tokenization": True, "journal_id": journal},
        ):
            self.rpc.call("payment.provider", "write", provider, vals)

    def invoice(self, label: str, amount: float, days: int = 0) -> int:
        """Post an invoice that is due in so many days."""
        due = str(date.today() + timedelta(days=days))
        line = {"name": label, "price_unit": amount, "tax_ids": [(6, 0, [])]}
        invoice = self.rpc.create(
            "account.move",
            move_type="out_invoice",
            partner_id=self.customer,
            invoice_date=str(date.today()),
            invoice_date_due=due,
            invoice_payment_term_id=False,
            invoice_line_ids=[(0, 0, line)],
        )
        self.rpc.call("account.move", "action_post", [invoice])
        return invoice

    def name(self, invoice: int) -> str:
        """Return the number of an invoice."""
        return self.rpc.read("account.move", invoice, "name")

    def collect(self) -> None:
        """Let the scheduled action charge what is due."""
        cron = self.rpc.ref("invoice_autopay.ir_cron_collect")
        self.rpc.call("ir.cron", "method_direct_trigger", [cron])

    def is_paid(self, invoice: int) -> bool:
        """Whether nothing is open on an invoice."""
        return self.rpc.read("account.move", invoice, "amount_residual") == 0.0

    def transactions(self, invoice: int) -> int:
        """Return how many payments of an invoice were ever started."""
        ids = self.rpc.search("payment.transaction", ("invoice_ids", "in", [invoice]))
        return len(ids)
