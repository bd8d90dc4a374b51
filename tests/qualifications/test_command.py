"""`manage.py import_qualification`."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from qualifications.models import Dossier, Place, Qualification, QualityRequirement
from records.models import Event
from tests.qualifications.factories import SMALL, SMALL_PATH

pytestmark = pytest.mark.django_db


def run(path: Path, *arguments: str) -> str:
    out = StringIO()
    call_command("import_qualification", str(path), *arguments, stdout=out)
    return out.getvalue()


def told(path: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(path, *arguments, "--json"))
    return answer


def refusal(path: Path, *arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        run(path, *arguments)
    assert refused.value.returncode == 1
    return str(refused.value)


def line(marker: bytes) -> int:
    return SMALL[: SMALL.index(marker)].count(b"\n") + 1


def rows() -> list[int]:
    return [
        model._default_manager.count()
        for model in (Dossier, Qualification, QualityRequirement, Place, Event)
    ]


FIRST = {
    "code": "99901",
    "title": "Werkplaatsmedewerker (voorbeeld)",
    "level": 2,
    "edition": "2026-08-01",
    "core_tasks": 2,
    "work_processes": 5,
    "requirements": 17,
}
SECOND = {
    "code": "99902",
    "title": "Werkplaatsbegeleider (voorbeeld)",
    "level": 3,
    "edition": "2026-08-01",
    "core_tasks": 2,
    "work_processes": 5,
    "requirements": 20,
}


def test_all_qualifications_of_the_file_become_drafts() -> None:
    assert told(SMALL_PATH) == {"qualifications": [FIRST, SECOND], "warnings": []}
    assert set(Qualification.objects.values_list("code", "status")) == {
        ("99901", "draft"),
        ("99902", "draft"),
    }
    assert Place.objects.count() == 37


@pytest.mark.parametrize(
    ("file", "qualifications", "warnings"),
    [
        (
            "2635_Pedagogisch_Werk.xml",
            [
                ("25486", "Pedagogisch medewerker kinderopvang", 3, "2015-08-01", 3, 16, 81),
                ("25484", "Gespecialiseerd pedagogisch medewerker", 4, "2015-08-01", 4, 21, 125),
                ("25485", "Onderwijsassistent", 4, "2015-08-01", 4, 17, 98),
            ],
            1,
        ),
        (
            "2755_Dienstverlening.xml",
            [
                ("25499", "Medewerker facilitaire dienstverlening", 2, "2015-08-01", 2, 12, 58),
                ("25498", "Helpende Zorg en Welzijn", 2, "2015-08-01", 2, 12, 59),
                ("25500", "Medewerker sport en recreatie", 2, "2015-08-01", 2, 12, 61),
            ],
            0,
        ),
    ],
)
def test_published_dossiers_have_their_known_counts(
    samples: Path, file: str, qualifications: list[tuple[object, ...]], warnings: int
) -> None:
    answer = told(samples / "nl-kd" / file)

    assert [tuple(one.values()) for one in answer["qualifications"]] == qualifications
    assert len(answer["warnings"]) == warnings
    stored = {
        one.code: Place.objects.filter(work_process__core_task__qualification=one).count()
        for one in Qualification.objects.all()
    }
    assert stored == {one[0]: one[-1] for one in qualifications}


def test_warnings_say_where_and_what(tmp_path: Path) -> None:
    path = tmp_path / "vreemd.xml"
    path.write_bytes(SMALL.replace(b"- telt de voorraad", b"- zo:\n- telt de voorraad", 1))

    assert told(path, "--dry-run")["warnings"] == [
        {
            "where": f"P1-K1-W1, line {line(b'- telt de voorraad') - 1}",
            "message": "“- zo:” looks like an introduction, but has a dash: kept.",
        }
    ]


def test_one_qualification_by_its_crebo() -> None:
    assert told(SMALL_PATH, "--crebo", "99902")["qualifications"] == [SECOND]
    assert list(Qualification.objects.values_list("code", flat=True)) == ["99902"]


def test_publish_at_once() -> None:
    run(SMALL_PATH, "--crebo", "99901", "--publish")

    assert list(Qualification.objects.values_list("code", "status")) == [("99901", "published")]
    assert list(
        Event.objects.filter(chain__key__startswith="qualification:").values_list("verb", flat=True)
    ) == ["qualification.imported", "qualification.published"]


def test_publish_what_was_a_draft() -> None:
    run(SMALL_PATH, "--crebo", "99901")

    run(SMALL_PATH, "--crebo", "99901", "--publish")

    assert list(Qualification.objects.values_list("code", "status")) == [("99901", "published")]


@pytest.mark.parametrize("arguments", [(), ("--publish",)])
def test_the_same_file_twice_changes_nothing(arguments: tuple[str, ...]) -> None:
    first = run(SMALL_PATH, "--json", *arguments)
    before = rows()

    assert run(SMALL_PATH, "--json", *arguments) == first
    assert rows() == before


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    dry = run(SMALL_PATH, "--json", "--dry-run", "--publish")

    assert rows() == [0, 0, 0, 0, 0]
    assert run(SMALL_PATH, "--json", "--publish") == dry


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("--crebo", "99903"), "99903"),
        (("--crebo", "99901", "--edition", "2025-08-01"), "99901, 2025-08-01"),
        (("--edition", "2025-08-01"), "2025-08-01"),
    ],
)
def test_what_the_file_does_not_hold_is_refused(arguments: tuple[str, ...], asked: str) -> None:
    assert refusal(SMALL_PATH, *arguments) == (
        f"This file holds no qualification “{asked}”. "
        "It holds: 99901 (2026-08-01), 99902 (2026-08-01)."
    )
    assert rows() == [0, 0, 0, 0, 0]


def test_an_edition_chooses_what_is_valid_from_that_date(tmp_path: Path) -> None:
    path = tmp_path / "twee.xml"
    head, _middle, tail = SMALL.rpartition(b"01-08-2026")
    path.write_bytes(head + b"01-08-2027" + tail)

    chosen = told(path, "--edition", "2027-08-01")["qualifications"]

    assert chosen == [SECOND | {"edition": "2027-08-01"}]


def test_an_edition_that_is_no_date_is_refused() -> None:
    assert refusal(SMALL_PATH, "--edition", "1-8-2026") == (
        "Error: argument --edition: “1-8-2026” is not a date such as 2015-08-01"
    )


def test_other_content_under_a_known_code_and_edition_is_refused(tmp_path: Path) -> None:
    run(SMALL_PATH, "--crebo", "99902")
    path = tmp_path / "anders.xml"
    path.write_bytes(SMALL.replace(b"verdeelt het werk eerlijk", b"verdeelt het werk", 1))
    before = rows()

    assert refusal(path) == (
        "99902 of 2026-08-01 is here already, with other content "
        "(“Werkplaatsbegeleider (voorbeeld)”). Nothing was imported."
    )
    # Neither is the file kept, nor 99901 imported, which comes before it.
    assert rows() == before


SECOND_PROFILE = b'<profiel nr="402"'
ADDITION = b'<profiel referentie="402"'
BAD = {
    "empty": (b"", "x.xml: The file is empty."),
    "json": (b'{"a": 1}', "x.xml, line 1: This is not XML."),
    "wrong root": (
        b"\n<svg/>",
        "x.xml, line 2, element “svg”: The outermost element of a qualification dossier is “sbb”.",
    ),
    "dtd": (
        b'<!DOCTYPE a [<!ENTITY b "c">]>\n<sbb>&b;</sbb>',
        "x.xml, line 1, element “!DOCTYPE”: The file declares a document type or entities, which "
        "is not accepted.",
    ),
    "truncated": (
        SMALL[: SMALL.index(b"<werkprocesgedrag>") + 25],
        f"x.xml, line {line(b'<werkprocesgedrag>')}, element “werkprocesgedrag”: The file stops "
        "here, inside this element: it seems to be cut off.",
    ),
    "missing reference": (
        SMALL.replace(ADDITION, b'<profiel referentie="999"', 1),
        f"x.xml, line {line(ADDITION)}, element “profiel”: This refers to number “999”, which the "
        "file does not hold.",
    ),
    "doubled code": (
        SMALL.replace(b">99902<", b">99901<", 1),
        f"x.xml, line {line(SECOND_PROFILE)}, element “profiel”: The code “99901” stands "
        "here for the second time.",
    ),
}


@pytest.mark.parametrize("arguments", [(), ("--dry-run",), ("--format", "sbb", "--json")])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_with_file_line_and_element(
    tmp_path: Path, kind: str, arguments: tuple[str, ...]
) -> None:
    content, message = BAD[kind]
    path = tmp_path / "x.xml"
    path.write_bytes(content)

    assert refusal(path, *arguments) == message
    assert rows() == [0, 0, 0, 0, 0]


def test_hostile_files_are_refused(samples: Path) -> None:
    hostile = [path for path in (samples / "hostile").iterdir() if path.is_file()]
    assert len(hostile) > 20

    refusals = {path.name: refusal(path) for path in hostile}

    assert [name for name, text in refusals.items() if not text.startswith(name)] == []
    assert rows() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "reason"), [("absent.xml", "No such file or directory"), ("", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name

    assert refusal(path) == f"{path}: {reason}"


def test_for_people_it_prints_a_line_for_each() -> None:
    assert run(SMALL_PATH) == (
        "99901 Werkplaatsmedewerker (voorbeeld), edition 2026-08-01: 2 core tasks, 5 work "
        "processes, 17 requirement lines\n"
        "99902 Werkplaatsbegeleider (voorbeeld), edition 2026-08-01: 2 core tasks, 5 work "
        "processes, 20 requirement lines\n"
    )
