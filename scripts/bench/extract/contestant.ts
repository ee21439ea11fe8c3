import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Input of every contestant; theirs.py reads the same. */
export interface Task {
  /** `featuretap int8`, `torch eager`, `openvino bf16`, … */
  readonly engine: string;
  readonly batch: number;
  readonly threads: number;
  /** A round takes fewer images if it would take much longer than this. */
  readonly roundSeconds: number;
  readonly network: NetworkName;
  readonly crop: number;
  readonly resize: number;
  readonly interpolation: 'bilinear' | 'bicubic';
  /** File of decoded images, [images, crop, crop, 3] bytes. */
  readonly pixels: string;
  /**
   * The same weights for all: a ResNet as .safetensors in float32 with torchvision's names; a ViT as its published
   * folder.
   */
  readonly weights: string;
  /** The float32 network as ONNX, from normalized pixels to the tap or the tokens, for OpenVINO. */
  readonly onnx: string;
  /** Data folder, and the names of its images. */
  readonly data: string;
  readonly images: readonly string[];
  /** Output: the first images' features in float32, for the cosine similarity. */
  readonly features: string;
}

/** Networks of real sizes; `vit-s14` is DINOv2's small one. */
export const networkNames = ['resnet18', 'resnet50', 'vit-s14'] as const;
export type NetworkName = (typeof networkNames)[number];

export type Mode = 'backbone' | 'end-to-end';

export interface Round {
  readonly images: number;
  readonly seconds: number;
  /** Of all threads and processes; least affected by other programs. */
  readonly processorSeconds: number;
  /** Peak memory of the process in this round, or of its whole life where the system does not distinguish them. */
  readonly peakBytes: number;
}

/** A process that waits for its turn. */
export class Contestant {
  readonly task: Task;
  readonly version: string;
  /** Images per run: the task's, or fewer where these would take longer than a round. */
  readonly batch: number;
  readonly startSeconds: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(task: Task, child: ChildProcess, lines: AsyncIterator<string>, ready: Ready) {
    this.task = task;
    this.#child = child;
    this.#lines = lines;
    this.version = ready.version;
    this.batch = ready.batch;
    this.startSeconds = ready.startSeconds;
  }

  /** Resolves when it has warmed up; undefined with the reason where it cannot run. */
  static async start(task: Task, python: string | undefined): Promise<Contestant | string> {
    const script = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
    const [command, args] =
      python === undefined
        ? [process.execPath, ['--import', 'tsx', script('ours.ts')]]
        : [python, ['-W', 'ignore', script('theirs.py')]];
    // In a file: with thousands of images it exceeds the limit of an argument.
    const taskFile = `${task.features}.task.json`;
    writeFileSync(taskFile, JSON.stringify(task));
    const child = spawn(command, [...args, taskFile], { stdio: ['pipe', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('error', (error) => {
      errors += error.message;
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done === true) {
      const said = errors.split('\n').filter((line) => line.trim() !== '');
      return said.findLast((line) => /Error/.test(line)) ?? said.at(-1) ?? 'ended without output';
    }
    return new Contestant(task, child, lines, JSON.parse(first.value) as Ready);
  }

  async round(mode: Mode): Promise<Round> {
    this.#child.stdin?.write(`${mode}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.task.engine} ended in the middle of a round`);
    return JSON.parse(line.value) as Round;
  }

  close(): void {
    this.#child.stdin?.end();
  }
}

interface Ready {
  readonly version: string;
  readonly batch: number;
  readonly startSeconds: number;
}
