"""Files of a piece: taken in, prepared, and served so that they do no harm."""

import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from evidence.models import Attachment, Evidence
from files.keeping import erase_file
from files.models import StoredFile
from files.preparing import claimed, prepare, prepare_waiting
from people.models import Account
from records.verification import verify
from tests.evidence.factories import AttachmentFactory, RequirementLinkFactory, attach
from tests.evidence.scenes import scene
from tests.factories import AccountFactory
from tests.recorded import faults

pytestmark = pytest.mark.django_db

GPS = 0x8825  # the tag of the place in EXIF
FORM = {"title": "Helped", "kind": "act", "happened_on": "2026-09-02", "origin": "here"}


def photo(*, with_place: bool = True) -> bytes:
    """A small JPEG that lies on its side and says where it was made."""
    exif = Image.Exif()
    exif[0x0112] = 6
    if with_place:
        exif.get_ifd(GPS).update({1: "N", 2: (52.0, 5.0, 0.0), 3: "E", 4: (5.0, 7.0, 0.0)})
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(file, "JPEG", exif=exif)
    return file.getvalue()


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def added(client: Client, *uploads: SimpleUploadedFile) -> tuple[Evidence, Account]:
    """A piece of a student who is signed in from then on, and the adviser, who may see it."""
    place = scene(lines=1)
    client.force_login(place.student)
    response = client.post(reverse("evidence:add"), {**FORM, "uploads": uploads})
    assert response.status_code == 302, response.context["form"].errors
    piece = Evidence.objects.exclude(pk=place.piece.pk).get()
    RequirementLinkFactory(evidence=piece, requirement=place.lines[0])
    adviser = place.enrolment.adviser
    assert adviser is not None
    return piece, adviser


def fetch(client: Client, attachment: Attachment, page: str = "file", **headers: str) -> Any:
    """The answer with this file, and its bytes as `answer.body`."""
    address = reverse(f"evidence:{page}", args=[attachment.revision.evidence_id, attachment.pk])
    answer: Any = client.get(address, headers=headers)
    answer.body = b"".join(answer)
    return answer


def files_of(piece: Evidence) -> list[Attachment]:
    return list(Attachment.objects.filter(revision__evidence=piece))


# --- Taken in and served --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample", "media_type", "name", "disposition"),
    [
        ("generated/exif-orientation-6-gps.jpg", "image/jpeg", "x.jpg", "inline"),
        ("pypi-filetype/sample.heic", "image/jpeg", "x.jpg", "inline"),
        ("generated/phone-portrait-rot90-moovend-gps.mp4", "video/mp4", "x.mp4", "inline"),
        ("generated/voice-memo.m4a", "audio/mp4", "x.m4a", "inline"),
        ("debian-forensics-samples/a-text.pdf", "application/pdf", "x.pdf", "attachment"),
        (
            "debian-forensics-samples/a-text.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "x.docx",
            "attachment",
        ),
    ],
)
def test_what_comes_in_is_served_to_others_by_its_own_type(
    sample: str, media_type: str, name: str, disposition: str, client: Client, samples: Path
) -> None:
    content = (samples / "evidence" / sample).read_bytes()
    piece, adviser = added(client, upload("x" + Path(sample).suffix, content))
    prepare_waiting()
    client.force_login(adviser)

    answer = fetch(client, *files_of(piece))

    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert answer["Content-Disposition"] == f'{disposition}; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert len(answer.body) == int(answer["Content-Length"]) > 0


def test_others_get_a_photo_upright_and_without_its_place(client: Client) -> None:
    content = photo()
    piece, adviser = added(client, upload("photo.jpg", content))
    prepare_waiting()
    original = fetch(client, *files_of(piece), page="file_original")
    client.force_login(adviser)

    shown = fetch(client, *files_of(piece))
    refused = fetch(client, *files_of(piece), page="file_original")

    def place_and_size(image: bytes) -> tuple[int, tuple[int, int]]:
        with Image.open(io.BytesIO(image)) as opened:
            return len(opened.getexif().get_ifd(GPS)), opened.size

    assert (original.body, place_and_size(content)) == (content, (4, (40, 20)))
    assert original["Content-Disposition"] == 'attachment; filename="photo.jpg"'
    assert place_and_size(shown.body) == (0, (20, 40))
    assert (refused.status_code, content in refused.body) == (403, False)


