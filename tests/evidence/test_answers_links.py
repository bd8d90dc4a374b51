"""Links to answer that open nothing, and the files that they open."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from evidence.actions import feedback as actions
from evidence.models import Attachment, Feedback, FeedbackRequest
from files.preparing import prepare_waiting
from people.drafts import keep
from people.models import Draft
from tests.evidence.factories import (
    AttachmentFactory,
    FeedbackRequestFactory,
    RevisionFactory,
    attach,
)
from tests.evidence.scenes import asked, link

pytestmark = pytest.mark.django_db

WORDS = "She stayed calm when"


# --- Links that open nothing ----------------------------------------------------------------------


def flipped(token: str, place: int) -> str:
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def test_a_link_is_unguessable(client: Client) -> None:
    question = asked()
    another = asked()
    token = question.token
    wrong = [
        *(flipped(token, place) for place in range(len(token))),
        token[:22] + another.token[22:],
        token[:-1],
        token[:20],
        token + "A",
        str(question.pk),
        "é" * len(token),
        "x",
    ]

    found = {
        token: client.get(
            reverse("evidence:answer", args=[token]), REMOTE_ADDR=f"192.0.2.{number}"
        ).status_code
        for number, token in enumerate([token, *wrong])  # each elsewhere: guesses are counted
    }

    assert found == {token: 200} | dict.fromkeys(wrong, 404)


def test_a_wrong_link_has_a_page_that_says_what_to_do(client: Client) -> None:
    question = asked()

    for method in (client.get, client.post):
        response = method(reverse("evidence:answer", args=[question.token[:-1]]))
        assert response.status_code == 404
        assert response.templates[0].name == "evidence/answer/unknown.html"


CLOSED = [
    ({"expired": True}, "expired", 410),
    ({"declined": True}, "declined", 200),
    ({"evidence__withdrawn": True}, "withdrawn", 410),
]


@pytest.mark.parametrize(("traits", "name", "status"), CLOSED)
def test_a_closed_link_says_why_and_shows_no_piece(
    client: Client, traits: dict[str, Any], name: str, status: int
) -> None:
    question = FeedbackRequestFactory(
        evidence__revision__title="The open day", message="Private", **traits
    )

    response = client.get(link(question))

    assert response.status_code == status
    assert response.templates[0].name == f"evidence/answer/{name}.html"
    page = response.content.decode()
    assert [text for text in ("The open day", "Private") if text in page] == []


@pytest.mark.parametrize(
    ("traits", "kept"), [({"expired": True}, [WORDS]), ({"declined": True}, [])]
)
def test_a_draft_is_there_to_copy_once_the_link_has_expired(
    client: Client, traits: dict[str, bool], kept: list[str]
) -> None:
    question = asked(**traits)
    keep(f"answer:{question.pk}:{question.serial}", {"text": [WORDS], "about": ["whole"]})
    keep(f"answer:{question.pk}:{question.serial + 1}", {"text": ["By another link."]})

    assert client.get(link(question)).context["kept"] == kept


def test_declining_forgets_the_draft_and_sending_one_to_a_closed_link_keeps_nothing(
    client: Client,
) -> None:
    question = asked()
    draft = link(question, "answer_draft")
    client.post(draft, {"text": WORDS})
    before = Draft.objects.count()

    client.post(link(question, "decline"))
    late = client.post(draft, {"text": WORDS})

    assert (before, late.status_code, Draft.objects.count()) == (1, 404, 0)


@pytest.mark.parametrize(("traits", "name", "status"), CLOSED)
def test_what_was_typed_while_the_link_closed_is_kept_on_the_page(
    client: Client, traits: dict[str, Any], name: str, status: int
) -> None:
    question = FeedbackRequestFactory(**traits)

    response = client.post(link(question), {"text": "Calm.", "on_x": "Neat.", "on_y": " "})

    assert response.status_code == status
    assert response.context["kept"] == ["Calm.", "Neat."]
    assert "Neat." in response.content.decode()
    assert Feedback.objects.count() == 0


def test_a_withdrawn_question_says_so_and_names_nobody(client: Client) -> None:
    question = asked()
    url = link(question)
    actions.withdraw_request(question=question, by=question.evidence.owner)

    response = client.get(url)

    assert response.status_code == 410
    assert response.templates[0].name == "evidence/answer/withdrawn.html"
    page = response.content.decode()
    assert [n for n in (question.evidence.owner.name, question.person.name) if n in page] == []
    assert client.post(url, {"text": "Calm."}).context["kept"] == ["Calm."]
    assert client.post(link(question, "decline"), {"reason": ""}).status_code == 302
    assert Feedback.objects.count() == 0


def test_a_receipt_shows_what_was_sent_until_the_link_expires(client: Client) -> None:
    now = timezone.now()
    for expires_at, is_shown in ((now + timedelta(days=1), True), (now, False)):
        question = asked(expires_at=expires_at)
        actions.answer(question=question, text="Calm.", at=now - timedelta(days=1))

        response = client.get(link(question))

        assert response.templates[0].name == "evidence/answer/receipt.html"
        assert ("Calm." in response.content.decode()) == is_shown


# --- Files ----------------------------------------------------------------------------------------


def text_file(question: FeedbackRequest) -> Attachment:
    file = attach(question.evidence, b"what was agreed\n")
    return Attachment.objects.get(file=file)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_the_files_of_the_piece_open_from_the_link(client: Client) -> None:
    question = asked()
    attachment = text_file(question)
    url = link(question, "answer_file", attachment.pk)

    assert url in client.get(link(question)).content.decode()
    response = client.get(url)

    assert content(response) == b"what was agreed\n"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment")


def test_a_photo_is_shown_as_it_was_cleaned(client: Client) -> None:
    question = asked()
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(photo, "JPEG", comment=b"where it was")
    file = attach(question.evidence, photo.getvalue(), "desk.jpg")
    url = link(question, "answer_file", Attachment.objects.get(file=file).pk)

    assert (client.get(url).status_code, client.get(link(question)).status_code) == (409, 200)
    assert prepare_waiting() == 1

    shown = content(client.get(url))
    with Image.open(io.BytesIO(shown)) as image:
        assert (image.size, b"where it was" in shown) == ((40, 30), False)


def other_revision(question: FeedbackRequest, attachment: Attachment) -> str:
    other = AttachmentFactory(revision=RevisionFactory(evidence=question.evidence))
    return link(question, "answer_file", other.pk)


def other_piece(question: FeedbackRequest, attachment: Attachment) -> str:
    return link(question, "answer_file", AttachmentFactory().pk)


def forged(question: FeedbackRequest, attachment: Attachment) -> str:
    return reverse("evidence:answer_file", args=[flipped(question.token, 30), attachment.pk])


def expired(question: FeedbackRequest, attachment: Attachment) -> str:
    FeedbackRequest.objects.update(expires_at=timezone.now())
    return link(question, "answer_file", attachment.pk)


def answered(question: FeedbackRequest, attachment: Attachment) -> str:
    actions.answer(question=question, text="Calm.")
    return link(question, "answer_file", attachment.pk)


def withdrawn(question: FeedbackRequest, attachment: Attachment) -> str:
    url = link(question, "answer_file", attachment.pk)
    actions.withdraw_request(question=question, by=question.evidence.owner)
    return url


@pytest.mark.parametrize(
    "made", [other_revision, other_piece, forged, expired, answered, withdrawn]
)
def test_no_other_file_opens_and_none_from_a_closed_link(client: Client, made: Any) -> None:
    question = asked()
    attachment = text_file(question)
    assert content(client.get(link(question, "answer_file", attachment.pk))) == b"what was agreed\n"

    assert client.get(made(question, attachment)).status_code == 404
