"""An interpreter opens a link without an account and speaks; the audience chooses the language and hears another tone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from playwright.async_api import expect

from app.media.looper import Looper
from tests.browser.test_main_job import LOUDEST, audience, watch_for_trouble
from tests.browser.test_stage import another
from tests.browser.test_studio import presenting
from tests.media.test_languages import tone
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

STRONGEST = """() => {
  const {context, analyser} = window.heard; const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  let best = 3; bins.forEach((value, place) => { if (place > 3 && value > bins[best]) best = place });
  return best * context.sampleRate / analyser.fftSize;
}"""
"""The strongest tone of what this browser plays, in hertz."""


async def test_the_audience_hears_the_interpreter_after_choosing_the_language(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern)
    webinar = await studio.evaluate("JSON.parse(document.getElementById('boot').textContent).webinar")
    settings = await studio.context.new_page()
    await settings.goto(f"{lectern.url}/admin/webinars/{webinar}/languages")
    await settings.select_option("[name=code]", "nl")
    await settings.click("button:has-text('Add language')")
    link = (await settings.inner_text("code:has-text('/interpret/')")).strip()

    desk = await (await chromium.new_context()).new_page()
    watch_for_trouble(desk, trouble)
    await desk.goto(link)
    await desk.wait_for_selector("text=Your sound arrives: yes", timeout=40_000)
    assert await desk.get_attribute("button:has-text('Speak')", "aria-pressed") == "false", "the microphone is closed at first"
    await desk.click("button:has-text('Speak')")
    await desk.wait_for_selector("button:has-text('You are heard')")
    await desk.wait_for_selector("text=You hear the stage: yes", timeout=40_000)
    await studio.wait_for_selector("section[aria-label='Interpreters'] >> text=Nederlands", timeout=20_000)
    assert await studio.locator("button[aria-label='Show Nederlands']").count() == 0, "an interpreter is heard, not seen"

    # What the fake microphone beeps says little about languages: hums do. The stage hums at 440 Hz, the interpreter at 1000 Hz.
    await studio.click("button:has-text('Microphone: on')")
    floor = await another(studio, "Hum", (480, 270))
    await desk.close()
    desk = await (await chromium.new_context()).new_page()
    await desk.goto(link)
    token, address = await desk.evaluate(
        "(() => { const b = JSON.parse(document.getElementById('boot').textContent); return [b.stage_token, b.whip] })()"
    )
    await desk.close()
    interpreter = Looper(lectern.url + address, token, tone(1000), video=False)
    await interpreter.start()
    try:
        await studio.click("button:has-text('Go live')")
        viewer = await audience(chromium, room, trouble)
        await viewer.wait_for_selector(".player-select", timeout=40_000)
        assert await viewer.locator(".player-select option").all_inner_texts() == ["Original", "Nederlands"]
        await until(partial(hears, viewer, below=600), within=40, what="the original is heard")
        await viewer.select_option(".player-select", label="Nederlands")
        await until(partial(hears, viewer, above=900), within=40, what="the interpreter is heard")
        assert await viewer.evaluate("sessionStorage.getItem('lectern.language')") == "nl"
        assert await viewer.evaluate("document.cookie + Object.keys(localStorage)") == ""
        await viewer.click("button[aria-label='Sound alone']")
        await until(partial(hears, viewer, above=900), within=40, what="sound alone, in the chosen language")
    finally:
        await interpreter.stop()
        await floor.stop()
    assert trouble == []


async def test_an_interpreter_hears_another_language_instead_of_the_stage(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, _ = await presenting(chromium, lectern)
    await studio.click("button:has-text('Microphone: on')")
    webinar = await studio.evaluate("JSON.parse(document.getElementById('boot').textContent).webinar")
    settings = await studio.context.new_page()
    await settings.goto(f"{lectern.url}/admin/webinars/{webinar}/languages")
    for number, code in enumerate(("nl", "fr")):
        await settings.select_option("[name=code]", code)
        await settings.click("button:has-text('Add language')")
        await settings.locator("code:has-text('/interpret/')").nth(number).wait_for()
    links = [link.strip() for link in await settings.locator("code:has-text('/interpret/')").all_inner_texts()]
    french, dutch = links

    desk = await (await chromium.new_context()).new_page()
    await desk.goto(dutch)
    token, address = await desk.evaluate(
        "(() => { const b = JSON.parse(document.getElementById('boot').textContent); return [b.stage_token, b.whip] })()"
    )
    await desk.close()
    floor = await another(studio, "Hum", (480, 270))
    interpreter = Looper(lectern.url + address, token, tone(1000), video=False)
    try:
        desk = await (await chromium.new_context(viewport={"width": 1440, "height": 900})).new_page()
        watch_for_trouble(desk, trouble)
        await desk.goto(french)
        await desk.wait_for_selector("text=You hear the stage: yes", timeout=40_000)
        assert await desk.locator("select").count() == 0, "there is nobody else to hear"
        await until(partial(tuned, desk, "video", 300, 600), within=40, what="the stage's tone is heard")
        await interpreter.start()
        choice = desk.get_by_label("You interpret from")
        await choice.wait_for(timeout=20_000)
        await expect(choice.locator("option")).to_have_text(["The stage", "Nederlands"])  # never one's own language
        await choice.select_option(label="Nederlands")
        await desk.wait_for_selector("text=You hear Nederlands: yes", timeout=40_000)
        await until(partial(tuned, desk, "audio", 900, 1100), within=40, what="the other interpreter's tone is heard")
        await until(
            partial(desk.evaluate, "[...document.querySelectorAll('video')].every((one) => one.volume === 0)"),
            what="the stage is silent",
        )
        await interpreter.stop()
        await desk.wait_for_selector("text=You hear Nederlands: no", timeout=40_000)
        await desk.wait_for_selector("text=You hear the stage: yes", timeout=40_000)
        await until(
            partial(desk.evaluate, "[...document.querySelectorAll('video')].every((one) => one.volume > 0)"),
            what="the stage is heard",
        )
    finally:
        await interpreter.stop()
        await floor.stop()
    assert trouble == []


TUNED = """(kind) => {
  window.tuned ??= {};
  const heard = (window.tuned[kind] ??= { streams: new Set(), context: new AudioContext() });
  heard.analyser ??= new AnalyserNode(heard.context, { fftSize: 4096 });
  for (const { srcObject: stream } of document.querySelectorAll(kind)) {
    if (!stream?.getAudioTracks().length || heard.streams.has(stream)) continue;
    heard.streams.add(stream);
    heard.context.createMediaStreamSource(stream).connect(heard.analyser);
  }
  const bins = new Float32Array(heard.analyser.frequencyBinCount);
  heard.analyser.getFloatFrequencyData(bins);
  let best = 3;
  bins.forEach((value, place) => { if (place > 3 && value > bins[best]) best = place });
  return bins[best] > -70 ? best * heard.context.sampleRate / heard.analyser.fftSize : 0;
}"""
"""The strongest tone that comes by all pictures or sounds of a page, in hertz."""


async def tuned(page: Page, kind: str, above: float, below: float) -> bool:
    return above < float(await page.evaluate(TUNED, kind)) < below


async def hears(page: Page, *, below: float = 1e9, above: float = 0.0) -> bool:
    if float(await page.evaluate(LOUDEST)) < 0.01:
        return False
    hertz = float(await page.evaluate(STRONGEST))
    return above < hertz < below
