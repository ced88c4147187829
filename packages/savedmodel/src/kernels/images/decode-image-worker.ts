import { parentPort } from 'node:worker_threads';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { decodeImage, prepareDecoder } from './decode-image.js';
import type { ImageReply, ImageTask } from './image-decoder-pool.js';

/** The thread's side of the pool: decodes what it is sent, one image at a time. */
parentPort?.on('message', (task: ImageTask) => void answer(task));

async function answer({ id, data, request }: ImageTask): Promise<void> {
  let reply: ImageReply;
  try {
    await prepareDecoder(data);
    const { dtype, shape, data: pixels } = decodeImage(data, request);
    reply = { id, dtype, shape, data: pixels as Uint8Array };
  } catch (error) {
    const known = error instanceof SavedModelError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    reply = {
      id,
      error: { code: known?.code ?? 'INTERNAL', reason: known?.reason ?? 'IMAGE_DECODER_FAILED', message },
    };
  }
  parentPort?.postMessage(reply, 'data' in reply ? [reply.data.buffer as ArrayBuffer] : []);
}
