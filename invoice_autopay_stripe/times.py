"""Stripe's time is seconds since 1970, Odoo's a naive datetime in UTC."""

from datetime import datetime, timezone


def to_stripe_time(moment):
    """Return a naive datetime in UTC as Stripe wants it."""
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


def from_stripe_time(seconds):
    """Return a moment of Stripe as a naive datetime in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)
