"""Who may do what with evidence, and with the feedback on it."""

from evidence.access.feedback import (
    check_may_answer,
    check_may_ask,
    check_may_confirm,
    check_may_follow_up,
    check_may_note,
)
from evidence.access.pieces import (
    check_kept,
    check_may_add,
    check_may_change,
    check_requirement,
    check_unasked,
    requirements_to_show,
)

__all__ = [
    "check_kept",
    "check_may_add",
    "check_may_answer",
    "check_may_ask",
    "check_may_change",
    "check_may_confirm",
    "check_may_follow_up",
    "check_may_note",
    "check_requirement",
    "check_unasked",
    "requirements_to_show",
]
