from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils import timezone

from people.drafts import LONGEST, MOST, Mark, find, forget_draft, keep, words_in
from people.models import Draft
from post import work
from records.models import Event

pytestmark = pytest.mark.django_db


def test_of_one_page_the_last_words_are_kept() -> None:
    mark = Mark(uuid4())
    first = keep("note:1", {"text": ["So far"]}, mark)
    keep("note:1", {"text": ["So far so good"], "chosen": ["a", "b"]}, mark)
    keep("note:2", {"text": ["Another's"]})

    found = find("note:1", "note:3")

    assert {key: [(row.pk, row.fields) for row in rows] for key, rows in found.items()} == {
        "note:1": [(first.pk, {"text": ["So far so good"], "chosen": ["a", "b"]})]
    }
    assert found["note:1"][0].changed_at > first.changed_at


def texts(key: str) -> list[str]:
    """What is kept under a key, the last first."""
    return [draft.fields["text"][0] for draft in find(key).get(key, [])]


def test_a_page_goes_on_with_what_it_showed() -> None:
    shown = keep("note:1", {"text": ["So far"]}, Mark(uuid4()))

    keep("note:1", {"text": ["So far so good"]}, Mark(uuid4(), shown.pk, moment(shown)))

    assert texts("note:1") == ["So far so good"]


@pytest.mark.parametrize("sees", ["nothing", "what it was"])
def test_what_was_typed_elsewhere_meanwhile_stays(sees: str) -> None:
    shown = keep("note:1", {"text": ["So far"]}, Mark(uuid4()))
    mine = Mark(uuid4(), shown.pk, moment(shown)) if sees == "what it was" else Mark(uuid4())
    keep("note:1", {"text": ["So far so bad"]}, Mark(shown.pk))

    keep("note:1", {"text": ["So far so good"]}, mine)

    assert texts("note:1") == ["So far so good", "So far so bad"]


def test_a_page_whose_answer_was_lost_keeps_the_same_again() -> None:
    shown = keep("note:1", {"text": ["So far"]}, Mark(uuid4()))
    mark = Mark(uuid4(), shown.pk, moment(shown))
    for text in ("So far so", "So far so", "So far so good"):
        keep("note:1", {"text": [text]}, mark)

    assert texts("note:1") == ["So far so good"]


def test_of_many_pages_the_oldest_makes_way() -> None:
    for number in range(MOST + 2):
        keep("note:1", {"text": [f"{number}"]}, Mark(uuid4()))

    assert texts("note:1") == [f"{number}" for number in range(MOST + 1, 1, -1)]


def test_what_was_heard_of_is_forgotten_with_what_is_sent() -> None:
    other = keep("note:1", {"text": ["Heard of"]}, Mark(uuid4()))
    mine = keep("note:1", {"text": ["Mine"]}, Mark(uuid4()))
    keep("note:1", {"text": ["Typed since"]}, Mark(uuid4()))
    known = max(moment(other), moment(mine))

    forget_draft("note:1", Mark(mine.pk, None, known))

    assert texts("note:1") == ["Typed since"]


@pytest.mark.parametrize(
    "said",
    ["", "x", "x y z", f"{UUID(int=1)} x 1", *(f"{UUID(int=1)}  {n}" for n in ("inf", "nan", -1))],
)
def test_a_mark_that_no_page_of_ours_says_has_shown_nothing(said: str) -> None:
    mark = Mark.said(said)

    assert (mark.shown, mark.known) == (None, 0)
    forget_draft("note:1", mark)


def test_a_mark_is_read_as_it_was_written() -> None:
    draft = keep("note:1", {"text": ["So far"]})
    for mark in (Mark(uuid4(), draft.pk, moment(draft)), Mark(uuid4())):
        assert Mark.said(str(mark)) == mark


def test_the_id_of_a_draft_of_somebody_else_is_of_no_use() -> None:
    theirs = keep("note:theirs", {"text": ["Theirs"]})

    keep("note:mine", {"text": ["Mine"]}, Mark(theirs.pk))

    assert (texts("note:theirs"), texts("note:mine")) == (["Theirs"], ["Mine"])


def moment(draft: Draft) -> float:
    return draft.changed_at.timestamp()


def test_a_draft_is_no_record_and_is_forgotten_without_a_trace() -> None:
    keep("note:1", {"text": ["So far"]})
    keep("note:2", {"text": ["Stays"]})

    forget_draft("note:1")

    assert [draft.key for draft in Draft.objects.all()] == ["note:2"]
    assert Event.objects.count() == 0


def test_the_sweep_forgets_what_nobody_came_back_to() -> None:
    kept = timedelta(days=settings.KEPT_DAYS)
    for key, age in (("old", kept + timedelta(hours=1)), ("young", kept / 2)):
        keep(key, {"text": [key]})
        Draft.objects.filter(key=key).update(changed_at=timezone.now() - age)

    done = work.WORK["drafts"]()

    assert (done, [draft.key for draft in Draft.objects.all()]) == (1, ["young"])


def test_more_than_anybody_writes_is_refused() -> None:
    keep("note:1", {"text": ["a" * LONGEST]})

    with pytest.raises(BadRequest):
        keep("note:1", {"text": ["b" * LONGEST], "more": ["b"]})

    assert Draft.objects.get().fields == {"text": ["a" * LONGEST]}


def test_a_character_that_not_every_database_takes_is_left_out() -> None:
    assert keep("note:1", {"text": ["a\0b"]}).fields == {"text": ["ab"]}


def test_words_are_told_from_ids_dates_and_choices() -> None:
    fields = {
        "text": [" Well done. \n"],
        "on": ["2026-11-21"],
        "about": ["whole", ""],
        "n": ["x\ny"],
    }

    assert words_in(fields) == ["Well done.", "x\ny"]
