"""What a customer sees after logging in, and what nobody else does."""

from lxml import html

from odoo import Command
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from .common import PrepaidCommon


@tagged("post_install", "-at_install")
class PrepaidPortalCommon(PrepaidCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Partner = cls.env["res.partner"]
        cls.contact = Partner.create({"name": "Zoe", "parent_id": cls.customer.id})
        cls.subsidiary = Partner.create(
            {"name": "Azure Sky", "is_company": True, "parent_id": cls.customer.id}
        )
        cls.stranger = Partner.create({"name": "Brown", "is_company": True})
        cls._create_user("azure_owner", "base.group_portal", cls.customer)
        cls._create_user("azure_contact", "base.group_portal", cls.contact)
        cls._create_user("azure_subsidiary", "base.group_portal", cls.subsidiary)
        cls._create_user("brown_owner", "base.group_portal", cls.stranger)
        cls._create_user("azure_worker", "hr_timesheet.group_hr_timesheet_user")
        cls._create_user("azure_deductor", "prepaid_billing.group_user")

    @classmethod
    def _create_user(cls, login, groups, partner=None):
        vals = {"partner_id": partner.id} if partner else {}
        return new_test_user(
            cls.env(su=True),
            login=login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **vals,
        )

    def _log_in(self, login):
        if getattr(self, "_logged_in", None) != login:
            self.authenticate(login, login)
            self._logged_in = login

    def _get(self, url, login, status=200):
        """Open a page as a user; return the response after any redirect."""
        self._log_in(login)
        response = self.url_open(url)
        self.assertEqual(response.status_code, status, f"{login}: {url}")
        return response

    def _get_page(self, url, login="azure_contact"):
        return html.fromstring(self._get(url, login).content)

    def _get_rows(self, page):
        """Return (what, amount, balance) of each movement shown."""
        rows = []
        for row in page.xpath("//tr[hasclass('o_prepaid_movement')]"):
            cells = [self._get_text(cell) for cell in row.xpath("./td")]
            amount = self._get_text(row.xpath("./td[3]/span")[0])
            rows.append((cells[1], amount, cells[3]))
        return rows

    def _get_text(self, node):
        text = node.text_content().replace("\ufeff", "")
        return " ".join(text.split())

    def _call(self, login, model, method, *args, **kwargs):
        """Call a method over RPC with the rights of a user."""
        self._log_in(login)
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def assertRefused(self, login, model, method, *args, **kwargs):
        """A user may not call a method."""
        with (
            self.subTest(login=login, model=model, method=method),
            mute_logger("odoo.http"),
            self.assertRaises(JsonRpcException) as caught,
        ):
            self._call(login, model, method, *args, **kwargs)
        self.assertIn("AccessError", str(caught.exception))


class TestPortalPages(PrepaidPortalCommon):
    def test_bf50_balance_in_portal(self):
        """Balance, what is pending and what is to pay; the home page leads there."""
        budget = self._create_budget(credit=500.0)
        self._spend(120.0)
        invoice = self._buy(budget, 200.0, pay=False)
        page = self._get_page("/my")
        self.assertTrue(page.xpath("//a[@href='/my/prepaid']"))
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["prepaid_count"]}
        )
        self.assertEqual(counters, {"prepaid_count": 1})

        response = self._get("/my/prepaid", "azure_contact")
        self.assertTrue(response.url.endswith(f"/my/prepaid/{budget.id}"))
        page = html.fromstring(response.content)
        self.assertIn(
            "380.00", page.get_element_by_id("prepaid_balance").text_content()
        )
        self.assertIn(
            "200.00", page.get_element_by_id("prepaid_pending").text_content()
        )
        url = invoice.get_portal_url()
        self.assertTrue(page.xpath(f"//a[@href='{url}' and text()='{invoice.name}']"))
        pay = page.xpath("//a[text()='Pay']/@href")
        self.assertEqual(len(pay), 1)
        self.assertIn(f"/my/invoices/{invoice.id}?", pay[0])
        self.assertIn("230.00", self._get_text(page.xpath("//table")[0]))
        self.assertIn(invoice.name, self.url_open(pay[0]).text)

        self._pay(invoice)
        page = self._get_page(f"/my/prepaid/{budget.id}")
        self.assertIn(
            "580.00", page.get_element_by_id("prepaid_balance").text_content()
        )
        self.assertFalse(page.xpath("//*[@id='prepaid_pending']"))
        self.assertFalse(page.xpath("//a[text()='Pay']"))

    def test_bf50_list_of_budgets(self):
        """Several budgets are listed; archived ones and other customers' are not."""
        budgets = self._create_budget(name="Design") + self._create_budget(name="Code")
        archived = self._create_budget(name="Old")
        archived.active = False
        self._create_budget(name="Foreign", partner=self.stranger)
        page = self._get_page("/my/prepaid")
        self.assertEqual(page.xpath("//table//a/text()"), ["Design", "Code"])
        links = page.xpath("//table//a/@href")
        self.assertEqual(links, [f"/my/prepaid/{b.id}" for b in budgets])
        self._get(f"/my/prepaid/{archived.id}", "azure_contact", status=404)

    def test_bf50_nothing_prepaid(self):
        """Without a budget: a friendly page, and no card on the home page."""
        page = self._get_page("/my/prepaid")
        self.assertIn("nothing prepaid yet", self._get_text(page))
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["prepaid_count"]}
        )
        self.assertEqual(counters, {"prepaid_count": 0})

    def test_bf51_movements_with_running_balance(self):
        """Each movement, newest first, with its time entry and the balance after it."""
        budget = self._create_budget(credit=500.0)
        invoice = budget.lot_ids.invoice_id
        first = self._log_time(1.5, name="Logo draft")
        self._deduct(first)
        self._deduct(self._log_time(1.0, name="Call"))
        first.action_prepaid_return()
        page = self._get_page(f"/my/prepaid/{budget.id}")
        project = self.project.name
        rows = self._get_rows(page)
        self.assertEqual(len(rows), 4)
        for row, (label, details, amount, balance) in zip(
            rows,
            [
                ("Given back Logo draft", [project, "01:30"], "$ 150.00", "$ 400.00"),
                ("Used Call", [project, "01:00 h × $ 100.00"], "$ -100.00", "$ 250.00"),
                ("Used Logo draft", [project, "06/15/2026"], "$ -150.00", "$ 350.00"),
                (f"Topped up {invoice.name}", [], "$ 500.00", "$ 500.00"),
            ],
            strict=True,
        ):
            self.assertIn(label, row[0])
            for detail in details:
                self.assertIn(detail, row[0])
            self.assertEqual(row[1:], (amount, balance))

    def test_bf51_internal_words_stay_inside(self):
        """Notes, reasons, rate sources, keys and who worked are not on the page."""
        budget = self._create_budget(credit=500.0, note="Pays late")
        timesheet = self._log_time(1.0)
        self.employee.sudo().work_email = "ann@secret.example.com"
        self._deduct(timesheet, key="batch-7")
        timesheet._prepaid_release("Our mistake")
        text = self._get(f"/my/prepaid/{budget.id}", "azure_contact").text
        for secret in ("Pays late", "batch-7", "Our mistake", "secret.example"):
            self.assertNotIn(secret, text)
        self.assertNotIn(self.order.order_line.display_name, text)

    def test_bf51_negative_balance_is_explained(self):
        """A withdrawn payment leaves a balance below zero, in plain words."""
        budget = self._create_budget()
        payment = self._pay(self._buy(budget, 100.0, pay=False))
        self._spend(100.0)
        payment.action_draft()
        self.assertBalance(budget, -100.0)
        page = self._get_page(f"/my/prepaid/{budget.id}")
        self.assertIn("More was used than is paid", self._get_text(page))
        self.assertEqual(self._get_rows(page)[0][1:], ("$ -100.00", "$ -100.00"))

    def test_bf51_pages_of_movements(self):
        """Twenty movements a page; a page that does not exist shows the last one."""
        budget = self._create_budget(credit=500.0)
        self._deduct(self._log_many(30))
        url = f"/my/prepaid/{budget.id}"
        first = self._get_rows(self._get_page(url))
        second = self._get_rows(self._get_page(f"{url}/page/2"))
        self.assertEqual((len(first), len(second)), (20, 11))
        self.assertIn("Topped up", second[-1][0])
        self.assertEqual(self._get_rows(self._get_page(f"{url}/page/99")), second)

    def test_bf51_queries_do_not_grow(self):
        """As many queries for 10 movements as for 200, and for any page of them."""
        few = self._create_budget(credit=500.0)
        self._deduct(self._log_many(9))
        project = self._create_project(self.customer, self.order, name="Big")
        many = self._create_budget(
            credit=500.0, scope="projects", project_ids=project.ids
        )
        self._deduct(self._log_many(199, project=project))
        self.assertEqual((few.entry_count, many.entry_count), (10, 200))
        self._log_in("azure_contact")
        counts = {}
        for budget in (few, many, few, many):
            counts[budget] = self._count_page_queries(budget)
        self.assertEqual(counts[few], counts[many])
        self.assertGreater(counts[few], 5)
        queries = []
        for budget in (few, many):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            movements = budget._get_portal_movements()
            queries.append(self.cr.sql_log_count - before)
            self.assertEqual(len(movements), budget.entry_count)
        self.assertEqual(*queries)

    def _count_page_queries(self, budget):
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.url_open(f"/my/prepaid/{budget.id}").raise_for_status()
        return self.cr.sql_log_count - before

    def _log_many(self, count, project=None):
        vals = {
            "name": "Step",
            "project_id": (project or self.project).id,
            "employee_id": self.employee.id,
            "unit_amount": 0.01,
            "date": "2026-06-15",
        }
        lines = self.env["account.analytic.line"].sudo().create([vals] * count)
        return lines.sudo(False)


