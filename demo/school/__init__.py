"""A school made up, as large as one asks for: valid, whole, and its record proves it. For trying
out how much is too much: benchmarks and load tests, never where real people are.

    groundwork = demo.school.lay_groundwork(seed=1, programmes=2)
    made = demo.school.programme_of(groundwork, 0, students=100, pieces=60)
    demo.school.give_pieces(enrolment, 2000)
    demo.school.end_record()
"""

from demo.school.groundwork import Groundwork, groundwork_there, lay_groundwork
from demo.school.making import end_record, generate, give_pieces, programme_of

__all__ = [
    "Groundwork",
    "end_record",
    "generate",
    "give_pieces",
    "groundwork_there",
    "lay_groundwork",
    "programme_of",
]
