"""Searching requirements, as other rooms do."""

import pytest

from qualifications.models import Place, QualityRequirement, WorkProcess
from tests.factories import CoreTaskFactory, RequirementFactory, WorkProcessFactory

pytestmark = pytest.mark.django_db


def found(words: str) -> set[str]:
    return {requirement.text for requirement in QualityRequirement.objects.searched(words)}


@pytest.fixture
def care() -> WorkProcess:
    """A work process with two lines; one of them stands under a second work process too."""
    core_task = CoreTaskFactory(order=1)
    care = WorkProcessFactory(core_task=core_task, order=1, title="Verleent zórg")
    plan = WorkProcessFactory(core_task=core_task, order=12, title="Maakt een planning")
    asks = RequirementFactory(
        under=care, text="stelt de cliënt gerichte vragen", plain="Je vraagt wat iemand wil."
    )
    RequirementFactory(under=care, text="werkt nauwgezet")
    Place.objects.create(requirement=asks, work_process=plan, order=1)
    return care


ASKS, WORKS = "stelt de cliënt gerichte vragen", "werkt nauwgezet"


@pytest.mark.usefixtures("care")
@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("vragen", {ASKS}),
        ("wat iemand", {ASKS}),
        ("GERICHTE", {ASKS}),
        ("client", {ASKS}),
        ("CLIËNT", {ASKS}),
        ("zorg", {ASKS, WORKS}),
        ("ZÓRG", {ASKS, WORKS}),
        ("planning", {ASKS}),
        ("zorg nauwgezet", {WORKS}),
        ("planning nauwgezet", set()),
        ("b1-k1-w1", {ASKS, WORKS}),
        ("B1-K1-W12", {ASKS}),
        ("B1-K1", {ASKS, WORKS}),
        ("K1-W12 vragen", {ASKS}),
        ("B1-K", set()),
        ("w.rkt", set()),
        ("", {ASKS, WORKS}),
        ("a b c d e f g h zorg", set()),
    ],
)
def test_every_word_must_occur(words: str, lines: set[str]) -> None:
    assert found(words) == lines


@pytest.mark.parametrize(
    "word",
    ["***:x", "(?i)", "[[", "a\\b", "{2}", "$", "%", "_", "100%", "'--", "é" * 200, "ß", "Ω"],
)
def test_a_word_means_nothing_but_itself(word: str) -> None:
    RequirementFactory(text=f"schrijft {word} op")
    RequirementFactory(text="schrijft iets anders")

    assert found(word) == {f"schrijft {word} op"}


def test_a_requirement_in_two_places_is_found_once(care: WorkProcess) -> None:
    assert QualityRequirement.objects.searched("vragen").count() == 1


def test_searching_is_one_query(care: WorkProcess, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]  # of a table
        list(QualityRequirement.objects.searched("een twee drie"))
