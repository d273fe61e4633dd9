// Headless Chromium as Debian ships it, driven by playwright-core.

import { mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Where screenshots and logs of a run are kept, for looking at. */
export const results = fileURLToPath(new URL('../../../test-results/e2e/', import.meta.url));

/** Window sizes by name. */
export const sizes = {
  wide: { width: 1440, height: 900 },
  narrow: { width: 390, height: 844 },
};

/** Starts the browser. ISM_CHROMIUM names another executable than Debian's. */
export async function launchBrowser() {
  const executablePath = process.env.ISM_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is missing: run scripts/setup.sh test, or name another Chromium in ISM_CHROMIUM`);
  }
  return chromium.launch({
    executablePath,
    args: [
      // The sandbox cannot be set up by root, as in most CI containers; only our own pages are opened.
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * Opens a page that shares nothing with any other. What goes wrong in it unseen, `problems` collects:
 * uncaught errors, error messages on the console and failed requests for scripts, styles, fonts and pictures.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {{ size?: keyof typeof sizes, dark?: boolean, locale?: string, baseURL?: string }} [look]
 */
export async function openPage(browser, { size = 'wide', dark = false, locale = 'en-GB', baseURL } = {}) {
  const context = await browser.newContext({
    baseURL,
    locale,
    timezoneId: 'Europe/Berlin',
    viewport: sizes[size],
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  /** @type {string[]} */
  const problems = [];
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    // Going to another page cancels what the last one was still loading.
    if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
    if (['script', 'stylesheet', 'font', 'image'].includes(request.resourceType())) {
      problems.push(`not loaded: ${request.url()} (${request.failure()?.errorText})`);
    }
  });
  return { page, context, problems };
}

/**
 * Keeps a picture of the page under test-results/e2e.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
export async function screenshot(page, name) {
  await mkdir(results, { recursive: true });
  return page.screenshot({ path: join(results, `${name}.png`), animations: 'disabled', caret: 'hide' });
}