class TestPortalAccess(PrepaidPortalCommon):
    def test_b85_foreign_budget_is_not_found(self):
        """Who may see a budget; everybody else learns nothing, not even that it is."""
        budget = self._create_budget(credit=500.0)
        missing = budget.id + 1000
        for login in ("azure_owner", "azure_contact", "azure_deductor"):
            with self.subTest(login=login):
                self._get(f"/my/prepaid/{budget.id}", login)
                self._get(f"/my/prepaid/{missing}", login, status=404)
        for login in ("azure_subsidiary", "brown_owner", "azure_worker"):
            for path in ("/my/prepaid/%s", "/my/prepaid/%s/page/1"):
                with self.subTest(login=login, path=path):
                    foreign = self._get(path % budget.id, login, status=404)
                    none = self._get(path % missing, login, status=404)
                    # A fresh token for forms is all that may differ.
                    self.assertEqual(self._strip(foreign), self._strip(none))

    def _strip(self, response):
        return self._get_text(html.fromstring(response.content).find("body"))

    def test_b85_public_is_sent_to_login(self):
        budget = self._create_budget()
        token = budget.sudo()._portal_ensure_token()
        for url in (
            "/my/prepaid",
            "/my/prepaid/page/2",
            f"/my/prepaid/{budget.id}",
            f"/my/prepaid/{budget.id}/page/1",
            f"/my/prepaid/{budget.id}?access_token={token}",
        ):
            with self.subTest(url=url):
                response = self.url_open(url, allow_redirects=False)
                self.assertEqual(response.status_code, 303)
                self.assertIn("/web/login", response.headers["Location"])

    def test_b85_token_does_not_open_a_budget(self):
        """A token in the address is no way in: shareable links are made on purpose."""
        budget = self._create_budget()
        token = budget.sudo()._portal_ensure_token()
        url = f"/my/prepaid/{budget.id}?access_token={token}"
        self._get(url, "brown_owner", status=404)

    def test_b85_ids_that_cannot_be(self):
        for budget_id in (0, 2**31, 10**30):
            self._get(f"/my/prepaid/{budget_id}", "azure_contact", status=404)
        self._get("/my/prepaid/1;drop", "azure_contact", status=404)

    def test_b85_lists_show_own_budgets_only(self):
        """Also to internal users: the list is the customer's, not the back office's."""
        budget = self._create_budget(name="Azure budget")
        self._create_budget(name="Azure budget 2")
        for login in (
            "azure_subsidiary",
            "brown_owner",
            "azure_worker",
            "azure_deductor",
        ):
            with self.subTest(login=login):
                text = self._get("/my/prepaid", login).text
                self.assertNotIn("Azure budget", text)
                counters = self.make_jsonrpc_request(
                    "/my/counters", {"counters": ["prepaid_count"]}
                )
                self.assertEqual(counters, {"prepaid_count": 0})
        self.assertIn(budget.name, self._get("/my/prepaid", "azure_owner").text)

    def test_b84_other_company_is_not_found(self):
        """The same customer's budget in another company stays out of sight."""
        other = self._create_company(name="Other")
        budget = (
            self.env["prepaid.budget"]
            .sudo()
            .create({"partner_id": self.customer.id, "company_id": other.id})
        )
        self._get(f"/my/prepaid/{budget.id}", "azure_contact", status=404)
        self.assertFalse(self._call("azure_contact", "prepaid.budget", "search", []))
        self.assertRefused(
            "azure_contact", "prepaid.budget", "read", budget.ids, ["name"]
        )


