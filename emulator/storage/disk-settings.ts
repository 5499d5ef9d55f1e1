/*
 * What software can set in a disk: geometry, sectors for one interrupt, transfer mode, caches.
 *
 * The setters answer whether the disk takes the value; if not, the command is aborted.
 *
 * Source: ATA/ATAPI-6 (T13/1410D), 8.37 (SET FEATURES), 8.39 (SET MULTIPLE MODE); ATA-5, 8.16 (INITIALIZE DEVICE PARAMETERS).
 */

import type { Stateful, StateStream } from '../state.ts';
import {
  defaultGeometry,
  type Geometry,
  LARGEST_MULTIPLE,
  LAST_MULTIWORD_MODE,
  LAST_ULTRA_MODE,
  type Settings,
  TRANSFER_MULTIWORD,
  TRANSFER_ULTRA,
  translation,
} from './identify.ts';

const FEATURE_WRITE_CACHE_ON = 0x02;
const FEATURE_TRANSFER_MODE = 0x03;
const FEATURE_READ_AHEAD_OFF = 0x55;
const FEATURE_KEEP_ON_RESET = 0x66;
const FEATURE_WRITE_CACHE_OFF = 0x82;
const FEATURE_READ_AHEAD_ON = 0xaa;
const FEATURE_REVERT_ON_RESET = 0xcc;

export class DiskSettings implements Settings, Stateful {
  readonly #sectors: number;
  #geometry: Geometry;
  #multiple = LARGEST_MULTIPLE;
  #transferMode = TRANSFER_ULTRA | LAST_ULTRA_MODE;
  #writeCache = true;
  #readAhead = true;
  #revertsOnReset = false;

  /** The settings after power-on, of a disk with so many sectors. */
  constructor(sectors: number) {
    this.#sectors = sectors;
    this.#geometry = defaultGeometry(sectors);
  }

  get geometry(): Geometry {
    return this.#geometry;
  }

  get multiple(): number {
    return this.#multiple;
  }

  get transferMode(): number {
    return this.#transferMode;
  }

  get writeCache(): boolean {
    return this.#writeCache;
  }

  get readAhead(): boolean {
    return this.#readAhead;
  }

  transferState(state: StateStream): void {
    this.#geometry = {
      cylinders: state.number(this.#geometry.cylinders),
      heads: state.number(this.#geometry.heads),
      sectorsPerTrack: state.number(this.#geometry.sectorsPerTrack),
    };
    this.#multiple = state.number(this.#multiple);
    this.#transferMode = state.number(this.#transferMode);
    this.#writeCache = state.flag(this.#writeCache);
    this.#readAhead = state.flag(this.#readAhead);
    this.#revertsOnReset = state.flag(this.#revertsOnReset);
  }

  /** A software reset leaves the settings alone unless SET FEATURES asked for the contrary. */
  reset(): void {
    if (!this.#revertsOnReset) return;
    this.#geometry = defaultGeometry(this.#sectors);
    this.#multiple = LARGEST_MULTIPLE;
    this.#transferMode = TRANSFER_ULTRA | LAST_ULTRA_MODE;
    this.#writeCache = true;
    this.#readAhead = true;
  }

  setGeometry(heads: number, sectorsPerTrack: number): boolean {
    if (sectorsPerTrack === 0) return false;
    this.#geometry = translation(this.#sectors, heads, sectorsPerTrack);
    return true;
  }

  /** A power of two up to the largest, or 0 to turn READ/WRITE MULTIPLE off. */
  setMultiple(sectors: number): boolean {
    if (sectors > LARGEST_MULTIPLE || (sectors & (sectors - 1)) !== 0) return false;
    this.#multiple = sectors;
    return true;
  }

  /** SET FEATURES; `parameter` is the count register. */
  setFeature(feature: number, parameter: number): boolean {
    switch (feature) {
      case FEATURE_WRITE_CACHE_ON:
      case FEATURE_WRITE_CACHE_OFF:
        this.#writeCache = feature === FEATURE_WRITE_CACHE_ON;
        return true;
      case FEATURE_READ_AHEAD_ON:
      case FEATURE_READ_AHEAD_OFF:
        this.#readAhead = feature === FEATURE_READ_AHEAD_ON;
        return true;
      case FEATURE_KEEP_ON_RESET:
      case FEATURE_REVERT_ON_RESET:
        this.#revertsOnReset = feature === FEATURE_REVERT_ON_RESET;
        return true;
      case FEATURE_TRANSFER_MODE:
        return this.#setTransferMode(parameter);
      default:
        return false;
    }
  }

  /** PIO by default (00h, 01h), PIO with flow control (08h to 0Ch), multiword DMA (20h on), Ultra DMA (40h on). */
  #setTransferMode(mode: number): boolean {
    const kind = mode & 0xf8;
    const number = mode & 7;
    const isPio = mode <= 1 || (kind === 8 && number <= 4);
    const isMultiword = kind === TRANSFER_MULTIWORD && number <= LAST_MULTIWORD_MODE;
    const isUltra = kind === TRANSFER_ULTRA && number <= LAST_ULTRA_MODE;
    // PIO and DMA modes are chosen independently: a PIO mode leaves the DMA mode as it is.
    if (isMultiword || isUltra) this.#transferMode = mode;
    return isPio || isMultiword || isUltra;
  }
}
