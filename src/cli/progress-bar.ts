import cliProgress from 'cli-progress';
import type { OnProgress, ProgressEvent } from '../system/progress.ts';
import type { Session } from './verb.ts';

/** Interval of progress lines if there is no terminal. */
export const secondsBetweenLines = 10;

interface ProgressDisplay {
  readonly onProgress: OnProgress;
  /** Removes the bar. */
  close(): void;
}

/** Draws progress on stderr: a bar on a terminal, else a line every ten seconds; nothing with `--quiet`. */
export function openProgress(session: Session): ProgressDisplay {
  if (session.quiet) return { onProgress: () => undefined, close: () => undefined };
  return process.stderr.isTTY === true ? openBar() : openLines(session);
}

function openBar(): ProgressDisplay {
  let bar: cliProgress.SingleBar | undefined;
  let meter: Meter | undefined;
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    onProgress: (event) => {
      if (meter?.stage !== event.stage) {
        close();
        meter = new Meter(event);
        bar = new cliProgress.SingleBar(
          {
            format: '{stage} {bar} {percentage} %  {done}  {rate}  {left}',
            stream: process.stderr,
            hideCursor: true,
            clearOnComplete: true,
            // The network blocks the event loop for up to a second: draw on each event, not by a timer.
            synchronousUpdate: true,
            noTTYOutput: false,
          },
          cliProgress.Presets.shades_classic,
        );
        bar.start(event.total ?? 0, 0, { stage: event.stage, done: '', rate: '', left: '' });
      }
      bar?.setTotal(event.total ?? event.done);
      bar?.update(event.done, meter.describe(event));
    },
    close,
  };
}

function openLines(session: Session): ProgressDisplay {
  let meter: Meter | undefined;
  let lastLine = performance.now();
  return {
    onProgress: (event) => {
      if (meter?.stage !== event.stage) meter = new Meter(event);
      if (performance.now() - lastLine < secondsBetweenLines * 1000) return;
      lastLine = performance.now();
      const { done, rate, left } = meter.describe(event);
      session.note([`${event.stage}: ${done}`, rate, left].filter((part) => part !== '').join(', '));
    },
    close: () => undefined,
  };
}

/** Mean speed and remaining time of one stage. */
class Meter {
  readonly stage: string;
  readonly #started = performance.now();
  readonly #first: number;

  constructor(event: ProgressEvent) {
    this.stage = event.stage;
    this.#first = event.done;
  }

  describe({ unit, done, total }: ProgressEvent): { done: string; rate: string; left: string } {
    const seconds = (performance.now() - this.#started) / 1000;
    const perSecond = seconds === 0 ? 0 : (done - this.#first) / seconds;
    const remaining = total === undefined || perSecond === 0 ? undefined : (total - done) / perSecond;
    return {
      done: total === undefined ? show(done, unit) : `${show(done, unit).replace(/ .*/, '')} of ${show(total, unit)}`,
      rate: perSecond === 0 ? '' : `${show(perSecond, unit)}/s`,
      left: remaining === undefined ? '' : `${formatSeconds(remaining)} left`,
    };
  }
}

function show(value: number, unit: ProgressEvent['unit']): string {
  if (unit === 'bytes') return `${(value / 1e6).toFixed(1)} MB`;
  const digits = Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
