"""What Stripe knows and Odoo does not, and two payment forms at once."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields

from odoo.addons.invoice_autopay_stripe.times import to_stripe_time

from ..support import stripe_account as stand_in
from .autopay_common import StripeAutopayCommon


class TestAutopayReconcile(StripeAutopayCommon):
    def _activities(self):
        return self.company.partner_id.sudo().activity_ids

    def test_late_success_is_taken_over_at_night(self):
        self.account.fault("drop")
        invoice = self._invoice()
        self._run()
        self.assertEqual(self._attempts(invoice).state, "unknown")
        for _night in range(2):
            self._run_stripe("reconcile")
        self.assertCharged(invoice)
        self.assertTrue(self.provider.stripe_reconciled_on)
        self.assertFalse(self._activities())

    def test_p25_end_of_a_payment_that_took_days_is_asked_for(self):
        for number, state in (
            (stand_in.VISA, "succeeded"),
            (stand_in.INSUFFICIENT_FUNDS, "declined"),
        ):
            with self.subTest(state):
                self.account.hold_charges()
                invoice = self._invoice()
                self._run()
                intent = self._transaction(invoice).provider_reference
                with freeze_time(fields.Datetime.now() + timedelta(days=5)):
                    self._run_stripe("reconcile")
                    self.assertEqual(self._attempts(invoice).state, "processing")
                    self.account.settle(intent, number)
                    self._run_stripe("reconcile")
                self.assertEqual(self._attempts(invoice).state, state)

    def test_p40_late_success_after_a_decline(self):
        self._use_card(stand_in.INSUFFICIENT_FUNDS)
        invoice = self._invoice()
        self._run()
        transaction = self._transaction(invoice)
        self.assertEqual(self._collection(invoice).state, "scheduled")
        self.account.call(
            "POST",
            f"payment_intents/{transaction.provider_reference}/confirm",
            payment_method=self.account.card(),
        )
        self._run_stripe("reconcile")
        self.assertEqual(transaction.state, "done")
        self.assertPaid(invoice)
        self.assertEqual(len(self._charges(invoice)), 1)
        self._run()
        self.assertEqual(len(self._charges(invoice)), 1)

    def test_charges_nobody_knows_are_named_once(self):
        token = self.token
        known = self._invoice()
        self._run()
        customer, card = token.provider_ref, token.stripe_payment_method
        stranger = self.account.charge(700, customer, card, description="INV/0815")
        another = self.account.customer("Another shop's")
        self.account.charge(800, another, self.account.card(customer=another))
        transactions = self.env["payment.transaction"].sudo().search_count([])
        for hours in (1, 25, 49):
            with freeze_time(fields.Datetime.now() + timedelta(hours=hours)):
                self._run_stripe("reconcile")
        activity = self._activities()
        self.assertEqual(len(activity), 1)
        self.assertIn(stranger["id"], activity.note)
        self.assertIn("INV/0815", activity.note)
        self.assertEqual(activity.note.count("pi_"), 1)
        self.assertTrue(activity.user_id.has_group("account.group_account_manager"))
        self.assertEqual(
            self.env["payment.transaction"].sudo().search_count([]), transactions
        )
        self.assertCharged(known)

    def test_p34_dispute_whose_events_did_not_arrive(self):
        self._use_card(stand_in.DISPUTED)
        invoice = self._invoice()
        self._run()
        transaction = self._transaction(invoice)
        self.assertFalse(transaction.stripe_dispute_ref)
        for _night in range(2):
            self._run_stripe("reconcile")
        self.assertEqual(transaction.stripe_dispute_state, "needs_response")
        self.assertTrue(self.mandate.is_disputed)
        self.account.win_dispute(transaction.stripe_dispute_ref)
        with freeze_time(fields.Datetime.now() + timedelta(days=60)):
            self._run_stripe("reconcile")
        self.assertEqual(transaction.stripe_dispute_state, "won")
        self.assertFalse(self.mandate.is_disputed)

    def test_stripe_cannot_be_asked(self):
        self.account.fault("fail", "(payment_intents|disputes)$", method="GET", times=9)
        self._run_stripe("reconcile")
        self.assertFalse(self.provider.stripe_reconciled_on)

    def test_wrong_amount_is_not_taken_over(self):
        self._use_card(stand_in.INSUFFICIENT_FUNDS)
        invoice = self._invoice()
        self._run()
        transaction = self._transaction(invoice)
        token = self.token
        self.account.charge(
            1,
            token.provider_ref,
            token.stripe_payment_method,
            description=transaction.reference,
        )
        with freeze_time(fields.Datetime.now() + timedelta(hours=1)):
            self._run_stripe("reconcile")
        self.assertEqual(transaction.state, "error")
        self.assertIn(transaction.reference, self._activities().note)

    def test_what_succeeded_after_the_last_night_is_named(self):
        """The form was opened before the comparison, and paid after it."""
        customer = self.token.provider_ref
        stranger = self.account.call(
            "POST", "payment_intents", amount=700, currency="usd", customer=customer
        )
        with freeze_time(fields.Datetime.now() + timedelta(hours=1)):
            self._run_stripe("reconcile")
        self.assertFalse(self._activities())
        self.account.call(
            "POST",
            f"payment_intents/{stranger['id']}/confirm",
            payment_method=self.account.card(customer=customer),
        )
        for hours in (2, 26):
            with freeze_time(fields.Datetime.now() + timedelta(hours=hours)):
                self._run_stripe("reconcile")
        self.assertIn(stranger["id"], self._activities().note)
        self.assertEqual(len(self._activities()), 1)

    def test_old_intents_are_found_by_the_event_of_their_success(self):
        stranger = self.account.charge(
            700, self.token.provider_ref, self.token.stripe_payment_method
        )
        Provider = self.registry["payment.provider"]
        # As if it had been made before the days that are listed.
        with (
            patch.object(Provider, "_list_stripe_intents", lambda _p, **_f: iter(())),
            freeze_time(fields.Datetime.now() + timedelta(hours=1)),
        ):
            self._run_stripe("reconcile")
        self.assertIn(stranger["id"], self._activities().note)

    def test_comparison_goes_back_to_the_last_one(self):
        asked = []
        Provider = self.registry["payment.provider"]

        def list_intents(_provider, **filters):
            asked.append(filters["created"]["gte"])
            return iter(())

        now = fields.Datetime.now()
        last = now - timedelta(days=9)
        with patch.object(Provider, "_list_stripe_intents", list_intents):
            for before in (False, last, now - timedelta(hours=1)):
                self.provider.stripe_reconciled_on = before
                self._run_stripe("reconcile")
                self.assertGreater(self.provider.stripe_reconciled_on, last)
        usual = to_stripe_time(now - timedelta(days=3))
        self.assertAlmostEqual(asked[0], usual, delta=60)
        self.assertEqual(asked[1], to_stripe_time(last))
        self.assertAlmostEqual(asked[2], usual, delta=60)

    def test_p34_one_dispute_that_cannot_be_fetched_stops_no_other(self):
        self._use_card(stand_in.DISPUTED)
        invoices = self._invoice() | self._invoice()
        self._run()
        self._run_stripe("reconcile")
        first, second = (self._transaction(invoice) for invoice in invoices)
        self.assertEqual(second.stripe_dispute_state, "needs_response")
        for transaction in (first, second):
            self.account.win_dispute(transaction.stripe_dispute_ref)
        self.account.fault(
            "fail", first.stripe_dispute_ref, method="GET", times=9, status=404
        )
        with freeze_time(fields.Datetime.now() + timedelta(days=60)):
            self.provider.stripe_reconciled_on = fields.Datetime.now()
            self._run_stripe("reconcile")
        self.assertEqual(first.stripe_dispute_state, "needs_response")
        self.assertEqual(second.stripe_dispute_state, "won")

    def test_p34_inquiry_is_followed_at_night(self):
        self._use_card(stand_in.DISPUTE_INQUIRY)
        invoice = self._invoice()
        self._run()
        self._run_stripe("reconcile")
        transaction = self._transaction(invoice)
        self.assertEqual(transaction.stripe_dispute_state, "inquiry")
        self.account.win_dispute(transaction.stripe_dispute_ref)
        with freeze_time(fields.Datetime.now() + timedelta(days=60)):
            self.provider.stripe_reconciled_on = fields.Datetime.now()
            self._run_stripe("reconcile")
        self.assertNotEqual(transaction.stripe_dispute_state, "inquiry")

    def test_p23_second_charge_of_the_same_reference_is_named(self):
        invoice = self._invoice()
        self._run()
        self.assertCharged(invoice)
        transaction = self._transaction(invoice)
        second = self.account.charge(
            10000,
            self.token.provider_ref,
            self.token.stripe_payment_method,
            description=transaction.reference,
        )
        for hours in (1, 25):
            with freeze_time(fields.Datetime.now() + timedelta(hours=hours)):
                self._run_stripe("reconcile")
        activity = self._activities()
        self.assertEqual(len(activity), 1)
        self.assertIn(second["id"], activity.note)
        self.assertNotIn(transaction.provider_reference, activity.note)
        self.assertNotEqual(transaction.provider_reference, second["id"])

    def test_p37_charged_says_a_person_and_so_says_stripe(self):
        self.account.fault("drop")
        invoice = self._invoice()
        self._run()
        self._attempts(invoice).action_charged()
        transaction = self._transaction(invoice)
        self.assertFalse(transaction.provider_reference)
        with freeze_time(fields.Datetime.now() + timedelta(hours=1)):
            self._run_stripe("reconcile")
        self.assertTrue(transaction.provider_reference.startswith("pi_"))
        self.assertFalse(self._activities())


class TestAutopayTwoTabs(StripeAutopayCommon):
    """PF80: of two open payment forms only one can be paid."""

    def test_pf80_second_tab_closes_the_first(self):
        invoice = self._invoice()
        first = self._open_form(invoice)
        invoice._check_payable_online()
        self.assertEqual(first.state, "cancel")
        with self.assertRaises(stand_in.StripeRefusalError):
            self._submit(first)
        second = self._open_form(invoice)
        self._submit(second)
        self.assertEqual(len(self._charges(invoice)), 1)

    def test_pf80_paid_in_the_first_tab(self):
        invoice = self._invoice()
        first = self._open_form(invoice)
        self._submit(first)
        with self.assertRefused("in progress"):
            invoice._check_payable_online()
        self.assertEqual(len(self._charges(invoice)), 1)

    def _run_later(self):
        """Run the jobs when an open form counts as left by the customer."""
        with freeze_time(fields.Datetime.now() + timedelta(minutes=61)):
            self._run_stripe("forms")
            self._run()

    def test_p22_the_job_waits_for_an_open_form_that_is_closed_later(self):
        invoice = self._invoice()
        form = self._open_form(invoice)
        self._run_stripe("forms")
        self._run()
        self.assertEqual(form.state, "draft")
        self.assertFalse(self._attempts(invoice))
        self._run_later()
        self.assertEqual(form.state, "cancel")
        self.assertCharged(invoice)
        with self.assertRaises(stand_in.StripeRefusalError):
            self._submit(form)

    def test_p22_the_job_finds_that_the_form_was_paid(self):
        invoice = self._invoice()
        form = self._open_form(invoice)
        self._submit(form)
        self._run_later()
        self.assertEqual(form.state, "done")
        self.assertFalse(self._attempts(invoice))
        form._book_autopay()
        self.assertPaid(invoice)
        self._run_later()
        self.assertEqual(len(self._charges(invoice)), 1)

    def test_pf80_stripe_cannot_be_asked(self):
        invoice = self._invoice()
        form = self._open_form(invoice)
        self.account.fault("fail", "payment_intents/", method="GET", times=9)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=61)):
            self._run_stripe("forms")
        self.assertEqual(form.state, "draft")
        self.account.clear_faults()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=121)):
            self._run_stripe("forms")
        self.assertEqual(form.state, "cancel")
        with self.assertRaises(stand_in.StripeRefusalError):
            self._submit(form)

    def test_p22_stripe_is_not_asked_while_the_invoice_is_locked(self):
        invoice = self._invoice()
        form = self._open_form(invoice)
        asked = len(self.account.calls(form.provider_reference))
        with freeze_time(fields.Datetime.now() + timedelta(minutes=61)):
            self.assertFalse(form._get_in_progress())
            self._run()
        self.assertEqual(len(self.account.calls(form.provider_reference)), asked)
        # Paid all the same: both payments are known, a person decides.
        self._submit(form)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=62)):
            self._run_stripe("forms")
        self.assertEqual(form.state, "done")
        self.assertEqual(len(self._charges(invoice)), 2)

    def test_old_forms_are_left_alone(self):
        form = self._open_form(self._invoice())
        with freeze_time(fields.Datetime.now() + timedelta(days=4)):
            self._run_stripe("forms")
        self.assertEqual(form.state, "draft")
