import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The package chromium has a Vulkan loader and SwiftShader, a Vulkan driver for the CPU. */
const chromium = '/usr/lib/chromium';
const driver = `${chromium}/vk_swiftshader_icd.json`;

/** Why WebGPU cannot be tested here; false where it can. */
export const skipsSwiftShader: string | false = existsSync(driver)
  ? false
  : `skipped: ${driver} is not there (Debian's chromium brings it)`;

/** Runs a script with SwiftShader as the only GPU. @returns its last line, parsed as JSON */
export async function runOnSwiftShader(script: string, args: readonly string[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'featuretap-vulkan-'));
  try {
    // The loader alone: chromium's other libraries must not replace the system's.
    await symlink(`${chromium}/libvulkan.so.1`, join(folder, 'libvulkan.so.1'));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, ...args], {
      env: { ...process.env, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: folder },
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  } finally {
    await rm(folder, { recursive: true });
  }
}
