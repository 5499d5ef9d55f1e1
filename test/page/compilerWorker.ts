/*
 * The compiler in a browser worker: receives sources, answers with the image's bytes or the diagnostics' text.
 */
import { Compiler, type ImageSpec } from '../../tools/compiler/compile.ts';
import { formatDiagnostics } from '../../tools/compiler/frontend/index.ts';

export interface CompileRequest {
  readonly sources: readonly (readonly [path: string, text: string])[];
  readonly root: string;
  readonly library: string;
  readonly image: ImageSpec;
}

export interface CompileAnswer {
  readonly elf: Uint8Array | null;
  readonly diagnostics: string;
}

addEventListener('message', (event: MessageEvent<CompileRequest>) => {
  const { sources, root, library, image } = event.data;
  const texts = new Map(sources);
  const files = { readFile: (path: string) => texts.get(path) };
  const result = new Compiler({ files, root, library, images: [image], defines: new Map() }).build();
  const answer: CompileAnswer = {
    elf: result.images.get(image.name)?.stripped ?? null,
    diagnostics: formatDiagnostics(result.diagnostics, { files, colour: false }),
  };
  postMessage(answer);
});
