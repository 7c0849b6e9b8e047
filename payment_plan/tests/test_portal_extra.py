"""The customer pays more in the portal, and nobody else does."""

from odoo.tests import tagged

from .test_portal import PlanPortalCommon


@tagged("post_install", "-at_install")
class TestPortalExtra(PlanPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.plan_extra_online = True
        cls.provider = cls._create_provider()

    def _running(self):
        plan = self._run_plan()
        self._pay(self._lines(plan)[0].move_id)
        plan._portal_ensure_token()
        self.env.flush_all()
        return plan

    def _choose(self, plan, amount, how, login="ada"):
        page = self._get_page(plan.get_portal_url(suffix="/extra"), login)
        return self._submit(page, "/extra/choose", login, amount=amount, spread=how)

    def _transact(self, plan, extra, login="ada", **params):
        return self._call(
            f"/my/plans/{plan.id}/extra/{extra.id}/transaction",
            login,
            **{"access_token": plan.access_token, **self._get_payment(**params)},
        )

    def test_pf35_choose_see_and_pay(self):
        """What the page showed is what is open afterwards."""
        plan = self._running()
        text = self._get_text(self._get_page(plan.get_portal_url()))
        self.assertIn("Pay more than is due", text)
        page = self._choose(plan, "300", "even")
        text = self._get_text(page.xpath("//div[hasclass('o_payment_plan_extra')]")[0])
        self.assertIn("Pay $ 300.00 more", text)
        self.assertIn("All open payments, evenly", text)
        self.assertEqual(text.count("$ 400.00"), 3)
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(float(form.get("data-amount")), 300.0)
        extra = plan.extra_ids
        self.assertIn(f"/extra/{extra.id}/tran", form.get("data-transaction-route"))
        self.assertEqual(extra.ip_address, "127.0.0.1")
        self.assertEqual(extra.user_id.login, "ada")
        values = self._transact(plan, extra, amount=300.0)
        self.assertIn("in progress", self._transact(plan, extra, amount=300.0)["error"])
        self._answer(values)
        lines = self._lines(plan)
        self.assertEqual(lines.mapped("amount_open"), [0.0, 400.0, 400.0, 400.0])
        page = self._get_page(plan.get_portal_url(suffix=f"/extra/{extra.id}"))
        self.assertIn("This is paid", self._get_text(page))
        self.assertIn("has changed", self._transact(plan, extra, amount=300.0)["error"])
        text = self._get_text(self._get_page(plan.get_portal_url()))
        self.assertIn("$ 800.00 of $ 2,000.00 paid", text)
        self.assertIn("$ 400.00 open", text)
        self.assertEqual(len(extra.sudo().payment_ids), 1)

    def test_p22_an_extra_payment_under_way_is_the_only_one(self):
        """Neither the rest, nor an invoice, nor the job takes the same money again."""
        plan = self._running()
        line = self._lines(plan)[1]
        line.action_make_invoice()
        self._choose(plan, "1500", "next")
        extra = plan.extra_ids
        self._transact(plan, extra, amount=1500.0)
        extra.sudo().transaction_ids._set_pending()
        self.env.flush_all()
        self.assertTrue(plan._get_portal_payoff()["is_busy"])
        with self.assertRefused("payment is in progress"):
            plan._check_payoff({"amount": 1500.0})
        with self.assertRefused("payment is in progress"):
            line.move_id._check_payable_online()
        collection = self.env["autopay.collection"].new({"move_id": line.move_id.id})
        self.assertTrue(collection._is_customer_paying())

    def test_pf35_a_promised_transfer_hinders_nobody(self):
        """A bank transfer that never comes does not block the card."""
        plan = self._running()
        self._choose(plan, "100", "next")
        extra = plan.extra_ids
        self._transact(plan, extra, amount=100.0)
        transaction = extra.sudo().transaction_ids
        transaction._set_pending()
        self.assertTrue(plan._is_being_paid())
        transaction.provider_id.code = "none"
        self.assertFalse(plan._is_being_paid())

    def test_pf35_a_visitor_with_the_link_pays_everything(self):
        plan = self._running()
        self._choose(plan, "1500", "next", login=None)
        extra = plan.extra_ids
        self._answer(self._transact(plan, extra, None, amount=1500.0), login=None)
        self.assertEqual(plan.state, "completed")
        self.assertTrue(plan.completed_early_on)
        self.assertEqual(self._lines(plan).mapped("state"), ["paid"] * 4)
        page = self._get_page(plan.get_portal_url(suffix="/extra"), login=None)
        self.assertIn("Paid in full", self._get_text(page))

    def test_pf35_what_changed_meanwhile_is_not_paid(self):
        plan = self._running()
        self._choose(plan, "300", "even")
        line = self._lines(plan)[1]
        line.action_make_invoice()
        self._pay(line.move_id)
        self.env.flush_all()
        extra = plan.extra_ids
        page = self._get_page(plan.get_portal_url(suffix=f"/extra/{extra.id}"))
        self.assertIn("Please choose again", self._get_text(page))
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))
        self.assertIn("has changed", self._transact(plan, extra, amount=300.0)["error"])

    def test_p90_tampered_extra_payments(self):
        plan = self._running()
        for amount in ("", "x", "0", "-5", "0.1", "1501", "nan", "inf"):
            page = self._choose(plan, amount, "next")
            self.assertIn("Enter an amount", self._get_text(page), amount)
        page = self._choose(plan, "100", "whatever")
        self.assertIn("Choose how", self._get_text(page))
        self.assertFalse(plan.extra_ids)
        self._choose(plan, "300", "last")
        extra = plan.extra_ids
        for amount in (1.0, 299.99, 1500.0, None, "300", True):
            answer = self._transact(plan, extra, amount=amount)
            self.assertIn("has changed", answer["error"], amount)
        answer = self._transact(plan, extra, amount=300.0, is_validation=True)
        self.assertIn("has changed", answer["error"])
        answer = self._transact(plan, extra, amount=300.0, partner_id=1)
        self.assertIn("not whitelisted", answer["error"])
        self.assertFalse(extra.sudo().transaction_ids)

    def test_p90_extra_payments_of_others(self):
        """Without the right link nothing is seen, chosen or paid, by no route."""
        plan, foreign = self._running(), self._running()
        self._choose(plan, "300", "last")
        extra = plan.extra_ids
        for login, token in (
            (None, None),
            (None, foreign.access_token),
            ("brown", None),
            ("brown", "x" * 36),
        ):
            query = f"?access_token={token}" if token else ""
            base = f"/my/plans/{plan.id}/extra"
            for path in ("", f"/{extra.id}"):
                self._get(f"{base}{path}{query}", login, status=404)
            self._post(
                f"{base}/choose{query}", login, status=404, amount="5", spread="next"
            )
            answer = self._transact(
                plan, extra, login, amount=300.0, access_token=token
            )
            self.assertIn("access token is invalid", answer["error"])
        self.assertEqual(plan.extra_ids, extra)
        self.assertFalse(extra.sudo().transaction_ids)
        self._get(foreign.get_portal_url(suffix=f"/extra/{extra.id}"), status=404)
        answer = self._call(
            f"/my/plans/{foreign.id}/extra/{extra.id}/transaction",
            access_token=foreign.access_token,
            **self._get_payment(amount=300.0),
        )
        self.assertIn("has changed", answer["error"])
        self._log_in("ada")
        response = self.url_open(
            plan.get_portal_url(suffix="/extra/choose"), {"amount": "5"}
        )
        self.assertEqual(response.status_code, 400)
