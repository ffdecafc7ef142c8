"""A refusal's sentence goes through gettext: read from the source, none is forgotten.

It follows a sentence to where it is written: through the names of the function that refuses, and
into the functions of its module that give one.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from orgs.mail.letters import Letter

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ROOT = Path(__file__).resolve().parent.parent
SOURCES = [
    path
    for app in ("orgs", "auth_providers", "functions", "jigxmgmt")
    for path in sorted((ROOT / app).rglob("*.py"))
    if not {"tests", "migrations", "management", "engine"}.intersection(path.parts)
]
# What may stay as it is written, and why.
UNTRANSLATED: Mapping[str, str] = {
    "orgs/services/audit_verification.py: NotAPlace": "what a command says, as is all it finds",
    "orgs/services/organizations.py: NotANetwork": "the standard library's words, for a command",
}


def refusals_in(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Return the names of all classes that derive from DomainError, and FieldFault."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"DomainError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found | {"FieldFault"})


def untranslated_in(tree: ast.Module, refusals: frozenset[str]) -> Iterator[str]:
    """Yield the name of each refusal that is made with words as they are written."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)}
    owners = {
        inner: node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in refusals
        for inner in ast.walk(node)
    }
    scopes = {
        inner: node
        for node in ast.walk(tree)  # from the outside, so that the innermost function stays
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = owners.get(node, "") if _is_own_init(node) else _name_of(node.func)
        sentence = _sentence_of(node, name) if name in refusals else None
        if sentence and _is_plain(sentence, scopes[node], functions, frozenset()):
            yield name


def _is_own_init(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "super().__init__"


def _name_of(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def _sentence_of(call: ast.Call, name: str) -> ast.expr | None:
    place = 1 if name == "FieldFault" else 0
    named = [keyword.value for keyword in call.keywords if keyword.arg == "detail"]
    return next(iter([*named, *call.args[place:]]), None)


def _is_plain(
    words: ast.expr,
    scope: ast.AST,
    functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef],
    seen: frozenset[str],
) -> bool:
    """Answer whether the words, or some of those that they may be, are as they are written."""
    if isinstance(words, ast.JoinedStr):
        return True
    if isinstance(words, ast.Constant):
        return bool(words.value)
    places = [(part, scope) for part in _parts_of(words)]
    if isinstance(words, ast.Name) and words.id not in seen:
        seen |= {words.id}
        places = [(value, scope) for value in _given(words.id, scope)]
    elif isinstance(words, ast.Call) and (name := _name_of(words.func)) in functions.keys() - seen:
        seen |= {name}
        places += [(value, functions[name]) for value in _returned(functions[name])]
    return any(_is_plain(part, place, functions, seen) for part, place in places)


def _parts_of(words: ast.expr) -> list[ast.expr]:
    """Return what an expression may be, or is put together of; nothing of a call of gettext."""
    match words:
        case ast.BinOp(left=left, op=ast.Mod()):
            return [left]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [left, right]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BoolOp(values=values):
            return values
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return [value]
    return []


def _given(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """Yield the values that the name gets in the function."""
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=targets, value=value) if name in map(_name_of, targets):
                yield value
            case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                yield value


def _returned(function: ast.AST) -> list[ast.expr]:
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return [node.value for node in returns if node.value]


@pytest.mark.parametrize(
    "written",
    [
        'raise Gone("It is gone.")',
        'raise Gone(f"{name} is gone.")',
        'raise Gone("%s is gone." % name)',
        'raise Gone(_("Who asks?") if name else "It is gone.")',
        'sentence = "It is gone."\n    raise Gone(sentence)',
        "raise Gone(sentence_about(name))",
        'fault = FieldFault("/name", "It is gone.", "gone")',
        'fault = FieldFault("/name", code="gone", detail="It is gone.")',
    ],
)
def test_words_as_they_are_written_are_found(written: str) -> None:
    tree = ast.parse(
        f"class Gone(NotFound):\n    pass\n"
        f'def sentence_about(name):\n    return f"{{name}} is gone."\n'
        f"def refuse(name):\n    {written}\n"
    )

    assert list(untranslated_in(tree, frozenset({"Gone", "FieldFault"})))


@pytest.mark.parametrize(
    "written",
    [
        'raise Gone(_("It is gone."))',
        'raise Gone(_("%(name)s is gone.") % {"name": name})',
        'sentence = _("It is gone.")\n    raise Gone(sentence, faults=[f"/{name}"])',
        'fault = FieldFault("/name", _("It is gone."), "gone")',
        "raise Gone(str(error))",
    ],
)
def test_words_that_are_translated_pass(written: str) -> None:
    tree = ast.parse(f"def refuse(name, error):\n    {written}\n")

    assert not list(untranslated_in(tree, frozenset({"Gone", "FieldFault"})))


def test_a_refusal_is_known_by_what_it_derives_from() -> None:
    tree = ast.parse("class A(DomainError): ...\nclass B(A): ...\nclass C(Exception): ...")

    assert refusals_in([tree]) == {"DomainError", "A", "B", "FieldFault"}


def test_every_refusal_is_translated() -> None:
    trees = {path: ast.parse(path.read_text()) for path in SOURCES}
    refusals = refusals_in(trees.values())

    found = {
        f"{path.relative_to(ROOT).as_posix()}: {name}"
        for path, tree in trees.items()
        for name in untranslated_in(tree, refusals)
    }

    assert found == UNTRANSLATED.keys()


@pytest.mark.parametrize("template", ["mail/letter.html", "orgs/_sheet.html"])
def test_what_is_sent_or_shown_alone_says_its_language(template: str) -> None:
    with translation.override("de"):
        written = render_to_string(template, {"letter": Letter("Hallo", ["Ein Satz."])})

    assert '<html lang="de">' in written
