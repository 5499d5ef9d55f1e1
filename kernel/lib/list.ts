/*
 * Doubly linked circular lists, intrusive: the links live in the object, so that linking never allocates and unlinking
 * never searches.
 *
 * The head of a list is a ListHead of its own. An empty list, like an entry that is on no list, points to itself; hence
 * `unlink` of an entry that is already off is harmless.
 *
 *   for (let link = queue.next; link !== queue; link = link.next) {
 *     const task = as<Task>(u32(link) - offsetof<Task>('runLink'));
 *
 * Locking: that of whatever owns the list.
 */

export class ListHead {
  next: ListHead;
  prev: ListHead;

  /** Makes it an empty list, or an entry on no list. Needed once before anything else. */
  init(): void {
    this.next = this;
    this.prev = this;
  }

  isEmpty(): boolean {
    return this.next === this;
  }

  /** Is this entry on a list? */
  isLinked(): boolean {
    return this.next !== this;
  }

  /** Puts `entry`, which is on no list, in front of this one; called on a head: at the end of the list. */
  addBefore(entry: ListHead): void {
    const before = this.prev;
    entry.prev = before;
    entry.next = this;
    before.next = entry;
    this.prev = entry;
  }

  /** Puts `entry`, which is on no list, behind this one; called on a head: at the front of the list. */
  addAfter(entry: ListHead): void {
    this.next.addBefore(entry);
  }

  /** Takes this entry off its list. */
  unlink(): void {
    this.prev.next = this.next;
    this.next.prev = this.prev;
    this.init();
  }

  /** Takes the first entry off this list and returns it; null when there is none. */
  takeFirst(): ListHead | null {
    const first = this.next;
    if (first === this) return null;
    first.unlink();
    return first;
  }

  /** Appends all entries of `other` to this list; `other` is empty after. */
  spliceTail(other: ListHead): void {
    if (other.isEmpty()) return;
    const first = other.next;
    const last = other.prev;
    first.prev = this.prev;
    this.prev.next = first;
    last.next = this;
    this.prev = last;
    other.init();
  }
}
