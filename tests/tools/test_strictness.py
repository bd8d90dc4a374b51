"""The suite's own strictness is real: each rule refuses what it says it refuses."""

import socket
from pathlib import Path

import pytest
from django.conf import settings
from django.core.mail import send_mail
from django.db import Error, transaction
from django.template import Context, Engine, Origin, Template

from records.chain import append
from records.models import Chain
from tests.peers import MailServer
from tests.strictness import NetworkClosed
from tests.undefined import UndefinedVariable


def test_no_test_reaches_another_machine() -> None:
    with pytest.raises(NetworkClosed):
        socket.create_connection(("192.0.2.1", 80))
    with pytest.raises(NetworkClosed):
        socket.getaddrinfo("school.example", 80)


def template(path: Path) -> Template:
    source = "{% if undefined %}{% endif %}{{ undefined|default:'empty' }}"
    return Template(source, Origin(str(path), path.name), engine=Engine.get_default())


def test_an_undefined_variable_in_a_template_of_ours_fails() -> None:
    with pytest.raises(UndefinedVariable, match=r"undefined.* in page\.html"):
        template(settings.BASE_DIR / "templates" / "page.html").render(Context())


def test_in_the_templates_of_others_it_stays_empty() -> None:
    others = settings.BASE_DIR / ".venv" / "others" / "templates" / "page.html"

    assert template(others).render(Context()) == "empty"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_test_that_commits_leaves_empty_tables_and_working_triggers(time: str) -> None:
    assert Chain.objects.count() == 0
    with transaction.atomic():
        event = append("case", "made", by=None)

    with pytest.raises(Error, match="append-only"):
        event.delete()


def test_mail_arrives_at_the_server_on_loopback(smtp_server: MailServer) -> None:
    send_mail("Gefeliciteerd", "Eén stuk.", "a@school.example", ["b@school.example"])

    [message] = smtp_server.messages
    assert (message["To"], message["Subject"]) == ("b@school.example", "Gefeliciteerd")
    assert message.get_content() == "Eén stuk.\n"
