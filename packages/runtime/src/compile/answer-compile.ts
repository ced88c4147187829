import type { MessagePort } from 'node:worker_threads';
import { toBinary } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import { compileSignature, readSavedModel, type SavedModel } from '@servable/savedmodel';
import { identityOf } from '../plan/island-identity.js';
import { findIsland, mayShareSessions } from '../plan/island-sessions.js';
import type { PreparedIsland, SharedIsland } from '../plan/prepared-plan.js';
import { prepareWeights } from '../session/with-weights.js';
import type { CompileReply, CompileRequest, CompileSource } from './compile-messages.js';
import { errorToMessage } from './error-message.js';
import { allIslands, islandsToMessages, onlyIslands, planToMessage } from './plan-message.js';

/** Answers the requests that come through a port. The model is read with the first. */
export function answerCompiles(port: MessagePort, { dir, tags }: CompileSource): void {
  let reading: Promise<SavedModel> | undefined;
  let last = Promise.resolve();
  port.on('message', (request: CompileRequest) => {
    last = last.then(async () => {
      try {
        reading ??= readSavedModel(dir, { tags });
        const { reply, transfer } = await answer(await reading, request);
        port.postMessage(reply, transfer);
      } catch (error) {
        const reply: CompileReply = { kind: 'failed', error: errorToMessage(error) };
        port.postMessage(reply);
      }
    });
  });
}

async function answer(
  model: SavedModel,
  request: CompileRequest,
): Promise<{ readonly reply: CompileReply; readonly transfer?: ArrayBuffer[] }> {
  if (request.kind === 'describe') {
    const bytes = [...model.signatureDefs].map(([name, def]) => [name, toBinary(SignatureDefSchema, def)] as const);
    return { reply: { kind: 'described', signatureDefs: new Map(bytes) } };
  }
  const plan = await compileSignature(model, request.signatureName, request.variant);
  const prepared: (PreparedIsland | SharedIsland)[] = [];
  const isShared = mayShareSessions(model.signatureDefs);
  for (const [i, island] of allIslands(plan.steps).entries()) {
    const identity = isShared ? identityOf(island) : undefined;
    const shared = identity && findIsland(identity, request.known);
    const { kind, inputs, outputs } = island;
    if (shared !== undefined) {
      prepared.push({ kind, inputs, outputs, shared });
      continue;
    }
    const weights = await prepareWeights(island.weights, request.folder, String(i));
    prepared.push({ ...island, weights, origins: identity?.origins ?? new Map() });
  }
  if (onlyIslands(plan) === undefined) {
    const { messages, transfer } = islandsToMessages(
      prepared.filter((island): island is PreparedIsland => !('shared' in island)),
    );
    return { reply: { kind: 'holdsFunctions', islands: messages }, transfer };
  }
  const { message, transfer } = planToMessage(plan, prepared);
  return { reply: { kind: 'compiled', plan: message }, transfer };
}
