/**
 * npm run setup:cuda
 * npm run setup:cuda -- --wheel onnxruntime_gpu-….whl
 *
 * Installs ONNX Runtime's CUDA libraries, which `npm ci` omits, with the package's own installer (for CUDA 12) or from
 * a wheel of PyPI's onnxruntime-gpu (for the wheel's CUDA), and tests them with a run. Linux on x64; ONNX Runtime's npm
 * package has no CUDA elsewhere.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { nativeFolder, tryDevice, whyNot } from '../../src/extract/backbone/devices/devices.ts';
import { cudaLibrary, cudaNeeds } from '../../src/extract/backbone/devices/explain.ts';
import { UserError } from '../../src/system/errors.ts';
import { cudaFiles, linkedCuda, takeFromWheel } from './cuda-wheel.ts';
import { downloadSize } from './download-size.ts';

/** The parts of the installer's tables (script/install-metadata.js) that name its downloads. */
interface InstallMetadata {
  readonly requirements: Readonly<Record<string, readonly string[]>>;
  readonly manifests: Readonly<Record<string, Readonly<Record<string, { readonly package: string }>>>>;
  readonly packages: Readonly<
    Record<
      string,
      { readonly name: string; readonly versions: readonly { readonly feed: string; readonly version: string }[] }
    >
  >;
  readonly feeds: Readonly<Record<string, { readonly index: string }>>;
}

interface Download {
  /** The installer's name for a CUDA major version. */
  readonly manifest: string;
  readonly files: readonly string[];
  readonly url: string;
}

const require = createRequire(import.meta.url);

try {
  const { values } = parseArgs({ options: { wheel: { type: 'string' } } });
  await setUp(values.wheel);
} catch (error) {
  console.error(error instanceof UserError ? `setup:cuda: ${error.message}` : error);
  process.exitCode = 1;
}

async function setUp(wheel: string | undefined): Promise<void> {
  const folder = join(dirname(require.resolve('onnxruntime-node')), '..');
  const download = readDownload(folder);
  const { version } = require(join(folder, 'package.json')) as { version: string };
  const target = nativeFolder();
  if (wheel !== undefined) {
    await takeFromWheel(wheel, target, version);
    tellFiles(target, cudaFiles);
  } else if (download.files.every((file) => existsSync(join(target, file)))) {
    console.log(`The CUDA libraries of onnxruntime-node ${version} are already in ${target}`);
  } else {
    const size = await downloadSize(download.url, failed);
    console.log(
      `onnxruntime-node ${version} needs ${download.files.join(', ')} (${download.manifest}). This downloads`,
    );
    console.log(`  ${download.url} (${size})`);
    console.log(`into ${target}`);
    const script = join(folder, 'script', 'install.js');
    const installer = spawnSync(process.execPath, [script, `--onnxruntime-node-install=${download.manifest}`], {
      stdio: 'inherit',
    });
    if (installer.status !== 0) throw failed(`its installer ended with code ${installer.status}`, download.url);
    tellFiles(target, download.files);
  }
  const major = linkedCuda(readFileSync(join(target, cudaLibrary)));
  console.log(`They need ${cudaNeeds(major)}. Testing a small batch on CUDA and on the CPU …`);
  console.log(await prove(major));
}

function tellFiles(folder: string, files: readonly string[]): void {
  for (const file of files) {
    console.log(`  ${join(folder, file)}: ${Math.ceil(statSync(join(folder, file)).size / 1e6)} MB`);
  }
}

/** The installer's downloads on this machine, from its own tables. */
function readDownload(folder: string): Download {
  const metadata = require(join(folder, 'script', 'install-metadata.js')) as InstallMetadata;
  const platform = `${process.platform}/${process.arch}`;
  const manifest = metadata.requirements[platform]?.find((name) => name.startsWith('cuda'));
  const entries = Object.entries(metadata.manifests[`${platform}:${manifest}`] ?? {});
  const source = metadata.packages[entries[0]?.[1].package ?? ''];
  const [version] = source?.versions ?? [];
  if (manifest === undefined || source === undefined || version === undefined) {
    throw new UserError({
      what: "ONNX Runtime's npm package has no CUDA libraries for this platform",
      found: platform,
      expected: 'linux/x64',
      fix: '--device webgpu needs only a driver',
    });
  }
  const name = source.name.toLowerCase();
  const index = metadata.feeds[version.feed]?.index ?? '';
  // NuGet's flat container: https://learn.microsoft.com/nuget/api/package-base-address-resource
  const url = new URL(`../v3-flatcontainer/${name}/${version.version}/${name}.${version.version}.nupkg`, index).href;
  return { manifest, files: entries.map(([file]) => file.replace(/^\.\//, '')), url };
}

function failed(found: string, url: string): UserError {
  return new UserError({
    what: "ONNX Runtime's CUDA libraries cannot be downloaded",
    where: url,
    found,
    fix:
      `download that file on another machine; it is a zip: copy ${cudaLibrary} ` +
      `and its companions from runtimes/linux-x64/native to ${nativeFolder()}`,
  });
}

async function prove(major: number | undefined): Promise<string> {
  const [cuda, cpu] = [await tryDevice('cuda'), await tryDevice('cpu')];
  if (!cuda.works) {
    throw new UserError({
      what: 'The libraries are installed, but CUDA does not run',
      found: cuda.reason,
      expected: cudaNeeds(major),
      fix: cuda.fix,
    });
  }
  const doubt = cpu.works ? whyNot(cuda, cpu) : undefined;
  return `CUDA runs: ${(cuda.seconds * 1000).toFixed(1)} ms for a small batch${doubt === undefined ? ', with the results of the CPU' : `; ${doubt}`}`;
}
