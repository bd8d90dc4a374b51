"""The Dutch texts: gather what is marked for translation, check that all is translated, compile.

    python -m tools.translations --update    merge what is marked into django.po
    python -m tools.translations --check     fail where a translation is missing, unsure or stale
    python -m tools.translations --compile   write django.mo, if django.po is newer

Needs no gettext. Texts are found by reading, not by searching: Python by its syntax tree (so also
inside f-strings), templates by parsing them with Django's own engine, custom tags and all.
"""

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale" / "nl" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

# Function to the places of its context, singular and plural among the arguments.
CALLS: dict[str, tuple[int | None, int, int | None]] = {
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
CALLS |= {f"{name}_lazy": places for name, places in CALLS.items()}
CALLS |= {"_": (None, 0, None), "gettext_noop": (None, 0, None)}

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text marked for translation."""

    singular: str
    plural: str | None = None
    context: str | None = None

    @property
    def id(self) -> str | tuple[str, str]:
        return (self.singular, self.plural) if self.plural else self.singular


def main() -> None:
    match sys.argv[1:]:
        case ["--update"]:
            update()
        case ["--check"]:
            sys.exit("\n".join(check()) or None)
        case ["--compile"]:
            compile_texts()
        case _:
            sys.exit(__doc__)


def update() -> None:
    """Write django.po anew: what is marked now, with the translations it had."""
    old, new = read(), read()
    for message in list(new):
        if message.id:
            new.delete(message.id, message.context)
    new.obsolete.clear()
    for text, places in sorted(marked().items(), key=lambda item: item[1][0]):
        known = old.get(text.singular, text.context)
        kept = known is not None and known.id == text.id
        new.add(
            text.id,
            known.string if known and kept else "",
            locations=[(place, 0) for place in places],
            flags={"fuzzy"} & known.flags if known else (),
            context=text.context,
        )
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, new, width=100, sort_by_file=True, include_lineno=False)
    print(f"{PO.relative_to(ROOT)}: {len(new)} texts, {len(untranslated(new))} to translate")


def check() -> list[str]:
    """What is wrong with the translation, a line each."""
    catalog, texts = read(), marked()
    faults = []
    for text, places in texts.items():
        message = catalog.get(text.singular, text.context)
        if message is None or message.id != text.id:
            faults.append(f"{places[0]}: not in django.po: {text.singular!r}")
    wanted = {(text.id, text.context) for text in texts}
    for message in [*catalog, *catalog.obsolete.values()]:
        if message.id and (message.id, message.context) not in wanted:
            faults.append(f"django.po: no longer used: {message.id!r}")
        elif message.id and message.fuzzy:
            faults.append(f"django.po: unsure (fuzzy): {message.id!r}")
    faults += [f"django.po: not translated: {message.id!r}" for message in untranslated(catalog)]
    faults += [f"django.po: other placeholders: {message.id!r}" for message in mismatched(catalog)]
    return [*faults, "Run `make translations` and complete locale/nl."] if faults else []


def compile_texts() -> None:
    if PO.exists() and not (MO.exists() and MO.stat().st_mtime >= PO.stat().st_mtime):
        with MO.open("wb") as file:
            write_mo(file, read())


# --- The catalogue --------------------------------------------------------------------------------


def read() -> Catalog:
    """What django.po holds; its head says nothing that changes by itself."""
    catalog = Catalog(locale="nl")
    if PO.exists():
        with PO.open("rb") as file:
            catalog = read_po(file, locale="nl")
    catalog.project, catalog.version, catalog.fuzzy = "Bewijskracht", "", False
    catalog.header_comment = "# Dutch. The texts are gathered by `make translations`; see tools/."
    catalog.msgid_bugs_address = catalog.last_translator = ""
    catalog.language_team = "nl"
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    return catalog


def forms(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and not all(forms(message.string))]


def mismatched(catalog: Catalog) -> list[Message]:
    """Translations that fill in other values than their text: singular and plural each."""
    return [
        message
        for message in catalog
        if message.id
        and all(forms(message.string))
        and [sorted(set(PLACEHOLDER.findall(form))) for form in forms(message.id)]
        != [sorted(set(PLACEHOLDER.findall(form))) for form in forms(message.string)]
    ]


# --- What is marked -------------------------------------------------------------------------------


def marked() -> dict[Text, list[str]]:
    """Each text that is marked, with the files it stands in, sorted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.conf import settings
    from django.utils import translation

    django.setup()
    found: dict[Text, set[str]] = {}
    rooms = [name for name in [*settings.INSTALLED_APPS, "config"] if (ROOT / name).is_dir()]
    with translation.override(None):
        for room in rooms:
            for path in (ROOT / room).rglob("*.py"):
                if "migrations" not in path.parts:
                    for text in in_python(path.read_text(encoding="utf-8")):
                        found.setdefault(text, set()).add(str(path.relative_to(ROOT)))
        for path in (ROOT / "templates").rglob("*.*"):
            for text in in_template(path.read_text(encoding="utf-8")):
                found.setdefault(text, set()).add(str(path.relative_to(ROOT)))
    return {text: sorted(places) for text, places in found.items()}


def in_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in CALLS:
            continue
        texts = [_literal(node.args, place) for place in CALLS[name]]
        context, singular, plural = texts
        if singular is not None:
            yield Text(singular, plural, context)


def _literal(arguments: list[ast.expr], place: int | None) -> str | None:
    if place is None or place >= len(arguments):
        return None
    argument = arguments[place]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return None


def in_template(source: str) -> Iterator[Text]:
    """Walk all that a parsed template holds: nodes, filters, conditions, arguments of tags.
    Must run while no language is active: `_("...")` is then its own text."""
    from django.template import Engine
    from django.template.base import FilterExpression, Node
    from django.template.smartif import TokenBase
    from django.templatetags.i18n import BlockTranslateNode, TranslateNode
    from django.utils.functional import Promise

    seen: set[int] = set()

    def walk(item: Any) -> Iterator[Text]:
        if id(item) in seen:
            return
        seen.add(id(item))
        parts: Iterable[Any] = ()
        if isinstance(item, Promise):
            yield Text(str(item))
        elif isinstance(item, TranslateNode) and item.filter_expression.var.literal:
            # Django doubles percent signs before it looks a template's text up.
            text = item.filter_expression.var.literal.replace("%", "%%")
            yield Text(text, context=_resolved(item.message_context))
        elif isinstance(item, BlockTranslateNode):
            yield Text(
                item.render_token_list(item.singular)[0],
                item.render_token_list(item.plural)[0] if item.plural else None,
                _resolved(item.message_context),
            )
        if isinstance(item, list | tuple):
            parts = item
        elif isinstance(item, dict):
            parts = item.values()
        elif isinstance(item, FilterExpression):
            parts = (item.var, item.filters)
        elif isinstance(item, Node | TokenBase):
            parts = vars(item).values()
        elif hasattr(item, "nodelist"):  # a partial of the template
            parts = (item.nodelist,)
        for part in parts:
            yield from walk(part)

    nodes = Engine.get_default().from_string(source).nodelist  # kept, for `seen` holds addresses
    yield from walk(nodes)


def _resolved(expression: Any) -> str | None:
    return None if expression is None else str(expression.resolve({}))


if __name__ == "__main__":
    main()
