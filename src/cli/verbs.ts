import { classifyVerb } from './classify.ts';
import { compareVerb } from './compare.ts';
import { devicesVerb } from './devices.ts';
import { exportVerb } from './export.ts';
import { extractVerb } from './extract.ts';
import { mergeVerb } from './merge.ts';
import { planVerb } from './plan.ts';
import { predictVerb } from './predict.ts';
import { statusVerb } from './status.ts';
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
