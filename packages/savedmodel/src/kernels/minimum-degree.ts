import { Tensor } from '@servable/tensor';
import { columnsOf, rowsOf, type CsrMatrix, type CsrRows } from './csr-matrix.js';
import { invalidRequest } from './elements.js';

/** `SparseMatrixOrderingAMD`: an order of the rows in which a Cholesky factor fills little. */
export function orderCsr(matrix: CsrMatrix): Tensor {
  const size = rowsOf(matrix);
  if (size !== columnsOf(matrix)) {
    throw invalidRequest('NOT_SQUARE', `sparse matrix must be square; got: ${size} != ${columnsOf(matrix)}`);
  }
  const orders = matrix.parts.flatMap((part) => new QuotientGraph(adjacency(part)).order());
  return new Tensor('int32', matrix.shape.slice(0, -1), Int32Array.from(orders));
}

/** Neighbours of each row by the lower triangle, in rising order, the row itself among them if it has a diagonal entry. */
function adjacency({ rows, columns }: CsrRows): number[][] {
  const lists = Array.from({ length: rows.length - 1 }, (): number[] => []);
  for (let row = 0; row < lists.length; row++) {
    for (let i = rows[row]!; i < rows[row + 1]!; i++) {
      const column = columns[i]!;
      if (column > row) continue;
      lists[row]!.push(column);
      if (column !== row) lists[column]!.push(row);
    }
  }
  return lists;
}

/** Nodes by degree; the one that came last is taken first. */
class DegreeLists {
  private readonly heads: Int32Array;
  private readonly before: Int32Array;
  private readonly after: Int32Array;
  private least = 0;

  constructor(size: number) {
    [this.heads, this.before, this.after] = [new Int32Array(size + 1), new Int32Array(size), new Int32Array(size)];
    for (const list of [this.heads, this.before, this.after]) list.fill(-1);
  }

  put(node: number, degree: number): void {
    const first = this.heads[degree]!;
    if (first !== -1) this.before[first] = node;
    this.before[node] = -1;
    this.after[node] = first;
    this.heads[degree] = node;
    this.least = Math.min(this.least, degree);
  }

  remove(node: number, degree: number): void {
    const [before, after] = [this.before[node]!, this.after[node]!];
    if (after !== -1) this.before[after] = before;
    if (before === -1) this.heads[degree] = after;
    else this.after[before] = after;
  }

  /** @returns -1 when none is left */
  takeLeast(): number {
    while (this.least < this.heads.length - 1 && this.heads[this.least] === -1) this.least++;
    const node = this.heads[this.least]!;
    if (node !== -1) this.remove(node, this.least);
    return node;
  }
}

/**
 * Approximate minimum degree ordering (P. Amestoy, T. Davis, I. Duff, SIAM J. Matrix Anal. Appl. 17(4), 1996) with
 * aggressive absorption, mass elimination and supernodes. Where several nodes are as good, the choice is the one that
 * Eigen's `AMDOrdering` makes, as the order is what TensorFlow answers with.
 */
class QuotientGraph {
  private readonly size: number;
  /** How many rows a node stands for; 0 for one that another has absorbed. */
  private readonly weights: Int32Array;
  private readonly degrees: Int32Array;
  private readonly parents: Int32Array;
  private readonly isLive: Uint8Array;
  /** Of a node: the elements that it belongs to. */
  private readonly elements: number[][];
  /** Of a node: the nodes beside it that no element joins it with. Of an element: its nodes. */
  private readonly nodes: number[][];
  private readonly lists: DegreeLists;
  private eliminated = 0;

  constructor(adjacent: number[][]) {
    const size = (this.size = adjacent.length);
    this.nodes = adjacent;
    this.elements = adjacent.map(() => []);
    // One more, to which rows that are almost full are put off.
    this.weights = new Int32Array(size + 1).fill(1);
    this.parents = new Int32Array(size + 1).fill(-1);
    this.isLive = new Uint8Array(size + 1).fill(1);
    this.degrees = Int32Array.from(adjacent, (list) => list.length);
    this.lists = new DegreeLists(size);
    const dense = Math.min(size - 2, Math.max(16, Math.trunc(10 * Math.sqrt(size))));
    adjacent.forEach((list, node) => {
      const hasDiagonal = list.includes(node);
      if (list.length === 1 && hasDiagonal) {
        this.isLive[node] = 0;
        this.eliminated++;
      } else if (list.length > dense || !hasDiagonal) {
        this.absorb(node, size);
        this.weights[size]!++;
        this.eliminated++;
      } else {
        this.lists.put(node, list.length);
      }
    });
  }

  order(): number[] {
    while (this.eliminated < this.size) {
      const pivot = this.lists.takeLeast();
      if (pivot === -1) break;
      this.eliminate(pivot);
    }
    return this.postorder();
  }

  private absorb(node: number, into: number): void {
    this.parents[node] = into;
    this.weights[node] = 0;
  }

