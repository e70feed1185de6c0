"""Renders the repository's Markdown as the body of a page."""

import html
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it.token import Token

_HEADING: Final = re.compile(r'(<h[23] id="([^"]*)">.*?)(</h[23]>)')
_OUTPUT: Final = "text"
_FOLDED: Final = {"bash": "curl", "python": "Python"}
_COPY: Final = '<button class="copy" type="button">Copy</button>'
STYLE: Final = """
h2{margin-top:3rem}h2:target,h3:target{border-left:4px solid var(--accent);padding-left:.6rem}
.anchor{text-decoration:none;margin-left:.5rem;opacity:.5}.anchor:hover,.anchor:focus{opacity:1}
.wide{overflow-x:auto;margin:1rem 0}table{font-size:.92rem}
td,th{vertical-align:top;min-width:7rem}code{overflow-wrap:anywhere}
.code{position:relative;margin:.6rem 0}
pre{background:#8881;border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;margin:0;overflow-x:auto}
pre.output{border-left:4px solid var(--line);background:none}pre code{font-size:.85rem}
.copy{position:absolute;top:.3rem;right:.3rem;font-size:.75rem;padding:.1rem .5rem;margin:0;cursor:pointer}
@media(max-width:36rem){td,th{min-width:0;padding:.4rem .3rem}}
details{margin:.4rem 0}summary{cursor:pointer}
"""
SCRIPT: Final = """
document.addEventListener('click',async event=>{const button=event.target.closest('.copy');if(!button)return;
const code=button.parentElement.querySelector('code');
try{await navigator.clipboard.writeText(code.textContent.trimEnd());button.textContent='Copied';}
catch{getSelection().selectAllChildren(code);button.textContent='Selected';}
setTimeout(()=>button.textContent='Copy',2000);});
"""
"""Copies the code beside a button, or selects it when the browser denies access to the clipboard."""


def anchor(title: str) -> str:
    """The fragment of a heading: `Ids are text` becomes `ids-are-text`, as on GitHub."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def render(text: str) -> str:
    """HTML of a text: headings with anchors, code that can be copied, curl and Python folded with their output."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - takes 0.1 s, which only the first request for a guide pays

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = _addressed(markdown.parse(text))
    parts: list[str] = []
    plain: list[Token] = []
    while tokens:
        token = tokens.pop(0)
        if token.type != "fence":
            plain.append(token)
            continue
        parts.append(markdown.renderer.render(plain, markdown.options, {}))
        plain = []
        if token.info in _FOLDED and tokens and tokens[0].info == _OUTPUT:
            inner = _code(token) + _code(tokens.pop(0))
            parts.append(f"<details><summary>{_FOLDED[token.info]}</summary>{inner}</details>")
        else:
            parts.append(_code(token))
    parts.append(markdown.renderer.render(plain, markdown.options, {}))
    whole = _HEADING.sub(r'\1 <a class="anchor" href="#\2" aria-label="Link to this section">#</a>\3', "".join(parts))
    return whole.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")


def _addressed(tokens: list["Token"]) -> list["Token"]:
    """The tokens, with an id for each heading below the title."""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag != "h1":
            opening.attrSet("id", anchor(inline.content))
    return tokens


def _code(fence: "Token") -> str:
    text = f"<code>{html.escape(fence.content)}</code>"
    if fence.info == _OUTPUT or fence.content.startswith("HTTP/"):
        return f'<div class="code"><pre class="output" tabindex="0">{text}</pre></div>'
    return f'<div class="code"><pre tabindex="0">{text}</pre>{_COPY}</div>'
