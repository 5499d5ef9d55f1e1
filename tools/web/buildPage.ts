/*
 * Writes the static page: a folder that any web server can serve, with no other origin involved.
 *
 * Page and worker are bundled with esbuild; v86's wasm core, the kernel and the initial RAM disk are copied beside them.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The images that the page boots. */
export interface PageImages {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
}

export interface PageSummary {
  readonly folder: string;
  /** Name and size in bytes of each file of the page. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** Builds the page into `folder`, replacing what is there. `root` is the project's folder. */
export async function buildPage(root: string, folder: string, images: PageImages): Promise<PageSummary> {
  const source = join(root, 'emulator', 'web');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { build } = await import('esbuild'); // takes a while to load, and most commands do without
  await build({
    absWorkingDir: root,
    entryPoints: [join(source, 'page.ts'), join(source, 'worker.ts'), join(source, 'page.css')],
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'error',
    // v86 looks for Node's modules only when it runs under Node.
    external: ['node:*', 'crypto', 'fs', 'perf_hooks'],
  });
  copyFileSync(join(source, 'index.html'), join(folder, 'index.html'));
  copyFileSync(join(root, 'node_modules', 'v86', 'build', 'v86.wasm'), join(folder, 'v86.wasm'));
  writeFileSync(join(folder, 'kernel.elf'), images.kernel);
  writeFileSync(join(folder, 'initrd.cpio'), images.initrd);
  const files = readdirSync(folder).map((name) => ({ name, bytes: statSync(join(folder, name)).size }));
  return { folder, files };
}
