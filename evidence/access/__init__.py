"""Who may do what with evidence, and with the feedback on it."""

from evidence.access.feedback import (
    check_answer,
    check_ask,
    check_confirm,
    check_follow_up,
    check_note,
)
from evidence.access.pieces import (
    check_add,
    check_kept,
    check_owner,
    check_requirement,
    check_unasked,
    requirements_to_show,
)

__all__ = [
    "check_add",
    "check_answer",
    "check_ask",
    "check_confirm",
    "check_follow_up",
    "check_kept",
    "check_note",
    "check_owner",
    "check_requirement",
    "check_unasked",
    "requirements_to_show",
]
