export class BootModule {
  start: u32; // physical
  end: u32;
}
export declare function bootModuleCount(): u32;
export declare function bootModule(index: u32): BootModule;
