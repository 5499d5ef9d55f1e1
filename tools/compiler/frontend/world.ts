/*
 * What the lowering of all programs of a build shares: names, types, layouts, constants, instances.
 */

import type { IrFunction } from '../ir/types.ts';
import type { ts } from '../syntax/index.ts';
import { Catalogue } from './catalogue.ts';
import { ConstantTable } from './constants.ts';
import type { Reporter } from './diagnostics.ts';
import { ambiguousClassNames, EntityTable } from './entities.ts';
import { InstanceTable } from './instances.ts';
import { Layouts } from './layout.ts';
import { Names } from './names.ts';
import type { Sources } from './program.ts';
import { TypeResolver } from './resolve-type.ts';

interface WorldOptions {
  readonly reporter: Reporter;
  /** Symbols are named by paths relative to this folder. */
  readonly root: string;
  readonly sources: Sources;
  /** Paths of the files that declare what there is without an import. */
  readonly library: readonly string[];
  readonly defines: ReadonlyMap<string, number | boolean>;
  /** Names that several classes have. Default: those among `sources`. */
  readonly ambiguousNames?: ReadonlySet<string>;
  /** What is done to lowered functions. */
  readonly improve: (fn: IrFunction) => void;
}

export class World {
  readonly reporter: Reporter;
  readonly defines: ReadonlyMap<string, number | boolean>;
  readonly entities: EntityTable;
  readonly constants: ConstantTable;
  readonly resolver: TypeResolver;
  readonly layouts: Layouts;
  readonly instances: InstanceTable;
  readonly catalogue: Catalogue;

  constructor({ reporter, root, sources, library, defines, ambiguousNames, improve }: WorldOptions) {
    this.reporter = reporter;
    this.defines = defines;
    const names = new Names(sources);
    const isLibrary = ({ fileName }: ts.SourceFile): boolean => library.includes(fileName);
    const own = sources.all.filter((source) => !isLibrary(source));
    const ambiguous = ambiguousNames ?? ambiguousClassNames(own);
    this.entities = new EntityTable(names, reporter, root, new Set(sources.all.filter(isLibrary)), ambiguous);
    this.constants = new ConstantTable(this);
    this.resolver = new TypeResolver(this.entities, reporter, this.constants);
    this.layouts = new Layouts(this.resolver, reporter);
    this.catalogue = new Catalogue(this, improve);
    this.instances = new InstanceTable(this.entities, this.resolver, reporter);
  }
}