class TestPortalRpc(PrepaidPortalCommon):
    def setUp(self):
        super().setUp()
        self.budget = self._create_budget(credit=500.0, note="Pays late")
        self.timesheet = self._log_time(1.0)
        self.entry = self._deduct(self.timesheet, key="batch-7")
        self.records = {
            "prepaid.budget": self.budget,
            "prepaid.lot": self.budget.lot_ids,
            "prepaid.entry": self.budget.entry_ids,
        }

    def test_b85_rpc_reads_own_rows_only(self):
        for model, records in self.records.items():
            own = self._call("azure_contact", model, "search", [])
            self.assertEqual(sorted(own), sorted(records.ids), model)
            self.assertTrue(
                self._call("azure_contact", model, "read", own, ["display_name"])
            )
            for login in ("azure_subsidiary", "brown_owner"):
                with self.subTest(model=model, login=login):
                    self.assertEqual(self._call(login, model, "search", []), [])
                    found = self._call(
                        login, model, "formatted_read_group", [], [], ["__count"]
                    )
                    self.assertEqual([group["__count"] for group in found], [0])
                self.assertRefused(login, model, "read", records.ids, ["display_name"])
            self.assertRefused("azure_worker", model, "search", [])
            self.assertRefused(
                "azure_worker", model, "read", records.ids, ["display_name"]
            )

    def test_b85_rpc_allocations_and_episodes_are_internal(self):
        for model in ("prepaid.allocation", "prepaid.replenishment", "prepaid.deduct"):
            for login in ("azure_contact", "brown_owner", "azure_worker"):
                self.assertRefused(login, model, "search", [])

    def test_b85_rpc_internal_fields_are_hidden(self):
        """Neither read nor guessed by searching or sorting by them."""
        hidden = {
            "prepaid.budget": [
                "note",
                "lock_seq",
                "replenish_note",
                "is_replenish_failed",
                "shortage_invoice_id",
                "overdraft_limit",
                "event_ids",
                "consumption_mode",
                "consume_rule",
                "consume_days",
                "consume_note",
                "pays_for_materials",
                "overflow_policy",
                "overflow_rate",
                "overflow_product_id",
                "show_available",
            ],
            "prepaid.entry": [
                "key",
                "request_key",
                "reason",
                "rate_reason",
            ],
            "account.move": ["prepaid_request_key"],
        }
        required = {
            "consumption_mode": "manual",
            "consume_rule": "age",
            "overflow_policy": "same",
        }
        records = {**self.records, "account.move": self.budget.lot_ids.invoice_id}
        for model, names in hidden.items():
            visible = self._call("azure_contact", model, "fields_get", [], ["type"])
            for name in names:
                ids = records[model].ids
                self.assertNotIn(name, visible)
                self.assertRefused("azure_contact", model, "read", ids, [name])
                # That a required field has a value is no secret.
                guess = required.get(name, False)
                self.assertRefused(
                    "azure_contact", model, "search", [(name, "!=", guess)]
                )
                self.assertRefused("azure_contact", model, "search", [], order=name)

    def test_b85_rpc_what_is_behind_stays_closed(self):
        """A readable row is no way to rows that are not."""
        for model, names in {
            "prepaid.budget": ["activity_ids", "replenishment_ids", "episode_id"],
            "prepaid.lot": ["allocation_ids", "tax_ids"],
            "prepaid.entry": ["allocation_ids"],
        }.items():
            for name in names:
                ids = self.records[model].ids
                self.assertRefused("azure_contact", model, "read", ids, [name])
        domain = [("model", "=", "prepaid.budget"), ("res_id", "=", self.budget.id)]
        self.budget.message_post(body="Pays late", subtype_xmlid="mail.mt_note")
        self.assertFalse(self._call("azure_contact", "mail.message", "search", domain))

    def test_b85_rpc_partners_do_not_tell(self):
        """A head office may read its subsidiaries, but not what they prepaid."""
        self._create_budget(partner=self.subsidiary)
        ids = self.subsidiary.ids
        self.assertTrue(self._call("azure_owner", "res.partner", "read", ids, ["name"]))
        for name in (
            "prepaid_budget_ids",
            "prepaid_budget_count",
            "prepaid_balance",
            "prepaid_currency_id",
            "prepaid_timesheet_count",
        ):
            self.assertRefused("azure_owner", "res.partner", "read", ids, [name])

    def test_b85_rpc_timesheets_stay_closed(self):
        """The ledger is no way around the rights on timesheets."""
        domain = [("timesheet_id.employee_id.hourly_cost", ">", 1)]
        self.assertRefused("azure_contact", "prepaid.entry", "search", domain)

    def test_b85_rpc_nothing_can_be_written(self):
        for model, records in self.records.items():
            for login in ("azure_contact", "brown_owner", "azure_worker"):
                self.assertRefused(login, model, "create", [{"name": "X"}])
                with self.assertRaises(JsonRpcException), mute_logger("odoo.http"):
                    self._call(login, model, "write", records.ids, {"name": "X"})
                self.assertRefused(login, model, "unlink", records.ids)
                self.assertRefused(login, model, "copy", records.ids)

    def test_b85_rpc_public_methods_are_refused(self):
        """Everything that moves credit needs a group of its own."""
        budget, customer = self.budget, self.customer
        calls = [
            ("prepaid.budget", "top_up", budget.ids, 100.0),
            ("prepaid.budget", "action_replenish_now", budget.ids),
            ("prepaid.budget", "action_rearm", budget.ids),
            ("prepaid.budget", "action_archive", budget.ids),
            ("prepaid.budget", "message_post", budget.ids),
            ("prepaid.entry", "action_return_time", self.entry.ids),
            ("res.partner", "action_prepaid_replenish_now", customer.ids),
            ("account.analytic.line", "prepaid_deduct", self.timesheet.ids),
            ("account.analytic.line", "action_prepaid_deduct", self.timesheet.ids),
            ("account.analytic.line", "action_prepaid_return", self.timesheet.ids),
            ("prepaid.deduct", "create", [{"timesheet_ids": self.timesheet.ids}]),
            ("prepaid.top.up", "create", [{"budget_id": budget.id, "amount": 1.0}]),
        ]
        for login in ("azure_contact", "brown_owner", "azure_worker"):
            for model, method, *args in calls:
                self.assertRefused(login, model, method, *args)
        self.assertBalance(budget, 400.0)

    def test_b85_rpc_private_methods_are_refused(self):
        for model, method, args in (
            ("prepaid.budget", "_post_entries", [[]]),
            ("prepaid.budget", "_lock_for_ledger", [self.budget.ids]),
            ("prepaid.budget", "_get_portal_movements", [self.budget.ids]),
            ("account.analytic.line", "_prepaid_deduct", [self.timesheet.ids]),
        ):
            self.assertRefused("azure_contact", model, method, *args)

    def test_b85_xmlrpc_is_guarded_too(self):
        """The external API has the same doors."""
        stranger = self.env["res.users"].sudo().search([("login", "=", "brown_owner")])
        credentials = (self.env.cr.dbname, stranger.id, "brown_owner")
        found = self.xmlrpc_object.execute_kw(
            *credentials, "prepaid.entry", "search", [[]]
        )
        self.assertEqual(found, [])
