import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import type { SavedHead } from '../model.ts';
import { foldedTensors } from './network/fold.ts';
import { fromGraphKernels } from './network/layout.ts';
import { featureCountOf, type TailConv } from './network/tail.ts';
import { savedNetwork } from './saved-network.ts';

/** The fine-tuned blocks and the last layer: maps as rows, float32 [rows, dims], to probabilities [rows, classes]. */
export function addTunedNetwork(graph: GraphBuilder, features: string, saved: SavedHead): string {
  const { tail, tensors } = savedNetwork(saved);
  const folded = foldedTensors(tail, tensors);
  const shape = BigInt64Array.from([-1, ...tail.mapShape], BigInt);
  let map = graph.node('Reshape', [features, graph.constant('finetune.mapShape', shape)]);
  const convolve = (conv: TailConv, input: string): string => {
    const { inChannels, outChannels, kernel, stride, padding } = conv;
    const kernels = fromGraphKernels(folded.get(`${conv.conv}.weight`) ?? new Float32Array(0), conv);
    const bias = folded.get(`${conv.conv}.bias`) ?? new Float32Array(0);
    const inputs = [
      input,
      graph.constant(`finetune.${conv.conv}.weight`, kernels, [outChannels, inChannels, kernel, kernel]),
      graph.constant(`finetune.${conv.conv}.bias`, bias),
    ];
    const pads = [padding, padding, padding, padding];
    return graph.node('Conv', inputs, { kernel_shape: [kernel, kernel], strides: [stride, stride], pads });
  };
  for (const { main, shortcut } of tail.blocks) {
    const input = map;
    for (const [index, conv] of main.entries()) {
      map = convolve(conv, map);
      if (index < main.length - 1) map = graph.node('Relu', [map]);
    }
    map = graph.node('Relu', [graph.node('Add', [map, shortcut === undefined ? input : convolve(shortcut, input)])]);
  }
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [map])], { axis: 1 });
  const weight = tensors.get('fc.weight') ?? new Float32Array(0);
  const bias = tensors.get('fc.bias') ?? new Float32Array(0);
  const inputs = [
    pooled,
    graph.constant('finetune.fc.weight', weight, [saved.classes.length, featureCountOf(tail)]),
    graph.constant('finetune.fc.bias', bias),
  ];
  return graph.node('Softmax', [graph.node('Gemm', inputs, { transB: 1 })], { axis: -1 });
}
