import { classifyVerb } from './classify/classify.ts';
import { mergeVerb } from './cluster/merge.ts';
import { planVerb } from './cluster/plan.ts';
import { statusVerb } from './cluster/status.ts';
import { compareVerb } from './compare.ts';
import { devicesVerb } from './devices.ts';
import { exportVerb } from './export.ts';
import { extractVerb } from './extract/extract.ts';
import { predictVerb } from './predict.ts';
import { tapsVerb } from './taps.ts';
import type { Verb } from './verb.ts';
import { verifyVerb } from './verify.ts';

/** Every verb, in the order in which `--help` lists them. */
export const verbs: readonly Verb[] = [
  extractVerb,
  classifyVerb,
  compareVerb,
  predictVerb,
  exportVerb,
  verifyVerb,
  planVerb,
  mergeVerb,
  statusVerb,
  tapsVerb,
  devicesVerb,
];
