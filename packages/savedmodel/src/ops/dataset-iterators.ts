import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Dataset } from '../onnx/dataset.js';
import { isResource, type DatasetIterator } from '../onnx/resource.js';
import type { Value } from '../onnx/value.js';
import { componentsOf, datasetAt } from './datasets.js';
import { OpFamily, type OpContext } from './registry.js';

/** What takes single elements of datasets, one after another in the order of the graph. */
export const datasetIterators = new OpFamily('iterators of datasets')
  .compile('AnonymousIteratorV3 IteratorV2 Iterator', ({ builder }) => iterator(builder))
  .compile('AnonymousIterator AnonymousIteratorV2', ({ builder }) => [iterator(builder), builder.scalar('bool', 0)])
  .compile('OneShotIterator', (context) => {
    const [made] = context.lowerBody(context.body('dataset_factory'), [], context.builder);
    if (made === undefined || !isResource(made) || made.kind !== 'dataset') {
      throw context.refuse('its function does not return a dataset');
    }
    return { ...iterator(context.builder), dataset: made.dataset, state: made.dataset.start(context.builder) };
  })
  .compile('MakeIterator', (context) => {
    const found = iteratorAt(context, 1);
    found.dataset = datasetAt(context, 0);
    found.state = found.dataset.start(context.builder);
    return [];
  })
  .compile('DeleteIterator', () => [])
  .native('IteratorGetNext IteratorGetNextSync', (context) => {
    const { has, elements } = taken(context);
    return present(context, has, elements, new SavedModelError('OUT_OF_RANGE', 'END_OF_SEQUENCE', 'End of sequence'));
  })
  .native('IteratorGetNextAsOptional', (context) => ({ kind: 'optional', ...taken(context) }))
  .compile('OptionalFromValue', (context) => ({
    kind: 'optional',
    has: context.builder.scalar('bool', 1),
    elements: context.inputs().map((value) => context.builder.materialize(value)),
  }))
  .compile('OptionalNone', ({ builder }) => ({ kind: 'optional', has: builder.scalar('bool', 0), elements: [] }))
  .compile('OptionalHasValue', (context) => optionalAt(context).has)
  .native('OptionalGetValue', (context) => {
    const { has, elements } = optionalAt(context);
    if (elements.length !== componentsOf(context).length) throw context.refuse('it takes a value of nothing');
    const why = 'The given optional does not have a value.';
    return present(context, has, elements, new SavedModelError('INVALID_ARGUMENT', 'NO_VALUE', why));
  })
  .native('DatasetToSingleElement', (context) => {
    const { builder } = context;
    const dataset = datasetAt(context, 0);
    const first = dataset.next(builder, dataset.start(builder));
    const second = dataset.next(builder, first.state);
    const refuse = (why: string) => new SavedModelError('INVALID_ARGUMENT', 'NOT_ONE_ELEMENT', why);
    const elements = present(context, first.has, first.elements, refuse('Dataset was empty.'));
    const isLast = builder.emit('Not', [second.has]);
    return present(context, isLast, elements, refuse('Dataset had more than one element.'));
  });

const iterator = (owner: object): DatasetIterator => ({ kind: 'iterator', owner, dataset: undefined, state: [] });

function iteratorAt(context: OpContext, index: number): DatasetIterator {
  const resource = context.resource(index);
  if (resource.kind !== 'iterator') {
    throw context.refuse(`its input ${index} is a ${resource.kind}, where an iterator is expected`);
  }
  if (resource.owner !== context.builder) throw context.refuse('its iterator comes from outside of its loop or branch');
  return resource;
}

function optionalAt(context: OpContext) {
  const resource = context.resource(0);
  if (resource.kind === 'optional') return resource;
  throw context.refuse(`its input 0 is a ${resource.kind}, where an optional is expected`);
}

function taken(context: OpContext): ReturnType<Dataset['next']> {
  const found = iteratorAt(context, 0);
  if (found.dataset === undefined) throw context.refuse('its iterator has not been given a dataset');
  const next = found.dataset.next(context.builder, found.state);
  found.state = next.state;
  return next;
}

/** Elements that are there, or the failure of the request. */
function present(
  context: OpContext,
  has: Value,
  elements: readonly Value[],
  failure: SavedModelError,
): readonly Value[] {
  return context.builder.host(context.node.op, [has, ...elements], elements, ([ok, ...values]) => {
    if (ok?.data[0] === 1) return values;
    throw new SavedModelError(failure.code, failure.reason, failure.message, { node: context.node.name });
  });
}
