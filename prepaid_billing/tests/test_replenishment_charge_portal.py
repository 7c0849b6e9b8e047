from odoo import http
from odoo.tests import tagged

from .test_portal import PrepaidPortalCommon
from .test_replenishment_charge import ChargeCommon


@tagged("post_install", "-at_install")
class TestChargePortal(ChargeCommon, PrepaidPortalCommon):
    """The customer allows, sees and stops the automatic top-up of one budget."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider.is_published = True
        cls.budget = cls._create_rule()
        cls.contact_token = cls._create_token(cls.contact, details="7777")

    def _get_block(self, login="azure_contact"):
        page = self._get_page(self.budget.access_url, login)
        return page.get_element_by_id("prepaid_charge", None)

    def _allow_in_browser(self, login="azure_contact", status=200, **answers):
        url = f"{self.budget.access_url}/autopay"
        form = self._get_page(url, login).xpath("//form[@id='prepaid_charge_form']")
        [digest] = form[0].xpath(".//input[@name='digest']/@value")
        response = self.url_open(
            f"{url}/allow",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "digest": digest,
                "token_id": self.contact_token.id,
                "max_amount": "400",
                "agreed": "1",
                **answers,
            },
        )
        self.assertEqual(response.status_code, status)
        return response

    def _get_mandates(self):
        return (
            self.env["autopay.mandate"]
            .sudo()
            .search([("res_model", "=", "prepaid.budget")])
        )

    def test_bf39_allow_for_one_budget(self):
        block = self._get_block()
        self.assertIn("have not allowed", self._get_text(block))
        response = self._allow_in_browser()
        self.assertNotIn("alert-danger", response.text)
        mandate = self._get_mandates()
        self.assertRecordValues(
            mandate,
            [
                {
                    "partner_id": self.customer.id,
                    "payer_id": self.contact.id,
                    "res_id": self.budget.id,
                    "max_amount": 400.0,
                    "token_id": self.contact_token.id,
                    "origin": "portal",
                }
            ],
        )
        self.assertIn("on the day it is made", mandate.consent_text)
        self.assertIn("200.00", mandate.consent_text)
        text = self._get_text(self._get_block())
        self.assertIn("7777", text)
        self.assertIn("400.00", text)
        invoice = self._replenish(self.budget)
        self._collect()
        self.assertPaid(invoice)

    def test_bf39_not_without_consent(self):
        """Unticked, no amount, another text than the one read: nothing is recorded."""
        for answers in (
            {"agreed": ""},
            {"max_amount": "-1"},
            {"digest": "stale"},
            {"token_id": self.token.id},
        ):
            with self.subTest(answers=answers):
                response = self._allow_in_browser(**answers)
                self.assertIn("alert-danger", response.text)
                self.assertFalse(self._get_mandates())

    def test_bf39_others_find_nothing(self):
        url = f"{self.budget.access_url}/autopay"
        self._get(url, "brown_owner", status=404)

    def test_bf35_no_block_where_nothing_is_charged(self):
        self.budget.replenish_action = "post"
        self.assertIsNone(self._get_block())
        page = self._get_page(f"{self.budget.access_url}/autopay")
        self.assertFalse(page.xpath("//form[@id='prepaid_charge_form']"))

    def test_b20_the_page_says_that_it_stopped(self):
        bad = self._create_token(self.contact, answer="error", details="0002")
        self._allow(self.budget, token=bad)
        self._fail(self.budget)
        self.assertIn("has stopped", self._get_text(self._get_block()))
