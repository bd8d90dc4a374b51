"""What every mail has, whatever it is about."""

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail

from people.models import Person
from post.outbox import BUILDERS, queue, send_due
from tests.evidence.factories import FeedbackRequestFactory

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


@pytest.mark.django_db
@pytest.mark.tampers
@pytest.mark.parametrize("between", ["\r\n", "\n", "\r", "\u2028", "\x0b"])
def test_a_name_begins_no_line_of_its_own_in_the_head_of_a_mail(between: str) -> None:
    """Whatever somebody calls themselves or whom they ask: the mail is sent, and to nobody else."""
    injected = f"Noor{between}Bcc: all@far.example{between}{between}Come here"
    question = FeedbackRequestFactory(asked_as=injected)
    Person.objects.filter(pk=question.evidence.owner_id).update(name=injected)
    queue("evidence/request", to=question.person_id, about=question.pk, cause=None)

    send_due()

    [sent] = mail.outbox
    heads = message_from_bytes(sent.message().as_bytes(), policy=default)
    assert sent.recipients() == [question.person.address().address]
    assert (heads["To"], heads["Bcc"]) == (question.person.address().address, None)
    assert "Bcc: all@far.example" in heads["Subject"]
