/*
 * Small objects: slab caches, and kmalloc on top of them.
 *
 * Idea (Bonwick, USENIX Summer 1994). A cache has objects of one size. It gets its memory a page at a time, a "slab",
 * divided into objects; a free object holds the address of the next free one of its slab. A cache keeps a list of the
 * slabs that have something free; full slabs are on no list, and an empty one goes back to the page allocator (but for
 * one, so that an object that comes and goes does not drag a page along).
 *
 * The page frame knows its cache (Page.cache), so that an object can be freed without saying what it is. All that is known
 * about a slab is there and nothing is in the slab itself: every byte of it belongs to an object, free or not, for as long
 * as the slab exists, which ends in one place (`freeSlab`).
 *
 * Objects of a cache with a constructor are made once, when their slab is, and keep their state while they are free; the
 * link of the free list then lies behind the object and not in it. slabDebug.ts adds poison and red zones.
 *
 * Alignment: 16 bytes, or the size if that is a power of two.
 *
 * Locking. (S) KmemCache.lock, interrupts off: the cache's lists and the Page fields of its slabs. Never held while the
 * page allocator is called. (N) cacheListLock: the list of all caches.
 */

import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { type ListHead } from '../lib/list.ts';
import { assert, panic } from '../lib/panic.ts';
import { checkFreed } from '../sync/lockChecker.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { allocPages, freePages, MAX_ORDER } from './buddy.ts';
import { type Page, PAGE_LARGE, PAGE_SLAB, pageAddress, virtToPage } from './page.ts';
import { checkUsed, markFree, markUsed, SLAB_DEBUG } from './slabDebug.ts';

/** The class of KmemCache.lock. */
export class SlabLock {
  declare readonly lock: 'slab';
}

/** The class of cacheListLock. */
export class CacheListLock {
  declare readonly lock: 'cacheList';
}

export class KmemCache {
  lock: Inline<Spinlock<SlabLock>>;
  name: string; // (C)
  objectSize: u32; // (C) what the user asked for
  stride: u32; // (C) from one object to the next
  linkOffset: u32; // (C) of the free list's link, within an object
  perSlab: u32; // (C) objects
  construct: ((object: Ptr<u8>) => void) | null; // (C)
  partial: Inline<ListHead>; // (S) of Page.link: slabs with a free object, empty ones last
  slabs: u32; // (S)
  emptySlabs: u32; // (S)
  objects: u32; // (S) handed out
  link: Inline<ListHead>; // (N) in the list of all caches
}

/** What kmalloc rounds up to: few bytes are lost in an object, none or few at the end of a slab. */
const sizes = table<u32, 10>(32, 64, 96, 128, 192, 256, 512, 1024, 1360, 2048);
const SIZES: u32 = 10;
/** Larger blocks are whole pages. */
const LARGEST: u32 = 2048;

const sizeCaches = zeroed<FixedArray<Inline<KmemCache>, 10>>();
/** The index in `sizes` for each size in units of 16 bytes, rounded up. */
const sizeClass = zeroed<FixedArray<u8, 129>>();
const cacheListLock = zeroed<Inline<Spinlock<CacheListLock>>>();
/** (N) of KmemCache.link. */
const allCaches = zeroed<Inline<ListHead>>();

/** Makes kmalloc work. */
export function initSlab(): void {
  cacheListLock.init('cacheList');
  allCaches.init();
  let units: u32 = 0;
  for (let i: u32 = 0; i < SIZES; i++) {
    initCache(sizeCaches[i], 'kmalloc', sizes[i], null);
    for (; units * 16 <= sizes[i]; units++) sizeClass[units] = u8(i);
  }
}

