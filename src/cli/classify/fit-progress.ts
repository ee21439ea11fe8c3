import type { FitProgress } from '../../models/model.ts';
import { formatSeconds } from '../progress-bar.ts';

/** Describes a fit's progress, with its mean speed in the current stage. */
export class FitMeter {
  #place = '';
  #started = 0;
  /** Rows read before the stage's first event, in an unknown time. */
  #rowsFirst = 0;
  #rowsBefore = 0;

  /**
   * `linear: fit 12/1000, loss 0.41230, gradient 1.2e-2, 120,345 rows/s, 42 s left`
   *
   * @param place head and split; another one starts a new stage
   */
  describe(
    place: string,
    { stage, done, total, loss, gradient, rowsRead, rowsToRead }: FitProgress,
    now: number,
  ): string {
    const line = `${place}: ${stage}`;
    // Folds and repeats start again.
    if (line !== this.#place || (rowsRead ?? 0) < this.#rowsBefore) {
      this.#place = line;
      this.#started = now;
      this.#rowsFirst = rowsRead ?? 0;
      this.#rowsBefore = 0;
    }
    const parts = [`${line} ${done}/${total}`];
    if (loss !== undefined) parts.push(`loss ${loss.toPrecision(5)}`);
    if (gradient !== undefined) parts.push(`gradient ${gradient.toPrecision(2)}`);
    if (rowsRead !== undefined) {
      this.#rowsBefore = rowsRead;
      const seconds = (now - this.#started) / 1000;
      const rate = (rowsRead - this.#rowsFirst) / seconds;
      if (rate > 0) parts.push(`${Math.round(rate).toLocaleString('en-US')} rows/s`);
      const left = rowsToRead === undefined ? undefined : (rowsToRead - rowsRead) / rate;
      if (rate > 0 && left !== undefined) parts.push(...(left > 0 ? [`${formatSeconds(left)} left`] : []));
      else if (done > 0 && seconds > 0) parts.push(`${formatSeconds(seconds / done)} a step`);
    }
    return parts.join(', ');
  }
}
