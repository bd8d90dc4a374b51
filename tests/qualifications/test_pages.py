"""The pages, as a browser asks for them."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from people.models import Account, InstitutionRole
from qualifications import actions
from qualifications.doubles import doubles_of
from qualifications.models import (
    Dossier,
    Place,
    Qualification,
    QualityRequirement,
    Wording,
    WorkProcess,
)
from qualifications.xmltree import MAX_BYTES
from records.models import Event
from tests.factories import QualificationFactory, RequirementFactory
from tests.qualifications.factories import (
    SMALL,
    imported_draft,
    kept_dossier,
    parsed_with,
    person_with,
)

pytestmark = pytest.mark.django_db

Queries = Callable[[int], AbstractContextManager[object]]


def words_of(response: HttpResponse) -> str:
    """What a page says, without its tags."""
    main = re.search(r"(?s)<main[^>]*>(.*)</main>", response.content.decode())
    assert main
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main[1])).split())


def upload(client: Client, content: bytes, name: str = "klein.xml") -> HttpResponse:
    file = SimpleUploadedFile(name, content, content_type="text/xml")
    return client.post("/qualifications/import/", {"file": file})


def rows() -> list[int]:
    return [
        model._default_manager.count()
        for model in (Dossier, Qualification, QualityRequirement, Place, Event)
    ]


# --- The list -------------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(curating: Client) -> None:
    page = curating.get("/qualifications/")

    assert "Load the official dossier" in words_of(page)
    assert page.content.count(b'href="/qualifications/import/"') == 1


def test_an_empty_list_says_to_others_who_does_it(client: Client) -> None:
    client.force_login(person_with(InstitutionRole.Role.AUDITOR))

    page = client.get("/qualifications/")

    assert "Somebody with the curriculum role loads them" in words_of(page)
    assert b"/qualifications/import/" not in page.content


def test_the_list_tells_drafts_from_published_ones(curating: Client) -> None:
    QualificationFactory(draft=True, title="Baker", code="25001")
    QualificationFactory(title="Cook", code="25002")

    assert words_of(curating.get("/qualifications/")).endswith(
        "Baker 25001 4 1 August 2026 draft Cook 25002 4 1 August 2026 published"
    )


@pytest.mark.parametrize("number", [1, 30])
def test_the_list_costs_the_same_for_1_and_30(
    curating: Client, number: int, django_assert_num_queries: Queries
) -> None:
    QualificationFactory.create_batch(number, draft=True)

    with django_assert_num_queries(6):
        page = curating.get("/qualifications/")

    assert page.content.count(b'<th scope="row">') == number


# --- Loading a dossier ----------------------------------------------------------------------------


def test_loading_leads_to_what_the_dossier_holds(curating: Client) -> None:
    response = upload(curating, SMALL)

    dossier = Dossier.objects.get()
    assert (response.status_code, response.headers["Location"]) == (
        302,
        f"/qualifications/dossiers/{dossier.pk}/",
    )
    assert (dossier.name, dossier.by) == ("klein.xml", response.wsgi_request.user)
    page = words_of(curating.get(response.headers["Location"]))
    assert (
        "Werkplaatsmedewerker (voorbeeld) Crebo 99901 Level 2 Edition 1 August 2026 Core tasks 2 "
        "Work processes 5 Requirement lines 17 Import 99901 as draft "
        "Werkplaatsbegeleider (voorbeeld) Crebo 99902 Level 3 Edition 1 August 2026 Core tasks 2 "
        "Work processes 5 Requirement lines 20 Import 99902 as draft"
    ) in page
    assert "What is odd" not in page


def test_the_same_file_leads_to_the_same_dossier(curating: Client) -> None:
    first = upload(curating, SMALL)
    before = rows()

    again = upload(curating, SMALL, "kopie.xml")

    assert again.headers["Location"] == first.headers["Location"]
    assert rows() == before


def test_what_is_odd_in_the_file_is_said(curating: Client) -> None:
    dossier = kept_dossier(SMALL.replace(b'niveau="2"', b'niveau="?"', 1))

    page = words_of(curating.get(f"/qualifications/dossiers/{dossier.pk}/"))

    assert "Crebo 99901 Level unknown" in page
    assert "The level (niveau) is not known: “?”." in page


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"<sbb>\n<dossiers>", "klein.xml, line 2, element “dossiers”: The file stops here"),
        (b"<!DOCTYPE a []><a/>", "klein.xml, line 1, element “!DOCTYPE”: The file declares"),
        (b"{}", "klein.xml, line 1: This is not XML."),
        (SMALL + b" " * MAX_BYTES, "klein.xml: The file is larger than 20 MB."),
        (b"", "The submitted file is empty."),
    ],
    ids=["cut off", "dtd", "json", "large", "empty"],
)
def test_a_refusal_names_file_line_and_element(
    curating: Client, content: bytes, refusal: str
) -> None:
    response = upload(curating, content)

    assert response.status_code == 422
    said = words_of(response)
    assert "This file was not loaded; nothing was changed." in said
    assert refusal in said
    assert rows() == [0, 0, 0, 0, 0]


def test_no_file_is_asked_for_again(curating: Client) -> None:
    response = curating.post("/qualifications/import/")

    assert response.status_code == 422
    assert "This field is required." in words_of(response)


def test_a_file_name_does_no_harm(curating: Client) -> None:
    refused = upload(curating, b"{}", "<script>x.xml")
    assert b"<script>x" not in refused.content
    assert "<script>x.xml, line 1: This is not XML." in words_of(refused)

    kept = upload(curating, SMALL, "../" + "é" * 300 + ".xml")
    assert curating.get(kept.headers["Location"]).status_code == 200
    assert "/" not in Dossier.objects.get().name


def test_hostile_files_are_refused(curating: Client, samples: Path) -> None:
    hostile = [path for path in (samples / "hostile").iterdir() if path.is_file()]
    assert len(hostile) > 20

    answers = {path.name: upload(curating, path.read_bytes(), path.name) for path in hostile}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        answers, 422
    )
    assert [name for name, answer in answers.items() if b"<svg onload" in answer.content] == []
    assert rows() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("number", [1, 30])
def test_dossiers_that_were_loaded_before_are_listed_at_the_same_cost(
    curating: Client, number: int, django_assert_num_queries: Queries
) -> None:
    for version in range(number):
        kept_dossier(SMALL + b" " * version, name=f"versie-{version}.xml")

    with django_assert_num_queries(5):
        page = curating.get("/qualifications/import/")

    assert words_of(page).count("Buurtwerkplaats (voorbeeld) 99900 · versie-") == number


# --- Importing from a dossier ---------------------------------------------------------------------


def test_importing_leads_to_the_draft(curating: Client) -> None:
    dossier = kept_dossier()

    response = curating.post(f"/qualifications/dossiers/{dossier.pk}/import/", {"code": "99902"})

    draft = Qualification.objects.get()
    assert response.headers["Location"] == f"/qualifications/{draft.pk}/"
    assert (draft.code, draft.status, draft.dossier) == ("99902", "draft", dossier)
    page = words_of(curating.get(f"/qualifications/dossiers/{dossier.pk}/"))
    assert "Requirement lines 20 Imported: Werkplaatsbegeleider (voorbeeld) (99902) draft" in page
    assert "Import 99901 as draft" in page
    assert "Import 99902 as draft" not in page


def test_importing_again_leads_to_the_same(curating: Client) -> None:
    draft = imported_draft("99901")
    before = rows()

    response = curating.post(
        f"/qualifications/dossiers/{draft.dossier_id}/import/", {"code": "99901"}
    )

    assert response.headers["Location"] == f"/qualifications/{draft.pk}/"
    assert rows() == before


@pytest.mark.parametrize("data", [{}, {"code": "25498"}, {"code": "99901\0"}])
def test_only_what_the_dossier_holds_is_imported(curating: Client, data: dict[str, str]) -> None:
    dossier = kept_dossier()

    response = curating.post(f"/qualifications/dossiers/{dossier.pk}/import/", data, follow=True)

    assert response.redirect_chain == [(f"/qualifications/dossiers/{dossier.pk}/", 302)]
    assert "This dossier does not hold that qualification." in words_of(response)
    assert not Qualification.objects.exists()


def test_what_came_from_another_file_is_shown_as_such_and_other_content_refused(
    curating: Client,
) -> None:
    imported_draft("99901")
    other = kept_dossier(SMALL.replace(b"begroet de bezoeker vriendelijk", b"begroet", 1))
    address = f"/qualifications/dossiers/{other.pk}/"

    assert (
        "Requirement lines 17 Here already, from another file: "
        "Werkplaatsmedewerker (voorbeeld) (99901) draft"
    ) in words_of(curating.get(address))

    refused = curating.post(f"{address}import/", {"code": "99901"}, follow=True)
    assert "99901 of 2026-08-01 is here already, with other content" in words_of(refused)
    assert Qualification.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "code", "counts"),
    [
        ("2755_Dienstverlening.xml", "25498", "2 core tasks, 12 work processes, 59 requirements"),
        ("2635_Pedagogisch_Werk.xml", "25484", "4 core tasks, 21 work processes, 125 requirements"),
    ],
)
def test_a_published_dossier_from_file_to_draft(
    curating: Client, samples: Path, file: str, code: str, counts: str
) -> None:
    loaded = upload(curating, (samples / "nl-kd" / file).read_bytes(), file)
    imported = curating.post(f"{loaded.headers['Location']}import/", {"code": code})

    page = words_of(curating.get(imported.headers["Location"]))

    assert f"Edition 1 August 2015 Dossier {Dossier.objects.get()} Holds {counts}" in page


# --- The page of a qualification ------------------------------------------------------------------


def test_a_qualification_shows_all_it_asks(curating: Client) -> None:
    parsed = parsed_with(3, processes=2)
    first, last = parsed.core_tasks
    bare = tuple(replace(each, description="", result="") for each in last.work_processes)
    parsed = replace(parsed, core_tasks=(first, replace(last, work_processes=bare)))
    qualification = actions.import_qualification(dossier=kept_dossier(), parsed=parsed, by=None)

    page = words_of(curating.get(f"/qualifications/{qualification.pk}/"))

    assert (
        "What it asks "
        "B1-K1 Begins 1 work process Complexity and responsibility Is hard. Is alone. "
        "B1-K1-W1 Prepares the work Plain words for B1-K1-W1 First. Then. Result: All is ready. "
        "works carefully (0) works carefully (2) "
        "P1-K1 Ends 1 work process "
        "B1-K1-W2 Prepares the work Plain words for B1-K1-W2 works carefully (1) "
        "Publish"
    ) in page


def test_a_teacher_education_goes_by_its_own_levels(curating: Client) -> None:
    parsed = replace(parsed_with(3, processes=2), framework=Qualification.Framework.OUTCOMES)
    qualification = actions.import_qualification(dossier=None, parsed=parsed, by=None)

    page = words_of(curating.get(f"/qualifications/{qualification.pk}/"))

    assert f"Qualifications · {parsed.code} " in page
    assert "Holds 2 outcome areas, 2 learning outcomes, 3 indicators" in page
    assert "B1-K1 Begins 1 learning outcome " in page


def test_a_plain_wording_comes_first_and_the_official_line_under_it(curating: Client) -> None:
    requirement = RequirementFactory(text="rekent accuraat", plain="Je rekent goed.")

    page = words_of(curating.get(f"/qualifications/{requirement.qualification_id}/"))

    assert "Je rekent goed. Officially: rekent accuraat" in page


def test_texts_from_a_file_do_no_harm(curating: Client) -> None:
    requirement = RequirementFactory(text="<script>alert(1)</script>")

    page = curating.get(f"/qualifications/{requirement.qualification_id}/")

    assert b"<script>alert" not in page.content
    assert "<script>alert(1)</script>" in words_of(page)


def test_a_draft_offers_to_merge_what_is_identical(curating: Client) -> None:
    draft = imported_draft("99901")
    address = f"/qualifications/{draft.pk}/"
    offered = (
        "Make one requirement of "
        "houdt zich aan de afspraken van de werkplaats B1-K1-W1, B1-K1-W2 "
        "ruimt gereedschap en werkplek op B1-K1-W3, P1-K1-W1 "
        "Merge what is ticked"
    )
    page = curating.get(address)
    assert offered in words_of(page)
    assert page.content.count(b"checked") == 2

    merged = curating.post(
        f"{address}merge/", {"lines": [doubles_of(draft)[1].first.pk]}, follow=True
    )

    assert merged.redirect_chain == [(address, 302)]
    said = words_of(merged)
    assert "1 line was merged." in said
    assert "16 requirements in 17 places" in said
    assert "ruimt gereedschap en werkplek op Also under P1-K1-W1" in said
    assert "ruimt gereedschap en werkplek op Also under B1-K1-W3" in said
    assert "houdt zich aan de afspraken van de werkplaats B1-K1-W1, B1-K1-W2" in said


def test_merging_nothing_asks_to_choose(curating: Client) -> None:
    draft = imported_draft("99901")

    response = curating.post(f"/qualifications/{draft.pk}/merge/")

    assert response.status_code == 422
    assert "Tick at least one line to merge." in words_of(response)
    assert b"checked" not in response.content
    assert draft.requirements.count() == 17


def test_merging_other_lines_than_those_offered_is_refused(curating: Client) -> None:
    draft = imported_draft("99901")
    stranger = RequirementFactory()

    for value in (stranger.pk, "x"):
        response = curating.post(f"/qualifications/{draft.pk}/merge/", {"lines": [value]})
        assert response.status_code == 422

    assert QualityRequirement.objects.count() == 18


def test_publishing_ends_what_a_draft_offers(curating: Client) -> None:
    draft = imported_draft("99901")
    address = f"/qualifications/{draft.pk}/"

    published = curating.post(f"{address}publish/", follow=True)

    assert published.redirect_chain == [(address, 302)]
    said = words_of(published)
    assert "Published. Programmes can use it from now on." in said
    assert "Merge" not in said
    assert "Publish this qualification" not in said
    assert "Plain words for B1-K1-W1" in said

    again = curating.post(f"{address}publish/", follow=True)
    assert "This qualification is published: its structure no longer changes." in words_of(again)


def test_an_empty_draft_is_not_published(curating: Client) -> None:
    draft = QualificationFactory(draft=True)

    response = curating.post(f"/qualifications/{draft.pk}/publish/", follow=True)

    assert "This qualification has no requirements" in words_of(response)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_who_may_only_read_sees_no_buttons(client: Client) -> None:
    draft = imported_draft("99901")
    client.force_login(person_with(InstitutionRole.Role.EXAM_BOARD))

    pages = [
        client.get(f"/qualifications/{draft.pk}/"),
        client.get(f"/qualifications/dossiers/{draft.dossier_id}/"),
    ]

    for page in pages:
        main = page.content.partition(b"<main")[2].partition(b"</main>")[0]
        assert b"Werkplaatsmedewerker" in main
        assert b"<button" not in main
        assert b"/wording/" not in main


@pytest.mark.parametrize("state", ["draft", "published"])
@pytest.mark.parametrize(("lines", "processes"), [(12, 2), (125, 21)])
def test_a_qualification_costs_the_same_for_12_and_125_lines(
    curating: Client, lines: int, processes: int, state: str, django_assert_num_queries: Queries
) -> None:
    qualification = actions.import_qualification(
        dossier=kept_dossier(), parsed=parsed_with(lines, processes=processes), by=None
    )
    if state == "published":
        actions.publish(qualification=qualification, by=None)

    with django_assert_num_queries(10):
        page = curating.get(f"/qualifications/{qualification.pk}/")

    assert words_of(page).count("works carefully") == lines


# --- Plain wordings -------------------------------------------------------------------------------


def test_wording_a_work_process(curating: Client) -> None:
    draft = imported_draft("99901")
    work_process = WorkProcess.objects.get(code="B1-K1-W3")
    address = f"/qualifications/work-processes/{work_process.pk}/wording/"
    checks, clears, asks = (place.requirement for place in work_process.places.all())
    actions.word_plainly(
        work_process=work_process, wordings={asks.pk: "Je vraagt hoe het was."}, by=None
    )

    page = curating.get(address)
    assert words_of(page).count("(optional)") == 3
    assert "vraagt wat de bezoeker ervan vond (optional) Je vraagt hoe het was." in words_of(page)

    saved = curating.post(
        address,
        {str(checks.pk): "Je kijkt alles na.", str(clears.pk): "", str(asks.pk): ""},
        follow=True,
    )

    assert saved.redirect_chain == [(f"/qualifications/{draft.pk}/#{work_process.pk}", 302)]
    assert "The plain wordings are saved." in words_of(saved)
    worded = draft.requirements.filter(wording__isnull=False)
    assert dict(worded.values_list("text", "wording__text")) == {
        "controleert remmen, licht en banden": "Je kijkt alles na.",
        "vraagt wat de bezoeker ervan vond": "",
    }


def test_a_wording_of_another_work_process_is_ignored(curating: Client) -> None:
    requirement, stranger = RequirementFactory(), RequirementFactory()
    work_process = requirement.work_processes.get()

    curating.post(
        f"/qualifications/work-processes/{work_process.pk}/wording/",
        {str(requirement.pk): "Netjes.", str(stranger.pk): "Anders."},
    )

    assert dict(Wording.objects.values_list("requirement", "text")) == {requirement.pk: "Netjes."}


def test_too_long_a_wording_is_kept_on_the_page_and_refused(curating: Client) -> None:
    requirement = RequirementFactory()
    work_process = requirement.work_processes.get()

    response = curating.post(
        f"/qualifications/work-processes/{work_process.pk}/wording/",
        {str(requirement.pk): "x" * 1001},
    )

    assert response.status_code == 422
    assert "x" * 1001 in words_of(response)
    requirement.refresh_from_db()
    assert requirement.plain == ""


@pytest.mark.parametrize("number", [1, 30])
def test_the_wording_page_costs_the_same_for_1_and_30(
    curating: Client, number: int, django_assert_num_queries: Queries
) -> None:
    first = RequirementFactory()
    work_process = first.work_processes.get()
    RequirementFactory.create_batch(number - 1, under=work_process)

    with django_assert_num_queries(6):
        page = curating.get(f"/qualifications/work-processes/{work_process.pk}/wording/")

    assert page.content.count(b"<textarea") == number


# --- The support desk -----------------------------------------------------------------------------


def test_the_admin_shows_and_changes_nothing(client: Client) -> None:
    draft = imported_draft("99901")
    client.force_login(Account.objects.create_superuser("admin@school.example", "Administrator"))

    for kind, pk in (("qualification", draft.pk), ("dossier", draft.dossier_id)):
        address = f"/admin/qualifications/{kind}/"
        assert client.get(address).status_code == 200
        assert client.get(f"{address}{pk}/change/").status_code == 200
        assert client.post(f"{address}{pk}/change/", {"title": "Anders"}).status_code == 403
        assert client.get(f"{address}add/").status_code == 403
        assert client.post(f"{address}{pk}/delete/", {"post": "yes"}).status_code == 403