@pytest.mark.parametrize(
    ("sample", "place"),
    [
        ("phone-portrait-rot90-moovend-gps.mp4", b"loci"),
        ("iphone-hevc.mov", b"com.apple.quicktime.location"),
    ],
)
def test_others_get_a_video_without_its_place(
    sample: str, place: bytes, client: Client, samples: Path
) -> None:
    content = (samples / "evidence" / "generated" / sample).read_bytes()
    piece, adviser = added(client, upload(sample, content))
    prepare_waiting()
    client.force_login(adviser)

    shown = fetch(client, *files_of(piece))

    assert (content.count(place), shown.body.count(place)) == (1, 0)


def test_a_part_of_a_recording_can_be_asked_for(client: Client, samples: Path) -> None:
    content = (samples / "evidence" / "generated" / "voice-memo.m4a").read_bytes()
    piece, _adviser = added(client, upload("memo.m4a", content))
    prepare_waiting()
    whole = fetch(client, *files_of(piece))

    part = fetch(client, *files_of(piece), range="bytes=10-19")
    beyond = fetch(client, *files_of(piece), range=f"bytes={len(whole.body)}-")

    assert (part.status_code, part.body) == (206, whole.body[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    assert beyond.status_code == 416


# --- Being prepared -------------------------------------------------------------------------------


STATES = {"waiting": "Waits its turn", "in_hand": "Being prepared for others"}


@pytest.mark.parametrize("state", STATES)
def test_a_file_that_is_not_ready_is_shown_to_nobody(state: str, client: Client) -> None:
    place = scene(lines=1)
    waiting = Attachment.objects.get(file=attach(place.piece, photo(), "photo.jpg"))
    if state == "in_hand":
        next(claimed())
    address = reverse("evidence:file_state", args=[place.piece.pk, waiting.pk])
    client.force_login(place.student)

    early = fetch(client, waiting)
    poll = client.get(address, headers={"hx-request": "true"})
    without_htmx = client.get(address)
    page = client.get(reverse("evidence:detail", args=[place.piece.pk])).content.decode()

    assert (early.status_code, poll.status_code, poll.content) == (409, 204, b"")
    assert without_htmx["Location"] == reverse("evidence:detail", args=[place.piece.pk])
    assert (page.count(f'data-hx-get="{address}"'), page.count("<img")) == (1, 0)
    assert [words for words in STATES.values() if words in page] == [STATES[state]]


def test_a_file_that_became_ready_takes_its_place_in_the_page(client: Client) -> None:
    place = scene(lines=1)
    waiting = Attachment.objects.get(file=attach(place.piece, photo(), "photo.jpg"))
    prepare_waiting()
    client.force_login(place.enrolment.adviser)
    page = client.get(reverse("evidence:detail", args=[place.piece.pk])).content.decode()

    state = reverse("evidence:file_state", args=[place.piece.pk, waiting.pk])
    fragment = client.get(state, headers={"hx-request": "true"}).content.decode()

    address = reverse("evidence:file", args=[place.piece.pk, waiting.pk])
    assert fragment.count(f'<img src="{address}"') == 1
    assert fragment.strip() in page


def test_a_file_that_could_not_be_prepared_is_its_owners_alone(client: Client) -> None:
    piece, adviser = added(client, upload("broken.jpg", photo()[:200]))
    assert prepare_waiting() == 0
    mine = client.get(reverse("evidence:detail", args=[piece.pk])).content.decode()
    original = fetch(client, *files_of(piece), page="file_original")
    client.force_login(adviser)

    theirs = client.get(reverse("evidence:detail", args=[piece.pk])).content.decode()
    shown = fetch(client, *files_of(piece))

    address = reverse("evidence:file_original", args=[piece.pk, files_of(piece)[0].pk])
    assert (mine.count(address), theirs.count(address)) == (1, 0)
    assert (mine.count("damaged or incomplete"), theirs.count("damaged")) == (1, 0)
    assert (original.body, shown.status_code) == (photo()[:200], 409)


def test_what_its_owner_left_out_others_see_no_more(client: Client) -> None:
    piece, adviser = added(client, upload("photo.jpg", photo()))
    prepare_waiting()
    left_out = files_of(piece)[0]
    client.post(reverse("evidence:edit", args=[piece.pk]), FORM)
    mine = fetch(client, left_out)
    client.force_login(adviser)

    theirs = fetch(client, left_out)

    assert (mine.status_code, theirs.status_code) == (200, 404)


def test_a_file_belongs_to_its_own_piece(client: Client) -> None:
    mine, theirs = scene(lines=1), scene(lines=1)
    attachment = AttachmentFactory(revision=theirs.piece.current)
    client.force_login(mine.student)

    address = reverse("evidence:file", args=[mine.piece.pk, attachment.pk])

    assert client.get(address).status_code == 404


@pytest.mark.parametrize("given", ["original", "cleaned"])
def test_a_file_that_was_lawfully_erased_is_gone_in_every_version(
    given: str,
    client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    piece, _adviser = added(client, upload("photo.jpg", photo()))
    prepare_waiting()
    [attachment] = files_of(piece)
    versions = [attachment.file, attachment.file.cleaned]
    before = [fetch(client, attachment, page).status_code for page in ("file", "file_original")]

    with django_capture_on_commit_callbacks(execute=True):
        erase_file(file=versions[given == "cleaned"], ground="The client asked.", by=None)

    after = [fetch(client, attachment, page).status_code for page in ("file", "file_original")]
    assert (before, after) == ([200, 200], [404, 404])
    assert [default_storage.exists(version.path) for version in versions] == [False, False]
    assert (faults(), len(verify().erased)) == ([], 2)


def test_a_file_that_is_erased_while_it_waits_is_never_prepared(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    piece, _adviser = added(client, upload("photo.jpg", photo()))
    [attachment] = files_of(piece)

    with django_capture_on_commit_callbacks(execute=True):
        erase_file(file=attachment.file, ground="The client asked.", by=None)

    assert (prepare_waiting(), prepare(attachment.file)) == (0, False)
    assert StoredFile.objects.count() == 1
    assert fetch(client, attachment, "file_original").status_code == 404


# --- Hostile files --------------------------------------------------------------------------------

SAFE = re.compile(r"^(image/(jpeg|png|gif|webp)|application/(pdf|vnd\.[a-z.-]+)|text/plain; .*)$")


def test_hostile_files_do_no_harm(client: Client, samples: Path) -> None:
    """Each is refused by name, or served as what it is and never as a page or a drawing."""
    outcomes: dict[str, str] = {}
    for sample in sorted((samples / "hostile").iterdir()):
        client.force_login(scene(lines=1).student)
        sent = {**FORM, "uploads": upload(sample.name, sample.read_bytes())}
        response = client.post(reverse("evidence:add"), sent)
        if response.status_code == 422:
            errors = response.context["form"].errors
            assert list(errors) == ["uploads"]
            assert errors["uploads"][0].startswith(f"{sample.name}: ")
            outcomes[sample.name] = "refused"
            continue
        prepare_waiting()
        attachment = Attachment.objects.order_by("-recorded_at").first()
        assert attachment is not None
        outcomes[sample.name] = served_safely(client, attachment)

    assert {name: outcome for name, outcome in outcomes.items() if name.endswith(PICTURES)} == {
        "gif-js-polyglot.gif": "inline",
        "html-as.jpg": "refused",
        "html-as.pdf": "refused",
        "pdf-zip-polyglot.pdf": "refused",
        "png-zip-polyglot.png": "inline",
        "svg-as.png": "refused",
        "zip-bomb-flat.zip": "refused",
        "zip-traversal.zip": "refused",
        **dict.fromkeys(SVGS, "refused"),
    }
    # What is text stays text: a download that no browser opens.
    assert set(outcomes.values()) == {"inline", "attachment", "refused"}


PICTURES = (".gif", ".jpg", ".pdf", ".png", ".svg", ".zip")
SVGS = [
    f"svg-{kind}.svg"
    for kind in (
        *("animate-href", "bomb", "css-import", "external-image", "file-image", "foreignobject"),
        *("href-js", "onload", "script", "xxe"),
    )
]


def served_safely(client: Client, attachment: Attachment) -> str:
    """How a file is shown that was let in, after looking at all that could make it do harm."""
    for page in ("file", "file_original"):
        answer = fetch(client, attachment, page)
        assert answer.status_code in (200, 409)
        if answer.status_code == 409:
            return "not shown"
        assert SAFE.match(answer["Content-Type"]), answer["Content-Type"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].startswith("sandbox")
    shown = fetch(client, attachment)
    disposition = shown["Content-Disposition"].split(";")[0]
    if disposition == "inline":  # drawn again: nothing of a hidden second file is left
        assert b"alert" not in shown.body
        assert b"PK\x03\x04" not in shown.body
    return disposition


def test_no_name_does_harm(client: Client, samples: Path) -> None:
    names = json.loads((samples / "hostile" / "filenames.json").read_text())
    client.force_login(scene(lines=1).student)

    for few in (names[:20], names[20:]):
        assert post_raw(client, few).status_code == 302

    stored = StoredFile.objects.values_list("pk", flat=True)
    assert sorted(kept_in_storage()) == sorted(map(str, stored))
    rows = Attachment.objects.select_related("revision")
    for attachment in rows:
        assert re.fullmatch(r"[^/\\\x00-\x1f<>\":|?*\u202a-\u202e]{1,120}", attachment.name)
        assert attachment.name.endswith(".txt")
        disposition = fetch(client, attachment)["Content-Disposition"]
        assert re.fullmatch(r"attachment; filename\*?=[^\r\n]+", disposition)
    for piece in {row.revision.evidence_id for row in rows}:
        page = client.get(reverse("evidence:detail", args=[piece])).content
        assert page.count(b"<img") == 0
    # What names no file at all is none: "", ".", ".." and "x.jpg/".
    assert (len(names), len(rows)) == (39, 35)


def kept_in_storage() -> list[str]:
    return [path.name for path in Path(default_storage.path("")).rglob("*") if path.is_file()]


def post_raw(client: Client, names: Iterable[str]) -> HttpResponse:
    """A form with files of these names, each with its own text, written as a browser (or something
    else) would send it."""
    part = '--line\r\nContent-Disposition: form-data; name="'
    body = "".join(f'{part}{field}"\r\n\r\n{value}\r\n' for field, value in FORM.items())
    for number, name in enumerate(names):
        quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        header = f'{part}uploads"; filename="{quoted}"\r\nContent-Type: text/html\r\n\r\n'
        body += f"{header}notes {number}\r\n"
    return client.post(  # type: ignore[return-value]  # of the test client
        reverse("evidence:add"),
        f"{body}--line--\r\n".encode(),
        content_type="multipart/form-data; boundary=line",
    )


def test_a_signed_out_visitor_is_asked_to_sign_in(client: Client) -> None:
    place = scene(lines=1)
    attachment = AttachmentFactory(revision=place.piece.current)

    answers = [
        client.get(reverse(f"evidence:{page}", args=[place.piece.pk, attachment.pk]))
        for page in ("file", "file_original", "file_state")
    ]
    client.force_login(AccountFactory())
    stranger = fetch(client, attachment)

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert stranger.status_code == 404
