import { classifyVerb } from './classify.ts';
import { compareVerb } from './compare.ts';
import { tapsVerb } from './taps.ts';
import type { Verb } from './verb.ts';

/** Every verb, in the order in which `--help` lists them. */
export const verbs: readonly Verb[] = [classifyVerb, compareVerb, tapsVerb];
