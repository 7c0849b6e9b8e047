from datetime import date

from freezegun import freeze_time

from .common import StripeCommon


class TestCards(StripeCommon):
    def _card(self, **vals):
        return self._create_token(
            **{
                "stripe_brand": "visa",
                "stripe_exp_month": 2,
                "stripe_exp_year": 2028,
                "stripe_fingerprint": "A",
                **vals,
            }
        )

    def test_name(self):
        self.assertEqual(self.token.display_name, "•••• 4242")
        self.assertEqual(self._card().display_name, "Visa •••• 4242")
        self.assertEqual(self._card(stripe_brand="new").display_name, "•••• 4242")

    def test_only_what_may_be_known_is_kept(self):
        vals = self.env["payment.token"]._prepare_stripe_card_vals(
            {
                "id": "pm_2",
                "type": "card",
                "card": {
                    "brand": "visa",
                    "exp_month": 1,
                    "exp_year": 2030,
                    "fingerprint": "B",
                    "last4": "1111",
                    "country": "US",
                    "checks": {"cvc_check": "pass"},
                },
                "billing_details": {"name": "Ada"},
            }
        )
        self.assertEqual(
            vals,
            {
                "payment_details": "1111",
                "stripe_brand": "visa",
                "stripe_exp_month": 1,
                "stripe_exp_year": 2030,
                "stripe_fingerprint": "B",
            },
        )
        self.assertEqual(
            self.env["payment.token"]._prepare_stripe_card_vals({"type": "link"}), {}
        )

    def test_b20_same_card(self):
        card = self._card()
        self.assertTrue(card._is_same_method(self._card()))
        self.assertTrue(card._is_same_method(card))
        self.assertFalse(card._is_same_method(self._card(stripe_fingerprint="B")))
        # The bank renewed it: what failed may work now.
        self.assertFalse(card._is_same_method(self._card(stripe_exp_year=2032)))
        # Without a fingerprint the last four digits decide.
        self.assertTrue(card._is_same_method(self.token))

    def test_p50_last_day_of_a_card(self):
        self.assertEqual(self._card()._get_stripe_expiry(), date(2028, 2, 29))
        self.assertFalse(self.token._get_stripe_expiry())

    def test_p50_day_to_tell(self):
        self.mandate._change_method(self._card(), "portal")
        for today, step in (
            ("2028-01-29", False),
            ("2028-01-30", date(2028, 1, 30)),
            ("2028-02-21", date(2028, 1, 30)),
            ("2028-02-22", date(2028, 2, 22)),
            ("2028-02-29", date(2028, 2, 22)),
            ("2028-03-01", False),
        ):
            with self.subTest(today), freeze_time(f"{today} 12:00:00"):
                self.assertEqual(self.mandate._get_stripe_expiry_step(), step)
