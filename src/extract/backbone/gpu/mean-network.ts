import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { Network } from '../network.ts';
import { resolveTap } from '../taps.ts';

/** Operators with an output [batch, channels, height, width] in a ResNet's graph. */
const mapOperators: readonly (string | undefined)[] = ['Conv', 'Relu', 'Add', 'MaxPool'];

/**
 * Appends the mean over positions to a tap, which then gives [batch, channels]: a GPU returns 1 number instead of the
 * 49 of a ResNet's last map. Unchanged if the tap is not a feature map.
 *
 * @param network a ResNet of `buildResNet`
 */
export function averageMap(network: Network, tap: string): Network {
  const { graph } = network.model;
  const tensor = resolveTap(network, tap);
  const maker = graph.node.find(({ output }) => output.includes(tensor));
  if (!mapOperators.includes(maker?.opType)) return network;
  const mean = `${tensor}/mean`;
  const stages = [{ name: tap, tensor: mean }, ...network.stages.filter(({ name }) => name !== tap)];
  // Two taps may be the same tensor.
  if (graph.node.some(({ output }) => output.includes(mean))) return { ...network, stages };
  const builder = new GraphBuilder('mean');
  const pooled = builder.node('GlobalAveragePool', [tensor], {}, { outputs: [`${tensor}/pooled`] });
  builder.node('Flatten', [pooled], { axis: 1 }, { outputs: [mean] });
  const node = [...graph.node, ...builder.graph().node];
  return { ...network, model: { ...network.model, graph: { ...graph, node } }, stages };
}
