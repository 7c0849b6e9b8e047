"""A short proof that a text is the same text."""

import hashlib
import json


def digest_of(content):
    """Return the SHA-256 of structured content, as hexadecimal text.

    :param content: dicts, lists, numbers, texts and dates
    """
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_file(content):
    """Return the SHA-256 of the bytes of a file, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()
