"""Who may do what with evidence, and with the feedback on it."""

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
    "check_kept",
    "check_owner",
    "check_requirement",
    "check_unasked",
    "requirements_to_show",
]
