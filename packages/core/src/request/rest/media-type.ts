import { NPY_TYPE, RAW_TENSORS_TYPE } from '@servable/tensor';

/** The forms that the body of a predict call and of its answer may have. */
export type PredictMedia = 'json' | 'raw' | 'npy';

const byType: Readonly<Record<string, PredictMedia>> = {
  'application/json': 'json',
  [RAW_TENSORS_TYPE]: 'raw',
  [NPY_TYPE]: 'npy',
};

export const mediaType: Readonly<Record<PredictMedia, string>> = {
  json: 'application/json',
  raw: RAW_TENSORS_TYPE,
  npy: NPY_TYPE,
};

/** Upstream never looks at the type and takes everything for JSON, so that is what any other type means. */
export function requestMedia(contentType: string | undefined): PredictMedia {
  return byType[essence(contentType ?? '')] ?? 'json';
}

/** The first type that the caller accepts and that there is; without one, the form of the request. */
export function responseMedia(accept: string | undefined, request: PredictMedia): PredictMedia {
  for (const range of (accept ?? '').split(',')) {
    const media = byType[essence(range)];
    if (media !== undefined) return media;
  }
  return request;
}

function essence(type: string): string {
  return type.split(';', 1)[0]!.trim().toLowerCase();
}
