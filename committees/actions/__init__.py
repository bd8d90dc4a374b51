"""Everything that changes something in a committee."""

from committees.actions.agenda import (
    close_meeting,
    note_leading,
    open_meeting,
    plan_meeting,
    put_on_agenda,
    take_off_agenda,
    undo_agenda,
)
from committees.actions.decisions import announce, decide, defer, open_judgements, supersede
from committees.actions.erasing import erase_item
from committees.actions.errands import call_off_announcing, order_announcing
from committees.actions.freezing import freeze_case, freeze_due_cases, hurry_freezing
from committees.actions.judging import judge, recuse, say_whose
from committees.actions.presence import (
    answer_contradiction,
    contradict,
    mark_absent,
    mark_present,
    note_presence,
)
from committees.actions.seats import end_seat, give_mandate, give_seat, make_committee

__all__ = [
    "announce",
    "answer_contradiction",
    "call_off_announcing",
    "close_meeting",
    "contradict",
    "decide",
    "defer",
    "end_seat",
    "erase_item",
    "freeze_case",
    "freeze_due_cases",
    "give_mandate",
    "give_seat",
    "hurry_freezing",
    "judge",
    "make_committee",
    "mark_absent",
    "mark_present",
    "note_leading",
    "note_presence",
    "open_judgements",
    "open_meeting",
    "order_announcing",
    "plan_meeting",
    "put_on_agenda",
    "recuse",
    "say_whose",
    "supersede",
    "take_off_agenda",
    "undo_agenda",
]
