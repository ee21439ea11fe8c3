import type { OnnxModel, OnnxNode } from '../../formats/onnx/schema.ts';
import { decodeTensor } from '../../formats/onnx/tensor.ts';
import { UserError } from '../../system/errors.ts';

/**
 * Refuses a graph with layers exported in training mode: their output depends on the other images of the batch
 * (BatchNormalization), or is random (Dropout).
 *
 * @throws UserError naming the first such layer
 */
export function checkInferenceMode(model: OnnxModel, source: string): void {
  const own = model.opsetImport.find(({ domain }) => domain === undefined || domain === '' || domain === 'ai.onnx');
  const opset = Number(own?.version ?? 1);
  const training = model.graph.node.filter((node) => (node.domain ?? '') === '' && trains(node, opset, model));
  const [first] = training;
  if (first === undefined) return;
  const named = first.name === undefined || first.name === '' ? `the one that gives ${first.output[0]}` : first.name;
  const more = training.length === 1 ? '' : `, and ${training.length - 1} more`;
  throw new UserError({
    what: 'the network was exported in training mode: the features of an image would depend on the others of its batch',
    where: source,
    found: `${first.opType} in training mode: ${named}${more}`,
    expected: 'layers in inference mode',
    fix: 'in Python, model.eval() before torch.onnx.export (and training=TrainingMode.EVAL, its default)',
  });
}

/** https://onnx.ai/onnx/operators: how the two operators encode training mode depends on the opset. */
function trains(node: OnnxNode, opset: number, model: OnnxModel): boolean {
  const attribute = (name: string): bigint | undefined => {
    const value = node.attribute.find((each) => each.name === name)?.i;
    return value === undefined ? undefined : BigInt(value);
  };
  if (node.opType === 'BatchNormalization') {
    if (opset >= 14) return attribute('training_mode') === 1n;
    return node.output.slice(1).some((output) => output !== '');
  }
  return node.opType === 'Dropout' && opset >= 12 && isTrue(node.input[2], model);
}

/** Whether a tensor of the graph is the constant true. */
function isTrue(name: string | undefined, { graph }: OnnxModel): boolean {
  if (name === undefined || name === '') return false;
  const constant = graph.node.find((node) => node.opType === 'Constant' && node.output[0] === name);
  const tensor =
    graph.initializer.find((each) => each.name === name) ??
    constant?.attribute.find((each) => each.name === 'value')?.t;
  return tensor !== undefined && Number(decodeTensor(tensor).data[0]) === 1;
}
