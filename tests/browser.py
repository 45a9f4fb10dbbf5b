"""Opens a page in a real browser: headless Chromium, or the test is skipped."""

import html
import json
import re
import shutil
import subprocess

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-extensions"),
    *("--allow-file-access-from-files", "--virtual-time-budget=3000", "--dump-dom"),
)
WIDTHS = (400, 1400)  # a phone and a desk, in pixels
# A page with the other one in frames of these widths; it writes down what it sees there.
_WRAPPER = """<!DOCTYPE html><meta charset="utf-8"><body>{frames}<pre></pre><script>
onload = () => {{
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentDocument, root = page.documentElement;
    const wide = [...page.querySelectorAll("body *")].filter(
      (part) => !part.closest(".table, pre") && part.getBoundingClientRect().right > frame.width);
    return {{
      overflow: root.scrollWidth - root.clientWidth,
      wide: wide.map((part) => part.outerHTML.slice(0, 200)),
      ground: getComputedStyle(page.body).backgroundColor, title: page.title,
      text: page.body.innerText, ran: "ran" in frame.contentWindow, scripts: page.scripts.length,
      charts: [...page.querySelectorAll("figure svg > title")].map((title) => title.textContent),
    }};
  }});
  document.querySelector("pre").textContent = JSON.stringify(seen);
}};
</script>"""


def _program():
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"needs a browser: none of {', '.join(_NAMES)} is on the PATH")
    return found


def seen(page, scratch, is_dark=False):
    """What a browser shows of a page at each of WIDTHS: a list of dicts.

    Args:
      page: the path of the page.
      scratch: a folder for files of the browser.
      is_dark: whether its user prefers dark colours.
    """
    source = html.escape(page.as_uri(), quote=True)
    frames = "".join(
        f'<iframe src="{source}" width="{width}" height="900" style="border: 0"></iframe>'
        for width in WIDTHS
    )
    wrapper = scratch / "wrapper.html"
    wrapper.write_text(_WRAPPER.format(frames=frames))
    options = [*_OPTIONS, f"--user-data-dir={scratch / 'browser'}"]
    scheme = f"--blink-settings=preferredColorScheme={0 if is_dark else 1}"
    ran = subprocess.run(
        [_program(), *options, scheme, wrapper.as_uri()], capture_output=True, text=True, timeout=60
    )
    found = re.search(r"<pre>(.+?)</pre>", ran.stdout, re.DOTALL)
    assert found, ran.stderr
    return json.loads(html.unescape(found[1]))
