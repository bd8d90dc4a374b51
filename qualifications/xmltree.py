"""XML from outside: safely read into elements that know where they stand, so that whatever is
wrong with one is refused by file, line and name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # has no types
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]  # has no types
from django.utils.translation import gettext as _

from qualifications.parsed import ImportRefused
from qualifications.plaintext import plain_lines

# Published dossiers are 0.1 to 1 MB with about a thousand elements, a dozen levels deep. The
# limits leave ample room and keep a hostile file cheap.
MAX_BYTES = 20 * 1024 * 1024
MAX_DEPTH = 40
MAX_ELEMENTS = 50_000
MAX_ATTRIBUTE = 200  # characters of an attribute that is used

# What expat says when a file ends too early: no element, open token, half a character, open CDATA.
_CUT_OFF = frozenset({3, 5, 6, 20})


def read_tree(content: bytes, *, file: str) -> Element:
    """Return the root of well-formed XML without a document type; ``file`` is its name in messages.

    Raises ImportRefused, naming the innermost open element and the line, for anything else and for
    files beyond the limits above. The functions below take elements of such a tree.
    """
    if len(content) > MAX_BYTES:
        reason = _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
        raise ImportRefused(reason, file=file)
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ImportRefused(_("The file is empty."), file=file)
    builder = _Builder(file)
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.expat = parser.parser
    try:
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException:
        reason = _("The file declares a document type or entities, which is not accepted.")
        builder.refuse(reason, element="!DOCTYPE")
    except ParseError as error:
        if not builder.count:
            builder.refuse(_("This is not XML."))
        if builder.open and error.code in _CUT_OFF:
            builder.refuse(_("The file stops here, inside this element: it seems to be cut off."))
        builder.refuse(_("The XML is damaged here."))
    except (LookupError, ValueError):  # how Python says that it cannot decode for expat
        builder.refuse(_("The character encoding of this file is unknown."))
    return root


def line_of(node: Element) -> int:
    """Return the line, from 1, where an element opens."""
    return cast(_Node, node).line


def refuse(node: Element, message: str, value: object = "") -> NoReturn:
    """Raise ImportRefused about an element; ``message`` may quote %(value)s, which is cut short."""
    reason = message % {"value": str(value)[:80]}
    file, line = cast(_Node, node).file, line_of(node)
    raise ImportRefused(reason, file=file, element=node.tag, line=line)


def child(parent: Element, path: str) -> Element:
    """Find the first element on a path, which must be there."""
    found = parent.find(path)
    if found is None:
        refuse(parent, _("The element “%(value)s” is missing here."), path)
    return found


def attribute(node: Element, name: str) -> str:
    """Read an attribute as one line of plain text, which must be there and not be empty."""
    value = " ".join(plain_lines(node.get(name, "")))
    if not value:
        refuse(node, _("The attribute “%(value)s” is missing or empty here."), name)
    if len(value) > MAX_ATTRIBUTE:
        refuse(node, _("The attribute “%(value)s” is far too long here."), name)
    return value


def distinct(nodes: Iterable[tuple[str, Element]]) -> dict[str, Element]:
    """Return elements by their key, in the order given; a key that comes twice is refused."""
    found: dict[str, Element] = {}
    for key, node in nodes:
        if key in found:
            refuse(node, _("The code “%(value)s” stands here for the second time."), key)
        found[key] = node
    return found


class _Node(Element):
    file: str
    line: int


class _Builder(TreeBuilder):
    """Builds the tree, counts its elements and knows which are open."""

    expat: Any  # the parser at work, which knows the line

    def __init__(self, file: str) -> None:
        super().__init__(element_factory=_Node)
        self.file = file
        self.open: list[Element] = []
        self.count = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        node = cast(_Node, super().start(tag, attrs))
        node.file, node.line = self.file, self.expat.CurrentLineNumber
        self.open.append(node)
        self.count += 1
        if len(self.open) > MAX_DEPTH or self.count > MAX_ELEMENTS:
            self.refuse(_("The file has more elements, or deeper ones, than any real file has."))
        return node

    def end(self, tag: str, /) -> Element:
        self.open.pop()
        return super().end(tag)

    def refuse(self, reason: str, *, element: str = "") -> NoReturn:
        """Refuse at the point where the parser is; without ``element``, in the innermost one."""
        element = element or (self.open[-1].tag if self.open else "")
        line = self.expat.CurrentLineNumber
        raise ImportRefused(reason, file=self.file, element=element, line=line) from None
