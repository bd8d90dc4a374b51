"""The order of the house: rooms stand in one line, and so do the files in a room; data moves to
the right, no name stands for two things, and every table says whether the record proves it."""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import CharField, TextField

from records.models import Part, Sealed

ROOMS = [
    "records",
    "post",
    "people",
    "files",
    "qualifications",
    "programmes",
    "evidence",
    "portfolio",
    "committees",
    "home",
    "demo",
    "config",
]
# Inside a room; what is not named here is a subject of its own, which stands before actions.
FILES = [
    "models",
    "access",
    "actions",
    "forms",
    "views",
    "urls",
    "management",
]
SHELLS = {"views", "tasks", "admin", "management", "urls"}
# What Django itself calls: apps.py brings the parts of its room together.
STARTS = {*SHELLS, "apps", "adapter"}  # the adapter is called by allauth


def sources() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield room, path


def imported(path: Path) -> Iterator[str]:
    """The modules a file imports for use; what stands under TYPE_CHECKING is for readers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def first(room: str, path: Path) -> str:
    """The file, or the folder in its place, directly in the room."""
    return path.relative_to(settings.BASE_DIR / room).parts[0].removesuffix(".py")


def backward(room: str, path: Path) -> list[str]:
    return [
        module
        for module in imported(path)
        if module.split(".")[0] in ROOMS[ROOMS.index(room) + 1 :]
    ]


def upward(room: str, path: Path, modules: Iterable[str]) -> list[str]:
    own = first(room, path)
    if own in FILES:
        later = FILES[FILES.index(own) + 1 :]
    else:
        later = [] if own in STARTS else FILES[FILES.index("actions") :]
    return [module for module in modules if module.split(".")[0] == room and part(module) in later]


# --- Imports --------------------------------------------------------------------------------------


def test_every_file_stands_in_a_room() -> None:
    *rooms, config = ROOMS
    code = {path.parent.name for path in settings.BASE_DIR.glob("*/*.py")}

    assert config == "config"
    assert settings.INSTALLED_APPS[: len(rooms)] == rooms[::-1]
    assert code - {"tests", "tools"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_rooms_it_stands_on(room: str) -> None:
    found = {str(path): backward(room, path) for owner, path in sources() if owner == room}

    assert found
    assert {path: modules for path, modules in found.items() if modules} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_a_file_imports_only_those_before_it_in_its_room(room: str) -> None:
    found = {
        str(path): upward(room, path, imported(path)) for owner, path in sources() if owner == room
    }

    assert {path: modules for path, modules in found.items() if modules} == {}


def test_nobody_imports_a_shell() -> None:
    """Views, tasks, admin and commands are shells: only the URLconf names views, and an admin
    takes its manner from another."""
    found = {
        str(path): shells
        for room, path in sources()
        if path.name != "urls.py"
        and (
            shells := {
                module
                for module in imported(path)
                if module.split(".")[0] in ROOMS
                and part(module) in SHELLS
                and part(module) != first(room, path)
            }
        )
    }

    assert found == {}


def test_a_backward_import_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "file.py"
    source.write_text("from committees.models import Case\nimport home.views")

    assert list(imported(source)) == ["committees.models", "committees.models.Case", "home.views"]
    assert backward("portfolio", source) == [*imported(source)]
    assert backward("home", source) == []


@pytest.mark.parametrize(
    ("own", "seen"),
    [("models", True), ("coverage", True), ("forms", False), ("tasks", False), ("apps", False)],
)
def test_an_upward_import_is_seen(own: str, seen: bool) -> None:
    path = settings.BASE_DIR / "evidence" / f"{own}.py"

    assert upward("evidence", path, ["evidence.actions"]) == ["evidence.actions"] * seen


# --- Reverse relations ----------------------------------------------------------------------------


def reverse_names() -> dict[str, int]:
    """What a model bears of models to its right, to call and to query them by; each with the place
    of the leftmost room that may."""
    places: dict[str, int] = {}
    for model in apps.get_models():
        for relation in model._meta.related_objects:
            to, by = (each.__module__.split(".")[0] for each in (model, relation.related_model))
            if {to, by} <= set(ROOMS) and (place := ROOMS.index(by)) > ROOMS.index(to):
                for name in (relation.get_accessor_name(), relation.field.related_query_name()):
                    places[name] = min(places.get(name, place), place)
    return places


def spoken(source: str) -> set[str]:
    """The attributes, the names of arguments and the strings of one word in a file; a lookup
    falls apart into its steps."""
    words: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name):
                words.add(name)
            case ast.keyword(arg=str(name)):
                words.update(name.split("__"))
            case ast.Constant(value=str(name)) if re.fullmatch(r"-?\w+", name):
                words.update(name.removeprefix("-").split("__"))
    return words


def spoken_in_template(source: str) -> set[str]:
    tags = re.findall(r"{[{%].*?[%}]}", source)
    return {name for tag in tags for name in re.findall(r"\.(\w+)", tag)}


def templates() -> Iterator[tuple[str, Path]]:
    """With the room each is of; what all rooms share stands left of all."""
    root = settings.BASE_DIR / "templates"
    for path in sorted((*root.rglob("*.html"), *root.rglob("*.txt"))):
        of = [part for part in path.relative_to(root).parts if part in ROOMS]
        yield (of or ROOMS)[0], path


def read_backward(
    files: Iterable[tuple[str, Path]], words_of: Callable[[str], set[str]]
) -> set[tuple[str, str]]:
    places = reverse_names()
    return {
        (str(path.relative_to(settings.BASE_DIR)), name)
        for room, path in files
        for name in words_of(path.read_text(encoding="utf-8")) & set(places)
        if places[name] > ROOMS.index(room)
    }


def test_a_room_reads_nothing_to_its_right() -> None:
    """Not through a reverse relation either. A relation that its own room does not read from the
    other end either is hidden: `related_name="+"`."""
    found = read_backward(sources(), spoken) | read_backward(templates(), spoken_in_template)

    assert found == set()


def test_a_reverse_name_is_seen_however_it_is_spoken() -> None:
    places = reverse_names()

    assert places["cases"] == places["committees"] == ROOMS.index("committees")
    assert places["tracks"] == ROOMS.index("programmes")
    assert "cases" in spoken("unit.cases.exists()")
    assert "cases" in spoken("Unit.objects.filter(cases__isnull=False)")
    assert "cases" in spoken("Programme.objects.order_by('-units__cases__id')")
    assert "cases" in spoken("getattr(unit, 'cases')")
    assert "cases" not in spoken("cases = 'in all cases'")
    assert "cases" in spoken_in_template("{% for case in unit.cases.all %}")
    assert "cases" not in spoken_in_template("in all.cases {{ cases }}")


# --- Names ----------------------------------------------------------------------------------------


def named_in(tree: ast.Module) -> Iterator[str]:
    """The classes and constants of a file."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))