/** Prepares a cache in memory of the caller's. */
function initCache(
  cache: KmemCache,
  name: string,
  objectSize: u32,
  construct: ((object: Ptr<u8>) => void) | null,
): void {
  const rounded = (objectSize + 15) & ~15;
  const isLinkOutside = SLAB_DEBUG || construct !== null;
  cache.lock.init('slab');
  cache.name = name;
  cache.objectSize = objectSize;
  cache.linkOffset = isLinkOutside ? rounded : 0;
  cache.stride = isLinkOutside ? rounded + 16 : rounded;
  cache.perSlab = PAGE_SIZE / cache.stride;
  cache.construct = construct;
  cache.partial.init();
  cache.slabs = 0;
  cache.emptySlabs = 0;
  cache.objects = 0;
  using _list = cacheListLock.acquire();
  allCaches.addBefore(cache.link);
}

/**
 * Makes a cache of objects of `objectSize` bytes, at most 2048. `construct` (or null) is called once for each object, when
 * the memory for it comes, not each time that it is handed out. Null: no memory.
 */
export function kmemCacheCreate(
  name: string,
  objectSize: u32,
  construct: ((object: Ptr<u8>) => void) | null,
): KmemCache | null {
  assert(objectSize <= LARGEST, 'kmemCacheCreate: the objects are too large');
  const cache = allocate<KmemCache>();
  if (cache !== null) initCache(cache, name, objectSize, construct);
  return cache;
}

/** Ends a cache whose objects have all been given back; false, and nothing has happened: some have not. */
export function kmemCacheDestroy(cache: KmemCache): boolean {
  if (cache.objects !== 0) return false;
  unlistCache(cache);
  for (;;) {
    const page = takeEmptySlab(cache);
    if (page === null) break;
    freeSlab(page);
  }
  kfree(cache);
  return true;
}

function unlistCache(cache: KmemCache): void {
  using _list = cacheListLock.acquire();
  cache.link.unlink();
}

function takeEmptySlab(cache: KmemCache): Page | null {
  using _held = cache.lock.acquireIrqSave();
  const link = cache.partial.takeFirst();
  return link === null ? null : as<Page>(u32(link) - offsetof<Page>('link'));
}

/** A slab, which is on no list and has no objects in use, goes back to the page allocator. */
function freeSlab(page: Page): void {
  page.flags = 0;
  freePages(page, 0);
}

/** An object of the cache; null: no memory. Without a constructor, its contents are undefined. */
export function kmemCacheAlloc(cache: KmemCache): Ptr<u8> | null {
  const object = takeObject(cache);
  if (object !== null || !growCache(cache)) return object;
  // Somebody else may have been faster and taken all that is new; then there is no memory to speak of anyway.
  return takeObject(cache);
}

/** Gives an object back to the cache that it came from. */
export function kmemCacheFree(cache: KmemCache, object: Ptr<u8>): void {
  checkFreed(u32(object), cache.objectSize);
  const empty = putObject(cache, object);
  if (empty !== null) freeSlab(empty);
}

/**
 * Memory for anything: `size` bytes, contents undefined; null if there is none. Whole pages, and aligned so, if `size` is
 * 4096 or more; at most 4 MiB.
 */
export function kmalloc(size: u32): Ptr<u8> | null {
  if (size <= LARGEST) return kmemCacheAlloc(sizeCaches[sizeClass[(size + 15) >>> 4]]);
  let order: u32 = 0;
  while (PAGE_SIZE << order < size) {
    order++;
    if (order > MAX_ORDER) return null;
  }
  const page = allocPages(order);
  if (page === null) return null;
  page.flags = PAGE_LARGE;
  page.order = order;
  return pageAddress(page);
}

/** Frees what kmalloc, allocate or kmemCacheAlloc returned. */
export function kfree(block: object): void {
  const address = u32(block);
  const page = virtToPage(address);
  if ((page.flags & PAGE_SLAB) !== 0) {
    kmemCacheFree(as<KmemCache>(page.cache), ptr<u8>(address));
  } else if ((page.flags & PAGE_LARGE) !== 0 && address % PAGE_SIZE === 0) {
    checkFreed(address, PAGE_SIZE << page.order);
    page.flags = 0;
    freePages(page, page.order);
  } else {
    panic('kfree: %p was not allocated', address);
  }
}

