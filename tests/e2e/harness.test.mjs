// What the journeys stand on: a browser that starts, and fonts for the scripts they are judged by.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage } from './support/browser.mjs';

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

test('pages look as asked', async () => {
  const { page } = await openPage(browser, { size: 'narrow', dark: true, locale: 'ar-EG' });
  const seen = await page.evaluate(() => ({
    width: innerWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    language: navigator.language,
  }));
  assert.deepEqual(seen, { width: 390, dark: true, language: 'ar-EG' });
});

test('problems of a page are collected', async () => {
  const { page, problems } = await openPage(browser);
  await page.setContent('<script>console.error("seen"); setTimeout(() => { throw new Error("thrown") })</script>');
  await page.waitForFunction(() => document.readyState === 'complete');
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  assert.deepEqual(problems.sort(), ['console: seen', 'uncaught: thrown']);
});

test('there are glyphs for every script a screenshot shows', async () => {
  const { page } = await openPage(browser);
  // Draws a text and returns its picture. What no font has is drawn as the box of an unassigned character.
  const draw = (text) =>
    page.evaluate((text) => {
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = 40;
      const pen = canvas.getContext('2d');
      pen.font = '24px sans-serif';
      pen.textBaseline = 'top';
      pen.fillText(text, 4, 4);
      return canvas.toDataURL();
    }, text);
  const [box, nothing] = [await draw('\u{e0fff}'), await draw('')];
  for (const text of ['A', 'ß', 'Ж', 'ع', 'ש', 'ไ', 'अ', '😀']) {
    const drawn = await draw(text);
    assert.ok(drawn !== box && drawn !== nothing, `no font has ${text}`);
  }
});
