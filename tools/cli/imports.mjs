/*
 * Checks the direction of imports: kernel <- emulator <- tools <- test; the compiler knows neither kernel nor emulator;
 * programs know the ABI alone. And there are no circular imports.
 *
 * esbuild reads the graph. It drops imports of types alone, so structs may point at each other across modules.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A file that matches `from` must not import one that matches `to`. */
const rules = [
  { from: /^kernel\//, to: /^(?!kernel\/)/, why: 'the kernel imports nothing from outside' },
  { from: /^kernel\/user\//, to: /^kernel\/(?!user\/|abi\/)/, why: 'programs know the ABI alone' },
  { from: /^kernel\/(?!user\/)/, to: /^kernel\/user\//, why: 'the kernel does not import programs' },
  { from: /^kernel\/abi\//, to: /^(?!kernel\/abi\/)/, why: 'the ABI stands alone' },
  { from: /^tools\/compiler\//, to: /^(?!tools\/compiler\/)/, why: 'the compiler knows neither kernel nor emulator' },
  {
    from: /^emulator\//,
    to: /^(?!emulator\/|kernel\/abi\/)/,
    why: 'the emulator knows the kernel only through its ABI',
  },
  { from: /^(?!test\/)/, to: /^test\//, why: 'nothing imports tests' },
];

async function readGraph() {
  const entryPoints = sourceFiles();
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    write: false,
    outdir: 'nowhere',
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    logLevel: 'error',
    tsconfigRaw: '{}', // with verbatimModuleSyntax, an import of nothing but types would count
  });
  return new Map(
    Object.entries(metafile.inputs).map(([file, input]) => [
      file,
      input.imports.filter((i) => !i.external).map((i) => i.path),
    ]),
  );
}

function sourceFiles() {
  const folders = ['kernel', 'emulator', 'tools', 'test'];
  const isGuestFixture = (file) => /^(test\/compiler\/(fixtures|programs)|tools\/bench\/programs)\//.test(file);
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => `${folder}/${file}`))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !isGuestFixture(file));
}

/** The cycles that a depth-first walk meets, each as the files in their order. */
function findCycles(graph) {
  const state = new Map();
  const path = [];
  const cycles = [];
  const visit = (file) => {
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === 'open') cycles.push([...path.slice(path.indexOf(next)), next]);
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return cycles;
}

const graph = await readGraph();
const faults = [...graph].flatMap(([file, imports]) =>
  imports.flatMap((to) =>
    rules
      .filter((rule) => rule.from.test(file) && rule.to.test(to))
      .map((rule) => `${file} imports ${to}: ${rule.why}`),
  ),
);
for (const cycle of findCycles(graph)) faults.push(`circular: ${cycle.join(' -> ')}`);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
