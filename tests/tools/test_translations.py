import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from django.template import Context, Engine
from django.utils import translation

from tools import translations
from tools.translations import Text, in_python, in_template, mismatched, untranslated

TEMPLATE = """
{% load i18n %}
{% translate "plain" %} {% translate "with context" context "here" as kept %}
{{ _("variable") }} {{ value|default:_("argument") }} {% if value == _("condition") %}{% endif %}
{% blocktranslate trimmed with name=value|default:_("inner") %}
  {{ name }} has
  100%
{% endblocktranslate %}
{% blocktranslate count n=number context "there" %}{{ n }} piece{% plural %}{{ n }} pieces
{% endblocktranslate %}
{% partialdef part %}{% translate "in a partial" %}{% endpartialdef %}
{% for item in items %}{% empty %}{% include "x.html" with label=_("tag argument") %}{% endfor %}
{% translate "50%" %} {% translate value %}
"""


def test_every_way_of_marking_in_a_template_is_found() -> None:
    with translation.override(None):
        found = set(in_template(TEMPLATE))

    assert found == {
        Text("plain"),
        Text("with context", context="here"),
        Text("variable"),
        Text("argument"),
        Text("condition"),
        Text("inner"),
        Text("%(name)s has 100%%"),
        Text("%(n)s piece", "%(n)s pieces\n", "there"),
        Text("in a partial"),
        Text("tag argument"),
        Text("50%%"),
    }


def test_every_way_of_marking_in_python_is_found() -> None:
    source = """
_("plain"); gettext_lazy("two " "parts"); ngettext("piece", "pieces", number)
pgettext_lazy("here", "with context"); translation.npgettext("c", "one", "more", number)
f"{_('in an f-string')}"; _(variable); other("unmarked")
"""

    assert set(in_python(source)) == {
        Text("plain"),
        Text("two parts"),
        Text("piece", "pieces"),
        Text("with context", context="here"),
        Text("one", "more", "c"),
        Text("in an f-string"),
    }


def test_an_incomplete_translation_is_named() -> None:
    catalog = Catalog(locale="nl")
    catalog.add("done", "klaar")
    catalog.add("open", "")
    catalog.add(("piece", "pieces"), ("stuk", ""))

    assert [message.id for message in untranslated(catalog)] == ["open", ("piece", "pieces")]


def test_a_translation_with_other_placeholders_is_named() -> None:
    catalog = Catalog(locale="nl")
    catalog.add("%(name)s of {place}", "{place}: %(name)s")
    catalog.add("by %(name)s", "door %(naam)s")
    catalog.add(("one piece", "%(n)s pieces"), ("één stuk", "%(m)s stukken"))

    assert [message.id for message in mismatched(catalog)] == [
        "by %(name)s",
        ("one piece", "%(n)s pieces"),
    ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one template and no translations yet."""
    po = tmp_path / "locale" / "nl" / "LC_MESSAGES" / "django.po"
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "PO", po)
    monkeypatch.setattr(translations, "MO", po.with_suffix(".mo"))
    (tmp_path / "templates").mkdir()
    write(tmp_path, "yes", "no")
    return tmp_path


def write(project: Path, *texts: str) -> None:
    marked = "".join(f'{{% translate "{text}" %}}' for text in texts)
    (project / "templates" / "page.html").write_text("{% load i18n %}" + marked)


def translate(text: str, translated: str) -> None:
    catalog = translations.read()
    catalog[text].string = translated
    with translations.PO.open("wb") as file:
        write_po(file, catalog)


def test_an_update_keeps_translations_and_drops_what_is_no_longer_marked(project: Path) -> None:
    translations.update()
    translate("yes", "ja")
    translate("no", "nee")
    write(project, "yes", "perhaps")

    translations.update()

    catalog = translations.read()
    assert {m.id: m.string for m in catalog if m.id} == {"yes": "ja", "perhaps": ""}
    assert not catalog.obsolete


def test_an_update_of_the_same_texts_changes_nothing(project: Path) -> None:
    translations.update()
    translate("yes", "ja")
    translations.update()
    before = translations.PO.read_text()

    translations.update()

    assert translations.PO.read_text() == before
    assert before.count("@") == 0  # no address for somebody to fill in


def test_the_check_names_each_kind_of_fault_and_passes_without(project: Path) -> None:
    translations.update()
    translate("yes", "ja")
    write(project, "yes", "perhaps")

    assert translations.check() == [
        "templates/page.html: not in django.po: 'perhaps'",
        "django.po: no longer used: 'no'",
        "django.po: not translated: 'no'",
        "Run `make translations` and complete locale/nl.",
    ]
    translations.update()
    translate("perhaps", "misschien")
    assert translations.check() == []


def test_what_is_compiled_can_be_read_and_is_compiled_once(project: Path) -> None:
    translations.update()
    translate("yes", "ja")

    translations.compile_texts()

    with translations.MO.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("yes") == "ja"
    written = translations.MO.stat().st_mtime_ns
    translations.compile_texts()
    assert translations.MO.stat().st_mtime_ns == written


def test_the_text_that_is_looked_up_is_the_text_that_is_gathered() -> None:
    """Django doubles percent signs of templates only; the tool must do the same."""
    asked: list[str] = []

    class Asked(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            asked.append(message)
            return message

    source = (
        '{% load i18n %}{% translate "50%" %}{% blocktranslate %}{{ a }} 5%{% endblocktranslate %}'
    )
    with pytest.MonkeyPatch.context() as patch, translation.override("nl"):
        patch.setattr("django.utils.translation._trans.gettext", Asked().gettext)
        Engine.get_default().from_string(source).render(Context({"a": 1}))

    with translation.override(None):
        assert {text.singular for text in in_template(source)} == set(asked)
