#!/usr/bin/env python3
"""The step-through page in a real browser.

    python3 tests/browser/step_through.py [--screenshots FOLDER]

Needs Chromium (Debian: `apt-get install chromium`) and nothing but Python's standard library. Writes the page with the example
`step_through`, opens it, and checks that it

- loads without an error, a warning or a request to anything but the file,
- can be stepped through with the keyboard alone, from either end, and with the buttons,
- shows at the last step the gradients that `backward` returned, digit for digit, and at every step a product that is the
  incoming gradient times the local derivative,
- fits a window of 400 pixels, in light and in dark, where text and background differ enough to be read,
- gives every control and every picture a name.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "target" / "step_through.html"


class Browser:
    """A headless Chromium that is told what to do through a pair of pipes, in the DevTools protocol."""

    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory()
        to_browser, self.commands = os.pipe()
        self.replies, from_browser = os.pipe()
        # The protocol's pipes are the descriptors 3 and 4.
        script = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        arguments = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     "--disable-background-networking", f"--user-data-dir={self.profile.name}", "about:blank"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.insert(0, "--no-sandbox")
        self.process = subprocess.Popen(["bash", "-c", script, program, *arguments], pass_fds=[to_browser, from_browser],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.buffer:
            more = os.read(self.replies, 1 << 16)
            if not more:
                raise RuntimeError("the browser has gone")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            reply = self.receive()
            if reply.get("id") == self.number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']['message']}")
                return reply["result"]
            self.events.append(reply)

    def open(self, url):
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())
        self.js("0")

    def js(self, expression):
        reply = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(f"{expression}: {reply['exceptionDetails']['exception']['description']}")
        return reply["result"].get("value")

    def press(self, key, code=None):
        codes = {"ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Tab": 9, "Enter": 13}
        key_code = codes[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ["keyDown", "keyUp"]:
            extra = text if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=key_code, **extra)

    def window(self, width, height, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        image = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
        path.write_bytes(base64.b64decode(image))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(timeout=30)
        os.close(self.commands)
        os.close(self.replies)


checks = 0


def check(holds, message):
    global checks
    checks += 1
    if not holds:
        raise AssertionError(message)


def numbers(text):
    """The numbers in a text, whose minus may be the typographic one."""
    text = text.replace("\u2212", "-")
    return [float(number) for number in re.findall(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf)|NaN", text)]


def written_page():
    """Runs the example; the gradients that it prints come from `backward` alone."""
    command = ["cargo", "run", "--locked", "--quiet", "--features", "inspect", "--example", "step_through"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = [line.split(" ", 2) for line in output.splitlines() if line.startswith("gradient ") and line.endswith("]")]
    return {name: numbers(values) for _, name, values in lines}


HEADING = "document.getElementById('heading').textContent"
COUNT = "document.getElementById('count').textContent"


def gradients_at_the_end(browser, expected):
    shown = browser.js("""Object.fromEntries([...document.querySelectorAll("[data-parameter]")]
        .map((part) => [part.dataset.parameter, part.querySelector(".elements").textContent]))""")
    check(len(expected) == 4, f"the example prints the gradients of four parameters, not {sorted(expected)}")
    check(sorted(shown) == sorted(expected), f"{sorted(shown)} at the last step, not {sorted(expected)}")
    for name, text in shown.items():
        check(numbers(text) == expected[name], f"{name}: the page shows {numbers(text)}, backward returned {expected[name]}")


def no_wider_than_the_window(browser, width):
    wide = browser.js("document.documentElement.scrollWidth")
    check(wide <= width, f"the page is {wide} pixels wide in a window of {width}: {browser.js(HEADING)}")


# The contrast of every text with what is behind it, after WCAG 2.
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgba(colour).slice(0, 3).map((x) => x / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  };
  let worst = [99, ""];
  for (const element of document.querySelectorAll("h1, h2, h3, p, button, code, span, figcaption, output, summary, kbd")) {
    if (!element.textContent.trim() || element.getAttribute("aria-disabled") === "true") continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < worst[0]) worst = [contrast, element.outerHTML.slice(0, 80)];
  }
  return worst;
})()"""


