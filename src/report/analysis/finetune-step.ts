import { isTrainable } from '../../extract/backbone/resnet-tail.ts';
import { mapsBeside, mapsCommand } from '../../extract/maps-command.ts';
import { ownCommand } from '../../system/own-command.ts';
import type { GroupData } from './group-data.ts';
import { chanceDeviations, type ImageNetDistance, measuredDeviations } from './imagenet-distance.ts';
import type { LearningCurve } from './learning.ts';

/** Something to do, and the command for it, if there is one. */
export interface Step {
  readonly what: string;
  readonly command?: string;
}

/** With fewer training photos per class, the trained blocks overfit. */
const fewestPerClass = 20;
/** Above this accuracy there is little to gain. */
const highAccuracy = 0.95;
/**
 * Time per photo of an epoch that trains a ResNet50's layer4, relative to extracting it in float32: 131 ms and 126 ms of
 * processor time at 224 pixels on two cores of an AMD EPYC.
 */
const epochsCost = 1.04;
const epochs = 10;
/** Options of classify with which another command does not draw the same split. */
const ownSplits = / --(?:split|groups|min-images|labels|subsample|leave-out|class-weight)\b/;

/**
 * Proposes fine-tuning if the features seem to be the limit: more photos would help little, accuracy is not high, and the
 * photos are not known to be similar to ImageNet's. Two commands: the first extracts the feature maps.
 *
 * @param speed of the last extract of these features, for an estimate of the time
 */
export function finetuneSteps(
  { runs, speed, distance }: Pick<GroupData, 'runs' | 'speed' | 'distance'>,
  curve: LearningCurve | undefined,
): readonly Step[] {
  const report = runs[0]?.run.report;
  if (distance?.answer === 'near') return [];
  if (report === undefined || curve?.answer !== 'little' || report.accuracy >= highAccuracy) return [];
  if (runs.some(({ run }) => run.report.model === 'finetune') || ownSplits.test(report.command)) return [];
  const { fields, madeBy, parts, randomWeights, folder, missing } = report.featureSet;
  if (fields === undefined || madeBy === undefined || parts !== undefined || randomWeights) return [];
  if (madeBy.weightsVariant !== undefined) return [];
  const { architecture, precision } = fields;
  if (!isTrainable(architecture, 'layer3') || precision !== 'float32') return [];
  if (report.trainSize < fewestPerClass * report.classes.length) return [];

  const lost = (reason: string): boolean => (missing[reason] ?? 0) > 0;
  const maps = mapsCommand({ folder, fields, madeBy }, [
    ...(lost('missing') ? ['--allow-missing'] : []),
    ...(lost('unreadable') ? ['--skip-unreadable'] : []),
  ]);
  const share = / --max-missing (\d*\.?\d+)/.exec(report.command)?.[1];
  const tuning = ownCommand('classify', [
    ...['--features', mapsBeside(folder).folder, '--model', 'finetune', '--epochs', String(epochs)],
    ...['--test-size', String(report.testSize), '--seed', String(report.seed)],
    ...(report.perRepeat.length > 1 ? ['--repeats', String(report.perRepeat.length)] : []),
    ...(share === undefined ? [] : ['--max-missing', share]),
  ]);
  const photo = speed && speed.device === 'cpu' ? speed.seconds / speed.images : undefined;
  const fits = report.perRepeat.length;
  const took =
    photo === undefined
      ? undefined
      : photo * (report.featureSet.rowCount + fits * epochs * epochsCost * report.trainSize);
  const about =
    took === undefined || architecture !== 'resnet50'
      ? ''
      : `, about ${minutes(took)} here at the speed of the last extract`;
  return [
    {
      what: `More photos of the same kind would help little: the features may be the limit. ${howFar(distance)} Fine-tuning trains the network’s last blocks${about}; it starts with the maps before them`,
      command: maps,
    },
    { what: 'Then, on the same split', command: tuning },
  ];
}

function howFar(distance: ImageNetDistance | undefined): string {
  if (distance === undefined) return 'How far the photos are from ImageNet’s, the network’s pretraining, is not known.';
  const { dogs, textures } = measuredDeviations;
  const place = distance.answer === 'far' ? 'are far from' : 'are neither near nor far from';
  return `The photos ${place} ImageNet’s: the network’s own top class stands ${distance.deviations.toFixed(1)} standard deviations above the mean of its scores, ${dogs} on photos of dogs, ${textures} on drawn textures, ${chanceDeviations} by chance.`;
}

function minutes(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds / 60));
  if (whole < 90) return whole === 1 ? 'a minute' : `${whole} minutes`;
  return `${Math.round(whole / 60)} hours`;
}
