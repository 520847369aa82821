"""Limit the work of an evaluation, so that a platform's data cannot delay other answers.

A step is about one element that is read. The outermost loop of an expression costs no steps, because its
length is that of the data. Inner loops, and functions called in a loop, cost a step for each element.
"""

from __future__ import annotations

from typing import Any

from ticketbridge.jmes.errors import ArgumentFault

MAX_STEPS = 5_000_000
UNBOUNDED = 2**62
"""The budget while no evaluation runs."""
MAX_ELEMENTS = 1_000_000
"""The most elements of a list that an operation makes from others."""

_LETTERS_PER_STEP = 4  # as a power of two


class _Budget:
    __slots__ = ("is_shared", "left")

    def __init__(self) -> None:
        self.left = UNBOUNDED
        self.is_shared = False


BUDGET = _Budget()
"""The remaining budget of the running evaluation. Evaluations never overlap, because none of them waits."""


class shared_budget:  # noqa: N801 - it is called as a function; a generator would cost each answer 2 us
    """Give all evaluations inside the `with` one common budget; otherwise each has MAX_STEPS.

    None of them is inside another.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        BUDGET.left, BUDGET.is_shared = MAX_STEPS, True

    def __exit__(self, *_error: object) -> None:
        BUDGET.left, BUDGET.is_shared = UNBOUNDED, False


def spend(steps: int) -> None:
    """Take *steps* from the budget. Raises ArgumentFault if there are not enough left."""
    BUDGET.left -= steps
    if BUDGET.left < 0:
        raise ArgumentFault(f"the evaluation takes more than {MAX_STEPS} steps")


def spend_on(value: Any) -> None:
    """Take the steps for a function that works on *value*, a text, a list or an object."""
    spend(steps_of_text(len(value)) if type(value) is str else len(value))


def steps_of_text(length: int) -> int:
    """Return the steps for a text of this *length*: it is processed many characters at a time."""
    return length >> _LETTERS_PER_STEP


def require_elements(number: int) -> None:
    """Raise ArgumentFault if an operation would make a list of *number* elements, and that is too many."""
    if number > MAX_ELEMENTS:
        raise ArgumentFault(f"the list has more than {MAX_ELEMENTS} elements")
