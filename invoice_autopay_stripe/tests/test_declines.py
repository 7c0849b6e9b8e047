import requests

from ..declines import CLASSES, classify, get_advice, get_code
from ..models.payment_transaction import get_stripe_error
from .common import StripeCommon


def answer(status, body):
    """Return an error as core makes it of an answer of Stripe."""
    response = requests.Response()
    response.status_code = status
    response._content = body
    try:
        try:
            response.raise_for_status()
        except requests.exceptions.HTTPError:
            raise ValueError("refused")  # noqa: B904 (as core does)
    except ValueError as error:
        return error


class TestDeclines(StripeCommon):
    def test_p46_class_of_decline(self):
        for error, kind in (
            ({"decline_code": "insufficient_funds"}, "funds"),
            ({"code": "card_declined", "decline_code": "stolen_card"}, "hard"),
            ({"code": "card_declined", "decline_code": "pickup_card"}, "hard"),
            ({"code": "expired_card"}, "hard"),
            ({"code": "resource_missing"}, "hard"),
            ({"decline_code": "processing_error"}, "soft"),
            ({"code": "card_declined"}, "unclear"),
            ({"decline_code": "invented_tomorrow"}, "unclear"),
            ({}, "unclear"),
        ):
            with self.subTest(error):
                self.assertEqual(classify(error), kind)

    def test_p46_advice_outweighs_the_code(self):
        for advice, kind in (
            ({"advice_code": "do_not_try_again"}, "hard"),
            ({"network_advice_code": "03"}, "hard"),
            ({"network_advice_code": "21"}, "hard"),
            ({"advice_code": "try_again_later"}, "soft"),
            ({"network_advice_code": "24"}, "soft"),
            ({"network_advice_code": "99"}, "unclear"),
        ):
            with self.subTest(advice):
                error = {"decline_code": "generic_decline", **advice}
                self.assertEqual(classify(error), kind)
        # Trying later does not make a stolen card better.
        error = {"decline_code": "stolen_card", "advice_code": "try_again_later"}
        self.assertEqual(classify(error), "hard")

    def test_p45_authentication_is_told_from_other_codes(self):
        error = {"code": "authentication_required", "decline_code": "generic_decline"}
        self.assertEqual(get_code(error), "authentication_required")
        self.assertNotIn("authentication_required", CLASSES)

    def test_advice_in_one_line(self):
        error = {"advice_code": "do_not_try_again", "network_advice_code": "03"}
        self.assertEqual(get_advice(error), "do_not_try_again, 03")
        self.assertEqual(get_advice({}), "")

    def test_p37_which_answers_are_lost(self):
        transaction = self._create_transaction()
        declined = b'{"error": {"type": "card_error", "code": "card_declined"}}'
        used_key = b'{"error": {"type": "idempotency_error"}}'
        for status, body, is_lost in (
            (402, declined, False),
            (400, b'{"error": {"type": "invalid_request_error"}}', False),
            (401, b'{"error": {"type": "invalid_request_error"}}', False),
            (400, used_key, True),
            (403, b"<html>a proxy in between</html>", True),
            (400, b"[]", True),
            (409, declined, True),
            (429, declined, True),
            (500, declined, True),
            (503, b"", True),
        ):
            with self.subTest(status=status, body=body):
                error = answer(status, body)
                self.assertEqual(transaction._is_answer_lost(error), is_lost)
        self.assertEqual(
            get_stripe_error(answer(402, declined))["code"], "card_declined"
        )
        self.assertEqual(get_stripe_error(ValueError("ours")), {})
