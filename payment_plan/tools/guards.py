"""Fields that only the methods of a plan write."""

from odoo.exceptions import AccessError

DEFAULT = "default_"


def refuse_system_fields(records, names, vals_list):
    """Refuse values of fields that the system alone writes, unless it does.

    Also defaults of a context are refused: they would be written as well.

    :param records: records that are to be written, or an empty set to be created
    :param names: set of field names
    :param vals_list: list of dict, values that somebody gives
    :raise AccessError: one of them is given by a person or an import
    """
    if records.env.su:
        return
    given = {name for vals in vals_list for name in vals}
    if not records:
        given |= {
            key.removeprefix(DEFAULT)
            for key in records.env.context
            if key.startswith(DEFAULT)
        }
    if refused := names & given:
        raise AccessError(
            records.env._(
                "%(fields)s of %(model)s cannot be written: use the buttons of the "
                "payment plan.",
                fields=", ".join(
                    records._fields[name]._description_string(records.env)
                    for name in sorted(refused)
                ),
                model=records._description,
            )
        )
