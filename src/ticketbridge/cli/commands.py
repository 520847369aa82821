"""For each command: the text of its help, an example, and the meaning of its exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

EXIT_CODES: Final = "0 fine (warnings too), 1 errors or failures, 2 wrong usage"


class CommandText(NamedTuple):
    """The help of a command: a line for the list of commands, the description, an example, exit codes."""

    line: str
    description: str
    example: str
    exit_codes: str = EXIT_CODES


COMMANDS: Final[Mapping[str, CommandText]] = MappingProxyType(
    {
        "demo": CommandText(
            "start an invented platform and the proxy",
            "Start an invented ticketing platform and its proxy on this machine. Print a curl to try,"
            " and the reasons of each answer. Ctrl-C stops both.",
            "ticketbridge demo --port 8080",
        ),
        "serve": CommandText(
            "run the proxy",
            "Answer menta tech's pulls for one mapping or several. Print each path that is served, who may"
            " ask, and a curl. A flag overrides its TICKETBRIDGE_ variable.",
            "ticketbridge serve mappings --host 0.0.0.0 --workers 2",
            "0 stopped by a signal, 1 errors in a mapping, 2 wrong usage, or the port cannot be opened",
        ),
        "check": CommandText(
            "find errors in mappings, without a call",
            "Read mappings, the cases beside them, and the mappings in Markdown files. Print each error and"
            " each warning with its place and with what would be right. Make no call.",
            "ticketbridge check mappings README.md",
            "0 no errors (warnings too), 1 errors, 2 wrong usage",
        ),
        "test": CommandText(
            "run the cases of mappings, offline",
            "Run the cases beside each mapping with the code that serves. A failure names each field that"
            " differs, with its expression and the platform's value.",
            "ticketbridge test --coverage --mutants --strict mappings",
            "0 all cases pass, 1 a case fails or --strict finds something, 2 wrong usage",
        ),
        "map": CommandText(
            "map saved answers of the platform, offline",
            "Run a mapping on answers that were saved to files, and print what menta tech would get.",
            "ticketbridge map acme.yaml orders.json --user ana@example.com --explain",
            "0 an answer, 1 a problem, 2 wrong usage",
        ),
        "draft": CommandText(
            "draft a first mapping from saved answers, or an OpenAPI file",
            "Guess a mapping and its first cases from saved answers. Each guess has a comment that says how"
            " sure it is, and why. Open values are TODO; the mapping is not served until they are filled in.",
            "ticketbridge draft '/orders?email=ana@example.com=orders.json' --user ana@example.com"
            " -o acme.yaml",
        ),
        "studio": CommandText(
            "work on a mapping in the browser, and see its tickets",
            "Serve a page on this machine, and print its address. The mapping stands beside the platform's"
            " answers and the tickets. Each keystroke runs the engine. The mapping and its cases file are"
            " written only on command.",
            "ticketbridge studio acme.yaml",
            "0 stopped by a signal, 2 wrong usage, or the port cannot be opened",
        ),
        "fetch": CommandText(
            "make one real call, as menta tech would",
            "Ask the platform for one user now, and print what menta tech would get. --record saves the"
            " answers as a case, with made-up data in place of personal data.",
            "ticketbridge fetch acme.yaml --user ana@example.com --record acme.cases.yaml",
            "0 an answer, 1 a problem, or nothing could be recorded, 2 wrong usage",
        ),
        "rehearse": CommandText(
            "ask for many real users before going live, and report the results",
            "Ask the platform for each user of a file, a few at a time. Report verdicts, problems, status"
            " words, fields that are left out, and times. The report has no data of a user.",
            "ticketbridge rehearse acme.yaml --users users.txt --format html --output report.html",
            "0 the report has no error, 1 the report has an error, 2 wrong usage",
        ),
        "drift": CommandText(
            "show how the shape of two recorded answers differs",
            "Compare two saved answers of a platform, or two recorded cases: keys that are gone or new, types"
            " that changed, and the effect on a mapping. Print no values.",
            "ticketbridge drift acme.cases.yaml#January acme.cases.yaml#June --mapping acme.yaml",
            "0 nothing breaks, 1 a change may break a mapping, 2 wrong usage",
        ),
        "probe": CommandText(
            "check an endpoint from outside, as menta tech calls it",
            "Call an endpoint as menta tech does, and check it: contract, access, users, methods, errors,"
            " freshness, TLS and times. It may be any server that should keep the contract.",
            "ticketbridge probe https://tickets.acme.example/tickets --user ana@example.com"
            " --header 'X-Menta-Secret: ${MENTA_SECRET}'",
            "0 no error found (warnings too), 1 errors found, 2 wrong usage",
        ),
        "sheet": CommandText(
            "print a mapping as a page that both companies can sign",
            "Print a mapping in words, for readers who do not know JMESPath: each field and its source,"
            " status words, reasons for leaving out, access, limits and errors.",
            "ticketbridge sheet acme.yaml --format html > acme.html",
        ),
        "schema": CommandText(
            "print a JSON Schema",
            "Print a JSON Schema: of mapping files, for editors, or of the tickets, which is the contract.",
            "ticketbridge schema mapping > mapping.schema.json",
        ),
        "openapi": CommandText(
            "print the OpenAPI description of what a mapping serves",
            "Print what GET /openapi.json answers where this mapping is served, as OpenAPI 3.1.",
            "ticketbridge openapi acme.yaml > openapi.json",
        ),
    }
)
"""The commands, in the order of use. Each has a module of the same name."""
