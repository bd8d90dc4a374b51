"""What every mail has, whatever it is about."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from post.outbox import BUILDERS

TEMPLATES = settings.BASE_DIR / "templates"
PARTS = ["greeting", "body", "action", "after", "why"]
LINK = "{{ link }}"


def blocks_of(template: Path) -> dict[str, str]:
    """The blocks that a mail fills, with those of the mail it extends."""
    source = template.read_text(encoding="utf-8")
    parent = re.search(r'{% extends "(mail/\w+/\w+\.\w+)" %}', source)
    filled = blocks_of(TEMPLATES / parent[1]) if parent else {}
    own = re.findall(r"{% block (\w+) %}(.*?){% endblock( \w+)? %}", source, re.DOTALL)
    return filled | {name: words.strip() for name, words, _ in own}


@pytest.mark.parametrize("kind", ["txt", "html"])
@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_mail_greets_says_asks_tells_until_when_and_why(name: str, kind: str) -> None:
    filled = blocks_of(TEMPLATES / "mail" / f"{name}.{kind}")

    assert [part for part in PARTS if not filled.get(part)] == []
    assert [words for words in filled.values() if LINK in words] == []  # the frame has the one


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_mail_says_the_same_in_plain_text_and_in_html(name: str) -> None:
    plain, html = (blocks_of(TEMPLATES / "mail" / f"{name}.{kind}") for kind in ("txt", "html"))
    marked = re.compile(r'{% translate "([^"]+)" %}|{% blocktranslate[^%]*%}(.*?){%', re.DOTALL)

    for part in PARTS:
        assert marked.findall(plain[part]) == marked.findall(html[part]), part


@pytest.mark.parametrize(("kind", "links"), [("txt", 1), ("html", 1)])
def test_the_frame_of_a_mail_holds_its_link_once(kind: str, links: int) -> None:
    frame = (TEMPLATES / "mail" / f"base.{kind}").read_text(encoding="utf-8")

    assert frame.count(LINK) == links
