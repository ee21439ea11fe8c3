import type { uncertaintyOptions } from '../../predict/options.ts';
import type { CsvColumns } from '../../predict/output.ts';
import { usageError } from '../../system/errors.ts';
import type { OptionValues } from '../../system/options.ts';

/** What `predict` prints besides the classes of a photo. */
interface UncertaintyAsked extends CsvColumns {
  readonly coverage: number | undefined;
  readonly abstain: boolean;
  readonly unlike: boolean;
  readonly why: boolean;
  /** Folder of the overlays. */
  readonly overlays: string | undefined;
}

export const overlayOption = {
  evidence: {
    describe: 'folder for a class activation map of each photo, as PNG (linear, ridge, linear svm)',
    text: true,
  },
} as const;

/** @throws a usage UserError if one is given with a submission, which only holds probabilities */
export function askedUncertainty(
  {
    coverage,
    abstain,
    unlike,
    why,
    evidence: overlays,
  }: OptionValues<typeof uncertaintyOptions & typeof overlayOption>,
  submission: string | undefined,
): UncertaintyAsked {
  const asked = { coverage, abstain, unlike, why, evidence: overlays !== undefined };
  const [given] = Object.entries(asked).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (given !== undefined && submission !== undefined) {
    throw usageError(`--${given}`, '--submission beside it, which takes probabilities', 'one of the two');
  }
  return { ...asked, overlays };
}
