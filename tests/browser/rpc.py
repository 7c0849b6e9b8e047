"""Odoo's external API: what a story needs before the browser starts."""

from typing import Any
from xmlrpc.client import ServerProxy


class Rpc:
    """The external API as one user; demo passwords equal the logins."""

    def __init__(self, server, login: str):
        self._server, self._login = server, login
        common = ServerProxy(f"{server.url}/xmlrpc/2/common")
        self._uid = common.authenticate(server.db, login, login, {})
        self._objects = ServerProxy(f"{server.url}/xmlrpc/2/object", allow_none=True)

    def as_user(self, login: str) -> "Rpc":
        """Return the external API as another user."""
        return Rpc(self._server, login)

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a model."""
        return self._objects.execute_kw(
            self._server.db, self._uid, self._login, model, method, args, kwargs
        )

    def create(self, model: str, **vals: Any) -> int:
        """Create a record; return its id."""
        return self.call(model, "create", [vals])[0]

    def search(self, model: str, *domain: tuple) -> list[int]:
        """Return the ids that a domain finds."""
        return self.call(model, "search", list(domain))

    def read(self, model: str, id_: int, field: str) -> Any:
        """Return one field of one record."""
        return self.call(model, "read", [id_], [field])[0][field]

    def ref(self, name: str) -> int:
        """Return the id of a record by its external id."""
        module, name = name.split(".")
        [id_] = self.search(
            "ir.model.data", ("module", "=", module), ("name", "=", name)
        )
        return self.read("ir.model.data", id_, "res_id")
