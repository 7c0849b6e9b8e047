"""Saved cards: what is kept of them, which are the same, and when they expire."""

from datetime import date, timedelta

from freezegun import freeze_time

from odoo import fields

from ..support import stripe_account as stand_in
from .autopay_common import StripeAutopayCommon


class TestAutopayCards(StripeAutopayCommon):
    def _fill(self):
        self._run_stripe("cards")

    def test_job_fills_what_older_tokens_lack(self):
        self.assertFalse(self.token.stripe_fingerprint)
        self._fill()
        token = self.token
        self.assertEqual(
            (token.stripe_brand, token.stripe_exp_month, token.stripe_exp_year),
            ("visa", 12, 2040),
        )
        self.assertTrue(token.stripe_fingerprint)
        self.assertEqual(token.display_name, "Visa •••• 4242")
        self.assertEqual(token._build_display_name(max_length=8), "••• 4242")

    def test_job_goes_on_after_a_card_that_stripe_does_not_know(self):
        other = self._create_token(stripe_payment_method="pm_gone")
        self._fill()
        self.assertFalse(other.stripe_fingerprint)
        self.assertTrue(self.token.stripe_fingerprint)

    def test_new_token_knows_its_card(self):
        method = self.account.call(
            "GET", f"payment_methods/{self.token.stripe_payment_method}"
        )
        transaction = self._create_transaction(
            amount=0.0, operation="validation", tokenize=True
        )
        intent = {
            "id": "seti_1",
            "status": "succeeded",
            "customer": self.token.provider_ref,
        }
        transaction._process(
            "stripe",
            {
                "reference": transaction.reference,
                "setup_intent": intent,
                "payment_method": method,
            },
        )
        token = transaction.token_id
        self.assertEqual(token.stripe_exp_year, 2040)
        self.assertEqual(token.stripe_fingerprint, method["card"]["fingerprint"])
        self.assertEqual(token.display_name, "Visa •••• 4242")

    def test_b20_same_card_entered_again(self):
        again = self._create_token()
        other = self._create_token(number="5555555555554444")
        self._fill()
        self.assertTrue(again._is_same_method(self.token))
        self.assertFalse(other._is_same_method(self.token))
        renewed = self._create_token()
        renewed.stripe_payment_method = self.account.card(
            customer=renewed.provider_ref, year=2045
        )
        self._fill()
        self.assertFalse(renewed._is_same_method(self.token))

    def test_network_updated_card(self):
        self._connect_webhook()
        self._fill()
        self.account.renew_card(self.token.stripe_payment_method, 2044)
        for _time in range(2):
            self.assertEqual(set(self._deliver() or [200]), {200})
        self.assertEqual(
            (self.token.stripe_exp_month, self.token.stripe_exp_year), (1, 2044)
        )

    def _messages_about_cards(self):
        domain = [("mandate_id", "=", self.mandate.id), ("kind", "=", "expiry")]
        return self.env["autopay.message"].sudo().search(domain)

    def _review(self, day):
        with freeze_time(f"{day} 12:00:00"):
            self._run_stripe("expiry")
        return len(self._messages_about_cards())

    def test_p50_customer_is_told_30_and_7_days_ahead_once_each(self):
        """The card is valid until 31 Dec 2040."""
        self._fill()
        end = date(2040, 12, 31)
        told = [
            self._review(end - timedelta(days=days))
            for days in (60, 31, 30, 29, 8, 7, 6, 0)
        ]
        self.assertEqual(told, [0, 0, 1, 1, 1, 2, 2, 2])
        self.assertEqual(self._review(end + timedelta(days=1)), 2)
        self._run("tell")
        self.assertEqual(set(self._messages_about_cards().mapped("is_sent")), {True})
        mails = self.env["mail.mail"].sudo().search([], order="id desc", limit=2)
        self.assertIn("Visa", mails[0].body_html)
        self.assertEqual(mails.recipient_ids, self.customer)
        # It blocks nothing.
        invoice = self._invoice()
        self._run()
        self.assertCharged(invoice)

    def test_p50_late_review_tells_once(self):
        self._fill()
        self.assertEqual(self._review("2040-12-28"), 1)
        self.assertEqual(self._review("2040-12-29"), 1)

    def test_p50_card_renewed_meanwhile_is_no_news(self):
        self._fill()
        self.account.call(
            "POST",
            f"payment_methods/{self.token.stripe_payment_method}",
            **{"card[exp_month]": "6", "card[exp_year]": "2045"},
        )
        self.assertEqual(self._review("2040-12-28"), 0)
        self.assertEqual(self.token.stripe_exp_year, 2045)

    def test_p50_withdrawn_mandate_is_not_reviewed(self):
        self._fill()
        self.mandate.sudo()._withdraw("portal")
        self.assertEqual(self._review("2040-12-28"), 0)

    def test_unknown_expiry_is_not_reviewed(self):
        self.assertFalse(self.token._get_stripe_expiry())
        self.assertEqual(self._review(fields.Date.today()), 0)
        self._use_card(stand_in.VISA)
        self.assertEqual(self._review(fields.Date.today()), 0)
