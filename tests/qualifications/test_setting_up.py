"""From a draft to a published qualification: merging, plain wordings, publishing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from people.models import Account
from qualifications import actions
from qualifications.doubles import Double, doubles_of
from qualifications.models import (
    CoreTask,
    Dossier,
    Place,
    Qualification,
    QualityRequirement,
    Wording,
    WorkProcess,
)
from records.models import Event
from records.refusals import NotPossible
from records.resting import InUse
from tests.factories import (
    LONG_AGO,
    CoreTaskFactory,
    EnrolmentFactory,
    ProgrammeFactory,
    QualificationFactory,
    RequirementFactory,
    WorkProcessFactory,
)
from tests.qualifications.factories import imported_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> Qualification:
    return QualificationFactory(draft=True)


@pytest.fixture
def processes(draft: Qualification) -> list[WorkProcess]:
    """Two work processes of one core task, and one of the next."""
    first, second = (CoreTaskFactory(qualification=draft, order=order) for order in (1, 2))
    return [
        WorkProcessFactory.create(core_task=first, order=1),
        WorkProcessFactory.create(core_task=first, order=2),
        WorkProcessFactory.create(core_task=second, order=1),
    ]


def outline(doubles: list[Double]) -> list[tuple[str, list[str]]]:
    return [
        (double.first.text, [place.work_process.code for place in double.places])
        for double in doubles
    ]


def standing(draft: Qualification) -> list[tuple[str, str]]:
    """Each place: the code of its work process, and the line."""
    places = Place.objects.filter(work_process__core_task__qualification=draft)
    return list(places.values_list("work_process__code", "requirement__text"))


def merge_all(draft: Qualification, by: Account | None = None) -> int:
    lines = [double.first.pk for double in doubles_of(draft)]
    return actions.merge_lines(qualification=draft, lines=lines, by=by, at=LONG_AGO)


def verbs(qualification: Qualification) -> list[str]:
    events = Event.objects.filter(chain__key=f"qualification:{qualification.pk}")
    return list(events.values_list("verb", flat=True))


# --- Merging --------------------------------------------------------------------------------------


def test_doubles_are_lines_that_differ_in_case_space_or_closing_mark_only(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    for under, text in zip(
        [*processes, processes[0], processes[2]],
        ["werkt netjes", "rekent", "Werkt  netjes.", "rekent goed", "rekent;"],
        strict=True,
    ):
        RequirementFactory(under=under, text=text)
    RequirementFactory(text="werkt netjes")  # of another qualification

    assert outline(doubles_of(draft)) == [
        ("werkt netjes", ["B1-K1-W1", "B1-K2-W1"]),
        ("rekent", ["B1-K1-W2", "B1-K2-W1"]),
    ]


def test_merged_a_line_is_one_requirement_in_all_its_places(
    draft: Qualification, processes: list[WorkProcess], curator: Account
) -> None:
    first, second, third = (RequirementFactory(under=one, text="rekent") for one in processes)
    other = RequirementFactory(under=processes[1], text="schrijft")

    assert merge_all(draft, by=curator) == 1

    assert set(draft.requirements.all()) == {first, other}
    assert standing(draft) == [
        ("B1-K1-W1", "rekent"),
        ("B1-K1-W2", "rekent"),
        ("B1-K1-W2", "schrijft"),
        ("B1-K2-W1", "rekent"),
    ]
    assert doubles_of(draft) == []
    event = Event.objects.get(chain__key=f"qualification:{draft.pk}")
    assert (event.verb, event.by, event.recorded_at) == ("qualification.merged", curator, LONG_AGO)
    assert event.statement["facts"] == {"merged": {str(first.pk): [str(second.pk), str(third.pk)]}}


def test_groups_that_were_not_chosen_are_left(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    for text in ("rekent", "schrijft"):
        for under in processes[:2]:
            RequirementFactory(under=under, text=text)
    rekent, schrijft = doubles_of(draft)

    merged = actions.merge_lines(qualification=draft, lines=[schrijft.first.pk], by=None)

    assert merged == 1
    assert outline(doubles_of(draft)) == outline([rekent])
    assert draft.requirements.count() == 3


def test_a_line_that_stands_twice_under_one_work_process_keeps_its_first_place(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    for under in (processes[0], processes[0], processes[1], processes[1]):
        RequirementFactory(under=under, text="rekent")

    merge_all(draft)

    assert draft.requirements.count() == 1
    assert standing(draft) == [("B1-K1-W1", "rekent"), ("B1-K1-W2", "rekent")]


def test_merging_keeps_the_first_plain_wording_there_is(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    for under, plain in zip(processes, ["", "Je rekent.", "Je telt."], strict=True):
        RequirementFactory(under=under, text="rekent", plain=plain)

    merge_all(draft)

    kept = draft.requirements.get()
    assert kept.plain == "Je rekent."
    assert list(Wording.objects.all()) == [kept.wording]


def test_what_was_merged_before_can_grow(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    for under in processes[:2]:
        RequirementFactory(under=under, text="rekent")
    merge_all(draft)
    RequirementFactory(under=processes[2], text="rekent")

    merge_all(draft)

    assert draft.requirements.count() == 1
    assert [code for code, _line in standing(draft)] == ["B1-K1-W1", "B1-K1-W2", "B1-K2-W1"]


def test_merging_what_is_not_there_changes_nothing(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    stranger = RequirementFactory()
    alone = RequirementFactory(under=processes[0])

    merged = actions.merge_lines(qualification=draft, lines=[stranger.pk, alone.pk], by=None)

    assert merged == 0
    assert QualityRequirement.objects.count() == 2
    assert verbs(draft) == []


# --- Taken back -----------------------------------------------------------------------------------


def used_by_a_programme(qualification: Qualification) -> None:
    ProgrammeFactory(qualification=qualification)


def used_by_a_student(qualification: Qualification) -> None:
    programme = ProgrammeFactory(qualification=qualification)
    track = EnrolmentFactory(programme=programme).tracks.get()
    assert track.qualification == qualification


def test_a_draft_is_removed_with_all_that_stands_in_it(curator: Account) -> None:
    draft = imported_draft()
    chain, dossier = draft.chain, draft.dossier
    others = QualificationFactory()
    RequirementFactory(under=WorkProcessFactory(core_task__qualification=others))

    actions.remove_draft(qualification=draft, by=curator)

    assert list(Qualification.objects.all()) == [others]
    assert {row.qualification_id for row in QualityRequirement.objects.all()} == {others.pk}
    assert CoreTask.objects.exclude(qualification=others).count() == 0
    assert dossier is not None
    assert Dossier.objects.filter(pk=dossier.pk).exists()
    event = Event.objects.get(chain__key=chain, verb="qualification.removed")
    assert (event.by, event.statement["rows"]) == (curator, {name_of_removed(chain): None})


def name_of_removed(chain: str) -> str:
    return f"qualifications.{chain}"


def test_what_nobody_uses_is_withdrawn_and_can_be_published_anew(curator: Account) -> None:
    qualification = imported_draft()
    actions.publish(qualification=qualification, by=curator)

    actions.withdraw(qualification=qualification, by=curator)

    qualification.refresh_from_db()
    assert (qualification.status, qualification.published_at) == ("draft", None)
    assert verbs(qualification)[-1] == "qualification.withdrawn"
    actions.publish(qualification=qualification, by=curator)
    actions.withdraw(qualification=qualification, by=curator)
    actions.remove_draft(qualification=qualification, by=curator)
    assert not Qualification.objects.exists()


@pytest.mark.parametrize("use", [used_by_a_programme, used_by_a_student])
def test_what_is_used_stays_and_says_by_whom(
    use: Callable[[Qualification], None], curator: Account, client: Client
) -> None:
    qualification = QualificationFactory()
    use(qualification)
    client.force_login(curator)
    address = reverse("qualifications:qualification_withdraw", args=[qualification.pk])

    asked, sent = client.get(address), client.post(address)

    with pytest.raises(InUse):
        actions.withdraw(qualification=qualification, by=curator)
    qualification.refresh_from_db()
    assert qualification.status == "published"
    assert sent.status_code == 409
    for page in (asked, sent):
        assert "1 " in page.text
        assert "Load the next edition beside it" in page.text


def test_a_draft_is_removed_by_its_page_once(curator: Account, client: Client) -> None:
    draft = imported_draft()
    client.force_login(curator)
    address = reverse("qualifications:qualification_remove", args=[draft.pk])
    assert "The dossier stays" in client.get(address).text

    first, second = client.post(address), client.post(address)

    assert (first.status_code, first["Location"]) == (302, reverse("qualifications:qualifications"))
    assert second.status_code == 404


# --- Plain wordings -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "published"])
def test_a_requirement_gets_a_plain_wording(status: str, curator: Account) -> None:
    qualification = QualificationFactory(draft=status == "draft")
    work_process = WorkProcessFactory(core_task=CoreTaskFactory(qualification=qualification))
    first, second = (RequirementFactory(under=work_process) for _ in range(2))

    actions.word_plainly(
        work_process=work_process,
        wordings={first.pk: " Je werkt netjes. ", second.pk: ""},
        by=curator,
        at=LONG_AGO,
    )

    first.refresh_from_db()
    assert (first.plain, first.words) == ("Je werkt netjes.", "Je werkt netjes.")
    second.refresh_from_db()
    assert (second.plain, second.words) == ("", second.text)
    event = Event.objects.get(chain__key=f"qualification:{qualification.pk}")
    assert (event.verb, event.by, event.recorded_at) == ("qualification.worded", curator, LONG_AGO)
    assert event.statement["facts"] == {"requirements": [str(first.pk)]}


def test_a_plain_wording_can_be_taken_away() -> None:
    requirement = RequirementFactory(plain="Je werkt netjes.")

    actions.word_plainly(
        work_process=requirement.work_processes.get(), wordings={requirement.pk: ""}, by=None
    )

    requirement.refresh_from_db()
    assert (requirement.plain, requirement.words) == ("", requirement.text)


def test_every_wording_stays(curator: Account) -> None:
    requirement = RequirementFactory()
    for hour, text in enumerate(["Je werkt.", "Je werkt.", "", "Je werkt netjes."]):
        actions.word_plainly(
            work_process=requirement.work_processes.get(),
            wordings={requirement.pk: text},
            by=curator,
            at=LONG_AGO + timedelta(hours=hour),
        )

    wordings = requirement.wordings.values_list("number", "text")
    assert list(wordings) == [(1, "Je werkt."), (2, ""), (3, "Je werkt netjes.")]
    held = [
        [one.text for one in requirement.wordings.as_of(LONG_AGO + timedelta(hours=hour))]
        for hour in (-1, 0, 1, 2, 3)
    ]
    assert held == [[], ["Je werkt."], ["Je werkt."], [""], ["Je werkt netjes."]]


def test_only_requirements_of_the_work_process_are_worded() -> None:
    requirement, stranger = RequirementFactory(), RequirementFactory()

    actions.word_plainly(
        work_process=requirement.work_processes.get(), wordings={stranger.pk: "Anders."}, by=None
    )

    stranger.refresh_from_db()
    assert stranger.plain == ""
    assert Event.objects.count() == 0


# --- Publishing -----------------------------------------------------------------------------------


def test_publishing(draft: Qualification, processes: list[WorkProcess], curator: Account) -> None:
    RequirementFactory(under=processes[0])
    assert not Qualification.objects.published().exists()

    actions.publish(qualification=draft, by=curator, at=LONG_AGO)

    published = Qualification.objects.published().get()
    assert (published, published.published_at) == (draft, LONG_AGO)
    event = Event.objects.get(chain__key=f"qualification:{draft.pk}")
    assert (event.verb, event.by, event.recorded_at) == (
        "qualification.published",
        curator,
        LONG_AGO,
    )
    assert event.statement["facts"] == {"requirements": 1}


def test_a_qualification_without_requirements_is_not_published(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    with pytest.raises(NotPossible) as refused:
        actions.publish(qualification=draft, by=None)

    assert str(refused.value) == (
        "This qualification has no requirements, so it cannot be published."
    )
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert verbs(draft) == []


def test_what_is_published_no_longer_changes(
    draft: Qualification, processes: list[WorkProcess]
) -> None:
    for under in processes[:2]:
        RequirementFactory(under=under, text="rekent")
    actions.publish(qualification=draft, by=None)

    for change in (
        lambda: merge_all(draft),
        lambda: actions.publish(qualification=draft, by=None),
    ):
        with pytest.raises(NotPossible) as refused:
            change()
        assert str(refused.value) == (
            "This qualification is published: its structure no longer changes."
        )
    assert draft.requirements.count() == 2
    assert verbs(draft) == ["qualification.published"]
