import {
  type InferenceServable,
  openServableHandle,
  type ServableProvider,
  type ServableRequest,
  type ServableStateReader,
  ServingError,
} from '@servable/core';

/**
 * Answers UNAVAILABLE instead of NOT_FOUND for a configured model whose first version is still to come: a client that
 * retries will find it, one that gives up was not told that the model does not exist.
 */
export function notReadyProvider(
  provider: ServableProvider<InferenceServable>,
  states: ServableStateReader,
  isConfigured: (name: string) => boolean,
  problemOf: (name: string) => ServingError | undefined = () => undefined,
): ServableProvider<InferenceServable> {
  const orNotReady = <H>({ name }: ServableRequest, find: () => H): H => {
    try {
      return find();
    } catch (error) {
      const isAwaited =
        isConfigured(name) &&
        (error as ServingError).code === 'NOT_FOUND' &&
        states
          .getVersionStates(name)
          .every(({ managerState }) => managerState === 'START' || managerState === 'LOADING');
      if (!isAwaited) throw error;
      throw new ServingError(
        'UNAVAILABLE',
        'MODEL_NOT_READY',
        `Model ${name} is not ready: ${problemOf(name)?.message ?? 'no version of it has been loaded yet'}`,
        { cause: error },
      );
    }
  };
  return {
    getServableHandle: (request) => orNotReady(request, () => provider.getServableHandle(request)),
    // Whether a version is known is found out at once, however long its load takes then.
    openServableHandle:
      provider.openServableHandle &&
      ((request, options) => orNotReady(request, () => openServableHandle(provider, request, options))),
  };
}
