"""Pages of evidence: the list, adding and editing, choosing requirements, the piece itself."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evidence.actions import Words
from evidence.actions.pieces import own_files
from evidence.models import Attachment, Evidence, RequirementLink, Revision
from files.models import StoredFile
from files.sweeping import remove_expired
from programmes.models import Track
from qualifications.models import Qualification
from qualifications.names import names_in
from tests.evidence.factories import (
    AttachmentFactory,
    EvidenceFactory,
    FeedbackFactory,
    FeedbackRequestFactory,
    RequirementLinkFactory,
    withdraw,
)
from tests.evidence.scenes import Scene, everything, scene
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    QualificationFactory,
    RequirementFactory,
    WorkProcessFactory,
)

pytestmark = pytest.mark.django_db

FORM = {"title": "Helped", "kind": "act", "happened_on": "2026-09-02", "origin": "here"}


def url(page: str, *args: Any) -> str:
    return reverse(f"evidence:{page}", args=args)


def messages_of(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]  # of the test client


def note(name: str, content: str = "some notes") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode())


# --- The list -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 30, 300])
def test_the_list_costs_the_same_for_1_30_and_300_pieces(
    rows: int, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    place = scene()
    for piece in [place.piece, *EvidenceFactory.create_batch(rows - 1, owner=place.student)]:
        FeedbackRequestFactory(evidence=piece, enrolment=place.enrolment)
        FeedbackFactory(evidence=piece, enrolment=place.enrolment, remarks={None: "Good"})
    client.force_login(place.student)

    with django_assert_num_queries(6):
        response = client.get(url("list"))

    assert len(response.context["pieces"]) == min(rows, 50)
    assert len(response.content) < 60_000


def test_the_list_is_searched_and_put_in_order(client: Client) -> None:
    student = EnrolmentFactory(student__language="en").student
    for title in ("A pear", "An apple", "A plum"):
        EvidenceFactory(owner=student, revision__title=title)
    EvidenceFactory(revision__title="An apple of somebody else")
    client.force_login(student.account)

    def titles(**asked: str) -> list[str]:
        pieces = client.get(url("list"), asked).context["pieces"]
        return [piece.current.title for piece in pieces]

    assert titles(sort="title") == ["A pear", "A plum", "An apple"]
    assert titles(q="appl an") == ["An apple"]
    assert "No evidence is found." in client.get(url("list"), {"q": "fig"}).text
    assert "Nothing here yet" not in client.get(url("list"), {"q": "fig"}).text


def test_the_list_is_newest_first_and_counts_what_there_is(client: Client) -> None:
    place = scene(lines=3)
    student = place.student
    Evidence.objects.filter(pk=place.piece.pk).update(recorded_at=LONG_AGO)
    older = EvidenceFactory(owner=student, revision__happened_on=date(2026, 8, 1))
    newer = EvidenceFactory(owner=student, revision__happened_on=date(2026, 9, 5), withdrawn=True)
    RequirementLinkFactory(evidence=older, ended=True)
    asked = {"evidence": place.piece, "enrolment": place.enrolment}
    FeedbackRequestFactory(**asked)
    FeedbackRequestFactory(**asked, expired=True)
    FeedbackRequestFactory(**asked, declined=True)
    FeedbackFactory(**asked, asked=True, remarks={None: "Good", place.lines[0]: "Kind"})
    EvidenceFactory()
    client.force_login(student)

    pieces = client.get(url("list")).context["pieces"]

    counts = [(piece.pk, piece.requirements, piece.waiting, piece.remarks) for piece in pieces]
    assert counts == [(newer.pk, 0, 0, 0), (place.piece.pk, 3, 1, 2), (older.pk, 0, 0, 0)]


def test_the_list_has_fifty_pieces_to_a_page(client: Client) -> None:
    student = EnrolmentFactory().student
    EvidenceFactory.create_batch(51, owner=student)
    client.force_login(student)

    pages = [client.get(url("list"), {"page": page}).context["page"] for page in ("1", "2", "x")]

    assert [len(page) for page in pages] == [50, 1, 50]


def test_an_empty_list_says_what_to_do_first(client: Client) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    enrolled = client.get(url("list")).content.decode()
    client.force_login(AccountFactory(language="en"))
    outsider = client.get(url("list")).content.decode()

    assert enrolled.count("a photo and one line are enough") == 1
    assert (enrolled.count(url("add")), outsider.count(url("add"))) == (1, 0)
    assert outsider.count("You are not enrolled now") == 1


# --- Adding ---------------------------------------------------------------------------------------


def test_a_title_is_enough_and_the_requirements_are_asked_next(client: Client) -> None:
    student = EnrolmentFactory().student
    client.force_login(student)
    shown = client.get(url("add")).context["form"]

    response = client.post(url("add"), {**FORM, "happened_on": shown["happened_on"].value()})

    piece = Evidence.objects.get()
    assert response["Location"] == url("requirements", piece.pk)
    today = timezone.localdate()
    assert Words.of(Revision.objects.get()) == Words(title="Helped", happened_on=today)


def test_fields_that_the_page_does_not_offer_are_ignored(client: Client) -> None:
    student, other = EnrolmentFactory().student, AccountFactory()
    client.force_login(student)
    by_hand = {"owner": other.pk, "number": 7, "recorded_at": "2020-01-01", "evidence": "x"}

    client.post(url("add"), {**FORM, **by_hand})

    piece = Evidence.objects.get()
    assert (piece.owner, piece.revisions.get().number) == (student, 1)
    assert piece.recorded_at > timezone.now() - timedelta(hours=1)


def test_a_wrong_form_keeps_all_that_was_typed_and_every_good_file(client: Client) -> None:
    student = EnrolmentFactory().student
    client.force_login(student)
    typed = {
        **FORM,
        "happened_on": "2026-02-31",
        "kind": "product",
        "place": "Kitchen",
        "context": "For eight guests",
        "reflection": "Ask first",
        "origin": "earlier",
    }

    wrong = client.post(url("add"), {**typed, "uploads": [note("a.txt", "a"), note("b.txt", "b")]})
    form = wrong.context["form"]
    shown = {name: form[name].value() for name in typed}
    tokens = [each.file.id for each in form.offered_files()]
    nothing_yet = Evidence.objects.count()
    client.post(url("add"), {**typed, "happened_on": "2026-02-28", "kept": tokens})

    assert (wrong.status_code, nothing_yet, shown) == (422, 0, typed)
    assert [(each.file.name, each.chosen) for each in form.offered_files()] == [
        ("a.txt", True),
        ("b.txt", True),
    ]
    assert list(Attachment.objects.values_list("name", flat=True)) == ["a.txt", "b.txt"]


def test_a_refused_file_is_named_and_the_others_are_kept(client: Client) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    uploads = [note("good.txt"), SimpleUploadedFile("harm.exe", b"MZ\0\1"), note("empty.txt", "")]

    response = client.post(url("add"), {**FORM, "uploads": uploads})

    form = response.context["form"]
    errors = [error.split(":")[0] for error in form.errors["uploads"]]
    assert (response.status_code, list(form.errors)) == (422, ["uploads"])
    assert errors == ["harm.exe", "empty.txt"]
    assert [each.file.name for each in form.offered_files()] == ["good.txt"]
    assert Evidence.objects.count() == 0
    page = response.content.decode()
    assert [page.count(words) for words in ("2 files were refused", "You can add photos")] == [1, 1]


def test_who_comes_back_after_a_refused_file_finds_what_they_typed_and_the_good_files(
    client: Client,
) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    uploads = [note("good.txt"), SimpleUploadedFile("photo.jpg", bytes(20))]

    client.post(url("add"), {**FORM, "uploads": uploads})
    form = client.get(url("add")).context["form"]

    assert form["title"].value() == FORM["title"]
    assert [(each.file.name, each.chosen) for each in form.offered_files()] == [("good.txt", True)]


def test_more_than_twenty_files_are_refused_by_name(client: Client) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    uploads = [note(f"{number}.txt", str(number)) for number in range(21)]

    response = client.post(url("add"), {**FORM, "uploads": uploads})

    form = response.context["form"]
    assert form.errors["uploads"] == ["20.txt: A piece of evidence holds at most 20 files."]
    assert [each.file.name for each in form.offered_files()] == [
        f"{number}.txt" for number in range(20)
    ]


def test_a_file_over_the_limit_of_its_kind_is_refused(client: Client, settings: Any) -> None:
    settings.FILE_SIZE_LIMITS = {"text": 10}
    client.force_login(EnrolmentFactory(student__language="en").student)
    uploads = [note("large.txt", "x" * 11), note("small.txt", "x" * 10)]

    form = client.post(url("add"), {**FORM, "uploads": uploads}).context["form"]

    assert [error.split(":")[0] for error in form.errors["uploads"]] == ["large.txt"]
    assert [each.file.name for each in form.offered_files()] == ["small.txt"]


def kept_upload(client: Client) -> str:
    """The id of a file that came with a wrong form."""
    response = client.post(url("add"), {**FORM, "title": "", "uploads": note("mine.txt", "mine")})
    [offered] = response.context["form"].offered_files()
    return str(offered.file.id)


def test_a_kept_file_is_for_its_uploader_only(client: Client) -> None:
    client.force_login(EnrolmentFactory().student)
    key = kept_upload(client)
    thief = EnrolmentFactory().student
    client.force_login(thief)

    stolen = client.post(url("add"), {**FORM, "kept": key})
    made_up = client.post(url("add"), {**FORM, "kept": key[:-1]})

    assert (stolen.status_code, made_up.status_code) == (422, 422)
    assert (list(stolen.context["form"].errors), Evidence.objects.count()) == (["kept"], 0)


def test_a_kept_file_that_is_gone_is_said(client: Client) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    key = kept_upload(client)
    assert remove_expired(timezone.now() + timedelta(days=8)) == 1

    response = client.post(url("add"), {**FORM, "kept": key})

    form = response.context["form"]
    assert form.errors["kept"] == ["A file is no longer here. Choose it again."]
    assert (form.offered_files(), Evidence.objects.count()) == ([], 0)


def test_a_kept_file_that_goes_while_it_is_sent_costs_no_words(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    key = kept_upload(client)
    found = own_files([UUID(key)], get_user(client))  # type: ignore[arg-type]  # of a table
    remove_expired(timezone.now() + timedelta(days=8))
    monkeypatch.setattr("evidence.forms.pieces.own_files", lambda ids, by: found)

    response = client.post(url("add"), {**FORM, "kept": key})

    form = response.context["form"]
    assert (response.status_code, form["title"].value()) == (422, FORM["title"])
    assert form.non_field_errors() == ["A file is no longer here. Choose it again."]


def test_a_form_sent_twice_names_the_same_file(client: Client) -> None:
    client.force_login(EnrolmentFactory().student)
    key = kept_upload(client)

    answers = [client.post(url("add"), {**FORM, "kept": key}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert [str(row.file_id) for row in Attachment.objects.all()] == [key, key]


def test_a_file_that_a_draft_names_is_offered_again(client: Client) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)
    key = kept_upload(client)

    saved = client.post(url("add_draft"), {"title": "Helped", "kept": key})
    form = client.get(url("add")).context["form"]
    client.force_login(EnrolmentFactory().student)
    for broken in (key, key[:-1]):
        client.post(url("add_draft"), {"title": "Stolen", "kept": broken})
        assert client.get(url("add")).context["form"].offered_files() == []

    assert saved.text.startswith("Saved, ")
    offered = [(str(each.file.id), each.chosen) for each in form.offered_files()]
    assert offered == [(key, True)]


def test_a_draft_that_keeps_no_file_says_so(client: Client) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)

    # What a browser's script sends in the place of a file.
    saved = client.post(url("add_draft"), {"title": "Helped", "uploads": "[object File]"})

    assert re.fullmatch(r"Text saved, \d\d:\d\d; your file not yet", saved.text)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("raar.exe", ["“raar.exe” is kept as “raar.txt”, because that is what is in it."]),
        ("notes", ["“notes” is kept as “notes.txt”, because that is what is in it."]),
        ("NOTES.TXT", []),
        ("notes.txt", []),
    ],
)
def test_a_file_that_is_kept_under_another_name_is_said(
    client: Client, given: str, told: list[str]
) -> None:
    client.force_login(EnrolmentFactory(student__language="en").student)

    wrong = client.post(url("add"), {**FORM, "title": "", "uploads": note(given)})
    right = client.post(url("add"), {**FORM, "uploads": note(given)})

    assert messages_of(wrong) == told
    assert messages_of(right) == [*told, "Your evidence is kept."]


@pytest.mark.parametrize("day", ["0026-09-01", "1949-12-31", "tomorrow"])
def test_a_day_that_cannot_be_is_refused(day: str, client: Client) -> None:
    client.force_login(EnrolmentFactory().student)
    if day == "tomorrow":
        day = str(timezone.localdate() + timedelta(days=1))

    response = client.post(url("add"), {**FORM, "happened_on": day})

    assert (response.status_code, Evidence.objects.count()) == (422, 0)
    assert list(response.context["form"].errors) == ["happened_on"]


# --- Editing --------------------------------------------------------------------------------------


def added(client: Client, *uploads: SimpleUploadedFile) -> Evidence:
    """A piece of somebody who is signed in from then on."""
    client.force_login(EnrolmentFactory(student__language="en").student)
    client.post(url("add"), {**FORM, "uploads": uploads})
    return Evidence.objects.get()


def test_editing_shows_what_is_there_and_writes_the_next_revision(client: Client) -> None:
    piece = added(client, note("a.txt", "a"), note("b.txt", "b"))
    form = client.get(url("edit", piece.pk)).context["form"]
    shown = {name: form[name].value() for name in FORM}
    first, _second = form.offered_files()

    response = client.post(
        url("edit", piece.pk),
        {**FORM, "title": "Helped more", "kept": first.file.id, "uploads": note("c.txt", "c")},
    )

    assert shown == {**FORM, "happened_on": date(2026, 9, 2)}
    assert response["Location"] == url("detail", piece.pk)
    revisions = [
        (revision.title, [file.name for file in revision.attachments.all()])
        for revision in piece.revisions.all()
    ]
    assert revisions == [("Helped", ["a.txt", "b.txt"]), ("Helped more", ["a.txt", "c.txt"])]


def test_a_wrong_edit_shows_left_out_files_unticked(client: Client) -> None:
    piece = added(client, note("a.txt", "a"), note("b.txt", "b"))
    first, _second = client.get(url("edit", piece.pk)).context["form"].offered_files()

    response = client.post(url("edit", piece.pk), {**FORM, "title": "", "kept": first.file.id})

    offered = response.context["form"].offered_files()
    kept = [(each.file.name, each.chosen) for each in offered]
    assert (response.status_code, kept) == (422, [("a.txt", True), ("b.txt", False)])
    assert piece.revisions.count() == 1


# --- Requirements ---------------------------------------------------------------------------------


def lines_shown(response: HttpResponse) -> list[tuple[str, list[str], bool, str]]:
    """Of every line on the page: its words, its codes, whether it is ticked, and why."""
    groups = response.context["form"].groups  # type: ignore[attr-defined]  # of the test client
    return [
        (line.requirement.words, line.codes, line.chosen, line.why)
        for group in groups
        for line in group.lines
    ]


def two_processes() -> Scene:
    """A scene with a second work process, under which the first line stands too."""
    place = scene(lines=2)
    task = place.lines[0].places.get().work_process.core_task
    process = WorkProcessFactory(core_task=task, title="Closes the day")
    place.lines.append(RequirementFactory(under=process, text="sweeps up", plain="You clean up."))
    process.places.create(requirement=place.lines[0], order=9)
    return place


def test_requirements_stand_under_their_work_process_once(client: Client) -> None:
    place = two_processes()
    client.force_login(place.student)

    response = client.get(url("requirements", place.piece.pk))

    first, second = (
        place.lines[1].places.get().work_process,
        place.lines[2].places.get().work_process,
    )
    groups = [(group.work_process, len(group.lines)) for group in response.context["form"].groups]
    assert groups == [(first, 2), (second, 1)]
    assert lines_shown(response) == [
        (place.lines[0].text, [first.code, second.code], True, ""),
        (place.lines[1].text, [first.code], True, ""),
        ("You clean up.", [second.code], False, ""),
    ]


def test_requirements_of_all_current_tracks_are_offered(client: Client) -> None:
    place = scene(lines=1)
    elective = QualificationFactory(title="An elective", kind="elective")
    line = RequirementFactory(under=WorkProcessFactory(core_task__qualification=elective))
    Track.objects.create(enrolment=place.enrolment, qualification=elective)
    draft = QualificationFactory(draft=True)
    RequirementFactory(under=WorkProcessFactory(core_task__qualification=draft))
    Track.objects.create(enrolment=place.enrolment, qualification=draft)
    RequirementFactory()
    client.force_login(place.student)

    response = client.get(url("requirements", place.piece.pk))

    assert {words for words, *_ in lines_shown(response)} == {place.lines[0].text, line.text}
    assert response.context["form"].is_of_several


def test_searching_in_plain_words_keeps_what_is_chosen_in_sight(client: Client) -> None:
    place = two_processes()
    RequirementLink.objects.exclude(requirement=place.lines[0]).delete()
    client.force_login(place.student)

    found = client.get(url("requirements", place.piece.pk), {"q": "clean UP"})
    none = client.get(url("requirements", place.piece.pk), {"q": "xyzzy"})

    chosen = place.lines[0].text
    assert [words for words, *_ in lines_shown(found)] == [chosen, "You clean up."]
    assert [words for words, *_ in lines_shown(none)] == [chosen]
    sentence = "Nothing found; try another word</p>"
    assert [answer.content.decode().count(sentence) for answer in (found, none)] == [0, 1]


def test_searching_without_script_loses_no_tick_and_no_why(client: Client) -> None:
    place = two_processes()
    RequirementLink.objects.all().delete()
    client.force_login(place.student)
    line = place.lines[1]
    before = everything()["evidence.RequirementLink"]

    response = client.post(
        url("requirements", place.piece.pk),
        {"chosen": line.pk, f"why-{line.pk}": "She smiled", "q": "clean", "search": "1"},
    )

    shown = [(words, chosen, why) for words, _codes, chosen, why in lines_shown(response)]
    assert shown == [(line.text, True, "She smiled"), ("You clean up.", False, "")]
    assert response.status_code == 200
    assert everything()["evidence.RequirementLink"] == before


def test_choosing_lays_the_piece_against_requirements(client: Client) -> None:
    place = two_processes()
    client.force_login(place.student)
    kept, dropped = place.piece.links.order_by("requirement__text")
    new = place.lines[2]

    response = client.post(
        url("requirements", place.piece.pk),
        {
            "present": [kept.pk, dropped.pk],
            "chosen": [kept.requirement_id, new.pk],
            f"why-{new.pk}": " She smiled ",
            f"why-{dropped.requirement_id}": "not sent on",
        },
    )

    assert response["Location"] == url("detail", place.piece.pk)
    links = place.piece.links.current().values_list("requirement", "why")
    assert set(links) == {(kept.requirement_id, ""), (new.pk, "She smiled")}
    assert place.piece.links.count() == 3


def test_who_laid_a_piece_for_the_first_time_can_go_on_to_asking(client: Client) -> None:
    place = two_processes()
    RequirementLink.objects.all().delete()
    client.force_login(place.student)
    address = url("requirements", place.piece.pk)
    chosen = {"chosen": place.lines[2].pk}

    first = client.get(address).content.decode()
    nothing = client.post(address, {"ask": "1"})
    went_on = client.post(address, {**chosen, "ask": "1"})
    later = client.get(address).content.decode()

    assert nothing["Location"] == url("detail", place.piece.pk)
    assert went_on["Location"] == url("ask", place.piece.pk)
    assert [shown.count('name="ask"') for shown in (first, later)] == [1, 0]


def test_a_link_made_on_another_page_since_is_not_taken_off(client: Client) -> None:
    place = scene(lines=2)
    client.force_login(place.student)
    shown, since = place.piece.links.order_by("requirement__text")

    client.post(url("requirements", place.piece.pk), {"present": shown.pk})

    assert list(place.piece.links.current()) == [since]


def test_a_wrong_choice_is_said_and_changes_nothing(client: Client) -> None:
    place = scene(lines=1)
    client.force_login(place.student)
    line, foreign = place.lines[0], RequirementFactory()
    before = everything()["evidence.RequirementLink"]

    answers = [
        client.post(url("requirements", place.piece.pk), sent)
        for sent in (
            {"chosen": [line.pk, foreign.pk]},
            {"chosen": [line.pk, "no id"]},
            {"chosen": line.pk, f"why-{line.pk}": "x" * 501},
        )
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert [len(answer.context["form"].non_field_errors()) for answer in answers] == [1, 1, 1]
    assert lines_shown(answers[2])[0][3] == "x" * 501
    assert everything()["evidence.RequirementLink"] == before


def test_without_a_current_track_there_is_nothing_to_choose(client: Client) -> None:
    place = scene()
    Track.objects.update(ended_at=LONG_AGO)
    client.force_login(place.student)

    response = client.get(url("requirements", place.piece.pk))

    assert (response.status_code, lines_shown(response)) == (200, [])


@pytest.mark.parametrize("lines", [1, 30])
def test_the_page_of_requirements_takes_the_same_queries_for_thirty(
    lines: int, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    place = scene(lines=lines)
    client.force_login(place.student)

    with django_assert_num_queries(6):
        response = client.get(url("requirements", place.piece.pk))

    assert len(lines_shown(response)) == lines


# --- The piece ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 20])
def test_the_piece_takes_the_same_queries_for_twenty_of_everything(
    rows: int, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    place = scene(lines=rows)
    AttachmentFactory.create_batch(rows, revision=place.piece.current)
    for line in place.lines:
        FeedbackRequestFactory(evidence=place.piece, enrolment=place.enrolment)
        about = {"evidence": place.piece, "enrolment": place.enrolment}
        FeedbackFactory(**about, remarks={None: "Good", line: "Kind"})
    client.force_login(place.student)

    with django_assert_num_queries(12):
        response = client.get(url("detail", place.piece.pk))

    assert len(response.context["links"]) == rows


SECRETS = ("What I learned", "My own reason", "quality line")


def page_with_everything(client: Client, person: Any, place: Scene) -> list[str]:
    client.force_login(person)
    text = client.get(url("detail", place.piece.pk)).content.decode()
    return [secret for secret in ("The situation was hard", *SECRETS) if secret in text]


def test_who_was_asked_with_an_account_sees_the_piece_and_not_what_is_between_student_and_school(
    client: Client,
) -> None:
    enrolment = EnrolmentFactory(student__language="en")
    process = WorkProcessFactory(core_task__qualification=enrolment.programme.qualification)
    line = RequirementFactory(under=process, text="quality line")
    piece = EvidenceFactory(
        owner=enrolment.student,
        revision__context="The situation was hard",
        revision__reflection="What I learned",
    )
    RequirementLinkFactory(evidence=piece, requirement=line, why="My own reason")
    place = Scene(enrolment, piece, [line])
    asked = AccountFactory()
    FeedbackRequestFactory(evidence=piece, enrolment=enrolment, person=asked)

    shown = {
        name: page_with_everything(client, person, place)
        for name, person in {
            "owner": enrolment.student,
            "adviser": enrolment.adviser,
            "asked": asked,
        }.items()
    }

    everything_there_is = ["The situation was hard", *SECRETS]
    assert shown == {
        "owner": everything_there_is,
        "adviser": everything_there_is,
        "asked": ["The situation was hard"],
    }


def buttons(client: Client, piece: Evidence) -> list[str]:
    text = client.get(url("detail", piece.pk)).content.decode()
    return [
        page
        for page in ("edit", "requirements", "withdraw", "delete")
        if f'href="{url(page, piece.pk)}"' in text
    ]


def test_the_piece_offers_what_can_be_done_with_it_now(client: Client) -> None:
    place = scene()
    client.force_login(place.student)
    unasked = buttons(client, place.piece)
    FeedbackRequestFactory(evidence=place.piece, enrolment=place.enrolment)
    asked = buttons(client, place.piece)
    withdraw(Evidence.objects.get())
    withdrawn = buttons(client, place.piece)
    client.force_login(place.enrolment.adviser)
    read = buttons(client, place.piece)

    assert unasked == ["edit", "requirements", "delete"]
    assert asked == ["edit", "requirements", "withdraw"]
    assert (withdrawn, read) == ([], [])


@pytest.mark.parametrize("page", ["withdraw", "delete"])
def test_a_get_asks_and_changes_nothing(page: str, client: Client) -> None:
    place = scene()
    client.force_login(place.student)

    response = client.get(url(page, place.piece.pk))

    assert response.status_code == 200
    assert list(Evidence.objects.kept()) == [place.piece]


def test_withdrawing_and_deleting_say_what_happened(client: Client) -> None:
    place = scene()
    other = EvidenceFactory(owner=place.student)
    client.force_login(place.student)

    withdrawn = client.post(url("withdraw", place.piece.pk))
    deleted = client.post(url("delete", other.pk))

    assert (withdrawn["Location"], deleted["Location"]) == (
        url("detail", place.piece.pk),
        url("list"),
    )
    assert messages_of(deleted)[-1] == "Deleted, with its files."
    assert list(Evidence.objects.with_withdrawal().exclude(withdrawn_at=None)) == [place.piece]
    assert StoredFile.objects.count() == 0


# --- Words of the qualification -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("framework", "word"), [("dossier", "requirements"), ("outcomes", "indicators")]
)
def test_requirements_are_called_what_their_qualification_calls_them(
    framework: str, word: str, client: Client
) -> None:
    place = scene(lines=2)
    Qualification.objects.update(framework=framework)
    client.force_login(place.student)

    pages = [
        client.get(address).content.decode()
        for address in (
            url("list"),
            url("detail", place.piece.pk),
            url("requirements", place.piece.pk),
        )
    ]

    assert f"<span>2 {word}</span>" in pages[0]
    assert f"Shows these {word}" in pages[1]
    assert f"Which {word} does this show?" in pages[2]


def test_requirements_of_two_frameworks_go_by_the_usual_word() -> None:
    assert names_in(["outcomes", "dossier"]) == names_in([]) == names_in(["dossier"])
