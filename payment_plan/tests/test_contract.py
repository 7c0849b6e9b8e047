"""Contracts: what they say, what is signed, and the file that proves it."""

from base64 import b64encode
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields, http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged

from ..tools.digest import digest_of_file
from .common import EVIDENCE, PlanCommon


class ContractCommon(PlanCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("base.group_system")
        cls.terms = cls._terms()

    @classmethod
    def _terms(cls, **vals):
        """Make terms with nothing set but what is asked for."""
        return cls.env["payment.plan.terms"].create(
            {
                "name": "Weddings",
                "company_id": cls.company.id,
                "currency_id": cls.currency.id,
                "provider_cancels": "none",
                "delivery_on_full_payment": False,
                **vals,
            }
        )

    def _offer_contract(self, terms=None, **vals):
        order = self._order(session_date="2027-06-01")
        return self._offer(order, terms_id=(terms or self.terms).id, **vals)

    def _read(self, plan):
        """Return the text that the customer reads now."""
        return plan._get_version().contract_html

    def _file(self):
        self._run("file_contracts")

    def _events(self, plan, kind):
        return plan.event_ids.filtered(lambda event: event.kind == kind)

    def _mails(self, plan):
        return self.env["mail.mail"].search(
            [("model", "=", "payment.plan"), ("res_id", "=", plan.id)]
        )


@tagged("post_install", "-at_install")
class TestTerms(ContractCommon):
    """PF27: the text says what is set, and nothing else."""

    def test_pf27_set_fee_is_stated(self):
        """A fee that is set gets its clause, with the figures of the setting."""
        self.terms.write({"late_fee_kind": "fixed", "late_fee_amount": 25})
        self.assertIn("late_fee", self.terms.clause_ids.mapped("kind"))
        plan = self._offer_contract()
        text = self._read(plan)
        self.assertIn("$\xa025.00", text)
        self.assertEqual(plan._get_version().terms["contract"]["late_fee_amount"], 25.0)
        self.terms.late_fee_amount = 30
        self.assertIn("$\xa030.00", self._read(plan))
        self.assertNotIn("$\xa025.00", self._read(plan))

    def test_pf27_fee_that_is_off_is_not_stated(self):
        """The clause stays in the terms, and is left out of the contract."""
        self.terms.write({"late_fee_kind": "percent", "late_fee_percent": 5})
        plan = self._offer_contract()
        clause = self.terms.clause_ids.filtered(lambda c: c.kind == "late_fee")
        self.assertIn(clause.name, self._read(plan))
        self.assertIn("5 % of the overdue", self._read(plan))
        self.terms.late_fee_kind = "none"
        self.assertIn(clause, self.terms.clause_ids)
        self.assertNotIn(clause.name, self._read(plan))
        self.assertEqual(plan._get_version().terms["contract"]["late_fee_kind"], "none")

    def test_pf27_each_setting_has_its_clause(self):
        """Switch everything on, one after the other: the contract grows by each."""
        settings = {
            "grace": {"grace_days": 3, "grace_unit": "business"},
            "late_fee": {"late_fee_kind": "fixed", "late_fee_amount": 10},
            "missed_payment": {"missed_action": "hold", "default_failures": 3},
            "cancellation": {
                "tier_ids": [Command.create({"days": 0, "keep": "deposit"})]
            },
            "rescheduling": {"reschedule_max": 2, "reschedule_free": 1},
            "delivery": {"delivery_on_full_payment": True},
            "provider_cancels": {"provider_cancels": "refund"},
            "withdrawal": {"withdrawal": "days_14"},
            "governing_law": {"governing_country_id": self.env.ref("base.be").id},
        }
        plan = self._offer_contract()
        for kind, vals in settings.items():
            before = self._read(plan)
            self.terms.write(vals)
            clause = self.terms.clause_ids.filtered(lambda c, k=kind: c.kind == k)
            self.assertEqual(len(clause), 1, kind)
            self.assertNotIn(clause.name, before)
            self.assertIn(clause.name, self._read(plan))

    def test_pf27_set_without_clause_is_refused(self):
        """No clause in the library about what is set: the terms are not saved."""
        clauses = self.env["payment.plan.clause"].search([("kind", "=", "grace")])
        clauses.terms_ids.filtered(lambda t: t.grace_days).grace_days = 0
        clauses.terms_ids.clause_ids = [Command.unlink(c.id) for c in clauses]
        clauses.unlink()
        with self.assertRefused("no clause about “Grace”"):
            self.terms.grace_days = 3

    def test_pf27_removed_clause_comes_back(self):
        """The clause of a set fee cannot be taken away while the fee is set."""
        self.terms.write({"late_fee_kind": "fixed", "late_fee_amount": 25})
        clause = self.terms.clause_ids.filtered(lambda c: c.kind == "late_fee")
        self.terms.clause_ids = [Command.unlink(clause.id)]
        self.assertIn("late_fee", self.terms.clause_ids.mapped("kind"))

    def test_pf27_figures_come_from_settings(self):
        """A bound clause cannot promise another figure than the setting."""
        clause = self.env.ref("payment_plan.clause_late_fee")
        with self.assertRefused("come from the terms"):
            clause.body = "<p>A late fee of {late_fee}, at least 40 EUR, is due.</p>"
        with self.assertRefused(r"must contain \{late_fee\}"):
            clause.body = "<p>There is a late fee.</p>"

    def test_unknown_placeholder_is_refused(self):
        clause = self.env.ref("payment_plan.clause_grace")
        with self.assertRefused(r"\{graze\} is no placeholder.*\{grace\} \{company\}"):
            clause.body = "<p>Within {grace} or {graze}.</p>"
        with self.assertRefused("braces are for placeholders"):
            clause.body = "<p>Within {grace} {object.env}.</p>"
        with self.assertRefused("braces are for placeholders"):
            clause.body = '<p>Within {grace}, <span title="{order}">see</span>.</p>'
        with self.assertRefused(r"\{late_fee\} is no placeholder of such a clause"):
            clause.body = "<p>Within {grace}, then {late_fee}.</p>"

    def test_unknown_placeholder_in_a_translation_is_refused(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        clause = self.env["payment.plan.clause"].create(
            {"name": "Grace", "kind": "grace", "body": "<p>Within {grace}.</p>"}
        )
        with self.assertRefused(r"\{delai\} is no placeholder"):
            clause.update_field_translations(
                "body", {"fr_FR": {"Within {grace}.": "Sous {delai}."}}
            )

    def test_settings_that_make_no_sense_are_refused(self):
        for vals, reason in (
            ({"late_fee_kind": "fixed"}, "Enter the late fee"),
            ({"missed_action": "hold"}, "how many failed payments"),
            ({"reschedule_max": 1, "reschedule_free": 2}, "more free reschedules"),
            ({"tier_ids": [Command.create({"days": 7})]}, "tier of 0 days"),
        ):
            with self.assertRefused(reason):
                self.terms.write(vals)

    def test_tiers_are_stated_without_gaps(self):
        """P80: more than 30 days, 30 to 7, less than 7."""
        self.terms.tier_ids = [
            Command.create({"days": 31, "keep": "deposit"}),
            Command.create({"days": 7, "percent": 50}),
            Command.create({"days": 0, "percent": 100}),
        ]
        text = self._read(self._offer_contract())
        self.assertIn("<li>31 days or more before the session: we keep the dep", text)
        self.assertIn("<li>30 to 7 days before the session: we keep 50 %", text)
        self.assertIn("<li>less than 7 days before the session, or without", text)

    def test_amounts_are_of_one_currency(self):
        """25 USD of late fee are no 25 EUR."""
        other = self.setup_other_currency("EUR")
        self.terms.write(
            {
                "late_fee_kind": "fixed",
                "late_fee_amount": 25,
                "currency_id": other.id,
            }
        )
        plan = self._offer_contract()
        self.assertIn("amounts in EUR, the order is in USD", plan._get_problem())
        self.terms.write({"late_fee_kind": "percent", "late_fee_percent": 5})
        self.assertFalse(plan._get_problem())

    def test_customer_name_is_escaped(self):
        self.customer.name = "<script>alert('x')</script> {total}"
        plan = self._offer_contract()
        text = self._read(plan)
        self.assertNotIn("<script>", text)
        self.assertIn("&lt;script&gt;", text)
        self.assertIn("{total}", text)  # a name is not a text with placeholders

    def test_salespeople_read_terms_and_do_not_change_them(self):
        salesman = self.env["res.users"].create(
            {
                "name": "Sal",
                "login": "sal",
                "group_ids": [
                    Command.link(self.env.ref("sales_team.group_sale_salesman").id)
                ],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )
        terms = self.terms.with_user(salesman)
        self.assertEqual(terms.grace_days, 0)
        with self.assertRaises(AccessError):
            terms.grace_days = 10
        with self.assertRaises(AccessError):
            self.env.ref("payment_plan.clause_grace").with_user(salesman).name = "x"

    def test_used_clause_is_not_deleted(self):
        with self.assertRefused("remove it there first"):
            self.terms.clause_ids[:1].unlink()


@tagged("post_install", "-at_install")
class TestSignedContract(ContractCommon):
    def test_r22_revised_terms_leave_signed_text(self):
        """A template and a library revised later change nothing that was signed."""
        self.terms.write({"late_fee_kind": "fixed", "late_fee_amount": 25})
        plan = self._sign(self._offer_contract())
        version = plan.version_id
        signed, digest = version.contract_html, version.digest
        self.terms.write({"late_fee_amount": 99, "title": "Something else"})
        self.env.ref(
            "payment_plan.clause_schedule"
        ).body = "<p>{installments}, and other words</p>"
        self.env.invalidate_all()
        self.assertEqual(version.contract_html, signed)
        self.assertEqual(version.terms["contract"]["late_fee_amount"], 25.0)
        self.assertEqual(version.digest, digest)
        self.assertTrue(version._is_intact())
        with self.assertRefused("cannot be changed here"):
            plan.terms_id = self._terms(name="Others")

    def test_p72_second_signature_is_refused(self):
        plan = self._sign(self._offer_contract())
        with self.assertRefused("is signed already"):
            plan._sign(plan.version_id.digest, "Somebody else", EVIDENCE)
        self.assertEqual(len(self._events(plan, "signed")), 1)
        self.assertEqual(self._events(plan, "signed").name, "Ada Muster")

    def test_p73_revised_terms_refuse_an_open_page(self):
        """Terms changed while the customer reads: what was read is not what is."""
        plan = self._offer_contract()
        plan.sale_order_id._choose_plan(plan, EVIDENCE)
        read = plan._get_version()
        self.terms.write({"late_fee_kind": "fixed", "late_fee_amount": 25})
        with self.assertRefused("changed since you opened"):
            plan._sign(read.digest, "Ada Muster", EVIDENCE)

    def test_language_is_the_one_signed(self):
        """P75: a customer who changes the language keeps the contract signed."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.terms.with_context(lang="fr_FR").title = "Contrat de mariage"
        self.customer.lang = "fr_FR"
        plan = self._sign(self._offer_contract())
        self.assertEqual(plan.version_id.lang, "fr_FR")
        self.assertIn("Contrat de mariage", plan.version_id.contract_html)
        self.customer.lang = "en_US"
        self._file()
        content = plan._read_contract_file()[0].decode()
        self.assertIn("Contrat de mariage", content)
        self.assertIn('lang="fr-FR"', content)

    # === THE FILE === #

    def test_signing_files_nothing_itself(self):
        """No PDF and no mail is made in the transaction of the signature."""
        plan = self._sign(self._offer_contract())
        self.assertFalse(self._events(plan, "filed"))
        self.assertFalse(self._mails(plan))
        self.assertIn("being prepared", plan._read_contract_file()[2])
        cron = self.env.ref("payment_plan.ir_cron_file_contracts")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))

    def test_filed_once_and_sent_to_both_sides(self):
        plan = self._sign(self._offer_contract())
        self._file()
        self._file()
        filed = self._events(plan, "filed")
        self.assertEqual(len(filed), 1)
        self.assertEqual(filed.source_id, self._events(plan, "signed"))
        mail = self._mails(plan)
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.state, "outgoing")  # queued, not sent in the job
        self.assertEqual(mail.recipient_ids, self.customer | plan.user_id.partner_id)
        self.assertEqual(mail.attachment_ids, filed.attachment_id)
        content, _name, problem = plan._read_contract_file()
        self.assertFalse(problem)
        self.assertEqual(digest_of_file(content), filed.digest)

    def test_file_has_the_evidence(self):
        """PF24: name, image, address, browser, time in UTC, hash, consent."""
        plan = self._sign(self._offer_contract(), consent=True)
        self._file()
        text = plan._read_contract_file()[0].decode()
        signed = self._events(plan, "signed")
        for expected in (
            "Ada Muster",
            "ada@example.com",
            EVIDENCE["ip_address"],
            EVIDENCE["user_agent"],
            f"{signed.date:%Y-%m-%d %H:%M:%S} UTC",
            plan.version_id.digest,
            "data:image/png;base64,",
            "Plan chosen",
            "I allow",
        ):
            self.assertIn(expected, text)

    def test_poisoned_contract_does_not_stop_the_others(self):
        """P54: one that cannot be rendered is told to staff, once."""
        bad = self._sign(self._offer_contract())
        good = self._sign(self._offer_contract())
        render = type(bad)._render_file

        def fail(plan, event):
            if plan == bad:
                raise UserError(self.env._("No printer"))
            return render(plan, event)

        with (
            patch.object(type(bad), "_render_file", fail),
            self.assertLogs("odoo.addons.invoice_autopay", "WARNING"),
        ):
            self._file()
            self._file()
        self.assertFalse(self._events(bad, "filed"))
        self.assertEqual(bad.filing_problem, "No printer")
        self.assertEqual(len(bad.activity_ids), 1)
        self.assertTrue(self._events(good, "filed"))
        self._file()
        self.assertTrue(self._events(bad, "filed"))
        self.assertFalse(bad.filing_problem)

    def test_killed_between_two_contracts(self):
        """Killed after the first one was rendered: none is lost, none is doubled."""
        plans = self._sign(self._offer_contract()) | self._sign(self._offer_contract())
        store = type(plans)._store_file
        calls = []

        def die(plan, event, content):
            if plan in plans:  # not those of demo data
                calls.append(plan)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return store(plan, event, content)

        cron = self.env.ref("payment_plan.ir_cron_file_contracts").sudo()
        with patch.object(type(plans), "_store_file", die):
            self.env.flush_all()
            # Not assertRaises: it would roll back what was committed before.
            with suppress(KeyboardInterrupt), self.enter_registry_test_mode():
                cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(len(calls), 2)
        self.assertEqual(len(plans.event_ids.filtered(lambda e: e.kind == "filed")), 1)
        self._file()
        for plan in plans:
            self.assertEqual(len(self._events(plan, "filed")), 1)
            self.assertEqual(len(self._mails(plan)), 1)

    def test_changed_version_is_not_filed(self):
        """What was signed and what is in the database differ: no file is made of it."""
        plan = self._sign(self._offer_contract())
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL session_replication_role = replica")
        self.env.cr.execute(
            "UPDATE payment_plan_version SET contract_html = 'other' WHERE id = %s",
            [plan.version_id.id],
        )
        self.env.cr.execute("SET LOCAL session_replication_role = origin")
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.invoice_autopay", "WARNING"):
            self._file()
        self.assertFalse(self._events(plan, "filed"))
        self.assertIn("not what was signed", plan.filing_problem)

    def test_p75_bytes_are_served_as_they_were_filed(self):
        """Years later, with another layout, another name: the same bytes."""
        plan = self._sign(self._offer_contract())
        self._file()
        before = plan._read_contract_file()[0]
        self.company.name = "Another name"
        self.customer.name = "Another customer"
        self.env.ref("payment_plan.report_contract_evidence").arch_db = "<t>-</t>"
        self._file()
        self.assertEqual(plan._read_contract_file()[0], before)

    def test_p75_changed_file_is_refused_and_told(self):
        plan = self._sign(self._offer_contract())
        self._file()
        self._tamper(plan)
        content, _name, problem = plan._read_contract_file()
        self.assertIsNone(content)
        self.assertIn("not the one that was signed", problem)
        plan._read_contract_file()
        self.assertEqual(len(plan.activity_ids), 1)
        self.assertIn("was changed", plan.activity_ids.summary)

    def _tamper(self, plan):
        """Put other bytes behind the file's back of Odoo."""
        other = self.env["ir.attachment"].create({"name": "x", "raw": b"other bytes"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s",
            [other.store_fname, self._events(plan, "filed").attachment_id.id],
        )
        self.env.invalidate_all()

    def test_filed_attachment_is_kept(self):
        plan = self._sign(self._offer_contract())
        self._file()
        attachment = self._events(plan, "filed").attachment_id
        for vals in ({"raw": b"x"}, {"res_id": 0}, {"public": True}, {"name": "y"}):
            with self.assertRefused("is evidence of"):
                attachment.write(vals)
        with self.assertRefused("is evidence of"):
            attachment.unlink()
        attachment.generate_access_token()  # mails link to large files

    # === OUR SIDE === #

    def test_pf23_countersigned_once(self):
        """The countersigned contract is a second file; the first one stays."""
        plan = self._offer_contract()
        with self.assertRefused("not signed by the customer"):
            plan.action_countersign()
        self._sign(plan)
        self._file()
        plan.action_countersign()
        event = self._events(plan, "countersigned")
        self.assertEqual(event.name, self.env.user.name)
        self.assertEqual(event.digest, plan.version_id.digest)
        with self.assertRefused("countersigned already"):
            plan.action_countersign()
        self._file()
        first, second = self._events(plan, "filed").sorted("id")
        self.assertEqual(plan._get_filed(), second)
        self.assertNotEqual(first.digest, second.digest)
        for filed in (first, second):
            self.assertEqual(
                self.env["payment.plan.event"]._verify_file(filed.digest)["order"],
                plan.sale_order_id.name,
            )

    def test_signed_on_paper(self):
        """Staff records the paper: evidence with the scan, and the order runs."""
        plan = self._offer_contract()
        order = plan.sale_order_id
        wizard = self.env["payment.plan.sign.paper"].create(
            {
                "plan_id": plan.id,
                "date": fields.Date.today() - timedelta(days=1),
                "scan": b64encode(b"scan"),
                "scan_name": "paper.pdf",
            }
        )
        self.assertEqual(wizard.name, "Ada Muster")
        with self.assertRefused("choose it first"):
            wizard.action_sign()
        order._choose_plan(plan)
        wizard.action_sign()
        event = self._events(plan, "signed")
        self.assertEqual(order.state, "sale")
        self.assertEqual(plan.state, "active")
        self.assertEqual(event.attachment_id.raw, b"scan")
        self.assertIn("on paper", event.text)
        self.assertIn(digest_of_file(b"scan"), event.text)
        with self.assertRefused("is evidence of"):
            event.attachment_id.unlink()

    def test_paper_of_tomorrow_is_refused(self):
        plan = self._offer_contract()
        plan.sale_order_id._choose_plan(plan)
        with self.assertRefused("a day to come"):
            plan._sign_on_paper("Ada", fields.Date.today() + timedelta(days=3))

    def test_r81_ready_terms(self):
        """The terms that come with the app make contracts, in each language."""
        for lang in ("fr_FR", "nl_NL", "de_DE"):
            self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"].search(
            [("name", "=", "payment_plan")]
        )._update_translations(["fr_FR", "nl_NL", "de_DE"])
        titles = {
            "fr_FR": "Livraison après paiement intégral",
            "nl_NL": "Levering na volledige betaling",
            "de_DE": "Übergabe nach vollständiger Zahlung",
        }
        for name in ("photography", "coaching", "agency"):
            terms = self.env.ref(f"payment_plan.terms_{name}")
            for lang, title in titles.items():
                self.customer.lang = lang
                text = self._read(self._offer_contract(terms))
                if name == "photography":
                    self.assertIn(title, text)
                self.assertNotIn("The customer", text)
                self.assertNotIn("{", text)

    def test_draft_terms_are_refused_in_validation(self):
        with self.assertRaises(ValidationError):
            self._terms(late_fee_kind="percent")


@tagged("post_install", "-at_install")
class TestContractPages(ContractCommon, HttpCase):
    def _upload(self, content):
        self.authenticate(None, None)
        return self.url_open(
            "/plans/verify",
            data={"csrf_token": http.Request.csrf_token(self)},
            files={"contract_file": ("contract.pdf", content, "application/pdf")},
        )

    def test_p75_verify_page(self):
        plan = self._sign(self._offer_contract())
        self._file()
        content = plan._read_contract_file()[0]
        page = self._upload(content)
        order = plan.sale_order_id
        self.assertIn("This is the signed contract", page.text)
        self.assertIn(order.name, page.text)
        self.assertNotIn(self.customer.name, page.text)
        self.assertNotIn("2,000", page.text)
        changed = self._upload(content + b" ")
        self.assertIn("We do not know this file", changed.text)
        self.assertNotIn(order.name, changed.text)
        self.assertIn("Choose a file first", self._upload(b"").text)

    def test_verify_page_refuses_large_files(self):
        self.assertEqual(self._upload(b"x" * (21 * 1024 * 1024)).status_code, 413)

    def test_p90_contract_is_the_customers(self):
        plan = self._sign(self._offer_contract())
        self._file()
        self.env.flush_all()
        url = f"/my/plans/{plan.id}/contract"
        token = plan._portal_ensure_token()
        self.authenticate(None, None)
        self.assertEqual(self.url_open(url).status_code, 404)
        self.assertEqual(self.url_open(f"{url}?access_token=x").status_code, 404)
        own = self.url_open(f"{url}?access_token={token}")
        self.assertEqual(own.content, plan._read_contract_file()[0])
        self.assertEqual(own.headers["Content-Type"], "application/pdf")
        self._log_in_as("Eve", False)
        self.assertEqual(self.url_open(url).status_code, 404)
        self._log_in_as("Bob", self.customer)  # works for the customer
        self.assertEqual(self.url_open(url).content, own.content)

    def _log_in_as(self, name, parent):
        login = f"{name}-portal"
        user = self.env["res.users"].create(
            {
                "name": name,
                "login": login,
                "password": login,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )
        user.partner_id.parent_id = parent
        self.env.flush_all()
        self.authenticate(login, login)
