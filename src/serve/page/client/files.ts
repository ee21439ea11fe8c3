/** Photos among the dropped files and folders, at any depth. */
export async function droppedFiles(data: DataTransfer): Promise<readonly File[]> {
  // Entries are there during the event alone: all of them are taken before anything is waited for.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...data.files];
  const files: File[] = [];
  for (const entry of entries) await collect(entry, files);
  return files;
}

async function collect(entry: FileSystemEntry, into: File[]): Promise<void> {
  if (entry.isFile) {
    into.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const inner of entries) await collect(inner, into);
  }
}

/** The files of a folder that are images by MIME type or name; `skipped` counts the others. */
export function imagesAmong(files: readonly File[]): { readonly images: readonly File[]; readonly skipped: number } {
  const images = files.filter(
    ({ type, name }) =>
      type.startsWith('image/') || /\.(jpe?g|png|webp|gif|bmp|tiff?|hei[cf]|avif|jp2|p[bgnp]m)$/i.test(name),
  );
  return { images, skipped: files.length - images.length };
}
