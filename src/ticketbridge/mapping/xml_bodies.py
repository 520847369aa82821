"""`xml`: the body of a request as the text of one document. Holes stand in it as texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from ticketbridge.formats import DocumentError
from ticketbridge.formats.xml_text import TextRun, list_texts
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.sensitive_names import is_sensitive_parameter
from ticketbridge.mapping.spec_texts import ExpressionSpec, TemplateSpec
from ticketbridge.mapping.words import shown

_MARK = "\ufffc"  # stands for what is put in
_HINT = "one document, in which holes and variables stand as the text of an element or an attribute"


def texts_of(template: TemplateSpec) -> Iterator[tuple[str, TemplateSpec]]:
    """Yield the texts of the document *template*, each with the name of its element or attribute.

    Yield nothing if the document is not well-formed: that is reported elsewhere.
    """
    with suppress(DocumentError):
        for run, text in _list_filled(template):
            yield run.name, text


def check_document(template: TemplateSpec, context: Context) -> None:
    """Report a *template* that is no well-formed document, and a hole where no text may stand.

    Warn of credentials in clear.
    """
    try:
        texts = _list_filled(template)
    except DocumentError as error:
        context.report.error(template.place, "TB076", f"`xml` is no document: {error}", _HINT)
        return
    for run, text in texts:
        if not run.is_free:
            for place in _places(text):
                message = "this stands in a comment, an instruction or CDATA, where nothing can be escaped"
                hint = "write it as the text of an element, with `&lt;` for `<` where it holds a document"
                context.report.error(place, "TB077", message, hint)
        elif is_sensitive_parameter(run.name) and all(isinstance(each, str) for each in text.parts):
            message = f"{shown(run.name)} is a credential in clear"
            context.report.warning(template.place, "TB053", message, "use a variable: `${NAME}`")


def _list_filled(template: TemplateSpec) -> list[tuple[TextRun, TemplateSpec]]:
    """Return each text of a document, and the template of its parts.

    Holes and variables are in the same order as their marks in the document. Raises DocumentError if
    it is not well-formed, or if the marks do not match.
    """
    put_in = [part for part in template.parts if not isinstance(part, str)]
    runs = list_texts("".join(each if isinstance(each, str) else _MARK for each in template.parts))
    found = sum(run.text.count(_MARK) for run in runs)
    if found < len(put_in):
        raise DocumentError("a hole or a variable would name a namespace")
    if found > len(put_in):
        raise DocumentError("it has U+FFFC, which stands for no text")
    filled, left = [], iter(put_in)
    for run in runs:
        first, *rest = run.text.split(_MARK)
        parts = [first, *(each for text in rest for each in (next(left), text))]
        if run.text.strip():
            kept = tuple(part for part in parts if part)
            filled.append((run, TemplateSpec(kept, template.place)))
    return filled


def _places(text: TemplateSpec) -> Iterator[Place]:
    for part in text.parts:
        if not isinstance(part, str):
            yield part.place if isinstance(part, ExpressionSpec) else text.place
