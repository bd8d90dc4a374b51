"""From a dossier's file to a draft: the actions."""

from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from people.models import Account
from qualifications import actions
from qualifications.models import Dossier, Place, Qualification, QualityRequirement
from qualifications.parsed import ParsedQualification
from qualifications.sbb import parse_sbb
from records.chain import canonical
from records.models import Event, name_of
from records.refusals import NotPossible
from records.verification import verify
from tests.factories import LONG_AGO
from tests.qualifications.factories import SMALL, imported_draft, kept_dossier, parsed_with
from tests.triggers import lifted

pytestmark = pytest.mark.django_db

# The small dossier as another file: the same but for a comment, or with other words.
SAME = SMALL.replace(b"<sbb>", b"<!-- anders --><sbb>", 1)
OTHER = SMALL.replace(b"begroet de bezoeker vriendelijk", b"begroet de bezoeker", 1)


def parsed_of(dossier: Dossier, code: str = "99901") -> ParsedQualification:
    return next(one for one in dossier.parsed().qualifications if one.code == code)


def rows() -> list[int]:
    return [
        model._default_manager.count()
        for model in (Dossier, Qualification, QualityRequirement, Place, Event)
    ]


def test_a_dossier_is_kept_as_it_came(curator: Account) -> None:
    dossier = actions.keep_dossier(
        parsed=parse_sbb(SMALL, name="klein.xml"),
        content=SMALL,
        name="klein.xml",
        by=curator,
        at=LONG_AGO,
    )

    dossier.refresh_from_db()
    assert bytes(dossier.content) == SMALL
    assert (dossier.name, dossier.title, dossier.code, dossier.by, dossier.recorded_at) == (
        "klein.xml",
        "Buurtwerkplaats (voorbeeld)",
        "99900",
        curator,
        LONG_AGO,
    )
    assert dossier.digest == sha256(SMALL).hexdigest()
    event = Event.objects.get(chain__key=f"dossier:{dossier.pk}")
    assert (event.verb, event.by, event.recorded_at) == ("dossier.kept", curator, LONG_AGO)


def test_the_same_file_is_the_same_dossier(curator: Account) -> None:
    first = kept_dossier()
    before = rows()

    again = actions.keep_dossier(
        parsed=first.parsed(), content=SMALL, name="anders.xml", by=curator
    )

    assert again == first
    assert again.name == "klein.xml"
    assert rows() == before


@pytest.mark.tampers
def test_a_kept_dossier_verifies_until_it_is_altered() -> None:
    dossier = kept_dossier()
    assert verify().faults == []

    with lifted():
        Dossier.objects.update(content=OTHER)

    name = f"qualifications.dossier:{dossier.pk}"
    assert verify().faults == [f"{name}: the file's bytes are not those it was kept with"]


def test_everything_of_a_qualification_is_stored_in_its_order() -> None:
    parsed = parsed_with(7, processes=3)

    qualification = actions.import_qualification(
        dossier=kept_dossier(), parsed=parsed, by=None, at=LONG_AGO
    )

    qualification = Qualification.objects.for_page().get(pk=qualification.pk)
    assert (qualification.code, qualification.title, qualification.level) == (
        "12345",
        "Example worker",
        "3",
    )
    assert (qualification.edition, qualification.status) == (date(2026, 8, 1), "draft")
    stored = [
        (
            task.code,
            task.title,
            task.complexity,
            task.responsibility,
            [
                (
                    process.code,
                    process.title,
                    process.description,
                    process.result,
                    [place.requirement.text for place in process.places.all()],
                )
                for process in task.work_processes.all()
            ],
        )
        for task in qualification.core_tasks.all()
    ]
    assert stored == [
        (
            task.code,
            task.title,
            task.complexity,
            task.responsibility,
            [
                (
                    process.code,
                    process.title,
                    process.description,
                    process.result,
                    list(process.requirements),
                )
                for process in task.work_processes
            ],
        )
        for task in parsed.core_tasks
    ]
    assert qualification.requirements.count() == 7


