"""Every table of data is on offer as a file: in the code that draws it, and on the screen."""

import ast
from collections import Counter

from tests.pages.conftest import ROOT

SOURCES = [*sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "spectra" / "ui").rglob("*.py"))]
DRAWN = {"st.dataframe", "drawn.shares"}
FILES = {"cards.download", "download", "st.download_button"}


def without_a_file(app) -> list[str]:
    """Tables of a view that no file beside them holds: in their card, or above all cards."""
    tables, files = Counter(), Counter()
    _count(app.main, "", tables, files)
    spare = max(files[""] - tables[""], 0)
    lacking = {card: tables[card] - files[card] for card in tables if tables[card] > files[card]}
    return [] if sum(lacking.values()) <= spare else [f"tables without a file: {lacking}"]


def _count(block, card, tables, files):
    for place, child in block.children.items():
        if hasattr(child, "children"):
            _count(child, f"{card}/{place}" if _is_card(child) else card, tables, files)
        elif child.type == "download_button":
            files[card] += 1
        else:
            tables[card] += _is_table(child)


def _is_card(block) -> bool:
    box = getattr(block.proto, "flex_container", block.proto)
    return block.type in {"expandable", "popover"} or bool(getattr(box, "border", False))


def _is_table(element) -> bool:
    """Whether it shows data; what is edited in it is a form."""
    if element.type == "dataframe":
        return not element.proto.editing_mode
    return element.type == "html" and 'class="shares"' in element.proto.body


def calls_of(tree) -> Counter:
    return Counter(ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call))


def parts(path):
    """Functions of a module with what they call; the rest of it under its own name."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    yield from ((node.name, calls_of(node)) for node in functions)
    tree.body = [node for node in tree.body if node not in functions]
    yield path.stem, calls_of(tree)


def test_whatever_draws_a_table_offers_it_as_a_file():
    """Itself, or whoever has it drawn; so for views that hardly ever have one, too."""
    known = {(path, name): calls for path in SOURCES for name, calls in parts(path)}

    def offered(path, calls):
        """Files that a function offers, or has offered by another one of its module."""
        theirs = [of for (place, name), of in known.items() if place == path and calls[name]]
        return sum(of[file] for of in (calls, *theirs) for file in FILES)

    lacking, tables = [], 0
    for (path, name), calls in known.items():
        count = sum(calls[draw] for draw in DRAWN)
        tables += count
        if count <= sum(calls[file] for file in FILES):
            continue
        callers = [
            offered(place, other) for (place, _), other in known.items()
            if (other[name] and place == path) or other[f"{path.stem}.{name}"]
        ]  # fmt: skip
        if not callers or 0 in callers:
            lacking.append(f"{path.relative_to(ROOT)}: {name}")
    assert tables > 40
    assert lacking == []
