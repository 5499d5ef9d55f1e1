/*
 * What the lowering of all programs of a build shares: the checker's answers, types, layouts, constants, instances.
 */

import { ConstantTable } from './constants.ts';
import type { Reporter } from './diagnostics.ts';
import { EntityTable } from './entities.ts';
import { InstanceTable } from './instances.ts';
import { Layouts } from './layout.ts';
import { TypeResolver } from './resolve-type.ts';
import type { ts } from './typescript.ts';

interface WorldOptions {
  readonly checker: ts.TypeChecker;
  readonly reporter: Reporter;
  /** Symbols are named by paths relative to this folder. */
  readonly root: string;
  readonly sources: readonly ts.SourceFile[];
  readonly library: ReadonlySet<ts.SourceFile>;
  readonly defines: ReadonlyMap<string, number | boolean>;
}

export class World {
  readonly checker: ts.TypeChecker;
  readonly reporter: Reporter;
  readonly defines: ReadonlyMap<string, number | boolean>;
  readonly entities: EntityTable;
  readonly constants: ConstantTable;
  readonly resolver: TypeResolver;
  readonly layouts: Layouts;
  readonly instances: InstanceTable;
  /** Keys of the function instances that some module has. */
  readonly lowered = new Set<string>();

  constructor({ checker, reporter, root, sources, library, defines }: WorldOptions) {
    this.checker = checker;
    this.reporter = reporter;
    this.defines = defines;
    this.entities = new EntityTable(checker, reporter, root, library, sources);
    this.constants = new ConstantTable(this);
    this.resolver = new TypeResolver(this.entities, reporter, this.constants);
    this.layouts = new Layouts(this.resolver, reporter);
    this.instances = new InstanceTable(this.entities, this.resolver, reporter);
  }
}
