"""Draws the icons of invitations to static/mail: mail programs show no SVG.

Run with `.venv/bin/python assets/mail_icons.py`, after `npm run build` has written the icons.
"""

from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("mail", "users", "rocket", "smartphone", "shield-check")
INKS = {"light": "#ffffff", "dark": "#000000"}
SIZE = 96
CHROMIUM = "/usr/bin/chromium"

root = Path(__file__).resolve().parent.parent
target = root / "static" / "mail"
target.mkdir(exist_ok=True)
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": SIZE, "height": SIZE})
    for name in NAMES:
        inside = (root / "templates" / "icons" / f"{name}.svg").read_text()
        for tone, ink in INKS.items():
            page.set_content(
                f'<body style="margin:0;background:transparent"><svg style="display:block" '
                f'width="{SIZE}" height="{SIZE}" viewBox="0 0 24 24" fill="none" stroke="{ink}" '
                f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{inside}</svg>'
            )
            page.screenshot(path=target / f"{name}-{tone}.png", omit_background=True)
    browser.close()
