/** Names of id columns in public data sets, normalized by `plainName`. */
// biome-ignore format: as many on a line as fit
const idNames: ReadonlySet<string> = new Set([
  'id', 'ids', 'image', 'images', 'img', 'imageid', 'imgid', 'imagename', 'imgname', 'imagefile', 'imagefilename',
  'filename', 'filenames', 'file', 'files', 'fname', 'path', 'paths', 'filepath', 'filepaths', 'imagepath', 'imgpath',
  'imagepaths', 'relpath', 'photo', 'photoid', 'picture', 'imageindex', 'idcode', 'idimage', 'uuid', 'key',
]);

/** Names of label columns. */
// biome-ignore format: as many on a line as fit
const labelNames: ReadonlySet<string> = new Set([
  'label', 'labels', 'labelname', 'class', 'classes', 'classname', 'classid', 'category', 'categoryid', 'target',
  'targets', 'species', 'breed', 'dx', 'diagnosis', 'tag', 'tags', 'variety', 'genus', 'disease', 'individualid',
]);

/** Letters and digits only: `Image_ID` and `image id` are equal. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

export function isIdName(name: string): boolean {
  return idNames.has(plainName(name));
}

export function isLabelName(name: string): boolean {
  return labelNames.has(plainName(name));
}

/** The name of the index column written by pandas. */
export function isIndexName(name: string): boolean {
  return name === '' || /^unnamed: \d+$/i.test(name);
}

/** A name for several labels: `labels`, `tags`. */
export function isPlural(name: string): boolean {
  return /(?:labels|classes|tags|targets|categories)$/i.test(name);
}
