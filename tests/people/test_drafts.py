from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils import timezone

from people.drafts import LONGEST, find, forget_draft, keep, words_in
from people.models import Draft
from post import work
from records.models import Event

pytestmark = pytest.mark.django_db


def test_the_last_words_are_kept_once() -> None:
    first = keep("note:1", {"text": ["So far"]})
    keep("note:1", {"text": ["So far so good"], "chosen": ["a", "b"]})
    keep("note:2", {"text": ["Another's"]})

    found = find("note:1", "note:3")

    assert {key: (draft.pk, draft.fields) for key, draft in found.items()} == {
        "note:1": (first.pk, {"text": ["So far so good"], "chosen": ["a", "b"]})
    }
    assert found["note:1"].changed_at > first.changed_at


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
