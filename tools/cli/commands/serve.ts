/*
 * pagewright serve: builds what is missing, writes the page and serves it on this machine.
 */
import { join } from 'node:path';
import { buildPage } from '../../web/buildPage.ts';
import { serveFolder } from '../../web/server.ts';
import { RunError, stringOption, UsageError, type Command } from '../command.ts';
import { buildOrExplain } from './build.ts';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Serve the page in which the kernel boots, on this machine.',
  options: {
    port: { type: 'string', value: 'N', help: 'port to listen on (default 8080; 0 for any free one)' },
    json: { type: 'boolean', help: 'print the address as JSON' },
  },
  async run(values, _operands, root, output) {
    const text = stringOption(values, 'port') ?? '8080';
    const port = Number(text);
    if (!/^\d+$/.test(text) || port > 65535) throw new UsageError('--port takes a number from 0 to 65535');
    const project = buildOrExplain(root, { defines: new Map() }, output);
    if (project === null) return 1;
    output.progress('writing the page');
    const folder = join(root, 'dist', 'web');
    await buildPage(root, folder, project);
    const server = await serveFolder(folder, port).catch((error: unknown) => {
      throw new RunError(`cannot listen on port ${port}: ${error instanceof Error ? error.message : String(error)}`);
    });
    output.write(
      values['json'] === true
        ? `${JSON.stringify({ url: server.url })}\n`
        : `Pagewright is at ${server.url} (Ctrl-C ends)\n`,
    );
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    await server.close();
    return 0;
  },
};
