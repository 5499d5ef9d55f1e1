/*
 * The part of the WebAssembly JavaScript interface that this folder uses. Neither the es2023 library nor Node's types
 * declare it, and the DOM library would bring a browser's names into code that also runs where there are none.
 */
declare namespace WebAssembly {
  type ExternKind = 'function' | 'global' | 'memory' | 'table';
  type ImportValue = ((...args: number[]) => number) | Global | Memory | Table;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  type Exports = Record<string, ImportValue>;

  class Global<T extends 'i32' = 'i32'> {
    constructor(descriptor: { value: T; mutable?: boolean }, value?: number);
    value: number;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Table {
    set(index: number, value: ImportValue | null): void;
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class RuntimeError extends Error {}

  function instantiate(
    bytes: Uint8Array<ArrayBuffer>,
    imports?: Imports,
  ): Promise<{ module: Module; instance: Instance }>;
}
