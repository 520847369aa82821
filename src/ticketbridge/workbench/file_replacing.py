"""Replace a file whole, or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a new file beside *file*; it takes the place of *file* if the block does not fail.

    It has the rights of *file*. If *file* is a link, its target is replaced. Raises OSError.
    """
    beside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    # It follows no link and opens no file that is there, as mkstemp; the rights are those of any new file.
    beside.touch(exist_ok=False)
    try:
        if file.exists():
            shutil.copymode(file, beside)
        yield beside
        beside.replace(file.resolve())
    finally:
        beside.unlink(missing_ok=True)
