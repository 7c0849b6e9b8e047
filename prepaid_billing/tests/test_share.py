"""A link without login: for whoever has it, until it is revoked."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .test_portal import PrepaidPortalCommon


class TestShare(PrepaidPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.budget = cls._create_budget(credit=500.0, note="Pays late")
        cls.timesheet = cls._log_time(1.2, name="Logo draft")
        cls._deduct(cls.timesheet, key="batch-3")
        cls.budget.action_share()

    def _get_path(self, budget=None):
        url = (budget or self.budget).share_url
        return url.removeprefix((budget or self.budget).get_base_url())

    def _open(self, path, status=200):
        self.authenticate(None, None)
        response = self.url_open(path)
        self.assertEqual(response.status_code, status, path)
        return response

    def test_bf54_anybody_with_the_link_sees_the_budget(self):
        """Balance, chart and movements, without logging in; nothing to click."""
        response = self._open(self._get_path())
        self.assertIn("380.00", response.text)
        self.assertIn("Logo draft", response.text)
        self.assertIn("prepaid_chart", response.text)
        self.assertNotIn('method="post"', response.text)
        self.assertNotIn("o_prepaid_ask", response.text)
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", response.headers["X-Robots-Tag"])
        self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_b86_no_notes_costs_or_names(self):
        """Unless the names are enabled on the budget."""
        self.employee.sudo().name = "Annabel Secret"
        self.timesheet._prepaid_release("Our mistake")
        text = self._open(self._get_path()).text
        for secret in ("Pays late", "batch-3", "Our mistake", "Annabel", "40.0"):
            self.assertNotIn(secret, text)
        self.assertNotIn("/my/invoices", text)
        self.budget.show_employees = True
        self.assertIn("Annabel Secret", self._open(self._get_path()).text)

    def test_b86_read_only(self):
        """The link answers to reading only, and opens nothing else."""
        path = self._get_path()
        self.authenticate(None, None)
        response = self.url_open(path, data={"x": "1"})
        self.assertEqual(response.status_code, 405)
        token = path.rsplit("/", 1)[1]
        for url in (
            f"/my/prepaid/{self.budget.id}?access_token={token}",
            f"/my/prepaid/{self.budget.id}/statement?access_token={token}",
        ):
            answer = self.url_open(url, allow_redirects=False)
            self.assertIn("/web/login", answer.headers["Location"])

    def test_b86_wrong_links_lead_nowhere(self):
        """Another budget's token, a part of it, rubbish: one and the same answer."""
        other = self._create_budget(partner=self.stranger)
        other.action_share()
        token = self._get_path().rsplit("/", 1)[1]
        foreign = self._get_path(other).rsplit("/", 1)[1]
        self.assertGreaterEqual(len(token), 43)
        self.assertNotEqual(token, foreign)
        for budget_id, word in (
            (self.budget.id, foreign),
            (other.id, token),
            (self.budget.id, token[:-1]),
            (self.budget.id, "False"),
            (self.budget.id, "%C3%A9"),
            (self.budget.id + 1000, token),
            (0, token),
            (2**31, token),
            (10**30, token),
        ):
            with self.subTest(budget_id=budget_id, word=word):
                self._open(f"/prepaid/{budget_id}/{word}", status=404)
        self._open(f"/prepaid/{self.budget.id}/{token}/page/2")

    def test_b86_budget_that_was_never_shared(self):
        budget = self._create_budget(partner=self.stranger)
        for word in ("False", "None", "0"):
            self._open(f"/prepaid/{budget.id}/{word}", status=404)

    def test_b86_revoked_renewed_expired(self):
        """Each of them kills the old link, and leaves a note."""
        old = self._get_path()
        self.budget.action_share()
        self._open(old, status=404)
        new = self._get_path()
        self._open(new)
        today = self.company._get_autopay_today()
        self.budget.share_until = today
        self._open(new)
        self.budget.share_until = today - timedelta(days=1)
        self._open(new, status=404)
        self.budget.share_until = False
        self.budget.action_revoke_share()
        self._open(new, status=404)
        self.assertFalse(self.budget.share_url)
        notes = " ".join(self.budget.message_ids.mapped("body"))
        for word in ("was made", "renewed", "revoked"):
            self.assertIn(word, notes)

    def test_b86_archived_budgets_are_not_shared(self):
        self.budget.active = False
        self._open(self._get_path(), status=404)

    def test_b86_a_copy_is_not_shared(self):
        self.assertFalse(self.budget.copy().share_url)

    def test_b86_who_makes_links(self):
        """Managers do; who deducts sees it; nobody types one; customers read none."""
        for login in ("azure_deductor", "azure_contact", "azure_worker"):
            for method in ("action_share", "action_revoke_share"):
                self.assertRefused(login, "prepaid.budget", method, self.budget.ids)
        for login in ("azure_contact", "azure_worker"):
            for name in ("share_token", "share_url"):
                self.assertRefused(
                    login, "prepaid.budget", "read", self.budget.ids, [name]
                )
        manager = new_test_user(
            self.env(su=True),
            "share_manager",
            groups="prepaid_billing.group_manager",
            company_id=self.company.id,
        )
        budget = self.budget.with_user(manager)
        with self.assertRaisesRegex(Exception, "not typed"):
            budget.share_token = "easy"
        with self.assertRaisesRegex(Exception, "not typed"):
            budget.create({"partner_id": self.stranger.id, "share_token": "easy"})
        budget.action_share()
        deductor = self.env["res.users"].search([("login", "=", "azure_deductor")])
        self.assertTrue(self.budget.with_user(deductor).share_url)
        with self.assertRaises(AccessError):
            self.budget.with_user(deductor).share_token  # noqa: B018

    def test_b86_queries_do_not_grow(self):
        """A page of the link costs the same for twenty movements and for three."""
        counts = []
        for _round in range(3):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._open(self._get_path())
            counts.append(self.cr.sql_log_count - before)
            for _index in range(8):
                self._spend(1.0)
        self.assertEqual(counts[1], counts[2])


