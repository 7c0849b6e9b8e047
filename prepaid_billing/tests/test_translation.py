"""A customer who speaks French reads French: pages, paper, spreadsheet, mail."""

import io

from openpyxl import load_workbook

from .test_alert import AlertCommon
from .test_portal import PrepaidPortalCommon


class TestTranslation(AlertCommon, PrepaidPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        env = cls.env(su=True)
        env["res.lang"]._activate_lang("fr_FR")
        env["ir.module.module"].search(
            [("name", "in", ("invoice_autopay", "prepaid_billing"))]
        )._update_translations(["fr_FR"])
        (cls.customer + cls.contact).lang = "fr_FR"

    def _read_french(self, url):
        return self._get_text(self._get_page(url))

    def test_bf50_french_portal(self):
        """Balance, movements, search, top-up and what is refused."""
        budget = self._create_budget(500.0, threshold=100.0)
        self._spend(120.0, name="Atelier")
        self._buy(budget, 200.0, pay=False)
        page = self._read_french(f"/my/prepaid/{budget.id}")
        for words in (
            "Solde",
            "En attente de votre paiement",
            "Factures à payer",
            "Mouvements",
            "Utilisé Atelier",
            "Rechargé",
            "Travail du",
            "Une question ?",
        ):
            self.assertIn(words, page)
        for words in ("Balance", "Movements", "Worked on", "Topped up", "Waiting"):
            self.assertNotIn(words, page)
        top_up = self._read_french(f"/my/prepaid/{budget.id}/top-up")
        self.assertNotIn("waiting for your payment", top_up)
        error = self._read_french(
            f"/my/prepaid/{budget.id}/statement?date_from=2026-06-30&date_to=2026-06-01"
        )
        self.assertIn("se termine avant de commencer", error)

    def test_bf52_french_statement(self):
        """Paper and spreadsheet, whoever prints them."""
        budget = self._create_budget(500.0)
        today = self.company._get_autopay_today()
        Report = self.env["ir.actions.report"]
        content, _type = Report._render_qweb_html(
            "prepaid_billing.prepaid_statement_report",
            budget.ids,
            {"date_from": today, "date_to": today},
        )
        paper = content.decode()
        for words in ("Relevé :", "Solde de clôture", "hors taxes", "Rechargé"):
            self.assertIn(words, paper)
        book = load_workbook(io.BytesIO(budget._render_statement_xlsx(today, today)))
        self.assertEqual(book.active.title, "Relevé")

    def test_bf56_french_mail(self):
        """The customer's mail is French, that of the responsible is not."""
        self._create_watched(200.0, 100.0, tell_customer=True)
        self._spend(150.0)
        self._end_transaction()
        mails = self._send()
        to_customer = mails.filtered(lambda m: self.customer in m.recipient_ids)
        to_staff = mails - to_customer
        self.assertIn("est passé sous", to_customer.subject)
        self.assertIn("Bonjour", to_customer.body_html)
        self.assertIn("Voir votre solde", to_customer.body_html)
        self.assertIn("has fallen below", to_staff.subject)
