/*
 * The compiler in a browser: a worker in Chromium makes the same bytes as Node, from the same sources.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { diskFiles } from '../../tools/build/diskFiles.ts';
import { Compiler, type ImageSpec } from '../../tools/compiler/compile.ts';
import { serveFolder, type FolderServer } from '../../tools/web/server.ts';
import { browserArguments } from './browser.ts';
import type { CompileAnswer, CompileRequest } from './compilerWorker.ts';

const root = join(import.meta.dirname, '..', '..');
const kernel = join(root, 'kernel');
const library = join(root, 'tools', 'compiler', 'library');

let server: FolderServer;
let browser: Browser;

beforeAll(async () => {
  const folder = join(inject('imageFolder'), 'compiler');
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(root, 'test', 'page', 'compilerWorker.ts')],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
    external: ['fs', 'path', 'os', 'crypto', 'inspector', 'perf_hooks', 'source-map-support'],
  });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>compiler</title><link rel="icon" href="data:,">');
  server = await serveFolder(folder, 0);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: browserArguments });
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** All sources below a folder, by absolute path. */
function sourcesBelow(folder: string): (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [join(folder, name), readFileSync(join(folder, name), 'utf8')] as const);
}

/** Sends the request to a new worker in a new page. */
async function compileInBrowser(request: CompileRequest): Promise<{ elf: number[] | null; diagnostics: string }> {
  const page = await browser.newPage();
  try {
    await page.goto(server.url);
    return await page.evaluate(async (message) => {
      const worker = new Worker('worker.js', { type: 'module' });
      const answer = await new Promise<CompileAnswer>((resolve, reject) => {
        worker.addEventListener('message', (event: MessageEvent<CompileAnswer>) => resolve(event.data));
        worker.addEventListener('error', (event) => reject(new Error(event.message)));
        worker.postMessage(message);
      });
      return { elf: answer.elf === null ? null : [...answer.elf], diagnostics: answer.diagnostics };
    }, request);
  } finally {
    await page.close();
  }
}

test.each<ImageSpec>([
  { name: 'cat', entry: join(kernel, 'user', 'cat.ts'), kind: 'program' },
  { name: 'kernel', entry: join(kernel, 'arch', 'x86', 'boot.ts'), kind: 'kernel' },
])('$name comes out as in Node', async (image) => {
  // The types are looked at there, and by every build before tests.
  const areAllTypesRight = () => () => true;
  const options = { files: diskFiles, root: kernel, library, images: [image], defines: new Map(), areAllTypesRight };
  const here = new Compiler(options).build();
  const sources = [...sourcesBelow(kernel), ...sourcesBelow(library)];
  const { elf, diagnostics } = await compileInBrowser({ sources, root: kernel, library, image });
  expect(diagnostics).toBe('');
  expect(Uint8Array.from(elf!)).toEqual(here.images.get(image.name)!.stripped);
});

test('a fault is shown as in Node', async () => {
  const entry = '/program.ts';
  const sources = [...sourcesBelow(library), [entry, 'export function start(): void {\n  throw 1;\n}\n'] as const];
  const image: ImageSpec = { name: 'program', entry, kind: 'program' };
  const { elf, diagnostics } = await compileInBrowser({ sources, root: '/', library, image });
  expect(elf).toBeNull();
  expect(diagnostics).toMatch(/\/program\.ts:2:3: error PW\d+/);
});
