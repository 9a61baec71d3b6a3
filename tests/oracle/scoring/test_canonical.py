import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oracle.scoring.canonical import canonical

documents = st.recursive(
    st.text() | st.integers(-(1 << 70), 1 << 70) | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@example("\x7f")
@given(documents)
def test_canonical__any_document__is_what_the_standard_library_writes(document: object) -> None:
    assert canonical(document) == json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


@pytest.mark.parametrize("text", ["café", "\ud800", '\x7f\x00\x1f\b\f\n\r\t"\\/', "\U0001f4b8", ""])
def test_canonical__text_that_needs_escapes__only_ascii_and_read_back_as_it_was(text: str) -> None:
    written = canonical({text: [text, 1 << 80]})
    assert written.isascii()
    assert json.loads(written) == {text: [text, 1 << 80]}
