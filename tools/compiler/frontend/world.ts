/*
 * What the lowering of all programs of a build shares: the checker's answers, types, layouts, constants, instances.
 */

import { Catalogue } from './catalogue.ts';
import { ConstantTable } from './constants.ts';
import type { Reporter } from './diagnostics.ts';
import { ambiguousClassNames, EntityTable } from './entities.ts';
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
  /** Names that several classes have. Default: those among `sources`. */
  readonly ambiguousNames?: ReadonlySet<string>;
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
  readonly catalogue: Catalogue;

  constructor({ checker, reporter, root, sources, library, defines, ambiguousNames }: WorldOptions) {
    this.checker = checker;
    this.reporter = reporter;
    this.defines = defines;
    this.entities = new EntityTable(checker, reporter, root, library, ambiguousNames ?? ambiguousClassNames(sources));
    this.constants = new ConstantTable(this);
    this.resolver = new TypeResolver(this.entities, reporter, this.constants);
    this.layouts = new Layouts(this.resolver, reporter);
    this.catalogue = new Catalogue(this);
    this.instances = new InstanceTable(this.entities, this.resolver, reporter);
  }
}
