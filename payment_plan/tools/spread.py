"""How money that nobody asked for yet is spread over open payments.

Whole smallest amounts in and out, as in :mod:`..schedule`.
"""

from .amounts import equal_parts, shares

NEXT = "next"
LAST = "last"
EVEN = "even"
PRO_RATA = "prorata"


def spread(units, opens, how):
    """Divide an amount over what is open, never more than that on any of them.

    :param int units: the amount; what does not fit is not divided
    :param opens: what is open of each payment, in the order in which they are due
    :param str how: `NEXT` fills the first ones, `LAST` the last ones, `EVEN` takes
        equal parts (the larger ones last), `PRO_RATA` parts in proportion to what is
        open
    :return: tuple of ints, one for each of ``opens``
    """
    units = min(units, sum(opens))
    if how == EVEN:
        return _even(units, opens)
    if how == PRO_RATA:
        return shares(units, opens) if units else (0,) * len(opens)
    if how == LAST:
        return _in_turn(units, opens[::-1])[::-1]
    return _in_turn(units, opens)


def _in_turn(units, opens):
    parts = []
    for most in opens:
        parts.append(min(units, most))
        units -= parts[-1]
    return tuple(parts)


def _even(units, opens):
    """Equal parts; what is smaller than its part is paid, the others take the rest."""
    parts = [0] * len(opens)
    active = [index for index, most in enumerate(opens) if most]
    while units and active:
        equal = dict(zip(active, equal_parts(units, len(active)), strict=True))
        full = [index for index in active if equal[index] > opens[index]]
        for index in full or active:
            parts[index] = opens[index] if full else equal[index]
            units -= parts[index]
        active = [index for index in active if index not in full] if full else []
    return tuple(parts)