class TestQuestion(PrepaidPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.budget = cls._create_budget(credit=500.0)
        cls.entry = cls._spend(120.0, name="Logo draft")

    def test_bf51_a_question_reaches_the_responsible(self):
        """One activity and one message, with the movement it is about."""
        page = self._get_page(f"/my/prepaid/{self.budget.id}")
        form = page.xpath("//details//form")[0]
        values = dict(form.form_values())
        self.assertEqual(values["entry_id"], str(self.entry.id))
        response = self.url_open(
            form.get("action"), data={**values, "question": "Why <b>so</b> long?"}
        )
        self.assertIn("Your question was sent", response.text)
        activity = self.budget.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.budget.user_id)
        self.assertIn("Logo draft", activity.summary)
        message = self.budget.message_ids[:1]
        self.assertEqual(message.author_id, self.contact)
        self.assertIn("Why &lt;b&gt;so&lt;/b&gt; long?", message.body)
        self.assertIn(self.budget.user_id.partner_id, message.partner_ids)

    def test_b85_questions_by_foreign_id(self):
        """Nobody asks about a budget or a movement that is not theirs."""
        foreign = self._create_budget(partner=self.stranger)
        self._buy(foreign, 10.0)
        Budget = self.env["prepaid.budget"]
        for login in ("azure_subsidiary", "brown_owner", "azure_worker"):
            user = self.env["res.users"].search([("login", "=", login)])
            with self.subTest(login=login), self.assertRaises(AccessError):
                self.budget.with_user(user)._ask_in_portal(self.entry.id, "Why?")
        user = self.env["res.users"].search([("login", "=", "azure_contact")])
        own = Budget.with_user(user).browse(self.budget.id)
        with self.assertRaisesRegex(Exception, "no such movement"):
            own._ask_in_portal(foreign.entry_ids.id, "Why?")
        for text in ("", "   ", "x" * 2001):
            with self.assertRaisesRegex(Exception, "Write your question"):
                own._ask_in_portal(self.entry.id, text)
        self.assertFalse(self.budget.activity_ids)

    def test_bf51_filter_sort_and_search(self):
        """Movements are narrowed and ordered; nothing found is said so."""
        self._spend(30.0, name="Call")
        url = f"/my/prepaid/{self.budget.id}"

        def get_names(query):
            return [row[0] for row in self._get_rows(self._get_page(url + query))]

        self.assertEqual(len(get_names("")), 3)
        self.assertEqual(len(get_names("?filterby=work")), 2)
        [credit] = get_names("?filterby=credit")
        self.assertIn("Topped up", credit)
        [logo] = get_names("?search=logo")
        self.assertIn("Logo draft", logo)
        self.assertIn("Topped up", get_names("?sortby=oldest")[0])
        self.assertIn("Logo draft", get_names("?sortby=largest")[0])
        self.assertEqual(len(get_names("?filterby=x&sortby=y;drop")), 3)
        page = self._get_page(url + "?search=nothing")
        self.assertIn("No movement matches", self._get_text(page))