def taken_by(tree: ast.Module) -> Iterator[str]:
    """What a file takes from others, also by way of a module that it imports."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
                yield f"{modules[module]}.{name}"


def functions_in(tree: ast.Module) -> Iterator[str]:
    """The public functions of a file."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name


def taken_by_name(tree: ast.Module) -> Iterator[str]:
    """What a file takes from others without the module that says whose it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named_twice(files: Iterable[tuple[str, str]]) -> set[str]:
    """Names of two classes or constants, one of which at least is taken by another file, and of
    two functions, one of which at least is taken by its bare name; views, which addresses name, are
    none of these. Files are given as the name of their module and their text."""
    owners: dict[str, list[str]] = defaultdict(list)
    taken: set[str] = set()
    for module, source in files:
        tree = ast.parse(source)
        functions = set() if "views" in module.split(".") else set(functions_in(tree))
        taken.update(taken_by_name(tree))
        taken.update(name for name in taken_by(tree) if name.rpartition(".")[2][:1].isupper())
        for name in functions | {each for each in named_in(tree) if each[0].isupper()}:
            owners[name].append(f"{module}.{name}")
    return {name for name, all_ in owners.items() if len(all_) > 1 and taken.intersection(all_)}


def test_no_name_stands_for_two_things() -> None:
    files = (
        (
            ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts).removesuffix(
                ".__init__"
            ),
            path.read_text(encoding="utf-8"),
        )
        for _room, path in sources()
    )

    assert named_twice(files) == set()


def test_a_name_that_stands_for_two_things_is_seen() -> None:
    two = [("post.models", "class Letter: pass"), ("evidence.forms", "Letter: int = 1")]

    assert named_twice(two) == set()
    assert named_twice([*two, ("home.views", "from post.models import Letter")]) == {"Letter"}
    assert named_twice([*two, ("home.views", "from post import models\nmodels.Letter")]) == {
        "Letter"
    }


def test_a_function_of_two_rooms_that_is_taken_by_its_bare_name_is_seen() -> None:
    two = [("post.work", "def register(): pass"), ("people.actions", "def register(): pass")]
    view = ("home.views", "def register(): pass")
    bare = ("files.sweeping", "from post.work import register")

    assert named_twice([*two, ("files.sweeping", "from post import work\nwork.register")]) == set()
    assert named_twice([two[0], view, bare]) == set()
    assert named_twice([*two, bare]) == {"register"}


# --- What the record proves -----------------------------------------------------------------------

# Why a table is neither sealed nor a part of what is.
LEFT_OUT = {
    "committees.SetFigures": "figures that are counted anew at any time; no decision rests on them",
    "committees.SnapshotFile": "the manifest of its snapshot names it",
    "committees.SnapshotItem": "the manifest of its snapshot names it",
    "files.Upload": "bytes on their way in, which nothing names yet",
    "people.Account": "how somebody signs in; nothing that was said or decided",
    "people.Attempt": "how often something was tried, for a day",
    "people.Draft": "what is not sent yet is no record",
    "people.SentForm": "that a form was sent, so that it is done once",
    "portfolio.Cohort": "figures that are counted anew at any time; no decision rests on them",
    "portfolio.Summary": "figures that are counted anew at any time; no decision rests on them",
    "post.Errand": "work that was ordered; what it does is stated case by case",
    "post.ErrandItem": "work that was ordered; what it does is stated case by case",
    "post.OutboxMail": "it says that a mail is to go; what caused it is an event",
    "records.Chain": "a head has its own proof",
    "records.Checkpoint": "a checkpoint has its own proof",
    "records.Event": "an event has its own proof",
    "records.Leaf": "the root of its checkpoint proves it",
    "records.Verification": "it says what was found; nothing rests on it",
}


def test_every_table_is_stated_or_says_why_not() -> None:
    """A new model is sealed (`Sealed`), a part of a row that is (`Part`), or named here."""
    tables = [model for model in apps.get_models() if model.__module__.split(".")[0] in ROOMS]

    assert {row._meta.label for row in tables if not issubclass(row, Sealed | Part)} == {*LEFT_OUT}


# Long texts that say nothing about a person, and stay.
STAYS = {
    "committees.Mandate.procedure",
    "committees.Mandate.text",
    "qualifications.CoreTask.complexity",
    "qualifications.CoreTask.responsibility",
    "qualifications.QualityRequirement.text",
    "qualifications.Wording.text",
    "qualifications.WorkProcess.description",
    "qualifications.WorkProcess.result",
    "records.Erasure.ground",
}


def test_what_somebody_writes_can_be_erased_or_stays_on_purpose() -> None:
    """A long text is named in its model's `erasable`, or here."""
    long_texts = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if issubclass(model, Sealed | Part)
        for field in model._meta.concrete_fields
        if isinstance(field, TextField | CharField)
        and (field.max_length is None or field.max_length >= 500)
        and field.name not in (*getattr(model, "erasable", ()), *getattr(model, "with_person", ()))
    }

    assert long_texts == STAYS


# --- Migrations -----------------------------------------------------------------------------------


def test_each_room_with_models_has_one_migration_and_no_other_has_any() -> None:
    """Until there is a school with data (then this test goes), so that what is there is read at
    once, and not how it came about."""
    found = {
        room: sorted(path.name for path in (settings.BASE_DIR / room / "migrations").glob("0*.py"))
        for room in ROOMS
    }
    with_models = {
        config.label for config in apps.get_app_configs() if config.label in found
        and any(config.get_models())
    }  # fmt: skip

    assert {room for room, names in found.items() if names} == with_models
    assert {tuple(names) for names in found.values() if names} == {("0001_initial.py",)}
