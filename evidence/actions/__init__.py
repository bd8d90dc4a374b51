"""What is done with evidence, and with the feedback on it."""

from evidence.actions.feedback import (
    answer,
    ask,
    confirm,
    decline,
    note,
    remind,
    withdraw_request,
)
from evidence.actions.pieces import (
    Words,
    add_evidence,
    choose_requirements,
    delete_evidence,
    files_of,
    lay_against,
    revise_evidence,
    take_off,
    withdraw_evidence,
)

__all__ = [
    "Words",
    "add_evidence",
    "answer",
    "ask",
    "choose_requirements",
    "confirm",
    "decline",
    "delete_evidence",
    "files_of",
    "lay_against",
    "note",
    "remind",
    "revise_evidence",
    "take_off",
    "withdraw_evidence",
    "withdraw_request",
]
