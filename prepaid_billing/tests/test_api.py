"""Other programs read and top up over Odoo's external API: real HTTP, a real key."""

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_portal import PrepaidPortalCommon


@tagged("post_install", "-at_install")
class TestApi(PrepaidPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_user("azure_manager", "prepaid_billing.group_manager")
        cls.budget = cls._create_budget(credit=500.0, threshold=600.0)

    def _get_key(self, login):
        user = self.env["res.users"].sudo().search([("login", "=", login)])
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        soon = fields.Datetime.now() + timedelta(days=1)
        return keys._generate("rpc", "Other program", soon)

    def _post(self, bearer, method, status=200, model="prepaid.budget", **params):
        """Call a method by its address and a bearer key; return its answer."""
        response = self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(params),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"bearer {bearer}",
            },
        )
        self.assertEqual(response.status_code, status, response.text)
        return response.json()

    def _get_invoices(self):
        lines = self.env["account.move.line"].search(
            [("prepaid_budget_id", "=", self.budget.id)]
        )
        return lines.move_id

    def test_bf69_balances_are_read(self):
        """What stands on the form, in plain JSON."""
        today = self.company._get_autopay_today()
        self._spend(120.0, day=today - timedelta(days=1))
        self._log_time(0.5, day=today)
        self._buy(self.budget, 200.0, pay=False)
        [answer] = self._post(
            self._get_key("azure_deductor"), "get_balances", ids=self.budget.ids
        )
        expected = {
            "id": self.budget.id,
            "partner_id": self.customer.id,
            "unit": "money",
            "currency": "USD",
            "balance": 380.0,
            "available": 330.0,
            "pending": 200.0,
            "threshold": 600.0,
            "is_low": True,
            "state": "open",
        }
        self.assertEqual({name: answer[name] for name in expected}, expected)
        runs_out_on = self.budget.forecast_date
        self.assertTrue(runs_out_on and runs_out_on > today)
        self.assertEqual(answer["runs_out_on"], str(runs_out_on))

    def test_bf66_b03_same_key_twice_is_one_invoice(self):
        """Over both protocols: the same key gives the same invoice."""
        key = self._get_key("azure_manager")
        ask = {"ids": self.budget.ids, "amount": 250.0, "key": "order-77"}
        before = self._get_invoices()
        move_id = self._post(key, "top_up", **ask)
        self.assertEqual(self._post(key, "top_up", **ask), move_id)
        user = self.env["res.users"].sudo().search([("login", "=", "azure_manager")])
        again = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname,
            user.id,
            key,
            "prepaid.budget",
            "top_up",
            [self.budget.ids, 250.0, "order-77"],
        )
        self.assertEqual(again, move_id)
        made = self._get_invoices() - before
        self.assertRecordValues(
            made, [{"id": move_id, "state": "draft", "amount_untaxed": 250.0}]
        )
        self.assertNotEqual(
            self._post(key, "top_up", **{**ask, "key": "order-78"}), move_id
        )

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.json2")
    def test_bf66_what_cannot_be_invoiced_is_said(self):
        """No amount, or the key of another budget: an error with its reason."""
        key = self._get_key("azure_manager")
        answer = self._post(key, "top_up", 422, ids=self.budget.ids, amount=-5.0)
        self.assertIn("above zero", answer["message"])
        self._post(key, "top_up", ids=self.budget.ids, amount=50.0, key="mine")
        other = self._create_budget()
        answer = self._post(key, "top_up", 422, ids=other.ids, amount=50.0, key="mine")
        self.assertIn("another top-up", answer["message"])

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.json2")
    def test_bf69_b85_b87_roles(self):
        """Who only deducts reads; who logs time, and customers, do neither."""
        before = self._get_invoices()
        for login, reads in (
            ("azure_deductor", True),
            ("azure_worker", False),
            ("azure_owner", False),
            ("brown_owner", False),
        ):
            with self.subTest(login=login):
                key = self._get_key(login)
                ids = self.budget.ids
                self._post(key, "get_balances", 200 if reads else 403, ids=ids)
                self._post(key, "top_up", 403, ids=ids, amount=10.0, key="x")
                self._post(key, "_create_top_up_invoices", 403, ids=ids, amounts={})
                self._post(key, "write", 403, ids=ids, vals={"threshold": 1.0})
        self.assertEqual(self._get_invoices(), before)
        self.assertEqual(self.budget.threshold, 600.0)

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.json2")
    def test_bf69_b84_b85_foreign_ids(self):
        """A budget of another company, one that is missing, and a wrong key."""
        company = self.env["res.company"].sudo().create({"name": "Other"})
        foreign = (
            self.env["prepaid.budget"]
            .sudo()
            .create({"partner_id": self.customer.id, "company_id": company.id})
        )
        key = self._get_key("azure_manager")
        self._post(key, "get_balances", 403, ids=foreign.ids)
        self._post(key, "top_up", 403, ids=foreign.ids, amount=10.0)
        self._post(key, "get_balances", 404, ids=[999999])
        self._post("0" * 40, "get_balances", 401, ids=self.budget.ids)