def run(browser, expected, screenshots):
    browser.window(1280, 900, "light")
    browser.open(PAGE.as_uri())

    total = int(browser.js(COUNT).split(" of ")[1])
    # Ten tensors, the start, seven contributions, and the gradients.
    check(total == 19, f"{total} steps")
    check(browser.js(HEADING).startswith("Forward: #0"), browser.js(HEADING))

    # With the keyboard alone, forward, one key at a time; at every step backward, the product is what it says.
    products, elementwise = 0, 0
    for place in range(1, total + 1):
        check(browser.js(COUNT) == f"{place} of {total}", f"{browser.js(COUNT)} after {place - 1} keys")
        said = browser.js("document.getElementById('said').textContent")
        check(said == f"Step {place} of {total}. {browser.js(HEADING)}", f"a screen reader is told {said}")
        parts = browser.js("""[...document.querySelectorAll("#step .part")].map((part) =>
            [part.querySelector("h3").textContent, part.querySelector(".elements")?.textContent ?? null])""")
        values = {heading: numbers(text) for heading, text in parts if text}
        if "Product: dy · local derivative" in values:
            elementwise += 1
            dy = values["Incoming gradient dy"]
            local = next(value for heading, value in values.items() if heading.startswith("Local derivative"))
            for a, b, product in zip(dy, local, values["Product: dy · local derivative"], strict=True):
                check(abs(a * b - product) <= 1e-6 * max(abs(product), 1e-3), f"{browser.js(HEADING)}: {a}·{b} is not {product}")
        products += any(heading.startswith("Product") for heading in values)
        if place < total:
            browser.press("ArrowRight")
    check(products >= 7 and elementwise >= 1, f"{products} products, {elementwise} of them elementwise")
    gradients_at_the_end(browser, expected)
    # No further than the end, and back.
    browser.press("ArrowRight")
    check(browser.js(COUNT) == f"{total} of {total}", "the last step is the last")
    browser.press("ArrowLeft")
    check(browser.js(COUNT) == f"{total - 1} of {total}", "ArrowLeft goes back")
    browser.press("Home")
    check(browser.js(COUNT) == f"1 of {total}", "Home goes to the first step")
    browser.press("ArrowLeft")
    check(browser.js(COUNT) == f"1 of {total}", "the first step is the first")
    browser.press("End")
    gradients_at_the_end(browser, expected)

    # The buttons, found with Tab and pressed with Enter.
    seen = []
    browser.js("document.activeElement.blur()")
    for _ in range(8):
        browser.press("Tab")
        seen.append(browser.js("document.activeElement.id || document.activeElement.localName"))
    check(seen[:6] == ["first", "back", "next", "last", "position", "graph"], f"Tab goes to {seen}")
    check(seen[6] == "summary", f"then to the list of steps, not {seen[6]}")
    for button, place in [("first", 1), ("next", 2), ("next", 3), ("back", 2), ("last", total)]:
        browser.js(f"document.getElementById('{button}').focus()")
        browser.press("Enter")
        check(browser.js(COUNT) == f"{place} of {total}", f"{browser.js(COUNT)} after {button}")
        check(browser.js("document.activeElement.id") == button, f"{button} keeps the focus")
    # The list, and a click on a tensor.
    browser.js("document.querySelectorAll('#steps button')[4].click()")
    check(browser.js(COUNT) == f"5 of {total}", "a step of the list")
    browser.js("document.querySelectorAll('#graph g')[2].dispatchEvent(new MouseEvent('click', { bubbles: true }))")
    check(browser.js(COUNT) == f"3 of {total}", "a tensor in the picture")

    names = browser.js("""[...document.querySelectorAll("svg[role=img], input, section, nav, button")]
        .filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.textContent.trim()))
        .map((e) => e.outerHTML.slice(0, 80))""")
    check(names == [], f"without a name: {names}")

    # Every step in every window: nothing sticks out, and everything can be read.
    heights = {}
    for width, scheme in [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]:
        browser.window(width, 900, scheme)
        dark = browser.js("matchMedia('(prefers-color-scheme: dark)').matches")
        check(dark == (scheme == "dark"), f"the page is told to be {scheme}")
        browser.press("Home")
        for place in range(total):
            no_wider_than_the_window(browser, width)
            contrast, element = browser.js(CONTRAST)
            check(contrast >= 4.5, f"{scheme}: a contrast of {contrast:.1f} in {element}")
            if screenshots and place in (6, total // 2 + 1, total - 4, total - 1):
                browser.screenshot(screenshots / f"{width}-{scheme}-{place + 1}.png")
            browser.press("ArrowRight")
        heights[width, scheme] = browser.js("getComputedStyle(document.body).backgroundColor")
    check(heights[400, "light"] != heights[400, "dark"], "light and dark differ")

    requests = [event["params"]["request"]["url"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"]
    check([url for url in requests if not url.startswith("data:")] == [PAGE.as_uri()], f"requests: {requests}")
    trouble = [event["params"] for event in browser.events
               if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")]
    check(trouble == [], f"errors: {trouble}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screenshots", type=pathlib.Path, help="where to keep pictures of some steps")
    options = parser.parse_args()
    program = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if program is None:
        print("no Chromium here: the step-through page is not tried (Debian: apt-get install chromium)")
        return
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    expected = written_page()
    browser = Browser(program)
    try:
        run(browser, expected, options.screenshots)
    except AssertionError as error:
        sys.exit(f"step_through.html: {error}")
    finally:
        browser.close()
    print(f"step_through.html: {checks} checks in {pathlib.Path(program).name}")


if __name__ == "__main__":
    main()
