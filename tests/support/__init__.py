"""What the top-level tests share: databases, processes, a server."""

from .databases import new_database, sql
from .processes import OdooProcess, odoo_process
from .server import LiveServer, live_server

__all__ = [
    "LiveServer",
    "OdooProcess",
    "live_server",
    "new_database",
    "odoo_process",
    "sql",
]