  private absorbElement(element: number, into: number): void {
    this.parents[element] = into;
    this.isLive[element] = 0;
  }

  private eliminate(pivot: number): void {
    const { weights, degrees, nodes, elements } = this;
    let weight = weights[pivot]!;
    this.eliminated += weight;
    const members = this.gather(pivot);
    const inPivot = new Set(members).add(pivot);
    let total = members.reduce((sum, node) => sum + weights[node]!, 0);
    degrees[pivot] = total;
    const outside = this.sizesOutside(members);

    const buckets = new Map<number, number[]>();
    for (const node of members) {
      let [degree, hash] = [0, 0];
      const kept: number[] = [];
      for (const element of elements[node]!) {
        if (this.isLive[element] === 0) continue;
        const rest = outside.get(element)!;
        if (rest > 0) {
          degree += rest;
          hash += element;
          kept.push(element);
        } else {
          this.absorbElement(element, pivot);
        }
      }
      const beside = nodes[node]!.filter((other) => weights[other]! > 0 && !inPivot.has(other));
      for (const other of beside) {
        degree += weights[other]!;
        hash += other;
      }
      if (degree === 0) {
        const own = weights[node]!;
        total -= own;
        weight += own;
        this.eliminated += own;
        this.absorb(node, pivot);
        continue;
      }
      degrees[node] = Math.min(degrees[node]!, degree);
      elements[node] = [pivot, ...kept.slice(1), ...kept.slice(0, 1)];
      nodes[node] = [...beside.slice(1), ...beside.slice(0, 1)];
      const bucket = buckets.get(hash % this.size) ?? [];
      bucket.unshift(node);
      buckets.set(hash % this.size, bucket);
    }
    degrees[pivot] = total;
    for (const bucket of buckets.values()) this.mergeAlike(bucket);

    const rest = members.filter((node) => weights[node]! > 0);
    for (const node of rest) {
      const own = weights[node]!;
      const degree = Math.min(degrees[node]! + total - own, this.size - this.eliminated - own);
      degrees[node] = degree;
      this.lists.put(node, degree);
    }
    nodes[pivot] = rest;
    weights[pivot] = weight;
    if (rest.length === 0) this.isLive[pivot] = 0;
  }

  /** The nodes of the element that a pivot becomes, taken off their lists; elements that it belongs to end in it. */
  private gather(pivot: number): number[] {
    const { weights, nodes } = this;
    const seen = new Set([pivot]);
    const members: number[] = [];
    const visit = (node: number) => {
      if (weights[node]! <= 0 || seen.has(node)) return;
      seen.add(node);
      members.push(node);
      this.lists.remove(node, this.degrees[node]!);
    };
    for (const element of this.elements[pivot]!) {
      nodes[element]!.forEach(visit);
      this.absorbElement(element, pivot);
    }
    nodes[pivot]!.forEach(visit);
    return members;
  }

  /** Of each element that a member belongs to: how much of it is not in the pivot's. */
  private sizesOutside(members: readonly number[]): ReadonlyMap<number, number> {
    const outside = new Map<number, number>();
    for (const node of members) {
      for (const element of this.elements[node]!) {
        if (this.isLive[element] === 0) continue;
        outside.set(element, (outside.get(element) ?? this.degrees[element]!) - this.weights[node]!);
      }
    }
    return outside;
  }

  /** Nodes that have the same neighbours become one. */
  private mergeAlike(bucket: number[]): void {
    for (let first = 0; first < bucket.length - 1; first++) {
      const node = bucket[first]!;
      const [own, beside] = [this.elements[node]!, this.nodes[node]!];
      const marked = new Set([...own, ...beside]);
      for (let second = first + 1; second < bucket.length;) {
        const other = bucket[second]!;
        const [otherOwn, otherBeside] = [this.elements[other]!, this.nodes[other]!];
        const isAlike =
          otherOwn.length === own.length &&
          otherBeside.length === beside.length &&
          otherOwn.every((element) => marked.has(element)) &&
          otherBeside.every((neighbour) => marked.has(neighbour));
        if (!isAlike) {
          second++;
          continue;
        }
        this.weights[node]! += this.weights[other]!;
        this.absorb(other, node);
        bucket.splice(second, 1);
      }
    }
  }

  private postorder(): number[] {
    const { parents, weights, size } = this;
    const children = Array.from({ length: size + 1 }, (): number[] => []);
    for (const isElement of [true, false]) {
      for (let node = 0; node <= size; node++) {
        if (weights[node]! > 0 === isElement && parents[node] !== -1) children[parents[node]!]!.push(node);
      }
    }
    const order: number[] = [];
    for (let root = 0; root <= size; root++) {
      if (parents[root] !== -1) continue;
      const path = [{ node: root, next: 0 }];
      for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
        const child = children[top.node]![top.next++];
        if (child !== undefined) {
          path.push({ node: child, next: 0 });
        } else {
          order.push(top.node);
          path.pop();
        }
      }
    }
    return order.slice(0, size);
  }
}
