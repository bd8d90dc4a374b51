"""What somebody said and what replaces it with the same words go together, live and frozen."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from committees.models import Case, SnapshotItem
from evidence.actions.feedback import confirm
from evidence.models import Feedback, Remark
from home.actions import erase_content
from people.models import Account
from portfolio.models import Acknowledgement, Agreement, CheckIn
from records.models import Row, name_of
from records.verification import verify
from tests.committees.factories import REFERENCE, Scene, scene
from tests.evidence.factories import EvidenceFactory, FeedbackFactory
from tests.factories import AccountFactory, set_rules
from tests.portfolio.factories import AcknowledgementFactory, AgreementFactory, CheckInFactory
from tests.recorded import faults, record_what_was_made

pytestmark = pytest.mark.django_db

WORDS, PLACE, OTHER = "He told me of his illness.", "The ward of Mr Jansen", "A good talk."
DAY = timedelta(days=1)


def noted(made: Scene) -> Feedback:
    """What a giver said about a requirement, and in other words about the whole."""
    feedback = FeedbackFactory(
        enrolment=made.case.enrolment,
        evidence=EvidenceFactory(owner=made.student, on=[made.requirement]),
        noted=True,
        place=PLACE,
        remarks={made.requirement: WORDS, None: OTHER},
        recorded_at=REFERENCE - 3 * DAY,
    )
    record_what_was_made()
    return feedback


def frozen_before(made: Scene) -> list[Feedback]:
    """Noted, frozen, and confirmed under another name since."""
    first = noted(made)
    made.freeze()
    return [first, put_right(first, REFERENCE + 5 * DAY)]


def frozen_after(made: Scene) -> list[Feedback]:
    first = noted(made)
    right = put_right(first, REFERENCE - DAY)
    made.freeze()
    return [first, right]


def frozen_twice(made: Scene) -> list[Feedback]:
    """In one set as it was noted, in the next as it was put right."""
    first = noted(made)
    made.bring_to(Case.State.DEFERRED)
    right = put_right(first, REFERENCE + 20 * DAY)
    made.again().freeze()
    return [first, right]


def put_right(feedback: Feedback, at: datetime) -> Feedback:
    confirm(feedback=feedback, confirmed=True, name="Piet Pieters", at=at)
    return Feedback.objects.get(replaces=feedback)


def board() -> Account:
    return AccountFactory(is_superuser=True)


def frozen_with(text: str) -> list[SnapshotItem]:
    return [item for item in SnapshotItem.objects.all() if text.encode() in item.content]


def remark_of(feedback: Feedback) -> Remark:
    return feedback.remarks.get(text=WORDS)


MOMENTS = {frozen_before: 1, frozen_after: 1, frozen_twice: 2}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("which", [0, 1], ids=["noted", "put right"])
def test_what_was_put_right_goes_with_what_was_noted(
    moment: Callable[[Scene], list[Feedback]], which: int
) -> None:
    made = scene()
    both = moment(made)
    remarks = [remark_of(one) for one in both]
    frozen = frozen_with(WORDS)
    assert len(frozen) == MOMENTS[moment]

    erasures = erase_content(what=name_of(remarks[which]), ground="Asked.", by=board())

    assert set(Remark.objects.filter(text="")) == set(remarks)
    assert Remark.objects.filter(text=OTHER).count() == Feedback.objects.filter(place=PLACE).count()
    assert frozen_with(WORDS) == []
    names = sorted(name_of(row) for row in (*remarks, *frozen))
    assert sorted(erasure.name for erasure in erasures) == names
    report = verify()
    assert (faults(), sorted(report.erased)) == ([], names)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("which", [0, 1], ids=["noted", "put right"])
def test_the_place_goes_from_both(moment: Callable[[Scene], list[Feedback]], which: int) -> None:
    made = scene()
    both = moment(made)

    erase_content(what=name_of(both[which]), ground="Asked.", by=board())

    assert not Feedback.objects.filter(place=PLACE).exists()
    assert frozen_with(PLACE) == []
    assert Remark.objects.filter(text=WORDS).count() == 2
    assert faults() == []


CHECK_IN = {CheckIn: "summary", Agreement: "text", Acknowledgement: "note"}


def held(made: Scene, earlier: CheckIn | None = None, **words: str) -> CheckIn:
    said = dict.fromkeys(CHECK_IN.values(), WORDS) | words
    check_in = CheckInFactory(
        enrolment=made.case.enrolment,
        summary=said["summary"],
        replaces=earlier,
        recorded_at=earlier.recorded_at + DAY / 2 if earlier else REFERENCE - 3 * DAY,
    )
    AgreementFactory(check_in=check_in, text=said["text"])
    AcknowledgementFactory(check_in=check_in, refused=True, note=said["note"])
    return check_in


@pytest.mark.parametrize(("model", "column"), CHECK_IN.items())
@pytest.mark.parametrize("which", [0, 1, 2], ids=["first", "second", "third"])
def test_it_goes_from_all_of_three_check_ins(model: type[Row], column: str, which: int) -> None:
    made = scene()
    set_rules(made.programme, committee_sees_check_ins=True)
    first = held(made)
    second = held(made, first)
    check_ins = [first, second, held(made, second)]
    record_what_was_made()
    made.freeze()
    rows = model._default_manager.filter(**{column: WORDS})
    of = "pk" if model is CheckIn else "check_in"

    erase_content(what=name_of(rows.get(**{of: check_ins[which].pk})), ground="Asked.", by=board())

    assert not rows.exists()
    left = [other for other in CHECK_IN if other is not model]
    assert [
        other._default_manager.filter(**{CHECK_IN[other]: WORDS}).count() for other in left
    ] == [3, 3]
    assert (len(frozen_with(WORDS)), faults()) == (model is not CheckIn, [])


def test_other_words_in_what_replaces_it_stay_live_and_frozen() -> None:
    made = scene()
    set_rules(made.programme, committee_sees_check_ins=True)
    first = held(made)
    held(made, first, summary="In better words.")
    record_what_was_made()
    made.freeze()

    [erasure] = erase_content(what=name_of(first), ground="Asked.", by=board())

    assert erasure.name == name_of(first)
    assert CheckIn.objects.filter(summary="In better words.").exists()
    assert len(frozen_with("In better words.")) == 1
    assert faults() == []