def test_importing_is_an_event_of_the_qualification(curator: Account) -> None:
    dossier = kept_dossier()

    qualification = actions.import_qualification(
        dossier=dossier, parsed=parsed_of(dossier), by=curator, at=LONG_AGO
    )

    event = Event.objects.get(chain__key=f"qualification:{qualification.pk}")
    assert (event.verb, event.by, event.recorded_at) == (
        "qualification.imported",
        curator,
        LONG_AGO,
    )
    assert event.statement["facts"] == {"dossier": str(dossier.pk), "digest": dossier.digest}


def test_identical_lines_are_requirements_of_their_own_at_first() -> None:
    qualification = imported_draft("99901")

    assert qualification.requirements.count() == 17
    assert Place.objects.count() == 17


def test_an_unknown_level_is_stored_as_nothing() -> None:
    content = SMALL.replace(b'niveau="2"', b'niveau="?"', 1)
    dossier = kept_dossier(content)

    qualification = actions.import_qualification(
        dossier=dossier, parsed=parsed_of(dossier), by=None
    )

    assert qualification.level == ""


@pytest.mark.parametrize("published", [False, True])
def test_the_same_qualification_again_changes_nothing(published: bool) -> None:
    first = imported_draft()
    if published:
        actions.publish(qualification=first, by=None)
    before = rows()

    assert imported_draft() == first
    assert rows() == before


def test_another_file_that_says_the_same_leads_to_the_same_qualification() -> None:
    first = imported_draft()
    other = kept_dossier(SAME)
    before = rows()

    again = actions.import_qualification(dossier=other, parsed=parsed_of(other), by=None)

    assert again == first
    assert rows() == before


def test_other_content_under_the_same_code_and_edition_is_refused() -> None:
    imported_draft()
    other = kept_dossier(OTHER)
    before = rows()

    with pytest.raises(NotPossible) as refused:
        actions.import_qualification(dossier=other, parsed=parsed_of(other), by=None)

    assert str(refused.value) == (
        "99901 of 2026-08-01 is here already, with other content "
        "(“Werkplaatsmedewerker (voorbeeld)”). Nothing was imported."
    )
    assert rows() == before


def test_another_edition_is_another_qualification() -> None:
    first = imported_draft()
    later = kept_dossier(OTHER.replace(b"01-08-2026", b"01-08-2027"))

    second = actions.import_qualification(dossier=later, parsed=parsed_of(later), by=None)

    assert (first.code, first.edition) == ("99901", date(2026, 8, 1))
    assert (second.code, second.edition) == ("99901", date(2027, 8, 1))


def test_a_school_words_its_own_outcomes_without_a_dossier() -> None:
    parsed = replace(parsed_with(3), framework=Qualification.Framework.OUTCOMES)

    made = actions.import_qualification(dossier=None, parsed=parsed, by=None)

    assert (made.dossier, made.framework) == (None, "outcomes")
    assert made.requirements.count() == 3
    statement = Event.objects.get(chain__key=made.chain).statement
    assert ([*statement], [*statement["rows"]]) == (["rows"], [name_of(made)])
    with pytest.raises(NotPossible):  # nothing says that it would be the same
        actions.import_qualification(dossier=None, parsed=parsed, by=None)


@pytest.mark.parametrize(("lines", "processes"), [(12, 2), (125, 21)])
def test_importing_costs_the_same_whatever_the_size(
    lines: int, processes: int, django_assert_num_queries: object
) -> None:
    dossier = kept_dossier()

    with django_assert_num_queries(22):  # type: ignore[operator]  # of a table
        made = actions.import_qualification(
            dossier=dossier, parsed=parsed_with(lines, processes=processes), by=None
        )

    assert len(canonical(Event.objects.get(chain__key=made.chain).statement)) < 500
