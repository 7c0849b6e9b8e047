"""Log files of the processes that tests start; removed with the run."""

import os
import tempfile
from pathlib import Path


def new_log(name: str) -> Path:
    """Return a new empty file in the folder of this run."""
    handle, path = tempfile.mkstemp(f".{name}.log", dir=os.environ["DEVTOOLS_FOLDER"])
    os.close(handle)
    return Path(path)
