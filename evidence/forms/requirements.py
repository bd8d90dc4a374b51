"""Choosing the requirements against which a piece is laid."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.access.pieces import requirements_to_show
from evidence.models import Evidence, RequirementLink
from people.changing import ShowsOtherwise
from qualifications.models import Place, QualityRequirement, WorkProcess
from qualifications.names import Names, names_in

LONGEST_WHY = 500
IN_ORDER = ("work_process__core_task__order", "work_process__order", "order")
FEW = 12  # as many lines as are shown without opening a fold first


@dataclass(slots=True)
class ChoosableLine:
    """A requirement that can be chosen: once, with the codes of all work processes it is under."""

    requirement: QualityRequirement
    codes: list[str]
    link: RequirementLink | None
    chosen: bool
    why: str
    fault: str = ""


@dataclass(slots=True)
class Group:
    """A work process with the lines that stand under it first."""

    work_process: WorkProcess
    lines: list[ChoosableLine] = field(default_factory=list)
    is_open: bool = False


class SearchForm(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Search in plain words"),
        required=False,
        max_length=200,
        widget=forms.SearchInput(attrs={"data-filter": "#requirements", "autocomplete": "off"}),
    )


class RequirementsForm(ShowsOtherwise, forms.Form):
    """All requirements that the owner can show a piece against now. `groups` are those in which
    the words occur, and whatever is chosen: that stays in sight. Costs three queries, and one
    where words are given."""

    def __init__(
        self, data: QueryDict | None = None, *, piece: Evidence, words: str = "", at: datetime
    ) -> None:
        super().__init__(data)
        self.present = set() if data is None else set(data.getlist("present"))
        self.piece = piece
        offered = requirements_to_show(piece.owner_id, at)
        self.links = {link.requirement_id: link for link in piece.links.current()}
        self.ticked = set(map(str, self.links) if data is None else data.getlist("chosen"))
        self.lines: dict[str, ChoosableLine] = {}
        self.frameworks: set[str] = set()
        places = (
            Place.objects.filter(requirement__in=offered)
            .select_related("requirement__wording", "work_process__core_task__qualification")
            .order_by("work_process__core_task__qualification", *IN_ORDER)
        )
        groups: dict[WorkProcess, Group] = {}
        for place in places:
            group = groups.setdefault(place.work_process, Group(place.work_process))
            self.frameworks.add(place.work_process.core_task.qualification.framework)
            if line := self.lines.get(str(place.requirement_id)):
                line.codes.append(place.work_process.code)
            else:
                group.lines.append(self._line(place))
        found = set(offered.searched(words).values_list("pk", flat=True)) if words else None
        self.finds_nothing = found is not None and not found
        self.groups = list(self._shown(groups.values(), found))

    def _line(self, place: Place) -> ChoosableLine:
        key = str(place.requirement_id)
        link = self.links.get(place.requirement_id)
        why = self._typed_why(key) if self.is_bound else (link.why if link else "")
        self.lines[key] = ChoosableLine(
            place.requirement, [place.work_process.code], link, key in self.ticked, why
        )
        return self.lines[key]

    def _typed_why(self, key: str) -> str:
        # A browser counts the end of a line as one character and sends it as two.
        return str(self.data.get(f"why-{key}", "")).replace("\r\n", "\n").strip()

    def _shown(self, groups: Iterable[Group], found: set[Any] | None) -> Iterable[Group]:
        is_short = len(self.lines) <= FEW
        for group in groups:
            group.lines = [
                line
                for line in group.lines
                if line.chosen or found is None or line.requirement.pk in found
            ]
            has_chosen = any(line.chosen for line in group.lines)
            group.is_open = is_short or has_chosen or found is not None
            if group.lines:
                yield group

    def clean(self) -> None:
        for line in self.lines.values():
            if line.chosen and len(line.why) > LONGEST_WHY:
                line.fault = _("At most %(most)d characters.") % {"most": LONGEST_WHY}
                self.add_error(None, _("A why is too long: a few lines are enough."))
        if self.ticked - self.lines.keys():
            raise ValidationError(
                _("Something you chose no longer belongs to what you are learning now.")
            )

    def shown(self) -> dict[str, Any]:
        return {str(key): link.why for key, link in self.links.items()}

    def tell_what_stands(self, now: "RequirementsForm") -> bool:
        """Say of each line that was laid, changed or taken off on another page what stands now,
        where it is chosen here. What is chosen on this page only, or on that one only, both
        stand."""
        gone = {
            link.requirement_id
            for link in self.piece.links.exclude(ended_at=None)
            if str(link.pk) in self.present
        }
        chosen = [line for line in self.lines.values() if line.chosen]
        for line in chosen:
            link = now.links.get(line.requirement.pk)
            if link is None and line.requirement.pk in gone:
                line.fault = _("Since then this was taken off.")
            elif link and str(link.pk) not in self.present and link.why != line.why:
                line.fault = _("Here now: %(why)s") % {"why": link.why or "–"}
        return any(line.fault for line in chosen)

    @property
    def is_of_several(self) -> bool:
        """Whether the lines are of more than one qualification."""
        return len({line.requirement.qualification_id for line in self.lines.values()}) > 1

    @property
    def names(self) -> Names:
        """What these requirements are called."""
        return names_in(self.frameworks)

    @property
    def chosen(self) -> dict[QualityRequirement, str]:
        """Each ticked requirement with its why."""
        return {line.requirement: line.why for line in self.lines.values() if line.chosen}

    @property
    def dropped(self) -> list[RequirementLink]:
        """The links that the page showed and that are ticked no more: a link that was made since,
        on another page, stays."""
        return [
            line.link
            for line in self.lines.values()
            if line.link and not line.chosen and str(line.link.pk) in self.present
        ]
