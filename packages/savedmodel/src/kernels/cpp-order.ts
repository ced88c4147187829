/**
 * Orders in which the C++ library that TensorFlow is built with leaves elements that compare equal. Its answers depend on
 * them: `std::priority_queue` and `std::sort` promise nothing of equal elements, but do the same every time.
 */

/** Whether `a` stands behind `b`: for a queue, whether `b` leaves first; for a sort, whether `a` is to stand before `b`. */
export type Less<T> = (a: T, b: T) => boolean;

/** Moves a value up from `hole` to where no parent is less. */
function siftUp<T>(heap: T[], hole: number, top: number, value: T, less: Less<T>): void {
  let at = hole;
  for (let parent = (at - 1) >> 1; at > top && less(heap[parent] as T, value); parent = (at - 1) >> 1) {
    heap[at] = heap[parent] as T;
    at = parent;
  }
  heap[at] = value;
}

/** Moves the hole down to a leaf, along the greater children, and puts the value there: it comes up again if need be. */
function siftDown<T>(heap: T[], top: number, length: number, value: T, less: Less<T>): void {
  let hole = top;
  let child = top;
  while (child < (length - 1) >> 1) {
    child = 2 * child + 2;
    if (less(heap[child] as T, heap[child - 1] as T)) child--;
    heap[hole] = heap[child] as T;
    hole = child;
  }
  if (length % 2 === 0 && child === (length - 2) >> 1) {
    child = 2 * child + 1;
    heap[hole] = heap[child] as T;
    hole = child;
  }
  siftUp(heap, hole, top, value, less);
}

/** `std::priority_queue`: what is not less than anything else leaves first. */
export class PriorityQueue<T> {
  private readonly heap: T[] = [];

  constructor(private readonly less: Less<T>) {}

  get size(): number {
    return this.heap.length;
  }

  push(value: T): void {
    siftUp(this.heap, this.heap.length, 0, value, this.less);
  }

  pop(): T | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0) siftDown(heap, 0, heap.length, last as T, this.less);
    return first;
  }
}

/** Up to this many elements are left to the insertion sort at the end. */
const SMALL = 16;

/** `std::sort`: sorts in place. */
export function sort<T>(values: T[], less: Less<T>): void {
  if (values.length === 0) return;
  partitionAll(values, 0, values.length, 2 * Math.floor(Math.log2(values.length)), less);
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as T;
    let at = i;
    while (at > 0 && less(value, values[at - 1] as T)) {
      values[at] = values[at - 1] as T;
      at--;
    }
    values[at] = value;
  }
}

/** Quicksort down to small parts, the upper part first; a heap sort where the parts do not get smaller. */
function partitionAll<T>(values: T[], first: number, end: number, depth: number, less: Less<T>): void {
  let [last, left] = [end, depth];
  while (last - first > SMALL) {
    if (left === 0) {
      heapSort(values, first, last, less);
      return;
    }
    left--;
    const cut = partition(values, first, last, less);
    partitionAll(values, cut, last, left, less);
    last = cut;
  }
}

/** Splits at the median of three elements, which goes to the front. */
function partition<T>(values: T[], first: number, last: number, less: Less<T>): number {
  const swap = (i: number, j: number) => ([values[i], values[j]] = [values[j] as T, values[i] as T]);
  const [a, b, c] = [first + 1, first + ((last - first) >> 1), last - 1];
  const isLess = (i: number, j: number) => less(values[i] as T, values[j] as T);
  if (isLess(a, b)) swap(first, isLess(b, c) ? b : isLess(a, c) ? c : a);
  else swap(first, isLess(a, c) ? a : isLess(b, c) ? c : b);
  let [low, high] = [first + 1, last];
  // Where numbers do not compare as numbers do, nothing stops at the pivot.
  for (;;) {
    while (low < values.length && isLess(low, first)) low++;
    high--;
    while (high > first && isLess(first, high)) high--;
    if (low >= high) return low;
    swap(low, high);
    low++;
  }
}

function heapSort<T>(values: T[], first: number, last: number, less: Less<T>): void {
  const heap = values.slice(first, last);
  for (let top = (heap.length - 2) >> 1; top >= 0; top--) siftDown(heap, top, heap.length, heap[top] as T, less);
  for (let end = heap.length - 1; end > 0; end--) {
    const value = heap[end] as T;
    heap[end] = heap[0] as T;
    siftDown(heap, 0, end, value, less);
  }
  for (let i = 0; i < heap.length; i++) values[first + i] = heap[i] as T;
}
