import type { LoweredNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import { foldAffine } from './fold-affine.js';
import { foldPadding } from './fold-padding.js';
import { fuseExpressions } from './fuse-expressions.js';
import { liveNodes } from './live-nodes.js';
import { padChannels } from './pad-channels.js';

/** What is done to the lowered nodes of a graph before it is cut into islands. */
export function simplify(nodes: readonly LoweredNode[], outputs: readonly Value[]): LoweredNode[] {
  return padChannels(foldAffine(foldPadding(liveNodes(fuseExpressions(nodes), outputs), outputs), outputs));
}
