"""Variables of the environment: a mapping asks for them by `${NAME}` or `${NAME:-default}`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ticketbridge.mapping.file_reader import FileReader, why_unread

PLACEHOLDER = "placeholder"
MAX_FILE_BYTES = 1024 * 1024


class VariableError(Exception):
    """A variable that cannot be used. The message names it, and never shows a value."""

    def __init__(self, code: str, message: str, suggestion: str = "") -> None:
        self.code = code
        self.suggestion = suggestion
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Value:
    """The text of a variable. If *known* is False, the variable is not set, and *text* is a stand-in."""

    text: str = field(repr=False)
    known: bool = True


class Environment:
    """The variables that a mapping may name.

    `NAME_FILE` gives the path of a file that holds the value of `NAME`, as container secrets do. As
    in a shell, a default also replaces a variable that is set but empty.

    If *missing* is "placeholder", a variable that is not set becomes placeholder text. So a mapping
    can be checked and tested without its credentials. Do not use it for serving.

    *files* reads the files of secrets, and the other files that a mapping names.
    """

    def __init__(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        missing: Literal["error", "placeholder"] = "error",
        files: FileReader | None = None,
    ) -> None:
        self._variables = os.environ if variables is None else variables
        self._missing = missing
        self.files = files or FileReader()

    @classmethod
    def offline(cls) -> Environment:
        """Return an environment without variables: a run without the platform needs no credential."""
        return cls({}, missing="placeholder")

    def __repr__(self) -> str:
        return f"Environment(missing={self._missing!r})"

    @property
    def placeholders(self) -> bool:
        """Whether placeholder text stands in for variables that are not set."""
        return self._missing == "placeholder"

    def file_variable(self, name: str) -> str:
        """Return `NAME_FILE` if the value of *name* comes from a file, else ""."""
        return f"{name}_FILE" if self._variables.get(f"{name}_FILE") else ""

    def look_up(self, name: str, default: str | None, *, is_secret: bool = False) -> Value:
        """Return the value of *name*, or *default* if it is not set or empty. A secret needs no default.

        Raises VariableError if it is not set and has no default, or if it cannot be read.
        """
        found = self._found(name)
        if found:
            return Value(found)
        if default is not None:
            return Value(default)
        if found is not None:
            return Value("")
        if self.placeholders:
            return Value(PLACEHOLDER, known=False)
        hint = "" if is_secret else f", or write ${{{name}:-default}}"
        raise VariableError(
            "TB020", f"the variable {name} is not set", f"set {name} or {name}_FILE{hint}"
        )

    def _found(self, name: str) -> str | None:
        value = self._variables.get(name)
        file = self._variables.get(f"{name}_FILE")
        if value and file:
            raise VariableError(
                "TB023", f"both {name} and {name}_FILE are set", "unset one of them"
            )
        text = self._content(name, file) if file else value
        if text is not None and not _is_text(text):
            raise VariableError("TB023", f"the variable {name} is not UTF-8 text")
        return text

    def _content(self, name: str, file: str) -> str:
        try:
            content = self.files.read(Path(file), MAX_FILE_BYTES)
            text = content.decode()
        except UnicodeDecodeError:
            raise VariableError("TB023", f"the file that {name}_FILE names is not UTF-8") from None
        except (OSError, ValueError) as error:
            message = f"the file that {name}_FILE names cannot be read: {why_unread(error)}"
            raise VariableError("TB023", message) from None
        if len(content) > MAX_FILE_BYTES:
            raise VariableError("TB023", f"the file that {name}_FILE names is over 1 MiB")
        return re.sub(r"\r?\n\Z", "", text)


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
