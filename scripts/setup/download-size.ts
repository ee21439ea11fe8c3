/**
 * Requests the size of a download, so that an unreachable address is found before anything is removed or written.
 *
 * @param failed makes the error to throw
 */
export async function downloadSize(url: string, failed: (found: string, url: string) => Error): Promise<string> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const bytes = Number(response.headers.get('content-length'));
    return bytes > 0 ? `${Math.round(bytes / 1e6)} MB` : 'size unknown';
  } catch (error) {
    throw failed(((error as Error).cause as Error | undefined)?.message || (error as Error).message, url);
  }
}
