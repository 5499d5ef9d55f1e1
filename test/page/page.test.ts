/*
 * The page in a real browser: it boots, answers what is typed, pauses, resets, and keeps its choice in the address.
 */
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { buildPage } from '../../tools/web/buildPage.ts';
import { serveFolder, type FolderServer } from '../../tools/web/server.ts';
import { builtFile } from '../support/guest.ts';
import { browserArguments } from './browser.ts';

const root = join(import.meta.dirname, '..', '..');

let server: FolderServer;
let browser: Browser;

beforeAll(async () => {
  const folder = join(inject('imageFolder'), 'web');
  await buildPage(root, folder, { kernel: builtFile('kernel.elf'), initrd: builtFile('initrd.cpio') });
  server = await serveFolder(folder, 0);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: browserArguments });
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** What the terminal shows, line by line, without trailing blanks. */
async function screen(page: Page): Promise<string> {
  const rows = await page.locator('.xterm-rows > div').allTextContents();
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
}

async function waitForReady(page: Page): Promise<void> {
  await page.waitForFunction(() => document.body.dataset['phase'] === 'ready');
}

/** Waits until the terminal shows something that matches. */
async function waitForText(page: Page, pattern: RegExp): Promise<void> {
  await expect.poll(() => screen(page)).toMatch(pattern);
}

async function openPage(
  query = '',
  viewport = { width: 1280, height: 720 },
): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(server.url + query);
  return { page, errors };
}

describe('the page', () => {
  test('boots, answers a command, resets, and boots again', async () => {
    const { page, errors } = await openPage();
    await waitForReady(page);
    await page.keyboard.type('ls /bin\n');
    await waitForText(page, /\buname\b[\s\S]*pagewright:\/#$/m);
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.waitForFunction(() => document.body.dataset['phase'] !== 'ready');
    await waitForReady(page);
    await waitForText(page, /pagewright:\/#/);
    expect(await screen(page)).not.toMatch(/\buname\b/);
    await page.keyboard.type('echo once again\n');
    await waitForText(page, /^once again$/m);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('pauses and resumes', async () => {
    const { page } = await openPage();
    await waitForReady(page);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#terminal').click();
    await page.keyboard.type('echo held\n');
    const resume = page.getByRole('button', { name: 'Resume' });
    expect(await resume.getAttribute('aria-pressed')).toBe('true');
    expect(await screen(page)).not.toMatch(/^held$/m);
    await resume.click();
    await waitForText(page, /^held$/m);
    await page.close();
  });

  test('takes seed, memory and CPUs from the address, and writes them there', async () => {
    const { page } = await openPage('?seed=7&memory=8&cpus=2');
    await waitForReady(page);
    expect(await page.inputValue('#seed')).toBe('7');
    await page.keyboard.type('free\n');
    await waitForText(page, /total[\s\S]*\b7\d\d\d\b/);
    await page.keyboard.type('nproc\n');
    await waitForText(page, /^2$/m);
    await page.fill('#memory', '32');
    await page.getByRole('button', { name: 'Reset' }).click();
    await waitForReady(page);
    expect(new URL(page.url()).search).toBe('?seed=7&memory=32&cpus=2');
    await page.close();
  });

  test('fits a phone: nothing overflows, and the keys that a phone lacks are there', async () => {
    const { page } = await openPage('', { width: 360, height: 700 });
    await waitForReady(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.keyboard.type('sleep 1; stty size\n'); // until all of the page has its place
    const rows = await page.locator('.xterm-rows > div').count();
    await waitForText(page, new RegExp(`^${rows} [2-4]\\d$`, 'm'));
    await page.keyboard.type('cat\nhere\n');
    await waitForText(page, /^here\nhere$/m);
    await page.getByRole('button', { name: 'Ctrl-C' }).click();
    await waitForText(page, /\^C\n+pagewright:\/#/); // what is typed before cat has ended may still be cat's
    await page.keyboard.type('echo back\n');
    await waitForText(page, /^back$/m);
    await page.close();
  });

  test('can be used with the keyboard alone, and names its parts', async () => {
    const { page } = await openPage();
    await waitForReady(page);
    const names = await page.getByRole('button').allTextContents();
    expect(names).toEqual(expect.arrayContaining(['Reset', 'Pause']));
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await page.getByRole('status').first().textContent()).toBe('Paused');
    expect(await page.locator('.xterm-accessibility').count()).toBe(1);
    await page.close();
  });

  test('explains a senseless address; a pause hides neither that nor how the machine ended', async () => {
    const { page } = await openPage('?seed=9&memory=4&cpus=many');
    await page.getByRole('button', { name: 'Pause' }).click(); // before the machine is there
    const status = page.getByRole('status'); // the only live region: what changes all the time is none
    await expect.poll(() => status.textContent()).toMatch(/^Paused\./);
    await page.getByRole('button', { name: 'Resume' }).click();
    await waitForReady(page);
    expect(await status.textContent()).toMatch(/^Ready.*memory=4, .*8 to 512: 16 .*cpus=many, .*1 to 8: 1 /);
    await page.getByRole('link', { name: 'Skip to the terminal' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('poweroff\n');
    await expect.poll(() => status.textContent()).toMatch(/^The guest has switched itself off/);
    expect(await page.getByRole('button', { name: 'Pause' }).isDisabled()).toBe(true);
    await page.fill('#seed', '');
    await page.getByRole('button', { name: 'Reset' }).click();
    expect(await page.evaluate(() => document.querySelector('form')!.checkValidity())).toBe(false);
    await page.fill('#seed', '3');
    await page.getByRole('button', { name: 'Reset' }).click();
    await waitForReady(page);
    expect(await status.textContent()).toBe('Ready: type into the terminal');
    expect(new URL(page.url()).search).toBe('?seed=3&memory=16&cpus=1');
    await page.close();
  });

  test('says what is wrong when a part is missing', async () => {
    const page = await browser.newPage();
    await page.route('**/kernel.elf', (route) => route.fulfill({ status: 404, body: 'gone' }));
    await page.goto(server.url);
    await expect.poll(() => page.textContent('#status')).toMatch(/kernel\.elf: 404/);
    await page.route('**/worker.js', (route) => route.fulfill({ status: 404, body: 'gone' }));
    await page.reload();
    await expect.poll(() => page.textContent('#status')).toBe('The machine failed: cannot load worker.js');
    await page.close();
  });
});
