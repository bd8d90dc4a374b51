"""What is done with evidence, and with the feedback on it."""

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
    "choose_requirements",
    "delete_evidence",
    "files_of",
    "lay_against",
    "revise_evidence",
    "take_off",
    "withdraw_evidence",
]
