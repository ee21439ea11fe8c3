import type { ImageList } from './image-file.ts';
import type { LeftOutFile } from './left-out.ts';
import { describeClasses, toFiles } from './list-folders.ts';
import type { Tree } from './tree.ts';

/** webdataset: KEY.cls holds the class of KEY.jpg. Images without one are left out. */
export function listClassFiles(tree: Tree): Pick<ImageList, 'layout' | 'reading' | 'images' | 'leftOut'> {
  const paths: string[] = [];
  const labels: string[] = [];
  const leftOut: LeftOutFile[] = [];
  for (const path of tree.images) {
    const label = tree.classOf?.(path) ?? '';
    if (label === '')
      leftOut.push({ path, group: 'images without a .cls', reason: 'no .cls beside it', kind: 'unnamed' });
    else {
      paths.push(path);
      labels.push(label);
    }
  }
  const reading = [`class = the .cls file beside each image: ${describeClasses(labels)}`];
  return { layout: 'table', reading, images: toFiles(tree, paths, labels), leftOut };
}