/** A zeroed instance of a class; null: no memory. */
export function allocate<T extends object>(): T | null {
  const block = kmalloc(sizeof<T>());
  if (block === null) return null;
  fillBytes(block, 0, sizeof<T>());
  return as<T>(block);
}

/** Pages that all caches hold. For /proc/meminfo. */
export function slabPageCount(): u32 {
  using _list = cacheListLock.acquire();
  let sum: u32 = 0;
  for (let link = allCaches.next; link !== allCaches; link = link.next) {
    sum += as<KmemCache>(u32(link) - offsetof<KmemCache>('link')).slabs;
  }
  return sum;
}

/** The cache with number `index`, oldest first; null: there are fewer. It may go as soon as this returns. */
export function cacheAt(index: u32): KmemCache | null {
  using _list = cacheListLock.acquire();
  let left = index;
  for (let link = allCaches.next; link !== allCaches; link = link.next) {
    if (left === 0) return as<KmemCache>(u32(link) - offsetof<KmemCache>('link'));
    left--;
  }
  return null;
}

/** The link of a free object's list: the address of the next one, or 0. */
function linkOf(cache: KmemCache, object: u32): Ptr<u32> {
  return ptr<u32>(object + cache.linkOffset);
}

/** The word behind a link that lies outside of the object (slabDebug.ts). */
function zoneOf(cache: KmemCache, object: u32): u32 {
  return object + cache.linkOffset + 4;
}

function takeObject(cache: KmemCache): Ptr<u8> | null {
  using _held = cache.lock.acquireIrqSave();
  if (cache.partial.isEmpty()) return null;
  const page = as<Page>(u32(cache.partial.next) - offsetof<Page>('link'));
  const object = page.freeObject;
  page.freeObject = linkOf(cache, object)[0];
  if (page.freeObject === 0) page.link.unlink();
  if (page.inUse === 0) cache.emptySlabs--;
  page.inUse++;
  cache.objects++;
  if (SLAB_DEBUG) markUsed(cache.name, object, cache.objectSize, zoneOf(cache, object), cache.construct === null);
  return ptr<u8>(object);
}

/** Returns the slab if it is empty now and one too many: the caller frees it without the lock. */
function putObject(cache: KmemCache, object: Ptr<u8>): Page | null {
  const page = virtToPage(u32(object));
  using _held = cache.lock.acquireIrqSave();
  if (page.inUse === 0 || page.cache !== u32(cache)) panic('slab %s: %p is free already', cache.name, object);
  if (SLAB_DEBUG) {
    checkUsed(cache.name, u32(object), zoneOf(cache, u32(object)));
    markFree(u32(object), cache.objectSize, zoneOf(cache, u32(object)), cache.construct === null);
  }
  const wasFull = page.freeObject === 0;
  linkOf(cache, u32(object))[0] = page.freeObject;
  page.freeObject = u32(object);
  page.inUse--;
  cache.objects--;
  if (wasFull) cache.partial.addAfter(page.link);
  if (page.inUse !== 0) return null;
  page.link.unlink();
  if (cache.emptySlabs !== 0) {
    cache.slabs--;
    return page;
  }
  cache.emptySlabs++;
  cache.partial.addBefore(page.link);
  return null;
}

/** Adds a slab; false: no memory. */
function growCache(cache: KmemCache): boolean {
  const page = allocPages(0);
  if (page === null) return false;
  const first = u32(pageAddress(page));
  for (let i: u32 = 0; i < cache.perSlab; i++) {
    const object = first + i * cache.stride;
    if (cache.construct !== null) cache.construct(ptr<u8>(object));
    if (SLAB_DEBUG) markFree(object, cache.objectSize, zoneOf(cache, object), cache.construct === null);
    linkOf(cache, object)[0] = i + 1 < cache.perSlab ? object + cache.stride : 0;
  }
  page.flags = PAGE_SLAB;
  page.cache = u32(cache);
  page.freeObject = first;
  page.inUse = 0;
  using _held = cache.lock.acquireIrqSave();
  cache.slabs++;
  cache.emptySlabs++;
  cache.partial.addBefore(page.link);
  return true;
}
