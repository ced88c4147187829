import { type InferenceServable, type ServableProvider, type ServableStateReader, ServingError } from '@servable/core';

/**
 * Answers UNAVAILABLE instead of NOT_FOUND for a configured model whose first version is still to come: a client that
 * retries will find it, one that gives up was not told that the model does not exist.
 */
export function notReadyProvider(
  provider: ServableProvider<InferenceServable>,
  states: ServableStateReader,
  isConfigured: (name: string) => boolean,
): ServableProvider<InferenceServable> {
  return {
    getServableHandle(request) {
      try {
        return provider.getServableHandle(request);
      } catch (error) {
        const { name } = request;
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
          `Model ${name} is not ready: no version of it has been loaded yet`,
          { cause: error },
        );
      }
    },
  };
}
