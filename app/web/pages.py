"""The HTML of pages for people: styles and scripts are inline, and allowed by their hashes."""

import html
from typing import Final

from starlette.responses import HTMLResponse

from app.http.page_policy import hash_source, page_headers
from app.kit.clock import utc_now
from app.lifecycle.schedule import Schedule
from versions.kit.version import ApiVersion

PUBLIC: Final = "public, max-age=5"
"""``Cache-Control`` of what is equal for every caller and changes with the lifecycle of a version."""
_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--accent:#b4542a}
body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.25rem}
h1{font-size:2rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
a{color:var(--accent)}code{font-family:ui-monospace,monospace;font-size:.92em}
.layer{border:1px solid var(--line);border-left:6px solid var(--accent);border-radius:6px}
.layer{padding:1rem 1.25rem;margin:1rem 0}
.layer.old{border-left-color:#888}.layer h2{margin:0}
.tag{font-size:.8rem;border:1px solid var(--line);border-radius:1rem;padding:.1rem .6rem;margin-left:.5rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem;border-top:1px solid var(--line)}
nav a{margin-right:1rem}input,button{font:inherit;padding:.4rem .7rem;margin:.25rem 0}
"""


def page(title: str, body: str, status: int = 200, *, style: str = "", script: str = "") -> HTMLResponse:
    """A page. ``body`` is HTML; ``title`` is text; ``style`` (more CSS) and ``script`` are constants."""
    styles = f"{_STYLE}{style}"
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{styles}</style></head>'
        f"<body>{body}{f'<script>{script}</script>' if script else ''}</body></html>"
    )
    security = page_headers(scripts=(hash_source(script),) if script else (), styles=(hash_source(styles),))
    return HTMLResponse(document, status, headers={"Cache-Control": PUBLIC, **security})


def version_card(version: ApiVersion, schedule: Schedule) -> str:
    """The card of a version on the home page."""
    now = utc_now()
    retired_at = schedule.retired_at(version)
    old = " old" if version.deprecated_at else ""
    dates = f"Released {version.released:%d %B %Y}"
    if version.deprecated_at:
        dates += f" · deprecated since {version.deprecated_at:%d %B %Y}"
    if retired_at:
        dates += f" · ended on {retired_at:%d %B %Y}"
    elif version.sunset_at:
        dates += f" · ends on {version.sunset_at:%d %B %Y}"
    brownouts = "".join(
        f"<li>{window.starts_at:%d %B %Y, %R} to {window.ends_at:%d %B %Y, %R} UTC</li>"
        for window in schedule.windows(version)
        if window.ends_at > now and not retired_at
    )
    if brownouts:
        brownouts = f"<p>Does not answer, to rehearse its end:</p><ul>{brownouts}</ul>"
    guide = f'<a href="{version.migration_guide}">Move to {version.successor}</a>' if version.migration_guide else ""
    return (
        f'<section class="layer{old}"><h2>{version.name}<span class="tag">{schedule.status(version, now)}</span></h2>'
        f"<p>{dates}</p>{brownouts}<nav>"
        f'<a href="{version.prefix}/docs">Try it</a><a href="{version.prefix}/redoc">Read it</a>'
        f'<a href="{version.prefix}/openapi.json">OpenAPI</a>{guide}</nav></section>'
    )


def token_page(title: str, path: str, fields: str, done: str) -> HTMLResponse:
    """A page that posts the token in its URL fragment to the API; no request line contains the token."""
    script = f"""
const form=document.querySelector('form'),out=document.querySelector('output');
form.addEventListener('submit',async event=>{{event.preventDefault();
const token=new URLSearchParams(location.hash.slice(1)).get('token')||'';
const body=Object.assign({{token}},Object.fromEntries(new FormData(form)));
const headers={{'Content-Type':'application/json'}};
const answer=await fetch('{path}',{{method:'POST',headers,body:JSON.stringify(body)}});
out.textContent=answer.ok?'{done}':(await answer.json()).detail;if(answer.ok)form.remove();}});
"""
    body = (
        f"<h1>{html.escape(title)}</h1><form>{fields}<button>{html.escape(title)}</button></form>"
        '<p><output role="status"></output></p>'
    )
    return page(title, body, script=script)
