from odoo import api, fields, models
from odoo.fields import Domain

from .. import const

#: How PNG and JPEG start, in base64.
PICTURES = (b"iVBORw0KGgo", b"/9j/")


class PaymentPlanEventFile(models.Model):
    """The files of signed contracts: one for each signature, found by their hash."""

    _inherit = "payment.plan.event"

    source_id = fields.Many2one(
        "payment.plan.event",
        "Files",
        readonly=True,
        ondelete="restrict",
        help="The signature up to which this file is the evidence.",
    )
    filed_ids = fields.One2many("payment.plan.event", "source_id", readonly=True)

    #: The job can run twice, and be killed anywhere: a signature has one file.
    _one_file = models.UniqueIndex(
        f"(source_id) WHERE kind = '{const.EVENT_FILED}'",
        "The contract of this signature is filed already.",
    )
    _file_digest = models.Index(f"(digest) WHERE kind = '{const.EVENT_FILED}'")
    _signatures = models.Index(
        f"(id) WHERE kind IN ('{const.EVENT_SIGNED}', '{const.EVENT_COUNTERSIGNED}')"
    )

    @api.model
    def _get_unfiled(self, limit=None):
        """Return the signatures whose contract is not filed yet, oldest first."""
        domain = Domain(
            "kind", "in", (const.EVENT_SIGNED, const.EVENT_COUNTERSIGNED)
        ) & Domain("filed_ids", "=", False)
        return self.search(domain, order="id", limit=limit)

    def _get_evidence_events(self):
        """Return what happened up to this signature to the version it is under."""
        self.ensure_one()
        events = self.plan_id.event_ids.filtered(
            lambda event: (
                event.id <= self.id
                and event.kind != const.EVENT_FILED
                and (not event.version_id or event.version_id == self.version_id)
            )
        )
        return events.sorted("id")

    def _get_signatures(self):
        """Return the signatures up to this one."""
        kinds = (const.EVENT_SIGNED, const.EVENT_COUNTERSIGNED)
        return self._get_evidence_events().filtered(lambda e: e.kind in kinds)

    def _get_signature_image(self):
        """Return the drawn signature as base64; False without a picture of one."""
        self.ensure_one()
        image = self.signature
        if not image and self.kind == const.EVENT_SIGNED:
            image = self.plan_id.sale_order_id.signature
        # It came from a browser: nothing but a plain picture gets into a document.
        return image if image and image.startswith(PICTURES) else False

    def _get_utc_text(self):
        """Return the moment as text that is the same in all languages and zones."""
        self.ensure_one()
        return f"{self.date:%Y-%m-%d %H:%M:%S} UTC"

    @api.model
    def _verify_file(self, digest):
        """Return what anybody who has a file may know of it, by its SHA-256.

        :param str digest: hexadecimal
        :return: dict with `order` (its number), `signed_on` (UTC) and
            `is_countersigned`; empty when no contract has such a file
        """
        filed = self.search(
            [("kind", "=", const.EVENT_FILED), ("digest", "=", digest)], limit=1
        )
        if not filed:
            return {}
        signatures = filed.source_id._get_signatures()
        return {
            "order": filed.plan_id.sale_order_id.name,
            "signed_on": signatures[:1]._get_utc_text(),
            "is_countersigned": len(signatures) > 1,
        }
