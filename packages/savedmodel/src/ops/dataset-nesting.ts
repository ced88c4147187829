import type { Builder } from '../onnx/builder.js';
import { choose, nextIf, open, placeholder, type Component, type Dataset } from '../onnx/dataset.js';
import type { Value } from '../onnx/value.js';
import { valueLoop } from './value-loop.js';

/**
 * The elements of the datasets that a function makes of each element, one dataset after another. What is remembered: the
 * outer state, the element whose dataset is at work, whether there is one, and the state of that dataset.
 */
export function flatMapped(
  outer: Dataset,
  components: readonly Component[],
  make: (builder: Builder, elements: readonly Value[]) => Dataset,
): Dataset {
  const blanks = (builder: Builder) => outer.components.map((component) => placeholder(builder, component));
  return {
    components,
    start: (builder) => {
      const elements = blanks(builder);
      const inner = make(builder, elements)
        .start(builder)
        .map((value) => placeholder(builder, value));
      return [builder.scalar('bool', 0), ...elements, ...inner, ...outer.start(builder)];
    },
    next: (builder, state) => {
      const width = outer.components.length;
      const scratch = builder.child('host');
      const innerWidth = make(scratch, blanks(scratch)).start(scratch).length;
      const [from, to] = [1 + width, 1 + width + innerWidth];
      const size = state.length;
      const initial = [...state, builder.scalar('bool', 0), ...components.map((c) => placeholder(builder, c))];
      const { values } = valueLoop(builder, initial, { first: builder.scalar('bool', 1) }, (body, carried) => {
        const active = carried[0] as Value;
        const before = carried.slice(1, from);
        const inside = carried.slice(from, to);
        const outside = carried.slice(to, size);
        // One more of the dataset at work, or else the next dataset.
        const all: Component[] = [{ dtype: 'bool', shape: [] }, ...components, ...inside.map(open)];
        const [has, ...rest] = choose(
          body,
          active,
          all,
          (side) => {
            const next = make(side, before).next(side, inside);
            return [next.has, ...next.elements, ...next.state];
          },
          (side) => [side.scalar('bool', 0), ...components.map((c) => placeholder(side, c)), ...inside],
        );
        const elements = rest.slice(0, components.length);
        const moved = nextIf(body, body.emit('Not', [has]), outer, outside);
        const started = choose(
          body,
          moved.has,
          [...before.map(open), ...inside.map(open)],
          (side) => [...moved.elements, ...make(side, moved.elements).start(side)],
          () => [...before, ...rest.slice(components.length)],
        );
        const isActive = body.emit('Or', [has, moved.has]);
        const goesOn = body.emit('And', [body.emit('Not', [has]), moved.has]);
        return { goesOn, next: [isActive, ...started, ...moved.state, has as Value, ...elements] };
      });
      return { has: values[size] as Value, elements: values.slice(size + 1), state: values.slice(0, size) };
    },
  };
}

/** The rows of all elements. */
export function unbatched(
  input: Dataset,
  components: readonly Component[],
  rows: (builder: Builder, elements: readonly Value[]) => Dataset,
): Dataset {
  return flatMapped(input, components, rows);
}
