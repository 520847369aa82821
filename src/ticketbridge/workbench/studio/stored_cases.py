"""The cases file of the mapping, read again only where it has changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ticketbridge.workbench.cases.case_spec import CaseSpec, CasesSpec
from ticketbridge.workbench.cases.reader import read_cases

_NONE = CasesSpec((), ())
_Stamps = Mapping[Path, tuple[int, int]]


class StoredCases:
    """The cases in *file*, which need not be there."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._cases = _NONE
        self._stamps: _Stamps | None = None

    def read(self) -> CasesSpec:
        """Return the cases as they are now. Raises CasesError."""
        if not self.file.is_file():
            return _NONE
        if self._stamps is None or self._stamps != _stamp(self._stamps):
            self._stamps = None
            before = _stamp({self.file: (0, 0)})
            self._cases = read_cases(self.file)
            files = {answer.file for case in self._cases.cases for answer in case.answers}
            self._stamps = {**_stamp({file: (0, 0) for file in files if file}), **before}
        return self._cases

    def find(self, name: str) -> CaseSpec | None:
        """Return the case of that *name*, or None. Raises CasesError."""
        return next((case for case in self.read().cases if case.name == name), None)


def _stamp(files: _Stamps) -> _Stamps:
    """Return when each file was written, and its size."""
    found = {}
    for file in files:
        try:
            status = file.stat()
            found[file] = (status.st_mtime_ns, status.st_size)
        except OSError:
            found[file] = (0, 0)
    return found
